public import ArgumentParser
import Glibc
public import Languages

/// `--lang`.
struct LanguageOption: ParsableArguments {
  @Option(
    name: .customLong("lang"),
    help: ArgumentHelp(
      "The language of findings: en or zh.", discussion: "By default as LC_ALL, LC_MESSAGES or LANG says.",
      valueName: "language"))
  var chosen: Language?

  var language: Language {
    chosen ?? Language { name in getenv(name).map { String(cString: $0) } }
  }
}

extension Language: ExpressibleByArgument {}
