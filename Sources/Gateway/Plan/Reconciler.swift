import Netlink

/// Looks, plans and applies until the machine is as desired, or no further step helps.
enum Reconciler {
  struct Outcome: Sendable {
    /// Of the last look: what is still to be done, all for the engine or impossible.
    var plan: Plan
    /// Of the last look.
    var observed: ObservedState
    /// How many changes were made.
    var applied = 0
    /// The plan's, and those of the changes that the kernel refused.
    var problems: [Problem] = []
  }

  /// The agent's part: what ``Plan/Audience/agent`` has. Blocks for as long as the kernel takes to
  /// list everything at least once, and to add what is missing (`NetlinkSocket.perform`).
  /// - Parameter previous: the state in force before a reload.
  /// - Throws: when the kernel cannot even be asked.
  static func reconcile(
    _ desired: DesiredState, previous: DesiredState? = nil, _ sockets: inout GatewaySockets
  ) throws(NetlinkError) -> Outcome {
    var applied = 0
    var refused: [Applier.Failure] = []
    var last: [Change] = []
    var round = 0
    while true {
      round += 1
      let observed = try Observer.observe(desired, &sockets)
      let plan = Plan(desired, observed, previous: previous)
      let changes = plan.changes(for: .agent)
      if changes.isEmpty { refused = [] }
      if changes.isEmpty || changes == last || round == 4 {
        return Outcome(
          plan: plan, observed: observed, applied: applied,
          problems: plan.problems + refused.map { $0.problem(in: desired) })
      }
      let outcome = Applier.apply(changes, &sockets)
      applied += outcome.applied
      refused = outcome.failures
      last = changes
    }
  }
}
