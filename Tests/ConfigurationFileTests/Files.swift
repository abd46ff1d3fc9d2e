import Glibc

/// A path below the repository, whatever the working directory is.
func repositoryPath(_ path: String, from file: String = #filePath) -> String {
  let parts = file.split(separator: "/").dropLast(3)
  return "/" + parts.joined(separator: "/") + "/" + path
}

struct FileError: Error {
  var path: String
  var code = errno
}

func contents(_ path: String) throws -> String {
  guard let file = fopen(path, "re") else { throw FileError(path: path) }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&chunk, 1, chunk.count, file)
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += chunk[..<count]
  }
}

func write(_ text: String, to path: String) throws {
  guard let file = fopen(path, "we") else { throw FileError(path: path) }
  defer { fclose(file) }
  let bytes = Array(text.utf8)
  guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw FileError(path: path) }
}
