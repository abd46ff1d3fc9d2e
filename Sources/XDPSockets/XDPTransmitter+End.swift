import CLinux
import Glibc

// Its memory, mappings and descriptor are nobody else's, and a value that cannot be copied is used by one thread at a time.
extension XDPTransmitter: @unchecked Sendable {}

extension XDPTransmitter {
  /// Ends this value on a thread of its own: closing waits for the kernel's RCU, some 10 ms, which a thread with
  /// deadlines does not have. What was not sent is discarded.
  public consuming func endElsewhere() {
    // No thread to be had: then here.
    _ = Errand.run(Remains(self))
  }
}

/// A transmitter that is to end.
private final class Remains: Errand, @unchecked Sendable {
  private let transmitter: XDPTransmitter

  init(_ transmitter: consuming XDPTransmitter) { self.transmitter = transmitter }
}

/// What a thread of its own is to do, and then to let go of. Subclasses hold constants and what a `Mutex` guards.
class Errand: @unchecked Sendable {
  func run() {}

  /// - Returns: an errno; then nothing was run.
  static func run(_ errand: consuming Errand) -> Int32 {
    let passed = Unmanaged.passRetained(errand).toOpaque()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, &attributes,
      { passed in
        guard let passed else { return nil }
        // The one reference that was passed.
        let errand = Unmanaged<Errand>.fromOpaque(passed)
        errand.takeUnretainedValue().run()
        errand.release()
        return nil
      }, passed)
    if code != 0 { Unmanaged<Errand>.fromOpaque(passed).release() }
    return code
  }
}
