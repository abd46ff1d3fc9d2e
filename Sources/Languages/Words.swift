/// The languages that people are spoken to in.
public enum Language: String, Codable, Hashable, Sendable, CaseIterable {
  case english = "en"
  case chinese = "zh"

  /// From the environment, as setlocale(3) reads it: the first that is set of LC_ALL, LC_MESSAGES and LANG decides.
  public init(variable: (String) -> String?) {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap(variable).first { !$0.isEmpty }
    self = locale?.hasPrefix("zh") == true ? .chinese : .english
  }
}

/// One text in every language.
public struct Words: Codable, Hashable, Sendable {
  public var en: String
  public var zh: String

  public init(_ en: String, zh: String) {
    self.en = en
    self.zh = zh
  }

  public subscript(language: Language) -> String {
    switch language {
    case .english: en
    case .chinese: zh
    }
  }

  /// With every `{name}` replaced by its value; a name without a value stays as it is.
  public func filled(_ values: [String: String]) -> Words {
    Words(Self.filled(en, values), zh: Self.filled(zh, values))
  }

  private static func filled(_ text: String, _ values: [String: String]) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      result += rest[..<open]
      rest = rest[open...]
      guard let close = rest.firstIndex(of: "}") else { break }
      let name = rest[rest.index(after: open)..<close]
      result += values[String(name)] ?? String(rest[...close])
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }
}
