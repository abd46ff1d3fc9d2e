import Cluster
import BFD
import Beacon
import Doctor
import NetworkNamespaces
import OpenBFDD
import Processes

/// What a beacon in a namespace says.
enum BeaconQuestions {
  /// OpenBFDD lets a client wait while another one says nothing for ten seconds, and dies when one goes away before it
  /// was answered.
  static let patience = Duration.seconds(12)

  static func ask(in namespace: borrowing NetworkNamespace) -> Gathered<SpeakerFacts.Beacon> {
    let first = ask(.standard, in: namespace)
    if first.value != nil { return first }
    let second = ask(.alternative, in: namespace)
    return second.value == nil ? first : second
  }

  private static func ask(
    _ place: ControlAddress, in namespace: borrowing NetworkNamespace
  ) -> Gathered<SpeakerFacts.Beacon> {
    let answers: Result<(String, String), BeaconClient.Failure>
    do throws(SystemCallError) {
      answers = try namespace.perform { () throws(SystemCallError) in
        do throws(BeaconClient.Failure) {
          let release = try BeaconClient.ask(["version"], at: place, patience: patience)
          let words = ["status", "all", "level", "4", "compact", "brief"]
          return .success((release, try BeaconClient.ask(words, at: place, patience: patience)))
        } catch {
          return .failure(error)
        }
      }
    } catch {
      return .unavailable("\(error)")
    }
    switch answers {
    case .failure(let failure): return .unavailable(failure.message)
    case .success(let (release, status)):
      guard let sessions = StatusText.read(status) else {
        return .unavailable("TCP \(place) answers, and is no beacon: \(status.prefix { $0 != "\n" })")
      }
      let lines = release.split(separator: "\n")
      return .value(
        SpeakerFacts.Beacon(
          port: place.port, release: lines.first.map(String.init) ?? "?",
          isEverway: lines.contains { $0.hasPrefix("everway") },
          sessions: sessions.prefix(4_096).map(SpeakerFacts.Session.init)))
    }
  }

  /// Runs the probe that Kubernetes runs, where the program is installed.
  static func probe(in namespace: borrowing NetworkNamespace) -> Gathered<SpeakerFacts.Probe> {
    let command = Processes.Command("bfdd-control", ["status"])
    do throws(ProgramError) {
      let result = try command.capture(in: namespace, timeout: patience, limit: 65_536)
      let code: Int32 =
        switch result.status {
        case .exited(let code): code
        case .signalled(let signal): 128 + signal
        case .gone: -1
        }
      let said = (result.output + result.errorOutput).prefix { $0 != "\n" }
      return .value(SpeakerFacts.Probe(command: "\(command)", exitCode: code, said: String(said)))
    } catch {
      return .unavailable(error.message)
    }
  }
}

extension SpeakerFacts.Session {
  init(_ status: SessionStatus) {
    self.init(
      source: "bfdd-beacon", peer: status.addresses.remote, state: SpeakerFacts.State(status.state),
      diagnostic: status.diagnostic.code)
    id = status.id
    local = status.addresses.local
    remoteState = SpeakerFacts.State(status.remoteState)
    remoteDiagnostic = status.remoteDiagnostic.code
    localDiscriminator = status.localDiscriminator
    remoteDiscriminator = status.remoteDiscriminator
    multiplier = status.multiplier
    desiredMinTx = UInt64(status.minTxWhenUp.microseconds)
    requiredMinRx = UInt64(status.minRx.inForce.microseconds)
    if isHeard {
      remoteMultiplier = status.remoteMultiplier
      remoteMinTx = UInt64(status.remoteMinTx.microseconds)
      remoteMinRx = UInt64(status.remoteMinRx.microseconds)
    }
    transmitInterval = status.transmitInterval
    detectionTime = status.detectionTime
    hold = status.isSuspended ? "suspended" : status.isForced ? "forced" : nil
    downCount = UInt64(status.history.dropFirst().count { $0.state == .up })
    secondsInState = status.history.first.map { Double($0.duration / .milliseconds(1)) / 1_000 }
  }
}
