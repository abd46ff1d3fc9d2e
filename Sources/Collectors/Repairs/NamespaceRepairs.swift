import Cluster
import Doctor
import Languages
import NamespaceDiagnosis
import NetworkNamespaces

/// What `everway netns repair` does.
enum NamespaceRepairs {
  static func apply(_ action: RepairAction) throws(RepairError) {
    guard case .repairNamespace(let name, let marks, let question) = action else {
      throw RepairError("this is no repair of a namespace: \(action)")
    }
    do {
      // From what there is now: much may have happened since the diagnosis.
      let evidence = try NamespaceSurvey().evidence(named: name, marks: marks)
      let repair = NamespaceRepair.make(evidence)
      guard !repair.isEmpty || repair.obstacle != nil else { return }
      // A yes to one question, or to none, is no yes to another: a namespace without a name may have appeared since.
      let asked = repair.question ?? (repair.extra.isEmpty ? nil : repair.extraQuestion)
      guard asked == nil || asked == question else {
        throw RepairError(
          "what is there has changed since it was looked at, and now it has to be asked: \(asked?.en ?? "")")
      }
      try NamespaceRepairer.carryOut(repair, evidence)
      if !repair.extra.isEmpty {
        let after = try NamespaceSurvey().evidence(named: name, marks: marks)
        try NamespaceRepairer.carryOut(repair, after, steps: repair.extra)
      }
    } catch let error as RepairError {
      throw error
    } catch {
      throw RepairError("\(error)")
    }
  }
}
