import CLinux
import Glibc

extension RepetitionFilter {
  /// Makes room for a session of this number: new maps, and programs that use them on all sockets.
  ///
  /// New programs take over one socket at a time with all records off, so that packets are delivered; then the records
  /// move. A program that was running on another CPU may still note an arrival in the old one: the count lacks one then.
  /// - Throws: `EBPFError`; everything is as it was.
  mutating func grow(toHold index: Int) throws(EBPFError) {
    guard index < Self.capacityLimit else { throw EBPFError(.full, "filter for session \(index)") }
    var larger = capacity
    while larger <= index { larger *= 2 }
    let newNames = try Self.makeDiscriminators(larger)
    let newRecords = try Self.makeRecords(larger)
    for index in names.indices where names[index] != 0 {
      guard cl_bpf_map_set(newNames.descriptor, names[index], UInt32(index)) == 0 else {
        throw .failed("make room for \(larger) sessions", errno)
      }
    }
    // All programs first: from here on hardly anything can fail.
    let programs = try loadAll(newNames, newRecords)
    defer { for program in programs where program >= 0 { close(program) } }
    for number in descriptors.indices where descriptors[number] >= 0 {
      // Without a filter rather than with the old one, whose records nobody would read any more.
      if cl_bpf_attach(descriptors[number], programs[number]) != 0 { cl_bpf_detach(descriptors[number]) }
    }
    for index in 0..<capacity {
      let old = records.base + index * Record.size
      let new = newRecords.base + index * Record.size
      let fields = Record.interface
      (new + fields).copyMemory(from: old + fields, byteCount: Record.size - fields)
      cl_store_release_u32(new + Record.generation, cl_load_relaxed_u32(old + Record.generation))
    }
    names += Array(repeating: 0, count: larger - capacity)
    discriminators = newNames
    records = newRecords
    capacity = larger
  }

  /// One program for each socket, by number; -1 for none.
  private func loadAll(
    _ newNames: borrowing KernelMap, _ newRecords: borrowing SharedArray
  ) throws(EBPFError) -> [Int32] {
    var programs: [Int32] = []
    do throws(EBPFError) {
      for number in descriptors.indices {
        guard descriptors[number] >= 0 else {
          programs.append(-1)
          continue
        }
        let program = try Self.load(newNames, newRecords, sockets, number: number)
        programs.append(fcntl(program.descriptor, F_DUPFD_CLOEXEC, 0))
      }
    } catch {
      for program in programs where program >= 0 { close(program) }
      throw error
    }
    return programs
  }
}
