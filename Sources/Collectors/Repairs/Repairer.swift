import Cluster
public import Doctor

/// `doctor --fix`: one finding after the other, causes before what they explain, and after each a new look, since what
/// follows from a cause goes with it.
public struct Repairer {
  public var gather: () -> Facts
  public var selection: Selection
  /// Carries one action out.
  public var apply: (RepairAction) throws(RepairError) -> Void
  /// Whether a guarded repair may be made.
  public var ask: (Finding) -> Bool
  /// What is being done, before it is done.
  public var begin: (Finding) -> Void = { _ in }

  public init(
    _ selection: Selection, gather: @escaping () -> Facts,
    apply: @escaping (RepairAction) throws(RepairError) -> Void = { (action) throws(RepairError) in
      try Repairs.apply(action)
    }, ask: @escaping (Finding) -> Bool
  ) {
    self.selection = selection
    self.gather = gather
    self.apply = apply
    self.ask = ask
  }

  /// What became of one finding.
  public struct Outcome: Codable, Hashable, Sendable {
    public var id: FindingID
    public var subject: String
    /// The actions that were carried out, in order.
    public var done: [RepairAction]
    public var result: Result
    /// Why an action failed.
    public var failure: String?
  }

  public enum Result: String, Codable, Hashable, Sendable {
    /// The symptom is gone.
    case repaired
    /// All was done, and the symptom is still there.
    case stillThere = "still-there"
    case failed
    case declined
  }

  /// - Returns: what was done, and the facts after it.
  public func run(_ facts: Facts) -> (outcomes: [Outcome], facts: Facts) {
    var facts = facts
    var outcomes: [Outcome] = []
    // Each finding is tried once, so this ends.
    while let finding = next(Diagnosis(facts, selection), after: outcomes) {
      guard finding.remedy.repair == .automatic || ask(finding) else {
        outcomes.append(outcome(finding, [], .declined))
        continue
      }
      begin(finding)
      var done: [RepairAction] = []
      var failure: String?
      do throws(RepairError) {
        for action in finding.remedy.actions {
          try apply(action)
          done.append(action)
        }
      } catch {
        failure = error.message
      }
      facts = gather()
      let isGone = !Diagnosis(facts, selection).all.contains {
        $0.id == finding.id && $0.subject == finding.subject
      }
      outcomes.append(outcome(finding, done, failure != nil ? .failed : isGone ? .repaired : .stillThere, failure))
    }
    return (outcomes, facts)
  }

  private func next(_ diagnosis: Diagnosis, after outcomes: [Outcome]) -> Finding? {
    diagnosis.all.first { finding in
      [.automatic, .guarded].contains(finding.remedy.repair) && !finding.remedy.actions.isEmpty
        && !outcomes.contains { $0.id == finding.id && $0.subject == finding.subject }
    }
  }

  private func outcome(
    _ finding: Finding, _ done: [RepairAction], _ result: Result, _ failure: String? = nil
  ) -> Outcome {
    Outcome(id: finding.id, subject: finding.subject, done: done, result: result, failure: failure)
  }
}
