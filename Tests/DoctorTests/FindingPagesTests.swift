import Cluster
import Glibc
import Languages
import Testing

@testable import Doctor

/// docs/findings is made from the catalogue. EVERWAY_REWRITE_EXPECTED=1 writes it anew.
@Suite struct FindingPages {
  private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

  private static func expected() -> [String: String] {
    var files: [String: String] = [:]
    for language in Language.allCases {
      files[folder(language) + "README.md"] = FindingIndex.markdown(language)
      for entry in Catalogue.entries {
        files[FindingPage.path(entry.id, language)] = FindingPage(entry).markdown(language)
      }
    }
    return files
  }

  private static func folder(_ language: Language) -> String {
    language == .english ? "docs/findings/" : "docs/findings/zh-CN/"
  }

  @Test func areThoseOfTheCatalogue() throws {
    let isRewriting = getenv("EVERWAY_REWRITE_EXPECTED") != nil
    for (path, text) in Self.expected() {
      let whole = Self.root + "/" + path
      if isRewriting { write(text, to: whole) }
      #expect(
        read(whole) == text, "\(path) is out of date: EVERWAY_REWRITE_EXPECTED=1 swift test --filter FindingPages")
    }
  }

  @Test func thatNobodyNeedsAreGone() {
    let known = Set(Self.expected().keys)
    for language in Language.allCases {
      let folder = Self.folder(language)
      for name in names(in: Self.root + "/" + folder) where name.hasSuffix(".md") {
        #expect(known.contains(folder + name), "\(folder)\(name) belongs to no finding")
      }
    }
  }

  private func read(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk.prefix(count) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func write(_ text: String, to path: String) {
    mkdir(Self.root + "/docs/findings", 0o755)
    mkdir(Self.root + "/docs/findings/zh-CN", 0o755)
    guard let file = fopen(path, "we") else { return }
    fputs(text, file)
    fclose(file)
  }

  private func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }
}
