import Cluster
import Addresses
import Doctor
import Testing

@testable import Collectors

@Suite struct ABundle {
  private func facts() throws -> Facts {
    var facts = Facts(
      takenAt: 1_763_852_400, everwayVersion: "1",
      subject: .init(node: "n1", namespace: "ovnext", interface: "ovnext0"))
    var expectation = Expectation(source: "file", namespace: "ovnext")
    expectation.gateways = [try #require(IPAddress("10.9.0.1"))]
    facts.expectation = .value(expectation)
    facts.machine = .unavailable("no reason")
    return facts
  }

  @Test func givesBackWhatWasPutIn() throws {
    let facts = try facts()
    #expect(try BundleFile.decode(BundleFile.encode(facts)) == facts)
  }

  @Test func ofAnOlderVersionLacksParts() throws {
    let text = #"{"format":1,"takenAt":1,"everwayVersion":"0","subject":{"node":"n"}}"#
    #expect(try BundleFile.decode(Array(text.utf8)).network.reason == "not in the bundle")
  }

  @Test(arguments: [
    ("", "it is no JSON"), ("{", "it is no JSON"), ("[]", "no Dictionary"), ("{}", "format is missing at its top"),
    (#"{"format":99}"#, "its format is 99, of a newer everway"),
    (#"{"format":1,"takenAt":1,"everwayVersion":"0","subject":{}}"#, "node is missing at subject"),
    (
      #"{"format":1,"takenAt":1,"everwayVersion":"0","subject":{"node":"n"},"expectation":{"value":{"source":"s","interfaces":[],"peers":[],"gateways":["10.9"]}}}"#,
      #""10.9" is no IPAddress at expectation.value.gateways."#
    )
  ])
  func thatIsNoneSaysWhy(_ text: String, _ words: String) {
    let failure = #expect(throws: BundleFile.Failure.self) { try BundleFile.decode(Array(text.utf8)) }
    #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
  }
}
