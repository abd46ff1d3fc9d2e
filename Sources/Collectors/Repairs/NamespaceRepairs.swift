import Doctor
import Languages
import NamespaceDiagnosis
import NetworkNamespaces

/// What `everway netns repair` does.
enum NamespaceRepairs {
  static func apply(_ action: RepairAction) throws(RepairError) {
    guard case .repairNamespace(let name, let marks) = action else {
      throw RepairError("this is no repair of a namespace: \(action)")
    }
    do throws(SystemCallError) {
      // From what there is now: much may have happened since the diagnosis.
      let evidence = try NamespaceSurvey().evidence(named: name, marks: marks)
      let repair = NamespaceRepair.make(evidence)
      guard !repair.isEmpty || repair.obstacle != nil else { return }
      try NamespaceRepairer.carryOut(repair, evidence)
      if !repair.extra.isEmpty {
        let after = try NamespaceSurvey().evidence(named: name, marks: marks)
        try NamespaceRepairer.carryOut(repair, after, steps: repair.extra)
      }
    } catch {
      throw RepairError(error.description)
    }
  }
}
