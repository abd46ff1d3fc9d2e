public import NetworkNamespaces
import Synchronization

/// A transmitter that is being opened on a thread of its own: opening enters a namespace and waits for the kernel's RTNL
/// lock, which others may hold for long, and a thread with deadlines waits for neither.
public final class XDPOpening: Sendable {
  /// What came of it.
  public enum Outcome: ~Copyable, Sendable {
    case open(XDPTransmitter)
    case failed(XDPError)
  }

  private let work: Work

  /// Begins.
  /// - Parameters: as those of `XDPTransmitter`.
  public init(on interface: UInt32, in namespace: consuming NetworkNamespace, frames: Int = 128) {
    work = Work(interface, namespace, frames)
    let code = Errand.run(work)
    if code != 0 { work.fail(.failed("start a thread", code)) }
  }

  /// What came of it, once; nil as long as it goes on, and after it was taken. Who never takes it leaves what was opened to
  /// be closed with this.
  public func take() -> Outcome? { work.take() }

  private final class Work: Errand, @unchecked Sendable {
    private let interface: UInt32
    private let namespace: NetworkNamespace
    private let frames: Int
    private let outcome = Mutex<Outcome?>(nil)

    init(_ interface: UInt32, _ namespace: consuming NetworkNamespace, _ frames: Int) {
      self.interface = interface
      self.namespace = namespace
      self.frames = frames
    }

    override func run() {
      do throws(XDPError) {
        put(.open(try XDPTransmitter(on: interface, in: namespace, frames: frames)))
      } catch { put(.failed(error)) }
    }

    func fail(_ error: XDPError) { put(.failed(error)) }

    func take() -> Outcome? { outcome.withLock { $0.take() } }

    private func put(_ new: consuming Outcome) {
      var new = Optional(new)
      outcome.withLock { $0 = new.take() }
    }
  }
}
