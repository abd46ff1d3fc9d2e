import ConfigurationFile
import Testing

/// Files that are nearly right, and files that are out to hurt.
@Suite struct Mutations {
  /// Each seed changes a good file some hundred times in up to eight places. Whatever comes out, it is a configuration or at least
  /// one error with a place in the file.
  @Test(arguments: 0..<16)
  func aDamagedFileNeverTraps(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let good = try ["minimal", "plain-linux-three-routers", "kube-ovn-node"].map {
      Array(try contents(repositoryPath("examples/\($0).yaml")).utf8)
    }
    for round in 0..<250 {
      let bytes = Self.damaged(good[round % good.count], &random)
      do throws(ConfigurationErrors) {
        _ = try GatewayConfiguration.parse(bytes: bytes, file: "f")
      } catch {
        #expect(error.diagnostics.contains { $0.severity == .error }, "seed \(seed), round \(round)")
        #expect(error.diagnostics.allSatisfy { $0.line ?? 1 >= 1 && $0.column ?? 1 >= 1 && $0.length >= 1 })
        #expect(!error.rendered.isEmpty)
      }
    }
  }

  /// Large files that would take minutes if something were looked up by looking through everything.
  @Test(.timeLimit(.minutes(1)), arguments: ["paths", "misspelt references", "peers"])
  func aLargeFileIsReadInTime(kind: String) {
    var text = "version: 1\n"
    let numbers = 0..<8000
    func lines(_ line: (Int) -> String) -> String { numbers.map(line).joined() }
    switch kind {
    case "paths":
      text += "paths:\n" + lines { "- {name: path-number-\($0), via: 10.9.0.1, interface: net1}\n" }
    case "misspelt references":
      text += "paths:\n" + lines { "- {name: path-number-\($0), via: 10.9.0.1, interface: net1}\n" }
      text += "groups:\n- {name: g, last-path: keep, paths: [" + lines { "paht-number-\($0), " } + "]}\n"
    default:
      text += "bfd:\n  peers:\n"
      text += lines { "  - {name: p\($0), address: 10.0.\($0 / 256).\($0 % 256), interface: e\($0)}\n" }
      text += "interfaces:\n" + lines { "- {name: i\($0), addresses: [11.0.\($0 / 256).\($0 % 256)/24]}\n" }
      text += "uplinks:\n  watch: [{interface: i1}]\n  peers: [" + lines { "p\($0), " } + "]\n"
    }
    _ = try? GatewayConfiguration.parse(text: text, file: "gateway.yaml")
  }

  private static let pieces = [
    "", "-", "- ", ":", ": ", "[", "]", "{", "}", "\"", "'", "\n", "\t", " ", "0", "-1", "99999999999999999999",
    "1e9", "~", "null",
    "&a ", "*a", "!x ", "::", "::/0", "0.0.0.0/0", "255.255.255.255", "fe80::1", "1us", "4295s", "true", "link",
    "all", "any",
    "\u{0}", "\u{7f}", "é", "日本", "\u{202e}", "---\n", "<<: *a\n", "name: ", "bfd: ", "health: {}", "version: 1\n",
    "|", ">", "#"
  ].map { Array($0.utf8) }

  private static func damaged(_ good: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = good
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let start = Int.random(in: 0...bytes.count, using: &random)
      let end = min(bytes.count, start + Int.random(in: 0...12, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes.replaceSubrange(start..<end, with: [])
      case 1: bytes.replaceSubrange(start..<end, with: pieces.randomElement(using: &random) ?? [])
      case 2: bytes.insert(contentsOf: bytes[start..<end], at: Int.random(in: 0...bytes.count, using: &random))
      case 3: if start < bytes.count { bytes[start] = UInt8.random(in: 0...255, using: &random) }
      default: if Int.random(in: 0..<8, using: &random) == 0 { bytes.removeSubrange(start...) }
      }
    }
    return bytes
  }
}

/// A generator with a seed, so that a failure comes again.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
