import Runtime
import Cluster
import CLinux
import Doctor
import Glibc
import NamespaceDiagnosis
import NetworkNamespaces

/// Programs that speak BFD, wherever on the node.
enum BFDPrograms {
  private static let names: Set<String> = ["bfdd-beacon", "bfdd", "bird", "bird6", "everway", "holod", "gobfd"]

  static func all(in namespace: borrowing NetworkNamespace) -> [SpeakerFacts.Program] {
    let inside = try? namespace.identity()
    var programs: [SpeakerFacts.Program] = []
    for pid in ProcText.pids() where pid != getpid() {
      guard let name = ProcText.name(of: pid), names.contains(name) else { continue }
      let words = (ProcText.read("/proc/\(pid)/cmdline", limit: 256) ?? "").split(separator: "\0").joined(
        separator: " ")
      // `everway status` and its like speak no BFD.
      if name == "everway", !words.contains(" run") { continue }
      programs.append(
        SpeakerFacts.Program(
          pid: pid, name: name, commandLine: words, isInside: inside.flatMap { isInside(pid, $0) }))
      if programs.count == 256 { break }
    }
    return programs
  }

  private static func isInside(_ pid: Int32, _ identity: NamespaceIdentity) -> Bool? {
    var status = stat()
    guard stat("/proc/\(pid)/ns/net", &status) == 0 else { return nil }
    return status.st_dev == identity.device && status.st_ino == identity.inode
  }
}
