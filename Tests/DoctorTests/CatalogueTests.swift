import Cluster
import Languages
import Testing

@testable import Doctor

@Suite struct TheCatalogue {
  @Test func hasEachNumberOnce() {
    let numbers = Catalogue.entries.map { Catalogue.number($0.id) }
    #expect(Set(numbers).count == numbers.count)
  }

  @Test func explainsOnlyWhatIsInIt() {
    let known = Set(Catalogue.entries.map(\.id))
    for entry in Catalogue.entries {
      #expect(known.isSuperset(of: entry.explains), "\(entry.id)")
      #expect(!entry.explains.contains(entry.id), "\(entry.id)")
    }
  }

  @Test func saysEverythingInBothLanguages() {
    for entry in Catalogue.entries {
      for words in [entry.title, entry.symptom, entry.cause, entry.detection, entry.fix] {
        #expect(!words.en.isEmpty && !words.zh.isEmpty, "\(entry.id)")
        #expect(
          words.zh.unicodeScalars.contains { (0x4e00...0x9fff).contains($0.value) }, "\(entry.id): \(words.zh)")
      }
    }
  }

  @Test func hasAnExampleForEveryPlaceholder() {
    for entry in Catalogue.entries {
      for language in Language.allCases {
        let page = FindingPage(entry).markdown(language)
        #expect(!page.contains(#/\{[a-zA-Z]+\}/#), "\(entry.id)")
      }
    }
  }

  @Test func hasACheckForEveryFinding() {
    let made = Set(Check.all.flatMap(\.findings))
    #expect(Catalogue.entries.map(\.id).filter { !made.contains($0) } == [])
  }

  @Test func findingsOfEveryCheckAreInIt() {
    let known = Set(Catalogue.entries.map(\.id))
    for check in Check.all { #expect(known.isSuperset(of: check.findings)) }
  }
}
