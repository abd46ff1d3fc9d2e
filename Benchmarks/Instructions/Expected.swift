import Glibc

/// The committed figures: a line for each, `architecture workload quantity value`; `#` begins a remark.
struct Expected {
  private(set) var values: [String: Double] = [:]
  private let path: String
  private var remarks: [String] = []

  init(_ path: String) throws {
    self.path = path
    for line in try read(path).split(separator: "\n") {
      if line.hasPrefix("#") {
        remarks.append(String(line))
        continue
      }
      let words = line.split(separator: " ")
      guard words.count == 4, let value = Double(words[3]) else {
        throw Failure(text: "\(path): '\(line)' is not: architecture workload quantity value")
      }
      values[words[0...2].joined(separator: " ")] = value
    }
  }

  subscript(workload: String, quantity: String) -> Double? {
    get { values["\(Self.architecture) \(workload) \(quantity)"] }
    set { values["\(Self.architecture) \(workload) \(quantity)"] = newValue }
  }

  func write() throws {
    let lines = values.sorted { $0.key < $1.key }.map { "\($0.key) \(fixed($0.value))" }
    let text = (remarks + lines).joined(separator: "\n") + "\n"
    guard let file = fopen(path, "w") else { throw Failure(text: "\(path) cannot be written") }
    defer { fclose(file) }
    fputs(text, file)
  }

  static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "other"
    #endif
  }
}

func read(_ path: String) throws -> String {
  guard let file = fopen(path, "r") else { throw Failure(text: "\(path) cannot be read") }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// Two decimals.
func fixed(_ value: Double) -> String {
  let hundredths = Int((value * 100).rounded())
  let rest = hundredths % 100
  return "\(hundredths / 100)." + (rest < 10 ? "0" : "") + "\(rest)"
}
