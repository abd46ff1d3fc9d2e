import Testing

@testable import Observer

@Suite("The page")
struct PageTests {
  private let octets: [UInt8] = {
    guard case .octets(let octets) = Page().answer.body else { return [] }
    return octets
  }()
  private var text: String { String(decoding: octets, as: UTF8.self) }

  @Test("It is one document of less than 120 kB")
  func size() {
    #expect(octets.count < 120_000 && octets.count > 10_000)
    #expect(!text.contains("@style@") && !text.contains("@script@"))
  }

  @Test("It names no outside address")
  func selfContained() {
    let addresses = text.split(separator: "http").dropFirst().filter { $0.hasPrefix("://") || $0.hasPrefix("s://") }
    #expect(addresses.allSatisfy { $0.hasPrefix("://www.w3.org/2000/svg") })
    for word in ["<script src", "@import", "url("] { #expect(!text.contains(word), "\(word)") }
  }

  @Test("Only its own script and style may run, and nothing is inline beside them")
  func policy() throws {
    let policy = try #require(Page().answer.headers["Content-Security-Policy"])
    #expect(!policy.contains("unsafe") && policy.contains("default-src 'none'"))
    #expect(policy.contains("script-src 'sha256-") && policy.contains("style-src 'sha256-"))
    let html = String(decoding: PackageResources.index_html, as: UTF8.self)
    for word in [" style=", " onclick=", " onload=", "javascript:"] { #expect(!html.contains(word), "\(word)") }
    let scripts = text.dropFirst(html.split(separator: "@script@")[0].count)
    for word in ["eval(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"] {
      #expect(!scripts.contains(word), "\(word)")
    }
  }

  @Test("Every word of the page is there in both languages")
  func words() throws {
    let words = String(decoding: PackageResources.words_js, as: UTF8.self)
    let parts = words.components(between: "  en: {", "  zh: {", "\n  }\n};")
    let key = try Regex(#"(?:^|[\s{])(?:'([a-z-]+)'|([A-Za-z0-9]+)): '"#)
    let keys = parts.map { part in
      Set(part.matches(of: key).map { String($0.output[1].substring ?? $0.output[2].substring ?? "") })
    }
    #expect(keys[0] == keys[1])
    #expect(keys[0].count > 100)
    let used = try Regex(#"\bt\('([A-Za-z0-9-]+)'"#)
    for match in text.matches(of: used) {
      let name = String(match.output[1].substring ?? "")
      #expect(keys[0].contains(name), "\(name)")
    }
  }
}

extension String {
  /// What stands between each word and the next.
  fileprivate func components(between words: String...) -> [Substring] {
    var rest = self[...]
    var found: [Substring] = []
    for word in words {
      guard let range = rest.firstRange(of: word) else { return found }
      if word != words[0] { found.append(rest[..<range.lowerBound]) }
      rest = rest[range.upperBound...]
    }
    return found
  }
}
