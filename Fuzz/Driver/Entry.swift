import Glibc

// What libFuzzer calls (LLVM's docs/LibFuzzer.rst); it brings `main`. EVERWAY_FUZZ_TARGET says which target to feed.

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer's octets, valid for this call; the target gets a copy of just their size.
  let octets = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try Chosen.target.run(octets)
  } catch {
    Chosen.fail("\(Chosen.target.name): \(error)")
  }
  return 0
}

private enum Chosen {
  static let target: FuzzTarget = {
    let name = getenv("EVERWAY_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.named(name) else {
      fail("EVERWAY_FUZZ_TARGET is one of: " + FuzzTarget.all.map(\.name).joined(separator: " "))
    }
    return target
  }()

  /// Says it and dies, so that libFuzzer keeps the input.
  static func fail(_ message: String) -> Never {
    let line = Array("\(message)\n".utf8)
    write(2, line, line.count)
    abort()
  }
}
