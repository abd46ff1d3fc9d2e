import CLinux
import Glibc

// Its memory, mappings and descriptor are nobody else's, and a value that cannot be copied is used by one thread at a time.
extension XDPTransmitter: @unchecked Sendable {}

extension XDPTransmitter {
  /// Ends this value on a thread of its own: closing waits for the kernel's RCU, some 10 ms, which a thread with
  /// deadlines does not have. What was not sent is discarded.
  public consuming func endElsewhere() {
    let remains = Unmanaged.passRetained(Remains(self)).toOpaque()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, &attributes,
      { remains in
        // The one reference that was passed.
        if let remains { Unmanaged<Remains>.fromOpaque(remains).release() }
        return nil
      }, remains)
    // No thread to be had: then here.
    if code != 0 { Unmanaged<Remains>.fromOpaque(remains).release() }
  }
}

/// A transmitter that is to end.
private final class Remains: Sendable {
  private let transmitter: XDPTransmitter

  init(_ transmitter: consuming XDPTransmitter) { self.transmitter = transmitter }
}
