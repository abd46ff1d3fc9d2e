import History
import Languages

/// A report for a terminal.
struct ReportText {
  let report: HistoryReport
  let language: Language
  let width: Int?
  let color: Bool

  var rendered: String {
    var lines = head
    let sections = [
      (ReportWords.groups, report.groups), (ReportWords.paths, report.paths),
      (ReportWords.sessions, report.sessions)
    ]
    for (title, rows) in sections where !rows.isEmpty {
      lines += ["", Styled(title[language], .bold).rendered(color: color)]
      lines += table(rows).lines(width: width, color: color)
    }
    if sections.allSatisfy({ $0.1.isEmpty }) { lines += ["", ReportWords.nothing[language]] }
    return lines.joined(separator: "\n") + "\n"
  }

  private var head: [String] {
    let window = ReportWords.window(
      LocalTime.brief(report.window.from), LocalTime.brief(report.window.to),
      Figures.duration(microseconds: report.window.length))[language]
    let share = report.window.length > 0 ? report.watchedSeconds / report.window.seconds : 0
    var texts: [Styled] = [
      Styled((report.hostName.map { "\($0), " } ?? "") + window, .bold),
      Styled(ReportWords.watched(Figures.percent(share), starts: report.starts)[language])
    ]
    // The longest five say most.
    let longest = report.unwatched.sorted { $0.length > $1.length }.prefix(5).sorted { $0.from < $1.from }
    texts += longest.map {
      Styled(
        ReportWords.unwatched(
          LocalTime.brief($0.from), LocalTime.brief($0.to), Figures.duration(microseconds: $0.length))[language],
        .warning)
    }
    if report.unwatched.count > 5 { texts.append(Styled(ReportWords.more(report.unwatched.count - 5)[language])) }
    if report.missingEvents > 0 {
      texts.append(Styled(ReportWords.missing(report.missingEvents)[language], .warning))
    }
    return texts.flatMap { Table.wrapped($0, indent: 0, width: width, color: color) }
  }

  private func table(_ rows: [HistoryReport.Row]) -> Table {
    func title(_ words: Words) -> String { language == .english ? words.en.uppercased() : words.zh }
    let spread = rows.contains { $0.failovers.count > 0 } ? ReportWords.failovers : ReportWords.detections
    var table = Table([
      .init(title(ReportWords.name)), .init(title(ReportWords.peer), dispensable: 3),
      .init(title(ReportWords.available), number: true),
      .init(title(ReportWords.down), number: true, dispensable: 1),
      .init(title(ReportWords.flaps), number: true),
      .init(title(ReportWords.longest), number: true, dispensable: 2),
      .init(title(ReportWords.began), dispensable: 6), .init(title(spread), number: true, dispensable: 5),
      .init(title(ReportWords.mean), number: true, dispensable: 4),
      .init(title(ReportWords.worst), number: true, dispensable: 4),
      .init(title(ReportWords.planned), number: true, dispensable: 7)
    ])
    for row in rows {
      let values = row.failovers.count > 0 ? row.failovers : row.detections
      let outage = row.longestOutage
      let still = outage?.isOngoing == true ? ", \(ReportWords.stillDown[language])" : ""
      table.add([
        Styled(row.name, .bold), Styled(row.peerAddress ?? ""),
        Styled(Figures.percent(row.availability), row.down > 0 ? .bad : .good),
        Styled(row.down > 0 ? Figures.duration(microseconds: row.down) : ""), Styled("\(row.flaps)"),
        Styled(outage.map { Figures.duration(microseconds: $0.span.length) } ?? ""),
        Styled(outage.map { LocalTime.brief($0.span.from) + still } ?? ""),
        Styled(values.count > 0 ? "\(values.count)" : ""),
        Styled(values.mean.map { Figures.duration(microseconds: $0) } ?? ""),
        Styled(values.count > 0 ? Figures.duration(microseconds: values.worst) : ""),
        Styled(row.planned > 0 ? Figures.duration(microseconds: row.planned) : "")
      ])
    }
    return table
  }
}
