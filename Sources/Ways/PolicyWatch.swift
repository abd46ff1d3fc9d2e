import CLinux
import Glibc
import NetworkNamespaces

/// Whether a namespace has IPsec policies for packets on their way out (ip-xfrm(8)), which packets below the UDP stack would
/// go round. Asked once a second: the kernel counts them, so that costs some microseconds.
struct PolicyWatch: ~Copyable {
  /// -1 where there is nothing to ask.
  private let descriptor: Int32
  private var isInForce: Bool
  private var nextLook: Int64 = .min

  static let interval: Int64 = 1_000_000_000

  init(in namespace: borrowing NetworkNamespace) {
    do throws(SystemCallError) {
      descriptor = try namespace.perform { () throws(SystemCallError) in
        let fd = cl_policy_socket()
        guard fd >= 0 else { throw SystemCallError("open a socket for IPsec policies") }
        return fd
      }
      isInForce = false
    } catch {
      descriptor = -1
      // A kernel without IPsec has no policies; who may not ask does not know.
      isInForce = error.code != EPROTONOSUPPORT
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// - Parameter now: nanoseconds.
  /// - Returns: nil as long as it is not time to look.
  mutating func look(at now: Int64) -> Bool? {
    guard now >= nextLook else { return nil }
    nextLook = now + Self.interval
    // What cannot be asked may be there.
    if descriptor >= 0 { isInForce = cl_policy_count(descriptor) != 0 }
    return isInForce
  }
}
