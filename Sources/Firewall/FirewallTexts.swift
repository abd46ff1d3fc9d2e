/// What the firewalls' own programs print of one network namespace, or why one could not be asked.
///
/// This is what is kept in a bundle: it can be judged anew wherever it is read.
public struct FirewallTexts: Hashable, Sendable, Codable {
  public enum Look: Hashable, Sendable, Codable {
    case text(String)
    /// Could not look, and why: `nft is not installed`.
    case couldNotLook(String)

    public var text: String? { if case .text(let text) = self { text } else { nil } }
    public var reason: String? { if case .couldNotLook(let reason) = self { reason } else { nil } }
  }

  /// `nft -j list ruleset`
  public var nftJSON: Look
  /// `nft -a list ruleset`
  public var nftText: Look
  /// `iptables-save -c`
  public var iptables: Look
  /// `ip6tables-save -c`
  public var ip6tables: Look
  /// `iptables-legacy-save -c`; the plain name is one of the variants, usually that of nf_tables.
  public var iptablesLegacy: Look
  /// `ip6tables-legacy-save -c`
  public var ip6tablesLegacy: Look
  /// `firewall-cmd --state`: `running`, `not running`.
  public var firewalld: Look

  public init(
    nftJSON: Look, nftText: Look, iptables: Look, ip6tables: Look, iptablesLegacy: Look, ip6tablesLegacy: Look,
    firewalld: Look
  ) {
    self.nftJSON = nftJSON
    self.nftText = nftText
    self.iptables = iptables
    self.ip6tables = ip6tables
    self.iptablesLegacy = iptablesLegacy
    self.ip6tablesLegacy = ip6tablesLegacy
    self.firewalld = firewalld
  }

  /// One ruleset of all of them, and in words what is missing from it.
  ///
  /// Tables that iptables-nft keeps in nftables are known there by the names of their matches only: iptables' own
  /// words stand in their place. Without the nft program its tables are not seen, and that is said. That a legacy
  /// variant, iptables or firewalld is not installed is no gap: rules of the first two show in /proc, and the last
  /// keeps its rules in nftables or iptables.
  public func ruleset() -> (ruleset: Ruleset, gaps: [String]) {
    var ruleset = Ruleset()
    var gaps: [String] = []
    switch nftJSON {
    case .text(let json):
      do throws(FirewallError) { ruleset = try Ruleset(nftJSON: json, text: nftText.text ?? "") } catch {
        gaps.append(error.description)
      }
    case .couldNotLook(let reason): gaps.append("could not look at nftables: \(reason)")
    }
    var legacy: Set<FirewallFamily> = []
    for (look, family) in [(iptables, FirewallFamily.ip), (ip6tables, .ip6)] {
      let name = family == .ip ? "iptables" : "ip6tables"
      switch look {
      case .text(let text):
        // Without any table there is no line that tells the variants apart.
        let isLegacy = text.contains("COMMIT") && !text.contains("(nf_tables)")
        if isLegacy { legacy.insert(family) }
        add(text, family, name, replacing: text.contains("(nf_tables)"), to: &ruleset, gaps: &gaps)
      case .couldNotLook(let reason):
        gaps.append("could not look at \(name): \(reason)")
      }
    }
    for (look, family) in [(iptablesLegacy, FirewallFamily.ip), (ip6tablesLegacy, .ip6)] {
      if let text = look.text, !legacy.contains(family) {
        let name = family == .ip ? "iptables-legacy" : "ip6tables-legacy"
        add(text, family, name, replacing: false, to: &ruleset, gaps: &gaps)
      }
    }
    return (ruleset, gaps)
  }

  private func add(
    _ text: String, _ family: FirewallFamily, _ name: String, replacing: Bool, to ruleset: inout Ruleset,
    gaps: inout [String]
  ) {
    do throws(FirewallError) {
      let tables = try Ruleset(iptablesSave: text, family: family).tables
      if replacing {
        let names = Set(tables.map(\.name))
        ruleset.tables.removeAll { $0.source == .nftables && $0.family == family && names.contains($0.name) }
      }
      ruleset.tables += tables
    } catch {
      gaps.append("\(name): \(error.description)")
    }
  }
}
