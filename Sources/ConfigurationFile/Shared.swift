/// A value that thousands of entries have in common: kept once for all that were told so, and by itself for one that is
/// given another.
struct Shared<Value: Hashable & Sendable>: Hashable, Sendable {
  private final class Box: Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }

  private var box: Box

  init(_ value: Value) { box = Box(value) }

  var value: Value {
    get { box.value }
    set { box = Box(newValue) }
  }

  /// Keeps the value where `other` has it, if it is the same.
  mutating func share(with other: Shared) {
    if self == other { box = other.box }
  }

  static func == (a: Shared, b: Shared) -> Bool { a.box === b.box || a.box.value == b.box.value }

  func hash(into hasher: inout Hasher) { hasher.combine(box.value) }
}
