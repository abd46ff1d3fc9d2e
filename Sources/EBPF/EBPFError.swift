import Glibc

/// Why the kernel does not filter for us. Whoever meets it does without: everything still works, at more cost.
public struct EBPFError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Reason: Hashable, Sendable {
    /// The kernel was built without bpf(2).
    case noSystemCall
    /// Neither CAP_BPF nor CAP_SYS_ADMIN.
    case notPermitted
    /// Refused although this process has the capability: RLIMIT_MEMLOCK before Linux 5.11, a user namespace, seccomp or
    /// another security module.
    case refused
    /// Before Linux 5.8 (on other machines than x86-64: 5.12).
    case kernelTooOld
    /// The verifier did not accept the program.
    case rejected
    /// The clock of this process is not the kernel's (time_namespaces(7)), so arrivals would be wrong.
    case timeNamespace
    case noMemory
    /// As many sockets, or sessions, as there can be.
    case full
    case other
  }

  public var reason: Reason
  /// What was tried: `load the filter`.
  public var operation: String
  /// errno; 0 when no system call failed.
  public var code: Int32
  /// What the verifier said, its last lines; empty when it was not asked.
  public var log: String

  public init(_ reason: Reason, _ operation: String, code: Int32 = 0, log: String = "") {
    self.reason = reason
    self.operation = operation
    self.code = code
    self.log = log
  }

  /// From errno.
  static func failed(_ operation: String, _ code: Int32, log: String = "") -> EBPFError {
    let reason: Reason =
      switch code {
      case ENOSYS: .noSystemCall
      case EPERM: Capabilities.mayUseBPF ? .refused : .notPermitted
      case EINVAL where log.isEmpty, ENOTSUP: .kernelTooOld
      case EINVAL, EACCES, E2BIG, ENOSPC: log.isEmpty ? .other : .rejected
      case ENOMEM: .noMemory
      default: .other
      }
    return EBPFError(reason, operation, code: code, log: log)
  }

  public var description: String {
    var text = operation
    if code != 0 { text += ": " + String(cString: strerror(code)) }
    if let advice { text += "; " + advice }
    return log.isEmpty ? text : text + "; the verifier says: " + log
  }

  private var advice: String? {
    switch reason {
    case .noSystemCall: "this kernel has no bpf(2) (CONFIG_BPF_SYSCALL)"
    case .notPermitted: "this needs CAP_BPF or CAP_SYS_ADMIN: run as root, or give the service CAP_BPF"
    case .refused:
      "refused in spite of CAP_BPF or CAP_SYS_ADMIN: raise LimitMEMLOCK= before Linux 5.11; a container's user namespace "
        + "or seccomp profile may forbid it too"
    case .kernelTooOld: "this needs Linux 5.8, on other machines than x86-64 Linux 5.12"
    case .timeNamespace: "this process is in a time namespace with a clock of its own"
    case .noMemory: "the kernel had no memory for it (a container's memory limit, or net.core.optmem_max)"
    case .full: "there is no more room"
    case .rejected, .other: nil
    }
  }
}

/// What this thread may do.
enum Capabilities {
  /// CAP_BPF (39) or CAP_SYS_ADMIN (21) of capabilities(7).
  static var mayUseBPF: Bool {
    guard let status = ProcFile.read("/proc/thread-self/status") else { return false }
    return mayUseBPF(status: status)
  }

  /// From the text of /proc/PID/status.
  static func mayUseBPF(status: String) -> Bool {
    for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
      let mask = line.split(whereSeparator: { $0 == "\t" || $0 == " " }).last.flatMap { UInt64($0, radix: 16) } ?? 0
      return mask & (1 << 39 | 1 << 21) != 0
    }
    return false
  }
}

/// Whether CLOCK_MONOTONIC is the kernel's own.
enum TimeNamespace {
  static var isShifted: Bool {
    ProcFile.read("/proc/thread-self/timens_offsets").map(isShifted(offsets:)) ?? false
  }

  /// From the text of /proc/PID/timens_offsets: clock, seconds, nanoseconds.
  static func isShifted(offsets: String) -> Bool {
    for line in offsets.split(separator: "\n") {
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      if fields.count == 3, fields[0] == "monotonic" { return fields[1] != "0" || fields[2] != "0" }
    }
    return false
  }
}

/// A small file of /proc.
private enum ProcFile {
  static func read(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 8192)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}
