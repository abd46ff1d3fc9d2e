import CLinux
import Glibc
import NetworkNamespaces
import Testing

@testable import EBPF

@Suite struct ErrorTests {
  @Test func capabilitiesAreReadFromTheStatusOfAThread() {
    #expect(Capabilities.mayUseBPF(status: "Name:\tx\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n"))
    #expect(Capabilities.mayUseBPF(status: "CapEff:\t0000008000000000\n"))  // CAP_BPF
    #expect(Capabilities.mayUseBPF(status: "CapEff:\t0000000000200000\n"))  // CAP_SYS_ADMIN
    #expect(!Capabilities.mayUseBPF(status: "CapPrm:\t000001ffffffffff\nCapEff:\t00000000a80425fb\n"))
    #expect(!Capabilities.mayUseBPF(status: ""))
  }

  @Test func aShiftedClockIsNoticed() {
    let plain = "monotonic           0         0\nboottime            0         0\n"
    #expect(!TimeNamespace.isShifted(offsets: plain))
    #expect(!TimeNamespace.isShifted(offsets: "boottime            7         0\n"))
    #expect(TimeNamespace.isShifted(offsets: "monotonic      172800         0\nboottime            0         0\n"))
    #expect(TimeNamespace.isShifted(offsets: "monotonic           0 -12345678\n"))
  }

  @Test(
    "An error says what to do",
    arguments: [
      (
        EBPFError(.notPermitted, "make a map", code: EPERM),
        "make a map: Operation not permitted; this needs CAP_BPF"
      ),
      (EBPFError(.noSystemCall, "make a map", code: ENOSYS), "CONFIG_BPF_SYSCALL"),
      (EBPFError(.kernelTooOld, "make a map", code: EINVAL), "Linux 5.8"),
      (EBPFError(.refused, "make a map", code: EPERM), "LimitMEMLOCK="),
      (EBPFError(.timeNamespace, "read arrivals"), "time namespace"),
      (EBPFError(.rejected, "load the filter", code: EACCES, log: "R5 !read_ok"), "verifier says: R5 !read_ok")
    ])
  func words(_ error: EBPFError, _ part: String) { #expect(error.description.contains(part)) }

  @Test(.enabled(if: geteuid() == 0)) func aRejectedProgramComesWithTheVerifiersWords() {
    // r0 = r5; exit: r5 has no value.
    var seen: EBPFError?
    do {
      _ = try KernelProgram(
        socketFilter: [Instruction(0xbf, .r0, source: 5), Instruction(0x95)], name: "everway_test")
    } catch { seen = error }
    #expect(seen?.reason == .rejected && seen?.log.contains("R5 !read_ok") == true)
  }

  @Test(.enabled(if: geteuid() == 0)) func withoutTheCapabilityThisIsSaid() throws {
    let here = try NetworkNamespace.current()
    // A thread of its own, which gives its capabilities away.
    let reason = try here.perform { () throws(SystemCallError) -> EBPFError.Reason? in
      guard cl_give_up_privileges() == 0 else { throw SystemCallError("give up capabilities") }
      do throws(EBPFError) {
        _ = try RepetitionFilter()
        return nil
      } catch { return error.reason }
    }
    // Where everybody may use bpf(2), it works.
    #expect(reason == .notPermitted || reason == nil)
  }
}
