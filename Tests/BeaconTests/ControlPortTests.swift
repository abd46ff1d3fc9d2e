import Addresses
import CLinux
import Glibc
import Lab
import NetworkNamespaces
import OpenBFDD
import Processes
import Testing

/// A client that need not behave: one TCP connection to a beacon's control port.
final class RawClient {
  let descriptor: Int32

  init(_ place: LabNamespace, port: UInt16 = 957) throws {
    descriptor = try place.perform { () throws(SystemCallError) in
      let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let code = withUnsafePointer(to: name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, 16) }
      }
      guard code == 0 else { throw SystemCallError("connect") }
      return fd
    }
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func send(_ octets: [UInt8]) { _ = Glibc.send(descriptor, octets, octets.count, Int32(MSG_NOSIGNAL)) }

  /// All that comes until the other side ends it.
  func rest() -> String {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return String(decoding: all, as: UTF8.self) }
      all += buffer[..<count]
    }
  }
}

@Suite("The control port", .serialized, .timeLimit(.minutes(5)), .enabled(if: geteuid() == 0))
struct ControlPortTests {
  /// The octets that bfdd-control 0.5.4 (OpenBFDD e35f43a, bfdd-control.cpp, SendData) sends, in one send, and what it
  /// prints until the end of the stream. Recorded from the source: the program itself is in no Debian.
  @Test("what an old bfdd-control sends is answered in full, on both ports", arguments: [957, 958] as [UInt16])
  func oldControl(port: UInt16) throws {
    try BeaconField.with("old") { field in
      _ = try field.startBeacon(on: field.us)
      let exchanges: [(String, String)] = [
        ("status\0\0", "There are 0 sessions:\n"),
        ("allow\u{0}10.1.0.1\0\0", "Allowing connections from 10.1.0.1\n"),
        (
          "status\0remote\u{0}10.1.0.1\0local\u{0}10.1.0.2\0\0",
          "No session with local ip=10.1.0.2 and remote ip=10.1.0.1.\n"
        ),
        ("session\0new\0set\0mintx\u{0}1000\0ms\0\0", "Attempting to set mintx to 1,000,000 us.\n"),
        ("frobnicate\0\0", "Unknown command <frobnicate>\n")
      ]
      for (request, answer) in exchanges {
        let client = try RawClient(field.us, port: port)
        client.send([0xfe, 0xed, 0x19, 0x66] + Array(request.utf8))
        #expect(client.rest() == answer)
      }
    }
  }

  /// Half requests, slow ones, none at all, octets of no protocol, and clients that are gone when the answer comes.
  @Test("clients that do not behave cost a session at 50 ms nothing, and others their answer neither")
  func hostile() throws {
    try BeaconField.with("hos") { field in
      var beacons: [LabProcess] = []
      for place in [field.us, field.them] {
        beacons.append(try field.startBeacon(on: place))
        for line in ["mintx 50 ms", "minrx 50 ms", "multi 10"] {
          try field.ask("session new set \(line)", on: place)
        }
      }
      try field.ask("allow 10.1.0.1")
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "state=Up ")
      try field.wait(for: "state=Up ", on: field.them)

      let magic: [UInt8] = [0xfe, 0xed, 0x19, 0x66]
      var idle: [RawClient] = []
      for round in 0..<300 {
        let client = try RawClient(field.us)
        switch round % 6 {
        case 0: break
        case 1: client.send(magic + Array("sta".utf8))
        case 2: client.send((0..<2_000).map { _ in UInt8.random(in: 0...255) })
        case 3: client.send(magic + [UInt8](repeating: 0x61, count: 4_000))
        case 4:
          // A reset before the answer: what killed OpenBFDD by SIGPIPE.
          var now = linger(l_onoff: 1, l_linger: 0)
          setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
          client.send(magic + Array("status\0all\0level\u{0}4\0\0".utf8))
          continue
        default:
          for octet in magic + Array("status\0\0".utf8) { client.send([octet]) }
          #expect(client.rest().hasPrefix("There are 1 sessions:\n"))
        }
        idle.append(client)
      }
      #expect(try field.ask("status").hasPrefix("There are 1 sessions:\n"))
      let stillRun = beacons.filter { $0.isRunning }
      #expect(stillRun.count == 2)
      for place in [field.us, field.them] { #expect(try field.history(place) == "Up Down", "it never left Up") }
      #expect(idle.count == 250)
    }
  }

  @Test("a list of a thousand sessions is whole")
  func longList() throws {
    try BeaconField.with("lng") { field in
      _ = try field.startBeacon(on: field.us)
      for high in 0..<4 {
        for low in 0..<250 {
          let client = try RawClient(field.us)
          client.send(
            try #require(
              WireProtocol.request([
                "connect", "local", "10.1.0.2", "remote", "10.2.\(high).\(low)"
              ])))
          #expect(client.rest().hasPrefix("Opened "))
        }
      }
      let lines = try field.ask("status").split(separator: "\n")
      #expect(lines.first == "There are 1000 sessions:")
      #expect(lines.count == 2_001)
      #expect(lines.last == " id=1000 local=10.1.0.2 (a) remote=10.2.3.249 state=Down ")
    }
  }

  /// An old beacon answers in pieces, says more than one thing, and closes.
  @Test(
    "our bfdd-control understands an old beacon",
    arguments: [
      (["status"], "There are 0 sessions:\n", 0), (["stop"], "stopping\n", 0),
      (
        ["session", "new", "set", "multi", "300"],
        "Value for 'set multi is too large..\nAttempting to set multi to 300.\n", 2
      ),
      (["status"], "Unable to complete request because the beacon is shutting down.\n", 1),
      (["allow", "10.1.0.1"], "", 1)
    ] as [([String], String, Int32)])
  func oldBeacon(words: [String], answer: String, code: Int32) throws {
    try BeaconField.with("obn") { field in
      let listener = try field.us.perform { () throws(SystemCallError) in
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(957).bigEndian
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let code = withUnsafePointer(to: name) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(fd, $0, 16) }
        }
        guard code == 0, listen(fd, 3) == 0 else { throw SystemCallError("listen") }
        return fd
      }
      defer { close(listener) }
      let control = try field.lab.start(
        Command(field.controlPath, words), in: field.us, label: "us/control", outputName: "control.out")
      let client = accept(listener, nil, nil)
      var request = [UInt8](repeating: 0, count: 1_024)
      let count = recv(client, &request, request.count, 0)
      #expect(WireProtocol.request(words) == Array(request.prefix(max(0, count))))
      for octet in Array(answer.utf8) { _ = send(client, [octet], 1, Int32(MSG_NOSIGNAL)) }
      close(client)
      #expect(control.wait(timeout: .seconds(30)) == .exited(code))
      #expect(control.lastLines().joined(separator: "\n").hasPrefix(answer.dropLast()))
    }
  }

  /// A probe must end before the kubelet kills it.
  @Test("our bfdd-control does not wait for a beacon for ever")
  func silentBeacon() throws {
    try BeaconField.with("sil") { field in
      let beacon = try field.startBeacon(on: field.us)
      beacon.pause()
      let result = try field.control(["status"])
      #expect(result.status == .exited(1))
      #expect(result.errorOutput == "Timed out while waiting for beacon reply.\n")
    }
  }
}

/// OPENBFDD names a folder with the real bfdd-beacon and bfdd-control, where somebody has them.
@Suite(
  "A real OpenBFDD", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: geteuid() == 0 && getenv("OPENBFDD") != nil, "set OPENBFDD to the folder of its programs"))
struct RealOpenBFDDTests {
  @Test("real control, our beacon; our control, real beacon; and both come up with each other")
  func both() throws {
    let folder = try #require(getenv("OPENBFDD").map { String(cString: $0) })
    try BeaconField.with("rea") { field in
      _ = try field.startBeacon(on: field.us)
      _ = try field.lab.start(
        Command("\(folder)/bfdd-beacon", ["--nofork"]), in: field.them, label: "them/real", outputName: "real.log")
      let allowed = try field.capture(field.us, "\(folder)/bfdd-control", ["allow", "10.1.0.1"])
      #expect(allowed.status == .exited(0) && allowed.output == "Allowing connections from 10.1.0.1\n")
      #expect(
        waitUntil(timeout: .seconds(20)) { (try? field.control(["status"], on: field.them))?.status == .exited(0) })
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "state=Up ")
      try field.wait(for: "state=Up ", on: field.them)
      for arguments in [["status"], ["status", "all", "level", "2", "brief"]] {
        let real = try field.capture(field.us, "\(folder)/bfdd-control", arguments)
        #expect(try real.output == field.control(arguments).output)
      }
    }
  }
}
