import Addresses
import Control
import KubeOVN

extension GatewayView {
  /// What the running gateway's report says of it.
  init(_ report: StatusReport) {
    self.init()
    // The agent says so as long as there is no engine.
    isRunning = report.speaker.schedulingPolicy != "not running" && report.namespace.state == .healthy
    for path in report.paths {
      switch path.state {
      case .up: goodPaths.insert(path.name)
      case .down: deadPaths.insert(path.name)
      default: break
      }
    }
    sessions = report.sessions.compactMap { session in
      IPAddress(session.peerAddress).map { Session(peer: $0, state: session.sessionState.rawValue) }
    }
  }
}
