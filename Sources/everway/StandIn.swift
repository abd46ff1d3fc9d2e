import Beacon
import OpenBFDD

/// OpenBFDD's programs: what a link to this one is called decides what it does, or its first argument.
enum StandIn {
  /// - Returns: the exit code; nil when neither is asked for.
  static func run() -> Int32? {
    var arguments = CommandLine.arguments[...]
    // Either the program's name, by way of any link, or the word after it.
    for _ in 0..<2 {
      let name = arguments.popFirst().map { $0.split(separator: "/").last.map(String.init) ?? $0 }
      let product = "everway \(Version.current)"
      switch name {
      case OpenBFDDRelease.beacon: return BeaconProgram.run(Array(arguments), product: product)
      case OpenBFDDRelease.control: return ControlProgram.run(Array(arguments), product: product)
      default: continue
      }
    }
    return nil
  }
}
