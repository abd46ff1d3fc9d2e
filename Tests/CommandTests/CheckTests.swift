import ControlTestSupport
import FoundationEssentials
import Glibc
import Testing

/// `everway check`, as the shell sees it.
@Suite struct CheckTests {
  let directory = TemporaryDirectory()
  private static let good = "version: 1\n"
  private static let bad = "version: 1\nbdf: {}\n"

  @Test func `A good file is called good, with what is in it`() {
    let result = Binary.run("check", "-", input: Self.good, in: directory.path)
    #expect(result.status == 0)
    #expect(result.output == "<stdin> is good: it configures nothing\n")
    #expect(result.errors == "")
  }

  @Test func `A bad file is refused with the place and a suggestion`() {
    let path = directory.path + "/other"
    Binary.write(Self.bad, to: path)
    let result = Binary.run("check", path, in: directory.path)
    #expect(result.status == 1)
    #expect(result.output == "")
    #expect(result.errors.contains("\(path):2:1: error: unknown key \"bdf\""))
    #expect(result.errors.contains("did you mean \"bfd\"?"))
    #expect(result.errors.hasSuffix("\(path): 1 error\n"))
    #expect(!result.errors.contains("\u{1b}"))
  }

  @Test func `A file that is not there is an error`() {
    let result = Binary.run("check", directory.path + "/none", in: directory.path)
    #expect(result.status == 1)
    #expect(result.errors.contains("there is no such file"))
  }

  @Test func `Quiet says nothing about a good file`() {
    let result = Binary.run("check", "--quiet", "-", input: Self.good, in: directory.path)
    #expect(result.status == 0)
    #expect(result.output + result.errors == "")
  }

  @Test("JSON says it all on standard output", arguments: [(good, true, 0), (bad, false, 1)])
  func json(text: String, ok: Bool, errors: Int) throws {
    struct Verdict: Decodable {
      struct Diagnostic: Decodable { var line: Int? }
      var ok: Bool
      var errors: Int
      var diagnostics: [Diagnostic]
    }
    let result = Binary.run("check", "--json", "-", input: text, in: directory.path)
    #expect(result.status == (ok ? 0 : 1))
    #expect(result.errors == "")
    let verdict = try JSONDecoder().decode(Verdict.self, from: Data(result.output.utf8))
    #expect(verdict.ok == ok)
    #expect(verdict.errors == errors)
    #expect(verdict.diagnostics.map(\.line) == (ok ? [] : [2]))
  }

  @Test func `More than a mebibyte on standard input is refused`() {
    let input = "version: 1\n" + String(repeating: "# a comment\n", count: 100_000)
    let result = Binary.run("check", "-", input: input, in: directory.path)
    #expect(result.status == 1)
    #expect(result.errors.contains("1 MiB"))
  }

  @Test func `Colour only where it is asked for`() {
    let result = Binary.run("check", "--color", "always", "-", input: Self.bad, in: directory.path)
    #expect(result.errors.contains("\u{1b}[1;31m<stdin>:2:1: error"))
  }
}
