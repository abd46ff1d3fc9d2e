/// A peer's session, and what its settings were made from beside the configuration: they are not kept, being three times
/// the size of all the rest.
struct InstalledPeer: Sendable {
  private let number: Int32
  /// The index of the peer's interface, 0 for none.
  let interface: UInt32
  /// Whether the configuration still asks for the settings that the session was made with.
  var isCurrent = true

  var session: Int { Int(number) }

  init(session: Int, interface: UInt32) {
    number = Int32(session)
    self.interface = interface
  }
}

/// Values by small numbers that have hardly a gap: a tenth of what a dictionary of thousands takes.
struct NumberedTable<Value: Sendable>: Sendable {
  private var values: [Value?] = []

  /// Room for numbers below `count`.
  init(count: Int = 0) { values = Array(repeating: nil, count: count) }

  subscript(number: Int) -> Value? {
    get { values.indices.contains(number) ? values[number] : nil }
    set {
      if number >= values.count {
        guard newValue != nil else { return }
        values.append(contentsOf: repeatElement(nil, count: number + 1 - values.count))
      }
      values[number] = newValue
    }
  }

  @discardableResult mutating func remove(_ number: Int) -> Value? {
    defer { self[number] = nil }
    return self[number]
  }

  /// Those there are, with their numbers, in order.
  var entries: some Sequence<(number: Int, value: Value)> {
    values.enumerated().lazy.compactMap { number, value in value.map { (number, $0) } }
  }
}
