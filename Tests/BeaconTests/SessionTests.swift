import Addresses
import Glibc
import Lab
import Processes
import Testing

@Suite("Sessions of two beacons", .serialized, .timeLimit(.minutes(5)), .enabled(if: geteuid() == 0))
struct SessionTests {
  private func withTwo(_ tag: String, _ body: (BeaconField) throws -> Void) throws {
    try BeaconField.with(tag) { field in
      for place in [field.us, field.them] {
        _ = try field.startBeacon(on: place)
        for line in ["mintx 100 ms", "minrx 100 ms"] { try field.ask("session new set \(line)", on: place) }
      }
      try body(field)
    }
  }

  @Test("connect makes an active session at once, and one that is passive active")
  func connects() throws {
    try withTwo("con") { field in
      let opened = try field.ask("connect local 10.1.0.2 remote 10.1.0.1")
      #expect(opened == "Opened connection from local 10.1.0.2 to remote 10.1.0.1\n")
      #expect(try field.ask("status").hasSuffix(" id=1 local=10.1.0.2 (a) remote=10.1.0.1 state=Down \n"))
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "state=Up ")
      try field.wait(for: "local=10.1.0.1 (p)", on: field.them)
      try field.ask("connect remote 10.1.0.2 local 10.1.0.1", on: field.them)
      try field.wait(for: "id=1 local=10.1.0.1 (a) remote=10.1.0.2 state=Up ", on: field.them)
      #expect(try field.history(field.them) == "Up Down", "it was not disturbed")
    }
  }

  @Test("connect refuses what cannot be an end of a session")
  func refusesConnect() throws {
    try BeaconField.with("cnx") { field in
      _ = try field.startBeacon(on: field.us, "--listen=0.0.0.0")
      for line in ["local 0.0.0.0 remote 10.1.0.1", "local 10.1.0.2 remote 224.0.0.1", "local ::1 remote ::2"] {
        let result = try field.control(["connect"] + line.split(separator: " ").map(String.init))
        #expect(result.status == .exited(2))
        #expect(result.output.hasPrefix("Failed to open connection from local "))
      }
      #expect(try field.ask("status") == "There are 0 sessions:\n")
    }
  }

  @Test("a session is held down, in AdminDown with any diagnostic, and let up")
  func forced() throws {
    try withTwo("frc") { field in
      try field.ask("allow 10.1.0.1")
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "state=Up ")
      #expect(
        try field.ask("session 1 state down 6")
          == "Attempting to put session(s) into Down state with diagnostic <Concatenated Path Down>.\n")
      try field.wait(for: "state=Down ", on: field.them)
      #expect(try field.ask("status").contains("state=Down<Forced> \n"))
      #expect(
        try field.ask("status all level 2", on: field.them).contains("RemoteState=Down<Concatenated Path Down> "))
      try field.ask("session all state admin 3")
      #expect(try field.ask("status").contains("state=AdminDown<Forced> \n"))
      let heard = waitUntil(timeout: .seconds(20)) {
        (try? field.ask("status all level 2", on: field.them))?
          .contains("RemoteState=AdminDown<Neighbor Signaled Session Down> ") ?? false
      }
      #expect(heard)
      try field.ask("session 1 state up")
      try field.wait(for: "state=Up \n")
    }
  }

  @Test("a suspended session is silent and listens; it comes back")
  func suspended() throws {
    try withTwo("sus") { field in
      try field.ask("allow 10.1.0.1")
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "state=Up ", on: field.them)
      try field.ask("session 1 suspend")
      try field.wait(for: "state=Down ", on: field.them)
      try field.wait(for: "<Suspended>\n")
      try field.ask("session 1 resume")
      try field.wait(for: "state=Up \n")
      try field.wait(for: "state=Up ", on: field.them)
    }
  }

  @Test("blocking ends no session; killing one that is blocked does")
  func blocked() throws {
    try withTwo("blk") { field in
      try field.ask("allow 10.1.0.1")
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "state=Up ")
      #expect(
        try field.ask("block 10.1.0.1")
          == "Blocking connections from 10.1.0.1. This will not terminate any ongoing session.\n")
      #expect(try field.ask("status").contains("state=Up "))
      #expect(try field.ask("session all kill") == "Attempting to kill session(s).\n")
      try field.wait(for: "state=Down ", on: field.them)
      #expect(try field.ask("status") == "There are 0 sessions:\n")
      let missing = try field.control(["session", "1", "kill"])
      #expect(missing.output == "Attempting to kill session(s).\nNo session with id=1.\n")
      #expect(missing.status == .exited(2))
      try field.ask("allow 10.1.0.1")
      try field.wait(for: "id=2 local=10.1.0.2 (p) remote=10.1.0.1 state=Up ")
    }
  }

  @Test("timers of a session change without disturbing it")
  func timers() throws {
    try withTwo("tmr") { field in
      try field.ask("allow 10.1.0.1")
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "state=Up ")
      try field.wait(for: "state=Up ", on: field.them)
      for line in ["mintx 200 ms", "minrx 300 ms", "multi 5", "cpi yes"] { try field.ask("session 1 set \(line)") }
      var seen = ""
      let told = waitUntil(timeout: .seconds(20)) {
        seen = (try? field.ask("status all level 4", on: field.them)) ?? ""
        return seen.contains("RemoteDetectMulti=5 ") && seen.contains("RemoteDesiredMinTx=200,000 us ")
          && seen.contains("RemoteRequiredMinRx=300,000 us ") && seen.contains("CurrentRxTimeout=1,000,000 us ")
      }
      #expect(told, "\(seen)")
      #expect(try field.history(field.them) == "Up Down")
    }
  }

  @Test("a peer that is gone for long is forgotten, and is a new session when it comes back")
  func forgotten() throws {
    try withTwo("gon") { field in
      try field.ask("allow 10.1.0.1")
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "state=Up ")
      try field.ask("stop", on: field.them)
      try field.wait(for: "state=Down ")
      try field.wait(for: "There are 0 sessions:\n")
      _ = try field.startBeacon(on: field.them)
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "id=2 local=10.1.0.2 (p) remote=10.1.0.1 state=Up ")
    }
  }

  @Test("a beacon that restarts keeps its discriminator, so that a peer with the old one finds it")
  func restarts() throws {
    try withTwo("rst") { field in
      func discriminator() throws -> Substring? {
        try field.ask("status all level 2").split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("LocalId=") }
      }
      try field.ask("allow 10.1.0.1")
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "state=Up ")
      let before = try #require(try discriminator())
      try field.ask("stop")
      #expect(waitUntil(timeout: .seconds(20)) { (try? field.control(["status"]))?.status == .exited(1) })
      _ = try field.startBeacon(on: field.us)
      try field.ask("allow 10.1.0.1")
      try field.wait(for: "state=Up ")
      #expect(try discriminator() == before)
    }
  }

  @Test("a script of commands, with what each was answered")
  func script() throws {
    try BeaconField.with("scr") { field in
      _ = try field.startBeacon(on: field.us)
      let path = "\(field.lab.directory)/script"
      try Command("/bin/sh", ["-c", "printf '# peers\\nallow 10.1.0.1\\n\\nstatus' > \(path)"]).run()
      #expect(
        try field.ask("load \(path)") == """
          Running script from file <\(path)>
           Command <allow 10.1.0.1>
             Allowing connections from 10.1.0.1
           Command <status>
             There are 0 sessions:
          Completed script from file <\(path)>

          """)
      let missing = try field.control(["load", "/nowhere"])
      #expect(missing.status == .exited(1))
      #expect(
        missing.errorOutput == "Failed to open file </nowhere> : No such file or directory\nScript load failed.\n")
    }
  }
}
