import BFD
import ConfigurationFile
import Control
import FoundationEssentials
import Processes
import Runtime
import Speaker

/// `everway doctor --fix` for one finding, on its way.
struct RepairInProgress {
  var finding: String
  var child: ChildProcess
  /// Who asked, and waits.
  var token: ControlRequest.Token
  var deadline: Instant
}

/// Repairs that are asked for at the control socket. A process of its own makes them: the agent waits for nothing.
extension GatewayAgent {
  /// A repair that takes longer is ended, and what it was at stays as it is.
  private static let repairPatience: Int64 = 60_000_000_000

  mutating func beginRepair(_ request: ControlRequest, _ finding: String, now: Duration) {
    if let refusal = refusal() { return control.respond(request.token, .failure(refusal), now: now) }
    do {
      let child = try ChildProcess(doctorArguments + ["--fix", "--yes", finding], niceness: 0, keepsOutput: true)
      if child.descriptor >= 0 { try? poller.watch(child.descriptor) }
      companions.repair = RepairInProgress(
        finding: finding, child: child, token: request.token,
        deadline: MonotonicClock.now() + Self.repairPatience)
      log.write(
        .info, .repair, of: finding, to: "repairing",
        "\(finding) is being repaired, asked by pid \(request.from.pid) (uid \(request.from.uid))")
    } catch {
      let failure = ControlFailure(
        .failed, "the doctor cannot be started: \(error)", help: "run `everway doctor --fix \(finding)`")
      control.respond(request.token, .failure(failure), now: now)
    }
  }

  private func refusal() -> ControlFailure? {
    if isStopping { return ControlFailure(.refused, "everway is stopping, and repairs nothing any more") }
    guard let repair = companions.repair else { return nil }
    return ControlFailure(
      .busy, "\(repair.finding) is being repaired, and one repair is made at a time", help: "try again soon")
  }

  var nextRepair: Instant {
    guard let repair = companions.repair else { return .distantFuture }
    // Without pidfds it is looked at every second.
    return repair.child.descriptor < 0
      ? min(repair.deadline, MonotonicClock.now() + 1_000_000_000) : repair.deadline
  }

  mutating func runRepair(at now: Instant) {
    guard let repair = companions.repair else { return }
    let finding = repair.finding
    let response: ControlResponse
    if let status = repair.child.ended() {
      if let outcome = RepairOutcome(finding, doctor: repair.child.said()) {
        let isGood = outcome.result == .repaired || outcome.result == .nothingToDo
        log.write(
          isGood ? .info : .warning, .repair, of: finding, to: outcome.result.rawValue,
          ([outcome.message] + outcome.notes).joined(separator: "; "))
        response = .repair(outcome)
      } else {
        response = failed(finding, "the doctor failed (\(status))")
      }
    } else if now >= repair.deadline {
      // Its end ends the process.
      response = failed(finding, "the repair did not end within \(Self.repairPatience / 1_000_000_000) s")
    } else {
      return
    }
    companions.repair = nil
    control.respond(repair.token, response, now: Duration.nanoseconds(MonotonicClock.now().nanoseconds))
    lookAgain(at: now)
  }

  private mutating func failed(_ finding: String, _ what: String) -> ControlResponse {
    log.write(.warning, .repair, of: finding, to: RepairOutcome.Result.failed.rawValue, "\(finding): \(what)")
    return .failure(ControlFailure(.failed, what, help: "run `everway doctor --fix \(finding)` on the node"))
  }

  /// What the repair has changed is not left to the next look in its time.
  private mutating func lookAgain(at now: Instant) {
    checkNamespaceAt = now
    reconcileAt = min(reconcileAt, now)
    guard configuration.observe?.findingsInterval != nil else { return }
    // One that looks already may have looked before the repair.
    companions.doctor = nil
    companions.doctorDeadline = .distantFuture
    companions.startDoctorAt = now
  }
}

extension RepairOutcome {
  private struct Report: Decodable {
    struct Repair: Decodable {
      var id: String
      var subject: String
      var result: String
      var failure: String?
    }
    struct Found: Decodable {
      var id: String
    }
    var repairs: [Repair]?
    var findings: [Found]
  }

  /// From what `everway doctor --fix --json` wrote. Pure.
  /// - Returns: nil when it is no report of repairs.
  init?(_ finding: String, doctor octets: [UInt8]) {
    guard let report = try? JSONDecoder().decode(Report.self, from: Data(octets)), let repairs = report.repairs
    else {
      return nil
    }
    let made = repairs.filter { $0.id == finding && $0.result != "declined" }
    let notes = made.map { repair in
      switch repair.result {
      case "repaired": "\(repair.subject): repaired"
      case "still-there": "\(repair.subject): everything was done, and the symptom is still there"
      default: "\(repair.subject): \(repair.failure ?? "failed")"
      }
    }
    let result: Result =
      if made.isEmpty {
        .nothingToDo
      } else if made.contains(where: { Result(rawValue: $0.result) ?? .failed == .failed }) {
        .failed
      } else {
        made.contains { $0.result == "still-there" } ? .stillThere : .repaired
      }
    let message =
      switch result {
      case .repaired: "\(finding) is repaired"
      case .stillThere: "\(finding): everything was done, and the symptom is still there"
      case .failed: "\(finding): the repair failed"
      case .nothingToDo:
        report.findings.contains { $0.id == finding }
          ? "\(finding) has no repair that a program may make" : "\(finding) is not there any more"
      }
    self.init(finding: finding, result: result, message: message, notes: notes)
  }
}
