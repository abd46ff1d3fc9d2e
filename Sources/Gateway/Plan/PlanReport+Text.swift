extension PlanReport {
  /// As a person reads it: a diff in sections, then the problems.
  /// - Parameters:
  ///   - color: with ANSI colours, for a terminal.
  ///   - limit: how many lines of one section are shown before the rest is counted; nil shows all.
  public func text(color: Bool = false, limit: Int? = 20) -> String {
    let paint = Paint(isOn: color)
    var lines: [String] = []
    for object in Object.allCases {
      let entries = changes.filter { $0.object == object }
      guard !entries.isEmpty else { continue }
      if !lines.isEmpty { lines.append("") }
      lines.append(paint.bold(Self.title(object)))
      let shown = limit.map { entries.count > $0 ? $0 : entries.count } ?? entries.count
      lines += entries.prefix(shown).map { "  " + paint.line($0) }
      if shown < entries.count {
        lines.append("  \u{2026} and \(entries.count - shown) more")
      }
    }
    if !problems.isEmpty {
      if !lines.isEmpty { lines.append("") }
      lines.append(paint.bold("Problems"))
      for problem in problems {
        let mark = problem.severity == .error ? paint.red("error") : paint.yellow("warning")
        lines.append("  \(mark): \(problem.field.isEmpty ? "" : "\(problem.field): ")\(problem.what)")
        lines.append("    -> \(problem.remedy)")
      }
    }
    if !lines.isEmpty { lines.append("") }
    lines.append(summary)
    return lines.joined(separator: "\n") + "\n"
  }

  /// `3 to add, 1 to change, 0 to remove`.
  private var summary: String {
    let place = namespace == "this" ? "this namespace" : "namespace \(namespace)"
    let errors = problems.count { $0.severity == .error }
    let trouble =
      errors == 0 ? "" : errors == 1 ? "; 1 part cannot be carried out" : "; \(errors) parts cannot be carried out"
    guard !changes.isEmpty else { return "\(place): nothing to change\(trouble)" }
    func count(_ action: Action) -> Int { changes.count { $0.action == action } }
    return "\(place): \(count(.add)) to add, \(count(.change)) to change, \(count(.remove)) to remove\(trouble)"
  }

  private static func title(_ object: Object) -> String {
    switch object {
    case .namespace: "Namespace"
    case .link: "Links"
    case .address: "Addresses"
    case .sysctl: "Sysctls"
    case .nextHop: "Next hops"
    case .group: "Next-hop groups"
    case .route: "Routes"
    case .rule: "Routing rules"
    }
  }
}

/// Select Graphic Rendition (ECMA-48 section 8.3.117), or none.
private struct Paint {
  var isOn: Bool

  func bold(_ text: String) -> String { wrap(text, "1") }
  func red(_ text: String) -> String { wrap(text, "31") }
  func yellow(_ text: String) -> String { wrap(text, "33") }

  func line(_ entry: PlanReport.Entry) -> String {
    switch entry.action {
    case .add: wrap("+ \(entry.text)", "32")
    case .change: wrap("~ \(entry.text)", "33")
    case .remove: wrap("- \(entry.text)", "31")
    }
  }

  private func wrap(_ text: String, _ code: String) -> String {
    isOn ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}
