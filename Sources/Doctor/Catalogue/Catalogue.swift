/// Every kind of finding there is.
public enum Catalogue {
  /// In the order of their numbers.
  public static let entries: [CatalogueEntry] = parts.joined().sorted { number($0.id) < number($1.id) }

  private static let parts: [[CatalogueEntry]] = [
    links, addresses, routes,
    CatalogueEntry.namespaces,
    speakerEntries, speakerSessionEntries, sessionStateEntries, sessionDiagnosticEntries, sessionParameterEntries,
    ovn,
    ovnSessions,
    configuration,
    egress,
    machine
  ]

  private static let byID = Dictionary(entries.map { ($0.id, $0) }) { first, _ in first }

  /// - Parameter id: one of the catalogue's; any other is a mistake of the program.
  public static func entry(_ id: FindingID) -> CatalogueEntry {
    guard let entry = byID[id] else { preconditionFailure("\(id) is not in the catalogue") }
    return entry
  }

  /// From what a person types: `EW-NS-01`, `ew-ns-1`, `NS-1`, `1`.
  public static func entry(named text: String) -> CatalogueEntry? {
    let wanted = text.uppercased()
    return entries.first { entry in
      let number = "\(number(entry.id))"
      let prefix = entry.id.rawValue.split(separator: "-").dropLast().joined(separator: "-")
      let short = prefix.split(separator: "-").last.map(String.init) ?? prefix
      return [entry.id.rawValue, number, "\(prefix)-\(number)", "\(short)-\(number)"].contains(wanted)
        || wanted == entry.id.rawValue.dropFirst(3)
    }
  }

  /// The last part of an identifier: 1 of EW-NS-01.
  public static func number(_ id: FindingID) -> Int {
    id.rawValue.split(separator: "-").last.flatMap { Int($0) } ?? .max
  }
}
