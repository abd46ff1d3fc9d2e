import Addresses
import CLinux
import Glibc
import Languages
import NamespaceDiagnosis
import Netlink
import NetworkNamespaces

/// Tries what a gateway needs of this machine, in namespaces of its own that are gone afterwards.
struct SelfTest {
  enum Step: String, CaseIterable, Encodable {
    case create, enter, loopback, datagram, veth, across, host, remove

    var title: Words {
      switch self {
      case .create: Words("make a namespace and its name", zh: "创建命名空间及其名字")
      case .enter: Words("enter it", zh: "进入命名空间")
      case .loopback: Words("bring lo up", zh: "启用 lo")
      case .datagram: Words("send a datagram over lo", zh: "经 lo 发送数据报")
      case .veth: Words("make a veth pair between two namespaces", zh: "在两个命名空间之间创建 veth 对")
      case .across: Words("send a datagram across", zh: "跨命名空间发送数据报")
      case .host: Words("be seen by the host", zh: "对宿主机可见")
      case .remove: Words("remove it", zh: "删除命名空间")
      }
    }
  }

  struct Result: Encodable {
    enum Outcome: String, Encodable { case ok, failed, skipped, unknown }

    var step: Step
    var outcome: Outcome
    /// The kernel's word; 0 when it said none.
    var code: Int32 = 0
    /// What was tried, or found.
    var detail = Words("", zh: "")
    /// Why, and what to do.
    var reasons: [Words] = []
    var remedies: [Words] = []
  }

  private let names: (String, String)
  private(set) var results: [Result] = []
  private(set) var surroundings: Surroundings

  init() {
    names = ("everway-selftest-\(getpid())", "everway-selftest-\(getpid())-b")
    surroundings = NamespaceSurvey().surroundings
  }

  /// Nothing of it stays, whatever fails.
  mutating func run() {
    defer { try? NetworkNamespace.remove(named: names.1) }
    var isMade = false
    step(.create) { names, _ throws(SystemCallError) in
      _ = try NetworkNamespace.create(named: names.0)
      isMade = true
    }
    defer { if isMade { try? NetworkNamespace.remove(named: names.0) } }
    step(.enter) { names, _ throws(SystemCallError) in
      try NetworkNamespace(named: names.0).perform { () throws(SystemCallError) in }
    }
    step(.loopback) { names, _ throws(SystemCallError) in
      try plain {
        var netlink = try NetlinkSocket(in: NetworkNamespace(named: names.0))
        try netlink.setLink(1, up: true)
      }
    }
    step(.datagram) { names, _ throws(SystemCallError) in
      let address: UInt32 = 0x7f00_0001
      let receiver = try NetworkNamespace(named: names.0).perform { () throws(SystemCallError) in
        try Datagram.receiver(address)
      }
      defer { close(receiver.descriptor) }
      try NetworkNamespace(named: names.0).perform { () throws(SystemCallError) in
        try Datagram.send(to: address, receiver.port)
      }
      try Datagram.await(receiver.descriptor)
    }
    step(.veth) { names, _ throws(SystemCallError) in try Self.connect(names) }
    step(.across) { names, _ throws(SystemCallError) in
      let receiver = try NetworkNamespace(named: names.1).perform { () throws(SystemCallError) in
        try Datagram.receiver(0xc000_0202)
      }
      defer { close(receiver.descriptor) }
      try NetworkNamespace(named: names.0).perform { () throws(SystemCallError) in
        try Datagram.send(to: 0xc000_0202, receiver.port)
      }
      try Datagram.await(receiver.descriptor)
    }
    lookFromTheHost()
    step(.remove) { names, _ throws(SystemCallError) in
      try NetworkNamespace.remove(named: names.0)
      isMade = false
    }
  }

  /// Not tried when a step that it stands on has failed.
  private mutating func step(
    _ step: Step, _ body: ((String, String), Surroundings) throws(SystemCallError) -> Void
  ) {
    let needed: [Step] =
      switch step {
      case .create: []
      case .enter, .host, .remove: [.create]
      case .loopback, .veth: [.create, .enter]
      case .datagram: [.loopback]
      case .across: [.veth]
      }
    guard !results.contains(where: { needed.contains($0.step) && $0.outcome != .ok }) else {
      results.append(Result(step: step, outcome: .skipped))
      return
    }
    do throws(SystemCallError) {
      try body(names, surroundings)
      results.append(Result(step: step, outcome: .ok))
    } catch {
      var result = Result(step: step, outcome: .failed, code: error.code)
      result.detail = Words(error.operation, zh: error.operation)
      let obstacles = surroundings.obstacles(error.code)
      result.reasons = obstacles.map(\.words)
      result.remedies = obstacles.map(\.remedy)
      if error.code == ENOSPC {
        let fault = NamespaceFault.limitReached(limit: surroundings.namespaceLimit)
        result.reasons = [fault.sentence]
        result.remedies = [fault.hint(for: names.0)]
      }
      if result.remedies.isEmpty, let hint = error.hint { result.remedies = [Words(hint, zh: hint)] }
      results.append(result)
    }
  }

  /// Whether what was made here reaches the host: from its mountinfo where that can be read, else from the propagation.
  private mutating func lookFromTheHost() {
    guard results.first?.outcome == .ok else {
      results.append(Result(step: .host, outcome: .skipped))
      return
    }
    var result = Result(step: .host, outcome: .ok)
    switch surroundings.place.kind {
    case .host: result.detail = Words("this is the host", zh: "这里就是宿主机")
    case .ownMounts, .container:
      let survey = NamespaceSurvey()
      surroundings = survey.surroundings
      let evidence = try? survey.evidence(named: names.0, effort: .init(triesCreation: false, readsLinks: false))
      if evidence?.elsewhere.contains(where: { $0.isHost && $0.inode == evidence?.inodeHere }) == true {
        result.detail = Words("/proc/1/mountinfo has it", zh: "/proc/1/mountinfo 中有它")
      } else if let barrier = surroundings.barrierToHost {
        result.outcome = .failed
        result.detail = barrier.words
        result.remedies = barrier.remedy.map { [$0] } ?? []
      } else if surroundings.firstDirectory != nil {
        result.outcome = .failed
        result.detail = Words(
          "/run/netns here is not the host's: mount the host's /run/netns into the container",
          zh: "这里的 /run/netns 不是宿主机的：请把宿主机的 /run/netns 挂载进容器")
      } else {
        result.outcome = .unknown
        let shares = surroundings.directory?.propagation.shared != nil
        result.detail =
          shares
          ? Words(
            "the host cannot be looked at from here; /run/netns passes mounts on, so if it is the host's, the host sees them",
            zh: "从这里看不到宿主机；/run/netns 会向外传播挂载，如果它是宿主机的目录，宿主机就能看到")
          : Words(
            "the host cannot be looked at from here, and /run/netns is private: what is made here stays here",
            zh: "从这里看不到宿主机，而且 /run/netns 是 private：在这里创建的只在这里可见")
      }
    }
    results.append(result)
  }

  private static func connect(_ names: (String, String)) throws(SystemCallError) {
    _ = try NetworkNamespace.create(named: names.1)
    try plain {
      let first = try NetworkNamespace(named: names.0)
      let second = try NetworkNamespace(named: names.1)
      var here = try NetlinkSocket(in: first)
      var there = try NetlinkSocket(in: second)
      try here.createVeth("ewself0", peer: "ewself1", in: second)
      // RFC 5737: for documentation, so nobody has them.
      for (name, address) in [("ewself0", "192.0.2.1/30"), ("ewself1", "192.0.2.2/30")] {
        guard let prefix = IPPrefix(address) else { continue }
        if name == "ewself0" {
          guard let link = try here.link(named: name) else { continue }
          try here.addAddress(prefix, interface: link.index)
          try here.setLink(link.index, up: true)
        } else {
          guard let link = try there.link(named: name) else { continue }
          try there.addAddress(prefix, interface: link.index)
          try there.setLink(link.index, up: true)
        }
      }
    }
  }
}

/// Makes one kind of error of two.
private func plain(_ body: () throws -> Void) throws(SystemCallError) {
  do {
    try body()
  } catch let error as SystemCallError {
    throw error
  } catch let error as NetlinkError {
    throw SystemCallError(error.operation, code: error.code, hint: error.hint)
  } catch {
    throw SystemCallError("\(error)", code: EIO)
  }
}

/// One datagram over IPv4, addresses in host order.
private enum Datagram {
  static func receiver(_ address: UInt32) throws(SystemCallError) -> (descriptor: Int32, port: UInt16) {
    let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { throw SystemCallError("open a socket") }
    var local = socketAddress(address, 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // The kernel reads and writes one sockaddr_in.
    let code = withUnsafeMutablePointer(to: &local) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(fd, generic, length) == 0 && getsockname(fd, generic, &length) == 0 ? 0 : errno
      }
    }
    guard code == 0 else {
      close(fd)
      throw SystemCallError("bind a socket", code: code)
    }
    return (fd, UInt16(bigEndian: local.sin_port))
  }

  static func send(to address: UInt32, _ port: UInt16) throws(SystemCallError) {
    let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { throw SystemCallError("open a socket") }
    defer { close(fd) }
    var remote = socketAddress(address, port)
    var octet: UInt8 = 0x45
    // As above.
    let sent = withUnsafePointer(to: &remote) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        sendto(fd, &octet, 1, 0, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard sent == 1 else { throw SystemCallError("send a datagram") }
  }

  /// At most 5 s.
  static func await(_ fd: Int32) throws(SystemCallError) {
    var event = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
    let ready = poll(&event, 1, 5000)
    guard ready > 0 else {
      throw SystemCallError(
        "wait for the datagram", code: ready == 0 ? ETIMEDOUT : errno,
        hint: "a firewall that every namespace gets, or an LSM, drops it: see nft list ruleset inside")
    }
  }

  private static func socketAddress(_ address: UInt32, _ port: UInt16) -> sockaddr_in {
    var result = sockaddr_in()
    result.sin_family = sa_family_t(AF_INET)
    result.sin_port = port.bigEndian
    result.sin_addr.s_addr = address.bigEndian
    return result
  }
}
