/// An optional value in memory of its own, for what few have: whoever lacks it pays for a pointer.
///
/// It is a value like any other. To change it in place allocates nothing.
@propertyWrapper public struct Seldom<Value: Hashable & Sendable>: Hashable, Sendable {
  // Empty or of one element: an array is the standard library's indirection that copies on write.
  @usableFromInline var storage: [Value]

  @inlinable public init(wrappedValue: Value?) { storage = wrappedValue.map { [$0] } ?? [] }

  @inlinable public var wrappedValue: Value? {
    get { storage.first }
    _modify {
      var value = storage.popLast()  // the array keeps its memory
      defer { if let value { storage.append(value) } }
      yield &value
    }
  }

  /// Whether there is one. A comparison of the value with nil would copy it.
  @inlinable public var isPresent: Bool { !storage.isEmpty }
}
