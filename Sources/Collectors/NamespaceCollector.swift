import Cluster
import Doctor
import NamespaceDiagnosis
import NetworkNamespaces

/// Reads what there is to know about the gateway's namespace.
enum NamespaceCollector {
  static func gather(_ context: CollectionContext) -> Gathered<[NamespaceFacts]> {
    guard let name = context.subject.namespace else { return .value([]) }
    do throws(SystemCallError) {
      let evidence = try NamespaceSurvey().evidence(named: name, marks: marks(context))
      return .value([NamespaceFacts(name: name, evidence: evidence)])
    } catch {
      return .unavailable(error.description)
    }
  }

  /// The interfaces by which the right namespace is known.
  private static func marks(_ context: CollectionContext) -> [String] {
    let expected = context.expectation.value?.interfaces.map(\.name) ?? []
    return expected.isEmpty ? context.subject.interface.map { [$0] } ?? [] : expected
  }
}
