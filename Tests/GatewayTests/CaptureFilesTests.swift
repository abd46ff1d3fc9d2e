import Addresses
import Capture
import Control
import Glibc
import Testing

@testable import BFD
@testable import Gateway

@Suite struct CaptureFilesTests {
  private let directory = "/tmp/everway-captures-\(getpid())-\(UInt32.random(in: 0 ... .max))"

  private func kept(_ name: String = "r1", packets: Int = 3) -> KeptPackets {
    let control = ControlPacket(
      state: .up, detectMultiplier: 3, myDiscriminator: 1, yourDiscriminator: 2, desiredMinTx: .slow,
      requiredMinRx: .slow)
    let packet = CapturedPacket(
      time: 1, direction: .sent, source: .any(.ipv4), destination: .any(.ipv4), sourcePort: 1,
      destinationPort: 3784,
      timeToLive: 255, octets: CapturedPacket.Octets(control))
    return KeptPackets(
      name: name, packets: Array(repeating: packet, count: packets),
      transition: Transition(
        from: .up, to: .down, cause: .detectionTimeExpired, diagnostic: .controlDetectionTimeExpired,
        at: Instant(nanoseconds: 0)))
  }

  private func names() -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private func remove() {
    for name in names() { unlink("\(directory)/\(name)") }
    rmdir(directory)
  }

  @Test func theOldestFilesGoAndOthersStay() throws {
    defer { remove() }
    var files = CaptureFiles(directory: directory, maximumFiles: 3, maximumSize: 1 << 20, application: "everway")
    for second in 0..<5 { _ = try files.write(kept(), at: Timestamp(microseconds: Int64(second) * 1_000_000)) }
    close(open("\(directory)/notes.txt", O_CREAT | O_WRONLY, 0o600))
    _ = try files.write(kept(), at: Timestamp(microseconds: 5_000_000))
    let left = names()
    #expect(left.count == 4 && left.contains("notes.txt"))
    #expect(
      left.filter { $0.hasSuffix("-down.pcapng") }.allSatisfy {
        !$0.contains("00-00-00") && !$0.contains("00-00-02")
      })
  }

  @Test func theirSizeIsBounded() throws {
    defer { remove() }
    var files = CaptureFiles(directory: directory, maximumFiles: 100, maximumSize: 65_536, application: "everway")
    for second in 0..<8 {
      _ = try files.write(kept(packets: 200), at: Timestamp(microseconds: Int64(second) * 1_000_000))
    }
    let sizes = names().map { name -> Int in
      var entry = stat()
      return lstat("\(directory)/\(name)", &entry) == 0 ? Int(entry.st_size) : 0
    }
    #expect(sizes.count >= 2 && sizes.reduce(0, +) <= 65_536)
  }

  @Test func aPeersNameLeadsNowhereElse() {
    let name = CaptureFiles.name("../../etc/x y\u{e9}", Timestamp(microseconds: 0))
    #expect(!name.contains("/") && name.hasSuffix("-.._.._etc_x_y__-down.pcapng"), "\(name)")
  }

  @Test("A full disk is an error, and leaves nothing half written", .enabled(if: geteuid() == 0))
  func fullDisk() throws {
    // /dev/full has no directory: a tmpfs that is too small has.
    mkdir(directory, 0o700)
    defer {
      umount(directory)
      rmdir(directory)
    }
    guard mount("everway-test", directory, "tmpfs", 0, "size=4096") == 0 else { return }
    var files = CaptureFiles(directory: directory, maximumFiles: 100, maximumSize: 1 << 20, application: "everway")
    let error = #expect(throws: CaptureFiles.Failure.self) {
      try files.write(kept(packets: 500), at: Timestamp(microseconds: 0))
    }
    #expect(error?.code == ENOSPC)
    #expect(names().isEmpty)
    #expect(throws: Never.self) { try files.write(kept(packets: 3), at: Timestamp(microseconds: 1)) }
  }
}
