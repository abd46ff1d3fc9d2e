/// What a column of a row holds: one atom, a set of atoms or a map (RFC 7047 section 5.1, `<value>`).
///
/// Equal values are equal here: a set is in order and without doubles, and a set of one is that atom, as on the wire.
public enum Datum: Hashable, Sendable {
  case atom(Atom)
  /// None, or two and more, in order. Make it with `Datum.set(of:)`.
  case set([Atom])
  case map([Atom: Atom])

  public static let empty = Datum.set([])

  /// A set of any atoms.
  public static func set(of atoms: some Sequence<Atom>) -> Datum {
    var atoms = Array(atoms)
    if atoms.count == 1 { return .atom(atoms[0]) }
    let isInOrder = zip(atoms, atoms.dropFirst()).allSatisfy { $0 < $1 }
    if !isInOrder {
      atoms.sort()
      var unique: [Atom] = []
      for atom in atoms where unique.last != atom { unique.append(atom) }
      atoms = unique
      if atoms.count == 1 { return .atom(atoms[0]) }
    }
    return .set(atoms)
  }

  /// The rows with these ids.
  public static func rows(_ ids: some Sequence<RowID>) -> Datum { .set(of: ids.map { .uuid($0) }) }
  public static func row(_ id: RowID) -> Datum { .atom(.uuid(id)) }
  /// The row that an insert of the same transaction named.
  public static func named(_ name: String) -> Datum { .atom(.namedUUID(name)) }
  public static func string(_ text: String) -> Datum { .atom(.string(text)) }
  public static func integer(_ value: Int64) -> Datum { .atom(.integer(value)) }
  public static func boolean(_ value: Bool) -> Datum { .atom(.boolean(value)) }
  public static func strings(_ texts: [String: String]) -> Datum {
    .map(Dictionary(uniqueKeysWithValues: texts.map { (.string($0.key), .string($0.value)) }))
  }

  /// The atoms of a set, or the one atom; empty for a map.
  public var atoms: [Atom] {
    switch self {
    case .atom(let atom): [atom]
    case .set(let atoms): atoms
    case .map: []
    }
  }

  /// - Parameter type: the column's; nil takes what comes.
  package init(_ json: JSONValue, as type: ColumnType?) throws(MalformedMessage) {
    if case .array(let pair) = json, pair.count == 2, let items = pair[1].array {
      if pair[0] == .string("set") {
        if let type, type.value != nil {
          guard items.isEmpty else { throw MalformedMessage("expected a map", json) }
          self = .map([:])
          return
        }
        var atoms: [Atom] = []
        atoms.reserveCapacity(items.count)
        for item in items { atoms.append(try Atom(item, as: type?.key)) }
        self = .set(of: atoms)
        return
      }
      if pair[0] == .string("map") {
        if let type, type.value == nil { throw MalformedMessage("expected a set of \(type.key.rawValue)", json) }
        var map: [Atom: Atom] = Dictionary(minimumCapacity: items.count)
        for item in items {
          guard let entry = item.array, entry.count == 2 else { throw MalformedMessage("no pair of a map", item) }
          map[try Atom(entry[0], as: type?.key)] = try Atom(entry[1], as: type?.value)
        }
        self = .map(map)
        return
      }
    }
    if let type, type.value != nil { throw MalformedMessage("expected a map", json) }
    self = .atom(try Atom(json, as: type?.key))
  }

  package var json: JSONValue {
    switch self {
    case .atom(let atom): atom.json
    case .set(let atoms): .array([.string("set"), .array(atoms.map(\.json))])
    case .map(let map):
      .array([
        .string("map"),
        .array(map.sorted { $0.key < $1.key }.map { .array([$0.key.json, $0.value.json]) })
      ])
    }
  }

  /// What it becomes by the difference that a server sends in place of the new value (ovsdb-server(7), section 4.1.14).
  package func applying(_ difference: Datum, type: ColumnType) -> Datum {
    if type.isSingle { return difference }
    switch (self, difference) {
    case (.map(var map), .map(let changes)):
      for (key, value) in changes where map.updateValue(value, forKey: key) == value { map[key] = nil }
      return .map(map)
    case (.map, _), (_, .map): return difference  // another type than before: no difference is possible
    default: return .set(of: Self.onlyInOne(atoms, difference.atoms))
    }
  }

  /// The elements that only one of two ordered sets has, in order.
  private static func onlyInOne(_ a: [Atom], _ b: [Atom]) -> [Atom] {
    var result: [Atom] = []
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
      if a[i] == b[j] {
        i += 1
        j += 1
      } else if a[i] < b[j] {
        result.append(a[i])
        i += 1
      } else {
        result.append(b[j])
        j += 1
      }
    }
    return result + a[i...] + b[j...]
  }
}

extension Datum: CustomStringConvertible {
  /// As ovs-vsctl prints it.
  public var description: String {
    switch self {
    case .atom(let atom): atom.description
    case .set(let atoms): "[" + atoms.map(\.description).joined(separator: ", ") + "]"
    case .map(let map):
      "{" + map.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ") + "}"
    }
  }

  /// What it is, for messages: `a set of 3 values of type string`.
  var kind: String {
    switch self {
    case .atom(let atom): "a value of type \(atom.typeName)"
    case .set(let atoms):
      atoms.first.map { "a set of \(atoms.count) values of type \($0.typeName)" } ?? "an empty set"
    case .map(let map):
      map.first.map { "a map from \($0.key.typeName) to \($0.value.typeName)" } ?? "an empty map"
    }
  }
}

extension Datum: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .atom(.string(value)) }
  public init(integerLiteral value: Int64) { self = .atom(.integer(value)) }
  public init(booleanLiteral value: Bool) { self = .atom(.boolean(value)) }
  public init(floatLiteral value: Double) { self = .atom(.real(value)) }
  public init(arrayLiteral atoms: Atom...) { self = .set(of: atoms) }
  public init(dictionaryLiteral pairs: (Atom, Atom)...) { self = .map(Dictionary(pairs) { _, last in last }) }
}
