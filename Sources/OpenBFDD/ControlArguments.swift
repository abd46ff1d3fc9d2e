/// The command line of bfdd-control.
public struct ControlArguments: Hashable, Sendable {
  public enum Work: Hashable, Sendable {
    /// One command, as it is sent.
    case command([String])
    /// `load`: commands from a file.
    case script(path: String)
  }

  public var beacon = ControlAddress.standard
  public var work: Work

  /// - Parameter arguments: without the program's name.
  public init(_ arguments: [String]) throws(EarlyExit) {
    var rest = arguments[...]
    var chosen: ControlAddress?
    while let argument = rest.first, argument.hasPrefix("--") {
      rest.removeFirst()
      if argument == "--altport" {
        guard chosen == nil else { throw .usage("Only a single --altport or --control option is allowed.") }
        chosen = .alternative
      } else if let value = argument.value(of: "--control") {
        chosen = try ControlAddress(option: value, portless: "contain")
      } else {
        throw .usage("Unrecognized \(OpenBFDDRelease.control) command line option \(argument).")
      }
    }
    if let chosen { beacon = chosen }
    if rest.first == "load" {
      guard let path = rest.dropFirst().first else { throw .usage("Must supply a script file after 'load'") }
      work = .script(path: path)
      return
    }
    let words = rest.filter { !$0.isEmpty }
    guard !words.isEmpty else {
      throw .usage("No command. Try \"man \(OpenBFDDRelease.control)\" for a list of commands.")
    }
    work = .command(Array(words))
  }
}

/// A file for `load`: a command on each line, `#` at its beginning for a comment.
public enum Script {
  /// The lines that hold commands, as they stand and in words. A last line without its newline counts too: OpenBFDD
  /// drops it without saying so.
  public static func commands(_ text: String) -> [(line: String, words: [String])] {
    text.split(whereSeparator: \.isNewline).compactMap { line in
      guard !line.hasPrefix("#") else { return nil }
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
      return words.isEmpty ? nil : (String(line), words)
    }
  }
}
