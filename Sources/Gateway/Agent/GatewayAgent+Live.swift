import ConfigurationFile
import Control
import Runtime

extension GatewayAgent {
  /// A live configuration that has not said yet what this machine is, or that it is no gateway: nothing is made, and the
  /// engine need not run.
  var isAtRest: Bool { idleReason != nil && engine == nil }

  /// What the other thread has published, or wants to know.
  mutating func takeLiveNews() {
    guard case .live(let live) = options.source else { return }
    for news in live.news.receive() {
      switch news {
      case .gateway(let configuration):
        idleReason = nil
        takeLive(configuration)
      case .notAGateway(let reason):
        if idleReason != reason { log.write(.info, .cluster, "not a gateway: \(reason)") }
        idleReason = reason
        takeLive(live.base)
      case .problems(let problems): takeLive(problems)
      case .status(let reply): reply.fulfil(statusReport())
      }
    }
  }

  private mutating func takeLive(_ new: GatewayConfiguration) {
    guard new != configuration else { return }
    switch adopt(new) {
    case .success(let changes):
      let text = changes.joined(separator: "; ")
      lastReload = StatusReport.Reload(at: .now(), accepted: true, message: text)
      log.write(.info, .configuration, "\(options.source.name): \(text)")
    case .failure(let failure):
      lastReload = StatusReport.Reload(at: .now(), accepted: false, message: failure.message)
      setProblem("live", failure.message, help: failure.help, isWorthRetrying: false)
    }
  }

  private mutating func takeLive(_ told: [ConfigurationProblem]) {
    let subjects = Set(told.map { "source: \($0.what)" })
    for subject in problems.keys where subject.hasPrefix("source: ") && !subjects.contains(subject) {
      clearProblem(subject)
    }
    for problem in told {
      setProblem("source: \(problem.what)", problem.what, help: problem.help, isWorthRetrying: false)
    }
  }
}
