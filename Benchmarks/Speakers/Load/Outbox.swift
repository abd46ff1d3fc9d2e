/// Frames that wait to be sent, in one block that never moves, so that sendmmsg can point into it for good.
public struct Outbox: ~Copyable {
  public static let capacity = 64
  /// Octets from one frame to the next.
  public static let stride = 128

  enum Kind: UInt8 { case periodic, triggered, final }

  struct Note {
    var peer: Int32 = 0
    var kind = Kind.periodic
    var due: Int64 = 0
  }

  /// The first frame.
  public let frames: UnsafeMutableRawPointer
  private let notes: UnsafeMutablePointer<Note>
  public private(set) var count = 0

  init() {
    frames = .allocate(byteCount: Self.capacity * Self.stride, alignment: 64)
    frames.initializeMemory(as: UInt8.self, repeating: 0, count: Self.capacity * Self.stride)
    notes = .allocate(capacity: Self.capacity)
    notes.initialize(repeating: Note(), count: Self.capacity)
  }

  deinit {
    frames.deallocate()
    notes.deallocate()
  }

  /// A packet that comes in may be answered by two.
  public var isFull: Bool { count > Self.capacity - 3 }

  /// Copies a frame to the end. There must be room.
  mutating func add(_ template: UnsafeRawPointer, _ note: Note) -> UnsafeMutableRawPointer {
    precondition(count < Self.capacity, "flush the outbox first")
    let place = frames + count * Self.stride
    place.copyMemory(from: template, byteCount: Frame.length)
    notes[count] = note
    count += 1
    return place
  }

  func note(_ index: Int) -> Note { notes[index] }

  mutating func clear() { count = 0 }
}
