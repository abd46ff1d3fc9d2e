import Addresses
import BFD
import CLinux
import Glibc
import NetworkNamespaces
import OpenBFDD
import OpenBFDDServer
import Runtime
import Speaker

/// bfdd-beacon: a speaker, a list of who may speak, and the control server, in one thread.
///
/// An allowed peer is spoken to from the start, slowly, because some (OVN) wait for a packet before they send one. It is
/// shown only once it has been heard, because until then OpenBFDD has no session.
struct Beacon: ~Copyable {
  let options: BeaconOptions
  var speaker: Speaker
  var log: BeaconLog
  /// By the speaker's number.
  var entries: [Int: RosterEntry] = [:]
  var numbers: [AddressPair: Int] = [:]
  var numbersByID: [UInt32: Int] = [:]
  /// Who may speak, and from which of our addresses we speak to them; nil as long as there is none.
  var allowed: [IPAddress: IPAddress?] = [:]
  /// What sessions to come are made with.
  var defaults: SessionConfiguration = {
    var parameters = SessionConfiguration(desiredMinTx: .slow, requiredMinRx: .slow)
    // Its users are Kube-OVN's, and their peers OVN's router ports; others lose a second at most.
    parameters.compatibility = .ovn
    return parameters
  }()
  var adminUpPollDefault = true
  var nextID: UInt32 = 1
  /// Set by `stop`.
  var isStopping = false
  /// Where the next look at addresses of ours begins.
  var greetingTurn = 0
  /// Of discarded packets, as last logged.
  var discards: [UInt64] = []

  /// Opens what hears and speaks BFD.
  /// - Throws: `BeaconError`, which says what is in the way.
  init(_ options: BeaconOptions, log: consuming BeaconLog, at now: Instant) throws(BeaconError) {
    self.options = options
    let secret = BeaconSecret.find(directory: options.stateDirectory)
    log.write(.app, secret.origin)
    speaker = Speaker(secret: secret.value, seed: .random(in: .min ... .max), at: now)
    self.log = log
    let here: NetworkNamespace
    do throws(SystemCallError) {
      here = try NetworkNamespace.current()
    } catch {
      throw BeaconError("\(error)")
    }
    for address in options.arguments.listen { try listen(on: address, in: here) }
  }

  private mutating func listen(on address: IPAddress, in here: borrowing NetworkNamespace) throws(BeaconError) {
    do throws(SpeakerError) {
      try speaker.open([Endpoint(address)], in: here)
      log.write(.app, "Listening for BFD connections on \(ControlAddress(address, port: BFDPort.singleHop))")
    } catch {
      // A kernel without IPv6 need not keep IPv4 from working.
      guard error.code == EAFNOSUPPORT, options.arguments.listen.count > 1 else {
        throw BeaconError(
          "Failed to create listen socket for \(address) on BFD port \(BFDPort.singleHop). "
            + "\(error)".replacing("bfd.listen", with: "--listen"))
      }
      log.write(.warn, "\(error)")
    }
  }
}

/// Why a beacon could not start.
struct BeaconError: Error {
  var message: String
  init(_ message: String) { self.message = message }
}
