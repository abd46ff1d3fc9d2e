import Addresses

extension DemoTopology {
  /// Who stands where, as a person reads it: `everway lab status`. Asks every router; one that does not answer is
  /// shown as it is.
  public func statusTable() -> TextTable {
    var table = TextTable([
      .left("router"), .left("daemon"), .left("runs"), .left("peer"), .left("session"), .right("detection"),
      .left("namespace")
    ])
    for router in routers {
      let sessions = (try? router.daemon.sessions()) ?? []
      let runs = router.daemon.isRunning ? "yes" : "no"
      let name = router.namespace.name
      if sessions.isEmpty {
        table.add([router.name, router.daemon.kind, runs, "-", "-", "-", name], style: .bad)
      }
      for (index, session) in sessions.enumerated() {
        let detection = session.detectionMilliseconds.map { "\(Int($0)) ms" } ?? "-"
        let head = index == 0 ? [router.name, router.daemon.kind, runs] : ["", "", ""]
        table.add(
          head + [session.peer.description, session.state.description, detection, index == 0 ? name : ""],
          style: session.state == .up ? .good : .bad)
      }
    }
    return table
  }
}
