import Glibc
import Testing

/// What fuzzing has found, and what it starts from, run as any other test: no fuzzer is needed.
///
/// `EVERWAY_FUZZ_INPUT=file EVERWAY_FUZZ_TARGET=name swift test --filter FuzzTests` runs one input.
@Suite struct CorpusTests {
  static let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Corpus"

  @Test("Every input of the corpus is taken without a finding", arguments: FuzzTarget.all.map(\.name))
  func corpus(name: String) throws {
    let target = try #require(FuzzTarget.named(name))
    let files = Self.files(in: "\(Self.folder)/\(name)")
    try #require(!files.isEmpty, "no corpus in \(Self.folder)/\(name)")
    for file in files {
      let octets = try #require(Self.read(file))
      #expect(octets.count <= target.longestInput, "\(file) is longer than its target wants")
      do { try target.run(octets) } catch { Issue.record("\(file): \(error)") }
    }
  }

  @Test("One input", .enabled(if: getenv("EVERWAY_FUZZ_INPUT") != nil))
  func one() throws {
    let file = String(cString: try #require(getenv("EVERWAY_FUZZ_INPUT")))
    let name = String(cString: try #require(getenv("EVERWAY_FUZZ_TARGET")))
    try #require(FuzzTarget.named(name)).run(try #require(Self.read(file)))
  }

  @Test("Every folder of the corpus has its target")
  func folders() {
    #expect(Set(Self.names(in: Self.folder)) == Set(FuzzTarget.all.map(\.name)))
  }

  private static func files(in folder: String) -> [String] { names(in: folder).sorted().map { "\(folder)/\($0)" } }

  private static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      // d_name is an array of C characters that ends with a zero.
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private static func read(_ file: String) -> [UInt8]? {
    guard let stream = fopen(file, "re") else { return nil }
    defer { fclose(stream) }
    var octets: [UInt8] = []
    while case let octet = fgetc(stream), octet != EOF { octets.append(UInt8(truncatingIfNeeded: octet)) }
    return octets
  }
}
