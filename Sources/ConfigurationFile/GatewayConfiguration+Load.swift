import Glibc

extension GatewayConfiguration {
  /// Reads and parses a configuration file of at most 1 MiB.
  ///
  /// - Throws: ``ConfigurationErrors``, also when the file is missing, unreadable, not a regular file, or too large.
  public static func load(path: String) throws(ConfigurationErrors) -> ParsedConfiguration {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let isDirectory = status.st_mode & S_IFMT == S_IFDIR
      throw failure(
        path, isDirectory ? "this is a directory" : "this is not a regular file", expected: "a configuration file")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while bytes.count <= largestFile {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(path, errno)
      }
      if count == 0 { return try parse(bytes: bytes, file: path) }
      bytes += chunk[..<count]
    }
    throw failure(path, "the file is too large", expected: "at most \(largestFile) bytes (1 MiB)")
  }

  private static var largestFile: Int { 1 << 20 }

  private static func failure(_ path: String, _ error: Int32) -> ConfigurationErrors {
    let help: String? =
      switch error {
      case ENOENT: "check the path, or write a file from the examples"
      case EACCES: "run as a user who may read it, or change its permissions"
      default: nil
      }
    let reason =
      switch error {
      case ENOENT: "there is no such file"
      case EACCES: "this user may not read it"
      default: "it cannot be read: \(String(cString: strerror(error)))"
      }
    return failure(path, reason, help: help)
  }

  private static func failure(
    _ path: String, _ message: String, expected: String? = nil, help: String? = nil
  ) -> ConfigurationErrors {
    ConfigurationErrors([ConfigurationDiagnostic(file: path, message: message, expected: expected, help: help)])
  }
}
