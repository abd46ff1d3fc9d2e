import ArgumentParser

import Journal

/// `--journal`.
struct JournalOption: ParsableArguments {
  static let defaultFile = "\(Run.defaultStateDirectory)/journal.sqlite"

  @Option(
    help: ArgumentHelp(
      "The journal to read.", discussion: "It is read directly: everway need not run.", valueName: "file"),
    completion: .file(extensions: ["sqlite"]))
  var journal = JournalOption.defaultFile

  func open() throws(CommandError) -> JournalReader {
    do { return try JournalReader(path: journal) } catch { throw CommandError(error) }
  }
}

extension CommandError {
  init(_ error: JournalError) { self.init(message: error.message, help: error.help) }
}
