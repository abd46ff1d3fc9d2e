import Cluster
import Doctor
import FoundationEssentials
import Glibc
import Languages

/// `doctor explain`.
struct Explanation {
  var language: Language
  var json: Bool
  var color: ColorChoice

  func print(_ words: ArraySlice<String>) throws(CommandError) {
    var entries: [CatalogueEntry] = []
    for word in words {
      guard let entry = Catalogue.entry(named: word) else {
        throw CommandError(
          message: "there is no finding \"\(word)\"", help: "`everway doctor explain` lists them all",
          exitCode: ExitStatus.usage)
      }
      entries.append(entry)
    }
    if json {
      writeAll(STDOUT_FILENO, Self.json((entries.isEmpty ? Catalogue.entries : entries).map(item)) + "\n")
    } else if entries.isEmpty {
      writeAll(STDOUT_FILENO, list())
    } else {
      writeAll(STDOUT_FILENO, entries.map(page).joined(separator: "\n\n"))
    }
  }

  private func list() -> String {
    var table = Table([.init("ID"), .init("SEVERITY"), .init("REPAIR"), .init("FINDING")])
    for entry in Catalogue.entries {
      table.add([
        Styled(entry.id.rawValue), Styled(FindingPage.name(entry.severity)[language]),
        Styled(entry.repair.rawValue),
        Styled(entry.title.filled(entry.examples)[language])
      ])
    }
    return table.lines(width: Terminal.size?.columns, color: Terminal.usesColor(color)).joined(separator: "\n")
      + "\n"
  }

  /// Headings stand out; paragraphs are wrapped.
  private func page(_ entry: CatalogueEntry) -> String {
    let width = Terminal.size.map { min($0.columns, 100) }
    let usesColor = Terminal.usesColor(color)
    return FindingPage(entry).markdown(language).split(separator: "\n", omittingEmptySubsequences: false)
      .flatMap { line -> [String] in
        let isHeading = line.hasPrefix("#")
        let text = isHeading ? line.drop { $0 == "#" || $0 == " " } : line
        guard !text.isEmpty else { return [""] }
        return Table.wrapped(
          Styled(String(text), isHeading ? .bold : .plain), indent: isHeading ? 0 : 2, width: width,
          color: usesColor)
      }.joined(separator: "\n") + "\n"
  }

  private struct Item: Encodable {
    var id: FindingID
    var area: Area
    var severity: Severity
    var repair: RepairClass
    var title: String
    var symptom: String
    var cause: String
    var detection: String
    var fix: String
    var explains: [FindingID]
  }

  private func item(_ entry: CatalogueEntry) -> Item {
    func text(_ words: Words) -> String { words.filled(entry.examples)[language] }
    return Item(
      id: entry.id, area: entry.area, severity: entry.severity, repair: entry.repair, title: text(entry.title),
      symptom: text(entry.symptom), cause: text(entry.cause), detection: text(entry.detection),
      fix: text(entry.fix), explains: entry.explains)
  }

  private static func json(_ items: [Item]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
    return (try? encoder.encode(items)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
  }
}
