import CLinux
import Glibc

/// A map of the kernel's, open as long as this value lives.
struct KernelMap: ~Copyable {
  let descriptor: Int32

  /// - Throws: `EBPFError` of the operation "make a map".
  init(
    type: UInt32, valueSize: Int, entries: Int, flags: UInt32 = 0, name: String
  ) throws(EBPFError) {
    let made = cl_bpf_map(type, 4, UInt32(valueSize), UInt32(entries), flags, name)
    guard made >= 0 else { throw .failed("make a map for \(entries) entries", errno) }
    descriptor = made
  }

  deinit { close(descriptor) }
}

/// An array of the kernel's that is memory of this process too (BPF_F_MMAPABLE, Linux 5.5), zeroed at first.
struct SharedArray: ~Copyable {
  private let map: KernelMap
  /// The first element. Mapped from `init` to `deinit`, `byteCount` octets long.
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  var descriptor: Int32 { map.descriptor }

  init(valueSize: Int, entries: Int, name: String) throws(EBPFError) {
    let map = try KernelMap(
      type: UInt32(CL_BPF_MAP_ARRAY), valueSize: valueSize, entries: entries,
      flags: UInt32(CL_BPF_MMAPABLE), name: name)
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let byteCount = (valueSize * entries + page - 1) / page * page
    guard
      let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, map.descriptor, 0), base != MAP_FAILED
    else { throw .failed("map \(byteCount) octets of an array", errno) }
    self.map = map
    self.base = base
    self.byteCount = byteCount
  }

  deinit { munmap(base, byteCount) }
}

/// A loaded program, open as long as this value lives; sockets that it is attached to hold it too.
struct KernelProgram: ~Copyable {
  let descriptor: Int32

  /// - Throws: `EBPFError` with the end of what the verifier says.
  init(socketFilter instructions: [Instruction], name: String) throws(EBPFError) {
    let words = instructions.map(\.word)
    // The kernel lets Apache-licensed programs call what this one calls since 5.8.
    let license = "Apache-2.0"
    let loaded = cl_bpf_load_socket_filter(words, UInt32(words.count), license, name, nil, 0)
    if loaded >= 0 {
      descriptor = loaded
      return
    }
    let code = errno
    guard code != EPERM, code != ENOSYS, code != ENOMEM else { throw .failed("load the filter", code) }
    // Once more, for the reason.
    var log = [CChar](repeating: 0, count: 1 << 18)
    let second = cl_bpf_load_socket_filter(words, UInt32(words.count), license, name, &log, UInt32(log.count))
    if second >= 0 { close(second) }
    throw .failed("load the filter", code, log: Self.lastLines(log))
  }

  deinit { close(descriptor) }

  /// The number by which the kernel knows it.
  var number: UInt32 { cl_bpf_program_number(descriptor) }

  private static func lastLines(_ log: [CChar]) -> String {
    let text = String(decoding: log.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.split(separator: "\n").filter { !$0.hasPrefix("processed ") }.suffix(4).joined(separator: " | ")
  }
}
