import Cluster
import Languages
import Testing

@testable import Doctor

@Suite struct Placeholders {
  @Test func areFilledInBothLanguages() {
    let words = Words("{a} is not {b}", zh: "{b}，不是 {a}").filled(["a": "1", "b": "{a}"])
    #expect(words == Words("1 is not {a}", zh: "{a}，不是 1"))
  }

  @Test func withoutAValueStay() {
    #expect(Words("{a} and {", zh: "").filled([:]).en == "{a} and {")
  }
}

@Suite struct FindingsAreOrderedByCause {
  private func finding(_ id: String, _ severity: Severity = .error) -> Finding {
    Finding(FindingID(id), "s", severity: severity, evidence: [], repair: RepairClass.none)
  }

  /// `A(B(C) D)`
  private func shape(_ findings: [Finding]) -> String {
    findings.map { finding in
      finding.id.rawValue + (finding.consequences.isEmpty ? "" : "(\(shape(finding.consequences)))")
    }.joined(separator: " ")
  }

  private func ordered(_ findings: [Finding], _ edges: [String: [String]]) -> String {
    shape(Diagnosis.ordered(findings) { id in (edges[id.rawValue] ?? []).map { FindingID($0) } })
  }

  @Test func aConsequenceStandsBelowItsClosestCause() {
    let findings = ["X-3", "X-2", "X-1"].map { finding($0) }
    #expect(ordered(findings, ["X-1": ["X-2", "X-3"], "X-2": ["X-3"]]) == "X-1(X-2(X-3))")
  }

  @Test func whatExplainsTheMostComesFirst() {
    let findings = (1...5).map { finding("X-\($0)") }
    #expect(ordered(findings, ["X-4": ["X-2", "X-3"], "X-5": ["X-1"]]) == "X-4(X-2 X-3) X-5(X-1)")
  }

  @Test func aGraveConsequenceMakesItsCauseGrave() {
    let findings = [finding("X-1", .error), finding("X-2", .info), finding("X-3", .critical)]
    #expect(ordered(findings, ["X-2": ["X-3"]]) == "X-2(X-3) X-1")
  }

  @Test func thoseThatExplainEachOtherStandSideBySide() {
    let findings = (1...3).map { finding("X-\($0)") }
    #expect(ordered(findings, ["X-1": ["X-2"], "X-2": ["X-1", "X-3"]]) == "X-1(X-3) X-2")
  }

  /// However the edges lie, also in circles.
  @Test(arguments: 0..<200) func noneIsLostOrDoubled(_ seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let count = Int(random.next() % 9) + 1
    let findings = (0..<count).map { finding("X-\($0)", Severity.allCases[Int(random.next() % 4)]) }
    var edges: [String: [String]] = [:]
    for cause in 0..<count {
      edges["X-\(cause)"] = (0..<count).filter { $0 != cause && random.next() % 4 == 0 }.map { "X-\($0)" }
    }
    func flat(_ findings: [Finding]) -> [FindingID] { findings.flatMap { [$0.id] + flat($0.consequences) } }
    let result = flat(Diagnosis.ordered(findings) { (edges[$0.rawValue] ?? []).map { FindingID($0) } })
    #expect(result.sorted { $0.rawValue < $1.rawValue } == findings.map(\.id))
  }

  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }
}
