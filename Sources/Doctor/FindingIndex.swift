public import Languages

/// docs/findings/README.md: every finding, the row of the catalogue of known failures it stands for, and how it is
/// tested.
public enum FindingIndex {
  /// The catalogue of known failures has rows 1 to 67; findings beyond them have higher numbers.
  public static let rows = 1...67

  public static func markdown(_ language: Language, entries: [CatalogueEntry] = Catalogue.entries) -> String {
    let head = Words(
      """
      # Findings

      What `everway doctor` can find. The number of a finding up to 67 is the row of the catalogue of known failures of \
      Kube-OVN's BFD + ECMP egress; higher numbers are what else was met. "Live" means that a test produces the failure \
      for real and expects exactly this finding.

      This page and the others of this folder are made from `Sources/Doctor/Catalogue`: \
      `EVERWAY_REWRITE_EXPECTED=1 swift test --filter FindingPages` writes them anew.

      | # | finding | severity | repair | tested |
      |---|---|---|---|---|
      """,
      zh: """
        # 发现项

        `everway doctor` 能发现的问题。编号 67 及以下对应 Kube-OVN BFD + ECMP 出口网关已知故障目录的行号，更大的编号是目录之外的情况。\
        “实测”表示测试会真实地制造该故障，并要求恰好得到这一项发现。

        本目录的页面由 `Sources/Doctor/Catalogue` 生成：`EVERWAY_REWRITE_EXPECTED=1 swift test --filter FindingPages` 可重新生成。

        | # | 发现 | 级别 | 修复 | 测试 |
        |---|---|---|---|---|
        """)
    let lines = entries.map { entry in
      let title = entry.title.filled(entry.examples)[language]
      return "| \(Catalogue.number(entry.id)) | [\(entry.id)](\(entry.id).md) \(title) | "
        + "\(FindingPage.name(entry.severity)[language]) | \(entry.repair.rawValue) | \(tested(entry.tested, language)) |"
    }
    return ([head[language]] + lines).joined(separator: "\n") + "\n"
  }

  private static func tested(_ tested: CatalogueEntry.Tested, _ language: Language) -> String {
    switch tested {
    case .live(let test): Words("live: \(test)", zh: "实测：\(test)")[language]
    case .fromFacts(let test, let why): Words("from facts: \(test); \(why)", zh: "由数据测试：\(test)；\(why)")[language]
    case .not(let why): Words("not: \(why)", zh: "未测试：\(why)")[language]
    }
  }
}
