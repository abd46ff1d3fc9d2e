import ArgumentParser

import Glibc
import Journal

/// `--journal`.
struct JournalOption: ParsableArguments {
  static let defaultFile = "\(Run.defaultStateDirectory)/journal.sqlite"

  @Option(
    help: ArgumentHelp(
      "The journal to read, or its directory.", discussion: "It is read directly: everway need not run.",
      valueName: "file"),
    completion: .file(extensions: ["sqlite"]))
  var journal = JournalOption.defaultFile

  func open() throws(CommandError) -> JournalReader {
    var status = stat()
    let isDirectory = stat(journal, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    let path = isDirectory ? "\(journal)/journal.sqlite" : journal
    do { return try JournalReader(path: path) } catch { throw CommandError(error) }
  }
}

extension CommandError {
  init(_ error: JournalError) { self.init(message: error.message, help: error.help) }
}
