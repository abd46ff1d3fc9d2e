import Glibc

extension LabProcess {
  /// The processes that carry the lab's name in their environment: also those started in the instant before a crash
  /// kept them out of the journal, and the children of those that were killed. Never this process.
  static func strays(ofLab lab: String, except known: Set<ProcessIdentity>) -> [LabProcess] {
    let wanted = Array("\(Lab.marker)=\(lab)".utf8)
    return Files.names(in: "/proc").compactMap { Int32($0) }.compactMap { pid in
      guard pid != getpid(), let environment = try? Files.readBytes("/proc/\(pid)/environ"),
        environment.split(separator: 0).contains(where: { $0.elementsEqual(wanted) }),
        let identity = ProcessIdentity(runningPID: pid), !known.contains(identity)
      else { return nil }
      return LabProcess(recorded: identity, name: "process \(pid)")
    }
  }
}
