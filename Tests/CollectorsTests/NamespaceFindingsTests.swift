import Cluster
import Collectors
import Doctor
import Glibc
import Lab
import NamespaceDiagnosis
import NamespaceTestSupport
import NetworkNamespaces
import Processes
import Testing

/// Produced for real, named by doctor, repaired by --fix where that is safe. More states in
/// NetworkNamespacesTests/RepairTests.swift.
@Suite(.enabled(if: geteuid() == 0), .serialized) struct BrokenNamespacesAreDoctored {
  private func collection(_ name: String) -> Collection {
    var collection = Collection(everwayVersion: "test")
    collection.namespace = name
    collection.interface = "evm0"
    collection.sendsProbes = false
    return collection
  }

  @Test(arguments: [
    ("EW-NS-02", ": > PATH"), ("EW-NS-03", "install -m 0 /dev/null PATH"), ("EW-NS-05", "ln -s /run/netns/no PATH")
  ])
  func whatIsSafeIsFixed(id: String, script: String) throws {
    let name = NamespaceNames.make("doc")
    defer { NamespaceNames.erase(name) }
    let path = NetworkNamespace.path(named: name)
    // The directory is there once any namespace was made.
    _ = try NetworkNamespace.create(named: name)
    NamespaceNames.erase(name)
    #expect(system(script.split(separator: "PATH", omittingEmptySubsequences: false).joined(separator: path)) == 0)
    let collection = collection(name)
    let selection = try Selection(["namespace"])
    let facts = collection.gather()
    let ids = Diagnosis(facts, selection).all.filter { $0.subject == name }.map(\.id.rawValue)
    #expect(ids == [id])
    let repairer = Repairer(selection, gather: { collection.gather() }, ask: { _ in false })
    let outcomes = repairer.run(facts).outcomes.filter { $0.subject == name }
    #expect(outcomes.map(\.result) == [.repaired], "\(outcomes)")
    #expect(try NetworkNamespace.state(named: name).isHealthy)
  }

  @Test func whatIsGuardedIsAskedAbout() throws {
    let name = NamespaceNames.make("docask")
    defer { NamespaceNames.erase(name) }
    _ = try NetworkNamespace.create(named: name)
    NamespaceNames.erase(name)
    #expect(mkdir(NetworkNamespace.path(named: name), 0o755) == 0)
    let collection = collection(name)
    let selection = try Selection(["namespace"])
    for (answer, result) in [(false, Repairer.Result.declined), (true, .repaired)] {
      let repairer = Repairer(selection, gather: { collection.gather() }, ask: { _ in answer })
      let outcomes = repairer.run(collection.gather()).outcomes.filter { $0.subject == name }
      #expect(outcomes.map(\.id.rawValue) == ["EW-NS-06"])
      #expect(outcomes.map(\.result) == [result])
    }
  }

  /// Diagnosed when nothing lived without a name: by the time of the repair something does.
  @Test func aYesToNothingIsNoYesToAQuestion() throws {
    let name = NamespaceNames.make("docrace")
    defer { NamespaceNames.erase(name) }
    _ = try NetworkNamespace.create(named: name)
    NamespaceNames.erase(name)
    let path = NetworkNamespace.path(named: name)
    #expect(system("install -m 0 /dev/null \(path)") == 0)
    let lab = try Lab.up("t\(getpid())race")
    defer { lab.down() }
    let loose = try lab.start(
      Command("unshare", ["--net", "sleep", "60"]), in: nil, label: "loose", outputName: "loose.log")
    let home = try NetworkNamespace.current().identity().inode
    try #require(
      waitUntil(timeout: .seconds(10)) {
        NamespaceSurvey.inode(ofProcess: loose.pid).map { $0 != home } ?? false
      })
    let action = RepairAction.repairNamespace(name: name, marks: [], question: nil)
    let error = #expect(throws: RepairError.self) { try Repairs.apply(action) }
    #expect(error?.message.contains("has changed") == true, "\(error?.message ?? "")")
    #expect(try !NetworkNamespace.state(named: name).isHealthy)
  }
}
