import FoundationEssentials

extension Ruleset {
  /// The longest text that is read, in octets: a node with tens of thousands of services stays far below.
  public static let longestText = 32 << 20

  /// Reads what `nft -j list ruleset` prints (libnftables-json(5), schema version 1; made with nft 1.0.6).
  /// - Parameters:
  ///   - json: at most `longestText` octets.
  ///   - text: what `nft -a list ruleset` prints, for the rules' own words and for the interfaces of ingress and egress
  ///     chains, which nft 1.0.6 leaves out of its JSON. Without it, these interfaces are not known.
  /// - Throws: `FirewallError` for what is no such JSON. A rule that is not understood is kept, as unknown.
  public init(nftJSON json: String, text: String = "") throws(FirewallError) {
    guard json.utf8.count <= Self.longestText, text.utf8.count <= Self.longestText else {
      throw FirewallError("the ruleset is longer than \(Self.longestText >> 20) MiB")
    }
    let document: JSONValue
    do { document = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)) } catch {
      throw FirewallError("nft's JSON cannot be read: it is not JSON")
    }
    guard let objects = document["nftables"]?.array else {
      throw FirewallError("nft's JSON has no list \"nftables\"")
    }
    var reader = NftablesReader(words: NftablesWords(text))
    for object in objects { reader.take(object) }
    tables = reader.tables
  }
}

/// Puts the objects of nft's JSON where they belong.
struct NftablesReader {
  let words: NftablesWords
  private(set) var tables: [FirewallTable] = []
  private var tableIndex: [NftablesWords.TableKey: Int] = [:]
  private var chainIndex: [NftablesWords.ChainKey: Int] = [:]

  init(words: NftablesWords) { self.words = words }

  mutating func take(_ object: JSONValue) {
    guard let (kind, body) = object.only, let familyName = body["family"]?.string,
      let family = FirewallFamily(rawValue: familyName)
    else { return }
    switch kind {
    case "table":
      guard let name = body["name"]?.string else { return }
      let index = table(family, name)
      let flags = body["flags"].map { $0.array ?? [$0] } ?? []
      tables[index].isDormant = flags.contains(.text("dormant"))
    case "chain":
      guard let tableName = body["table"]?.string, let name = body["name"]?.string else { return }
      let (table, chain) = chain(family, tableName, name)
      if let hook = body["hook"]?.string {
        tables[table].chains[chain].base = FirewallChain.Base(
          hook: FirewallHook(rawValue: hook), priority: Int(body["prio"]?.integer ?? 0),
          policy: body["policy"]?.string == "drop" ? .drop : .accept,
          devices: (body["dev"] ?? body["devices"]).map { ($0.array ?? [$0]).compactMap(\.string) }
            ?? words.devices[NftablesWords.ChainKey(family: family, table: tableName, chain: name)])
      }
    case "set", "map":
      guard let tableName = body["table"]?.string, let name = body["name"]?.string else { return }
      let index = table(family, tableName)
      tables[index].sets[name] = NftablesTranslation.namedSet(body)
    case "rule":
      guard let tableName = body["table"]?.string, let chainName = body["chain"]?.string else { return }
      let (table, chain) = chain(family, tableName, chainName)
      let handle = Int(body["handle"]?.integer ?? 0)
      let expressions = body["expr"]?.array ?? []
      let key = NftablesWords.ChainKey(family: family, table: tableName, chain: chainName)
      let counter = expressions.lazy.compactMap { $0["counter"]?["packets"]?.integer }.first
      tables[table].chains[chain].rules.append(
        FirewallRule(
          position: handle,
          text: words.rules[key]?[handle] ?? expressions.map(\.compact).joined(separator: " "),
          packets: counter.flatMap { UInt64(exactly: $0) },
          statements: expressions.flatMap { NftablesTranslation.statements($0) }))
    default: break  // counters, quotas, flow tables: rules that use them say so
    }
  }

  private mutating func table(_ family: FirewallFamily, _ name: String) -> Int {
    let key = NftablesWords.TableKey(family: family, table: name)
    if let index = tableIndex[key] { return index }
    tables.append(FirewallTable(source: .nftables, family: family, name: name))
    tableIndex[key] = tables.count - 1
    return tables.count - 1
  }

  private mutating func chain(_ family: FirewallFamily, _ table: String, _ name: String) -> (Int, Int) {
    let index = self.table(family, table)
    let key = NftablesWords.ChainKey(family: family, table: table, chain: name)
    if let chain = chainIndex[key] { return (index, chain) }
    tables[index].chains.append(FirewallChain(name: name))
    chainIndex[key] = tables[index].chains.count - 1
    return (index, tables[index].chains.count - 1)
  }
}

/// The words of `nft -a list ruleset`: each rule ends in `# handle 7`.
struct NftablesWords {
  struct TableKey: Hashable {
    var family: FirewallFamily
    var table: String
  }

  struct ChainKey: Hashable {
    var family: FirewallFamily
    var table: String
    var chain: String
  }

  private(set) var rules: [ChainKey: [Int: String]] = [:]
  private(set) var devices: [ChainKey: [String]] = [:]

  init(_ text: String) {
    var table: TableKey?
    var chain: ChainKey?
    for line in text.split(separator: "\n") {
      let words = line.split { $0 == " " || $0 == "\t" }
      guard let first = words.first else { continue }
      if first == "table", words.count >= 3 {
        chain = nil
        table = FirewallFamily(rawValue: String(words[1])).map { TableKey(family: $0, table: String(words[2])) }
      } else if first == "chain", words.count >= 2, let table {
        chain = ChainKey(family: table.family, table: table.table, chain: String(words[1]))
      } else if first == "set" || first == "map" || first == "}" {
        chain = nil
      } else if let chain {
        if first == "type", let hook = words.firstIndex(of: "hook") {
          devices[chain] = Self.devices(words[hook...])
        } else if words.count > 3, words[words.count - 3] == "#", words[words.count - 2] == "handle",
          let handle = Int(words[words.count - 1])
        {
          rules[chain, default: [:]][handle] = words.dropLast(3).joined(separator: " ")
        }
      }
    }
  }

  /// `hook ingress device "eth0" priority 0`, or `devices = { eth0, eth1 }`.
  private static func devices(_ words: ArraySlice<Substring>) -> [String]? {
    guard let start = words.firstIndex(where: { $0 == "device" || $0 == "devices" }) else { return nil }
    let names = words[(start + 1)...].prefix { $0 != "priority" }
      .filter { !["=", "{", "}"].contains($0) }
      .map { $0.filter { $0 != "\"" && $0 != "," } }
    return names.isEmpty ? nil : names
  }
}
