public import Control
public import Languages

/// The report as one HTML page, which needs nothing but itself.
public struct ReportPage {
  let report: HistoryReport
  let language: Language
  /// A time as the reader's clock shows it.
  let time: (Timestamp) -> String

  /// Rows of a timeline at most; the worst stay.
  static let timelineRows = 200

  /// - Parameter time: writes a time, in the reader's time zone.
  public init(_ report: HistoryReport, language: Language, time: @escaping (Timestamp) -> String) {
    self.report = report
    self.language = language
    self.time = time
  }

  public var html: String {
    let title = ReportWords.title[language]
    let host = report.hostName.map { " – \(Self.escaped($0))" } ?? ""
    var body = "<header><h1>\(title)\(host)</h1>\(summary)</header><main>"
    let sections: [(Words, [HistoryReport.Row], Bool)] = [
      (ReportWords.groups, report.groups, false), (ReportWords.paths, report.paths, false),
      (ReportWords.sessions, report.sessions, true)
    ]
    for (words, rows, isSessions) in sections where !rows.isEmpty {
      body += "<section><h2>\(words[language])</h2>"
      body += timeline(rows, label: words[language])
      if isSessions {
        body += flaps(report.sessionFlaps)
      } else if words == ReportWords.paths {
        body += flaps(report.pathFlaps)
      }
      body += table(rows) + "</section>"
    }
    if sections.allSatisfy({ $0.1.isEmpty }) { body += "<p>\(ReportWords.nothing[language])</p>" }
    body += "</main><footer><p>\(ReportWords.explanation[language])</p></footer>"
    return """
      <!DOCTYPE html>
      <html lang="\(language == .chinese ? "zh-CN" : "en")"><head><meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
      <title>\(title)\(host)</title><style>\(Self.style)</style></head>
      <body>\(body)</body></html>

      """
  }

  private var summary: String {
    let window = ReportWords.window(
      time(report.window.from), time(report.window.to), Figures.duration(microseconds: report.window.length))
    let share = report.window.length > 0 ? report.watchedSeconds / report.window.seconds : 0
    var lines = [
      window[language], ReportWords.watched(Figures.percent(share), starts: report.starts)[language]
    ]
    let longest = report.unwatched.sorted { $0.length > $1.length }.prefix(10).sorted { $0.from < $1.from }
    lines += longest.map {
      ReportWords.unwatched(time($0.from), time($0.to), Figures.duration(microseconds: $0.length))[language]
    }
    if report.unwatched.count > 10 { lines.append(ReportWords.more(report.unwatched.count - 10)[language]) }
    if report.missingEvents > 0 { lines.append(ReportWords.missing(report.missingEvents)[language]) }
    return lines.map { "<p>\(Self.escaped($0))</p>" }.joined()
  }

  // MARK: Table

  private func table(_ rows: [HistoryReport.Row]) -> String {
    let hasPeer = rows.contains { $0.peerAddress != nil }
    let spread = rows.contains { $0.failovers.count > 0 } ? ReportWords.failovers : ReportWords.detections
    let hasSpread = rows.contains { $0.failovers.count + $0.detections.count > 0 }
    var titles = [ReportWords.name]
    if hasPeer { titles.append(ReportWords.peer) }
    titles += [
      ReportWords.available, ReportWords.down, ReportWords.flaps, ReportWords.longest, ReportWords.began,
      ReportWords.planned
    ]
    if hasSpread { titles += [spread, ReportWords.mean, ReportWords.worst] }
    var html = "<div class=\"wide\"><table><thead><tr>"
    html += titles.map { "<th scope=\"col\">\($0[language])</th>" }.joined() + "</tr></thead><tbody>"
    for row in rows {
      html += "<tr><th scope=\"row\">\(Self.escaped(row.name))</th>"
      if hasPeer { html += "<td>\(Self.escaped(row.peerAddress ?? ""))</td>" }
      let bad = row.down > 0 ? " class=\"bad\"" : ""
      html += "<td\(bad)>\(Figures.percent(row.availability))</td>"
      html += cell(row.down) + "<td>\(row.flaps)</td>"
      if let outage = row.longestOutage {
        let still = outage.isOngoing ? ", \(ReportWords.stillDown[language])" : ""
        html +=
          "<td>\(Figures.duration(microseconds: outage.span.length))\(still)</td><td>\(time(outage.span.from))</td>"
      } else {
        html += "<td></td><td></td>"
      }
      html += cell(row.planned)
      if hasSpread {
        let values = row.failovers.count > 0 ? row.failovers : row.detections
        html += "<td>\(values.count > 0 ? "\(values.count)" : "")</td>"
        html += "<td>\(values.mean.map { Figures.duration(microseconds: $0) } ?? "")</td>"
        html += "<td>\(values.count > 0 ? Figures.duration(microseconds: values.worst) : "")</td>"
      }
      html += "</tr>"
    }
    return html + "</tbody></table></div>"
  }

  private func cell(_ microseconds: Int64) -> String {
    "<td>\(microseconds > 0 ? Figures.duration(microseconds: microseconds) : "")</td>"
  }

  /// Nothing that a peer's or a path's name holds may become markup.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
