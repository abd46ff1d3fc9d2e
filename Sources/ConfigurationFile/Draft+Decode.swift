import Addresses
import YAML

extension Draft {
  /// Decodes the whole file; nil when it is no mapping.
  init?(_ root: YAMLNode, _ report: Report) {
    guard let table = Table(Value(node: root, field: "", report: report), .file) else { return nil }
    self.init(report: report)
    if let version = table.required("version", "1", help: "begin the file with `version: 1`") {
      if let text = version.text("1"), text != "1" {
        version.error("version \(version.shown) of the configuration is not known", expected: "1")
      }
    }
    if let value = table["namespace"] { decodeNamespace(value) }
    interfaces = table["interfaces"]?.list("a list of interfaces")?.compactMap(Self.interface) ?? []
    egressSysctls = table["egress-sysctls"]?.boolean() ?? egressSysctls
    if let value = table["sysctls"] { decodeSysctls(value) }
    if let value = table["bfd"] { decodeBFD(value) }
    if let value = table["paths"] {
      let items = value.list("a list of paths")
      for item in items ?? [] { decodePath(item) }
      hasBrokenPaths = items == nil || paths.count != items?.count || paths.contains { $0.name == nil }
    }
    groups = table["groups"]?.list("a list of groups")?.compactMap(Self.group) ?? []
    routes = table["routes"]?.list("a list of routes")?.compactMap(Self.staticRoute) ?? []
    rules = table["rules"]?.list("a list of rules")?.compactMap(Self.rule) ?? []
    if let value = table["uplinks"] { uplinks = Self.allUplinks(value) }
    if let value = table["drain"] { decodeDrain(value) }
    if let value = table["control"] { decodeControl(value) }
    if let value = table["realtime"] { decodeRealtime(value) }
    if let value = table["capture"] { decodeCapture(value) }
    if let value = table["observe"], !value.isFalse { decodeObserve(value) }
    startupGrace = table["startup-grace"]?.duration(.zero ... .seconds(3600), unit: "s") ?? startupGrace
  }

  private mutating func decodeNamespace(_ value: Value) {
    guard let name = value.name()?.value else { return }
    if name == "." || name == ".." {
      value.error(
        "\(value.shown) is not a namespace's name", expected: "the name of a file in /run/netns, or `this`")
    }
    namespace = name == "this" ? .current : .named(name)
  }

  private static func interface(_ value: Value) -> InterfaceDraft? {
    guard let table = Table(value, .interface) else { return nil }
    var draft = InterfaceDraft()
    draft.name = table.required("name", "the interface's name inside the namespace")?.interfaceName()
    draft.from = table["from"]?.interfaceName()
    if let value = table["addresses"] {
      let items = value.list("a list of addresses with prefix lengths")
      draft.addresses = items?.compactMap { $0.interfaceAddress() } ?? []
      draft.hasBrokenAddresses = draft.addresses.count != items?.count
    }
    draft.mtu = table["mtu"].flatMap { value in value.integer(68...65535, "bytes").map(value.located) }
    draft.mac = table["mac"]?.mac()
    draft.up = table["up"]?.boolean() ?? true
    return draft
  }

  private mutating func decodeSysctls(_ value: Value) {
    guard case .mapping(let entries) = value.node.content else {
      return value.mismatch("a mapping of sysctls, such as net.ipv4.conf.net1.rp_filter: 2")
    }
    for entry in entries {
      let field = "sysctls.\(entry.key.prefix(64))"
      let place = Place(field: field, start: entry.keyStart, end: entry.keyEnd)
      let item = Value(node: entry.value, field: field, report: report, keyPlace: place)
      let expected = "the value as sysctl(8) takes it: 1 to 256 printable characters"
      let keyPlace = Place(field: "sysctls", start: entry.keyStart, end: entry.keyEnd)
      guard SysctlKey.check(entry.key, at: keyPlace, report), let text = item.text(expected) else { continue }
      guard (1...256).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 0x09 })
      else {
        item.error("\(item.shown) cannot be a sysctl's value", expected: expected)
        continue
      }
      let sysctl = GatewayConfiguration.Sysctl(key: entry.key, value: text)
      SysctlKey.warnIfHarmful(sysctl, at: item.place, report)
      sysctls.append(Located(value: sysctl, place: place))
    }
  }

  private mutating func decodeDrain(_ value: Value) {
    guard let table = Table(value, .drain) else { return }
    drain.onStop = table["on-stop"]?.boolean() ?? drain.onStop
    drain.keepRoutes = table["keep-routes"]?.boolean() ?? drain.keepRoutes
    drain.tell = table["tell"]?.choice(GatewayConfiguration.DrainTell.self)
  }

  private mutating func decodeControl(_ value: Value) {
    guard let table = Table(value, .control) else { return }
    if let value = table["socket"], let path = value.text("an absolute path of at most 107 bytes") {
      // sockaddr_un.sun_path has 108 bytes, the last one a NUL (unix(7)).
      if !path.hasPrefix("/") || path.hasSuffix("/") || path.utf8.count > 107 {
        let help = path.utf8.count > 107 ? "it has \(path.utf8.count) bytes" : nil
        value.error(
          "\(value.shown) cannot be the path of a socket", expected: "an absolute path of at most 107 bytes",
          help: help)
      }
      control.socket = path
    }
    control.group = table["group"]?.name()?.value ?? control.group
    if let value = table["mode"], let text = value.text("an octal file mode, such as 0660") {
      let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
      if let mode = UInt32(digits, radix: 8), mode <= 0o777, !digits.hasPrefix("+") {
        control.mode = mode
        if mode & 0o002 != 0 {
          value.report.warning(
            "everyone on this machine may command the gateway with mode \(text)", at: value.place,
            expected: "a mode that keeps others out, such as 0660")
        }
      } else {
        value.error(
          "\(value.shown) is not a file mode", expected: "an octal file mode from 0 to 0777, such as 0660")
      }
    }
  }

  private mutating func decodeCapture(_ value: Value) {
    guard let table = Table(value, .capture) else { return }
    capture.ring = table["ring"]?.integer(0...1024, "packets; 0: none are kept") ?? capture.ring
    capture.whenDown = table["when-down"]?.boolean() ?? capture.whenDown
    capture.directory = table["directory"]?.absolutePath()
    capture.maximumFiles = table["max-files"]?.integer(1...10_000, "files") ?? capture.maximumFiles
    capture.maximumSize = table["max-size"]?.integer(65_536...1 << 40, "bytes") ?? capture.maximumSize
    if capture.ring == 0, capture.whenDown, let place = table["when-down"]?.place {
      value.report.warning(
        "nothing is written when a session goes Down: no packets are kept", at: place,
        expected: "capture.ring of 1 or more")
    }
  }

  private mutating func decodeRealtime(_ value: Value) {
    guard let table = Table(value, .realtime) else { return }
    realtime.priority = table["priority"]?.integer(0...99, "0: not real-time") ?? realtime.priority
    realtime.cpu = table["cpu"]?.integer(0...1023)
    realtime.locksMemory = table["lock-memory"]?.boolean() ?? realtime.locksMemory
    realtime.engine = table["engine"]?.choice(GatewayConfiguration.Engine.self) ?? realtime.engine
  }
}
