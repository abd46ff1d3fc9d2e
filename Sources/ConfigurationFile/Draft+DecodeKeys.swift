import BFD
import YAML

struct KeyChainDraft {
  var place: Place
  var name: Located<String>?
  var keys: [KeyDraft] = []
  /// A key could not be read: nothing can be said about the chain as a whole.
  var hasBrokenKeys = false
}

struct KeyDraft {
  var place: Place
  var id: Located<Int>?
  var type: AuthenticationType?
  var file: String?
  var send = Lifetime.always
  var accept = Lifetime.always
}

/// How a peer or an allow entry says what its packets are authenticated with.
enum AuthenticationDraft {
  case chain(Located<String>)
  case key(KeyDraft)
  /// Could not be read, which has been reported.
  case broken
}

extension Draft {
  mutating func decodeKeyChains(_ value: Value) {
    let items = value.list("a list of key chains")
    keyChains = items?.compactMap(Self.keyChain) ?? []
    hasBrokenKeyChains = keyChains.count != items?.count || keyChains.contains { $0.name == nil }
  }

  private static func keyChain(_ value: Value) -> KeyChainDraft? {
    guard let table = Table(value, .keyChain) else { return nil }
    var draft = KeyChainDraft(place: table.place)
    draft.name = table.required("name", "a name for peers to refer to")?.name()
    if let keys = table.required("keys", "a list of at least one key") {
      let items = keys.list("a list of keys")
      draft.keys = items?.compactMap(key) ?? []
      draft.hasBrokenKeys = draft.keys.count != items?.count
      if keys.isEmptyList { keys.error("a key chain without keys", expected: "at least one key") }
    }
    return draft
  }

  private static func key(_ value: Value) -> KeyDraft? {
    guard let table = Table(value, .key) else { return nil }
    var draft = KeyDraft(place: table.place)
    draft.id = table.required("id", "the key's number at both ends, 0 to 255").flatMap { value in
      value.integer(0...255).map(value.located)
    }
    typeAndFile(table, &draft)
    let send = table["send-lifetime"].map(lifetime)
    let accept = table["accept-lifetime"].map(lifetime)
    // When one of them is broken, nothing is said about the chain.
    guard send != .some(nil), accept != .some(nil), draft.id != nil else { return nil }
    draft.send = send.flatMap { $0 } ?? .always
    draft.accept = accept.flatMap { $0 } ?? .always
    return draft
  }

  private static func typeAndFile(_ table: Table, _ draft: inout KeyDraft) {
    let names = AuthenticationType.allCases.map(\.description)
    draft.type = table.required("type", "one of \(names.joined(separator: ", "))")?.word(names)
      .flatMap(AuthenticationType.init(name:))
    let expected = "the absolute path of a file that only its owner can read"
    guard let value = table.required("key-file", expected), let path = value.text(expected) else { return }
    guard path.hasPrefix("/"), !path.hasSuffix("/"), path.utf8.count < 4_096, !path.utf8.contains(0) else {
      // What stands here may be a key by mistake: the excerpt shows the line, the message need not.
      value.error("this is no absolute path", expected: expected)
      return
    }
    draft.file = path
  }

  /// Nil after an error.
  private static func lifetime(_ value: Value) -> Lifetime? {
    guard let table = Table(value, .lifetime) else { return nil }
    let start = table["start"].map(time)
    let end = table["end"].map(time)
    guard start != .some(nil), end != .some(nil) else { return nil }
    let lifetime = Lifetime(start: start.flatMap { $0 }, end: end.flatMap { $0 })
    if let start = lifetime.start, let end = lifetime.end, end <= start {
      value.report.error(
        "it ends before it has begun", at: table["end"]?.place ?? table.place,
        expected: "a time after \(CalendarText.text(start))")
      return nil
    }
    return lifetime
  }

  private static func time(_ value: Value) -> Int64? {
    let expected = "a time with its offset from UTC, such as 2026-07-01T00:00:00Z or 2026-07-01T08:00:00+08:00"
    guard let text = value.text(expected) else { return nil }
    guard let time = CalendarText.parse(text) else {
      let help = CalendarText.parse(text + "Z") != nil ? "did you mean \(SourceText.quoted(text + "Z"))?" : nil
      value.error("\(value.shown) is not a time", expected: expected, help: help)
      return nil
    }
    return time
  }

  /// `authentication: {key-chain: NAME}`, or a single key.
  static func authentication(_ value: Value) -> AuthenticationDraft {
    guard let table = Table(value, .authentication) else { return .broken }
    if let reference = table["key-chain"] {
      if let other = ["type", "key-id", "key-file"].first(where: { table[$0] != nil }) {
        value.report.error(
          "a key chain and a key of its own", at: table.keyPlace(other), expected: "one of them",
          help: "put the key into the key chain, or leave `key-chain` out")
        return .broken
      }
      return reference.name().map(AuthenticationDraft.chain) ?? .broken
    }
    if table.keys.isEmpty {
      value.error("is empty", expected: "`key-chain`, or `type` and `key-file`")
      return .broken
    }
    var draft = KeyDraft(place: table.place)
    if let id = table["key-id"] {
      draft.id = id.integer(0...255).map(id.located)
    } else {
      draft.id = Located(value: 1, place: table.place)
    }
    typeAndFile(table, &draft)
    return draft.id == nil || draft.type == nil || draft.file == nil ? .broken : .key(draft)
  }
}
