import BFD
import ConfigurationFile
import Control
import FoundationEssentials
import Glibc
import Processes
import Runtime
import Speaker

/// The processes that the agent keeps beside itself: the one that watches (decision 0017), and a doctor now and then.
struct Companions {
  var observer: ChildProcess?
  /// When to start it again; distant while it runs.
  var startObserverAt: Instant
  var backoff: Int64 = Companions.firstBackoff
  var observerStarted = Instant(nanoseconds: 0)
  /// When one that was told to end is ended.
  var killObserverAt = Instant.distantFuture
  var doctor: ChildProcess?
  var startDoctorAt: Instant
  /// When a doctor that does not end is ended.
  var doctorDeadline = Instant.distantFuture
  var findings: [StatusReport.Finding] = []
  var repair: RepairInProgress?

  /// For one that was told to end.
  static let patience: Int64 = 5_000_000_000
  static let firstBackoff: Int64 = 1_000_000_000
  static let longestBackoff: Int64 = 60_000_000_000
  /// A run that lasted so long was no failure to start.
  static let healthyRun: Int64 = 30_000_000_000

  init(at now: Instant) {
    startObserverAt = now
    // The gateway comes up first.
    startDoctorAt = now + 20_000_000_000
  }

  /// The one that runs ends, within ``patience``; whichever comes next has all its time.
  mutating func renewObserver(at now: Instant) {
    observer?.terminate()
    killObserverAt = observer == nil ? .distantFuture : now + Self.patience
    if observer == nil { startObserverAt = now }
    backoff = Self.firstBackoff
  }
}

extension GatewayAgent {
  private static let doctorPatience: Int64 = 120_000_000_000

  var nextCompanion: Instant { min(nextWatcher, nextRepair) }

  private var nextWatcher: Instant {
    guard configuration.observe != nil, !isStopping else { return .distantFuture }
    let c = companions
    // Without pidfds it is looked at every second.
    let isBlind = [c.observer, c.doctor].contains { $0?.descriptor == -1 }
    let look = isBlind ? MonotonicClock.now() + 1_000_000_000 : Instant.distantFuture
    let start =
      c.observer == nil && configuration.observe?.needsProcess == true ? c.startObserverAt : .distantFuture
    return min(min(start, look), min(nextDoctor, c.killObserverAt))
  }

  private var nextDoctor: Instant {
    guard configuration.observe?.findingsInterval != nil else { return .distantFuture }
    return companions.doctor == nil ? companions.startDoctorAt : companions.doctorDeadline
  }

  mutating func runCompanions(at now: Instant) {
    if let status = companions.observer?.ended() { observerEnded(status, at: now) }
    if now >= companions.killObserverAt { companions.observer?.kill() }
    if let doctor = companions.doctor { look(after: doctor, at: now) }
    runRepair(at: now)
    guard let observe = configuration.observe, !isStopping else { return }
    if observe.needsProcess, companions.observer == nil, now >= companions.startObserverAt {
      startObserver(observe, at: now)
    }
    if observe.findingsInterval != nil, companions.doctor == nil, now >= companions.startDoctorAt {
      startDoctor(at: now)
    }
  }

  /// After a reload: another section is another process.
  mutating func observeChanged() {
    companions.renewObserver(at: MonotonicClock.now())
    if configuration.observe?.findingsInterval == nil {
      companions.doctor = nil
      takeFindings([])
    }
  }

  // MARK: The process that watches

  private mutating func startObserver(_ observe: GatewayConfiguration.Observe, at now: Instant) {
    var arguments = ["observe", "--child", "--socket", configuration.control.socket]
    for address in observe.listen { arguments += ["--listen", address] }
    if observe.listen.isEmpty { arguments.append("--no-listen") }
    for (option, file) in [
      ("--tls-certificate", observe.certificate), ("--tls-key", observe.key),
      ("--client-ca", observe.clientAuthority), ("--token-file", observe.tokenFile)
    ] {
      if let file { arguments += [option, file] }
    }
    if let cluster = observe.cluster {
      for peer in cluster.peers { arguments += ["--peer", peer] }
      for (option, word) in [
        ("--peer-ca", cluster.authority), ("--peer-token-file", cluster.tokenFile),
        ("--peer-server-name", cluster.serverName)
      ] {
        if let word { arguments += [option, word] }
      }
    }
    if observe.trustsLoopback { arguments.append("--trust-loopback") }
    if let journal = observe.journal {
      arguments += [
        "--journal", journal.directory ?? options.stateDirectory, "--journal-size", "\(journal.maximumSize)",
        "--journal-age", "\(journal.maximumAge.components.seconds)s"
      ]
    }
    do {
      let child = try ChildProcess(arguments, niceness: 10, keepsOutput: false)
      if child.descriptor >= 0 { try? poller.watch(child.descriptor) }
      companions.observer = child
      companions.observerStarted = now
      clearProblem("observe")
    } catch {
      companions.startObserverAt = now + companions.backoff
      setProblem("observe", "everway observe cannot be started: \(error)", help: nil, isWorthRetrying: false)
    }
  }

  private mutating func observerEnded(_ status: ExitStatus, at now: Instant) {
    companions.observer = nil
    companions.killObserverAt = .distantFuture
    guard !isStopping, configuration.observe != nil else { return clearProblem("observe") }
    if now - companions.observerStarted >= Companions.healthyRun { companions.backoff = Companions.firstBackoff }
    companions.startObserverAt = now + companions.backoff
    let wait = companions.backoff / 1_000_000_000
    companions.backoff = min(companions.backoff * 2, Companions.longestBackoff)
    // It was told to end, by a reload or by somebody.
    if status == .exited(0) { return clearProblem("observe") }
    setProblem(
      "observe", "everway observe has ended (\(status)): no journal, page and metrics for \(wait) s",
      help: "what it said last is in the log above", isWorthRetrying: false)
  }

  /// Waits for the last events to be written down, for a second at most.
  mutating func endCompanions() {
    companions.doctor = nil
    companions.repair = nil
    guard let observer = companions.observer else { return }
    observer.terminate()
    for _ in 0..<100 where observer.ended() == nil { usleep(10_000) }
    companions.observer = nil
  }

  // MARK: The doctor

  /// A doctor's command line up to what it is to do.
  var doctorArguments: [String] {
    var arguments = ["doctor", "--json", "--socket", configuration.control.socket]
    if case .file(let path) = options.source { arguments += ["--config", path] }
    return arguments
  }

  private mutating func startDoctor(at now: Instant) {
    do {
      let child = try ChildProcess(doctorArguments, niceness: 19, keepsOutput: true)
      if child.descriptor >= 0 { try? poller.watch(child.descriptor) }
      companions.doctor = child
      companions.doctorDeadline = now + Self.doctorPatience
    } catch {
      planDoctor(at: now)
      setProblem("doctor", "the doctor cannot be started: \(error)", help: nil, isWorthRetrying: false)
    }
  }

  private mutating func planDoctor(at now: Instant) {
    companions.doctor = nil
    companions.doctorDeadline = .distantFuture
    let interval = configuration.observe?.findingsInterval?.wholeNanoseconds ?? 0
    companions.startDoctorAt = interval > 0 ? now + interval : .distantFuture
  }

  private mutating func look(after doctor: ChildProcess, at now: Instant) {
    guard let status = doctor.ended() else {
      guard now >= companions.doctorDeadline else { return }
      planDoctor(at: now)
      let seconds = Self.doctorPatience / 1_000_000_000
      setProblem("doctor", "the doctor did not end within \(seconds) s", help: nil, isWorthRetrying: false)
      return
    }
    let findings = DoctorFindings(doctor.said(), before: companions.findings, at: .now())
    planDoctor(at: now)
    guard let findings else {
      setProblem("doctor", "the doctor failed (\(status))", help: "run `everway doctor`", isWorthRetrying: false)
      return
    }
    clearProblem("doctor")
    takeFindings(findings.findings)
  }

  private mutating func takeFindings(_ new: [StatusReport.Finding]) {
    let old = companions.findings
    companions.findings = new
    for finding in new where !old.contains(where: { $0.id == finding.id }) {
      let level: Event.Level = finding.severity == "info" ? .info : .warning
      log.write(
        level, .finding, of: finding.id, to: "present", "\(finding.id) (\(finding.severity)): \(finding.symptom)")
    }
    for finding in old where !new.contains(where: { $0.id == finding.id }) {
      log.write(.info, .finding, of: finding.id, to: "gone", "\(finding.id) is gone: \(finding.symptom)")
    }
  }
}

/// What `everway doctor --json` wrote. Pure.
struct DoctorFindings {
  var findings: [StatusReport.Finding]

  private struct Report: Decodable {
    struct Step: Decodable {
      var text: String?
      var command: String?
      var isDoneByFix: Bool
    }
    struct Item: Decodable {
      var id: String
      var severity: String
      var symptom: String
      var repair: String?
      var steps: [Step]?
      var consequences: [Item]

      /// What `--fix` would do; nil when it would do nothing.
      var actions: [String]? {
        guard let repair, ["automatic", "guarded"].contains(repair) else { return nil }
        let actions = (steps ?? []).filter(\.isDoneByFix).compactMap { $0.command ?? $0.text }
        return actions.isEmpty ? nil : actions
      }
    }
    var findings: [Item]
  }

  /// - Parameter before: what is still there keeps its time.
  /// - Returns: nil when it is no report.
  init?(_ octets: [UInt8], before: [StatusReport.Finding], at now: Timestamp) {
    guard let report = try? JSONDecoder().decode(Report.self, from: Data(octets)) else { return nil }
    findings = []
    func add(_ items: [Report.Item]) {
      for item in items {
        if let known = findings.firstIndex(where: { $0.id == item.id }) {
          // Of another subject: one repair mends both.
          if let more = item.actions?.filter({ findings[known].repair?.contains($0) != true }), !more.isEmpty {
            findings[known].repair = (findings[known].repair ?? []) + more
          }
        } else {
          let since = before.first { $0.id == item.id }?.since ?? now
          findings.append(
            .init(id: item.id, severity: item.severity, symptom: item.symptom, since: since, repair: item.actions))
        }
        add(item.consequences)
      }
    }
    add(report.findings)
  }
}
