import CLinux
import Glibc
import NamespaceDiagnosis
import NamespaceTestSupport
import NetworkNamespaces
import Testing

@Suite(.enabled(if: geteuid() == 0), .serialized) struct NamedNamespaces {
  @Test func aNamespaceIsMadeFoundAndRemoved() throws {
    let name = NamespaceNames.make("life")
    defer { NamespaceNames.erase(name) }
    #expect(try NetworkNamespace.state(named: name) == .absent)
    let made = try NetworkNamespace.create(named: name)
    let home = try NetworkNamespace.current()
    #expect(try !made.isSame(as: home))
    #expect(try NetworkNamespace.state(named: name) == .healthy(made.identity()))
    #expect(try made.perform { () throws(SystemCallError) in linkText() } == made.identity().description)
    try NetworkNamespace.remove(named: name)
    #expect(try !NetworkNamespace.exists(named: name))
  }

  @Test func aNameThatIsTakenIsRefusedAndKeepsItsNamespace() throws {
    let name = NamespaceNames.make("taken")
    defer { NamespaceNames.erase(name) }
    let first = try NetworkNamespace.create(named: name)
    let error = #expect(throws: SystemCallError.self) { _ = try NetworkNamespace.create(named: name) }
    #expect(error?.code == EEXIST)
    #expect(error?.hint?.contains("ip netns del \(name)") == true)
    #expect(try NetworkNamespace.state(named: name) == .healthy(first.identity()))
  }

  @Test func theDirectoryIsMountedOnceHoweverOftenItIsPrepared() throws {
    let names = ["one", "two", "three"].map(NamespaceNames.make)
    defer { names.forEach(NamespaceNames.erase) }
    for name in names { _ = try NetworkNamespace.create(named: name) }
    let lines = try text(of: "/proc/self/mountinfo").split(separator: "\n").map { $0.split(separator: " ") }
    let mounts = lines.filter { $0[4] == "/run/netns" }
    #expect(mounts.count == 1)
    #expect(mounts.first?.contains { $0.hasPrefix("shared:") } == true)
    for name in names { #expect(lines.filter { $0[4] == NetworkNamespace.path(named: name) }.count == 1) }
  }

  @Test(arguments: ["", ".", "..", "a/b", "a\0b", String(repeating: "x", count: 256)])
  func anImpossibleNameIsRefused(name: String) {
    let error = #expect(throws: SystemCallError.self) { _ = try NetworkNamespace.create(named: name) }
    #expect(error?.code == EINVAL)
  }

  @Test func removingWhatIsNotThereSaysSo() {
    let error = #expect(throws: SystemCallError.self) {
      try NetworkNamespace.remove(named: NamespaceNames.make("none"))
    }
    #expect(error?.code == ENOENT)
  }

  @Test func anUnnamedNamespaceIsPinnedAndFoundAgain() throws {
    let name = NamespaceNames.make("pin")
    defer { NamespaceNames.erase(name) }
    let made = try NetworkNamespace.create(named: name)
    try NetworkNamespace.remove(named: name)
    try made.pin(named: name)
    try made.pin(named: name)
    let again = try NetworkNamespace(named: name)
    #expect(try again.isSame(as: made))
  }

  @Test func pinningOverALostMountRepairsTheName() throws {
    let name = NamespaceNames.make("repair")
    defer { NamespaceNames.erase(name) }
    let made = try NetworkNamespace.create(named: name)
    umount2(NetworkNamespace.path(named: name), Int32(MNT_DETACH))
    #expect(try NetworkNamespace.state(named: name) == .broken(.mountMissing))
    try made.pin(named: name)
    #expect(try NetworkNamespace.state(named: name) == .healthy(made.identity()))
  }

  @Test func pinningOverAnotherNamespaceIsRefused() throws {
    let names = (NamespaceNames.make("mine"), NamespaceNames.make("yours"))
    defer { [names.0, names.1].forEach(NamespaceNames.erase) }
    let mine = try NetworkNamespace.create(named: names.0)
    let yours = try NetworkNamespace.create(named: names.1)
    let error = #expect(throws: SystemCallError.self) { try mine.pin(named: names.1) }
    #expect(error?.code == EEXIST)
    #expect(try NetworkNamespace.state(named: names.1) == .healthy(yours.identity()))
  }

  @Test func aDuplicateIsTheSameNamespaceAndOutlivesTheFirst() throws {
    let name = NamespaceNames.make("dup")
    defer { NamespaceNames.erase(name) }
    let first = try NetworkNamespace.create(named: name)
    let identity = try first.identity()
    let second = try first.duplicate()
    _ = consume first
    #expect(try second.identity() == identity)
    #expect(try second.cookie() != NetworkNamespace.current().cookie())
  }

  /// The states of a name that leads to no namespace.
  enum Fault: CaseIterable, Sendable { case plainFile, dangling, directory, wrongKind, deleted, fifo }

  @Test(arguments: Fault.allCases) func aBrokenNameIsToldApartAndOpeningItSaysWhatToDo(fault: Fault) throws {
    let name = NamespaceNames.make("broken-\(fault)")
    let path = NetworkNamespace.path(named: name)
    // The directory exists once any namespace was made.
    let helper = NamespaceNames.make("helper-\(fault)")
    _ = try NetworkNamespace.create(named: helper)
    defer { [name, helper].forEach(NamespaceNames.erase) }
    let expected: NamespaceFault
    switch fault {
    case .plainFile:
      close(open(path, O_CREAT | O_WRONLY, 0o644))
      expected = .plainFile
    case .dangling:
      try #require(symlink("/run/netns/nowhere", path) == 0)
      expected = .danglingSymlink(target: "/run/netns/nowhere")
    case .directory:
      try #require(mkdir(path, 0o755) == 0)
      expected = .directory(isEmpty: true)
    case .wrongKind:
      close(open(path, O_CREAT | O_WRONLY, 0))
      try #require(mount("/proc/self/ns/uts", path, "none", UInt(MS_BIND), nil) == 0)
      expected = .wrongKind("uts")
    case .deleted:
      close(open(path, O_CREAT | O_WRONLY, 0))
      let other = "/run/ewt-\(getpid())-deleted"
      close(open(other, O_CREAT | O_WRONLY, 0o600))
      try #require(mount(other, path, "none", UInt(MS_BIND), nil) == 0)
      unlink(other)
      expected = .deletedFile
    case .fifo:
      try #require(mkfifo(path, 0o600) == 0)
      expected = .specialFile(.fifo)
    }
    #expect(try NetworkNamespace.state(named: name) == .broken(expected))
    let error = #expect(throws: SystemCallError.self) { _ = try NetworkNamespace(named: name) }
    #expect(error?.code == EINVAL)
    #expect(error?.hint?.contains(path) == true)
    if fault != .directory {
      try NetworkNamespace.remove(named: name)
      #expect(try NetworkNamespace.state(named: name) == .absent)
    }
  }

  private func text(of path: String) throws -> String {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    try #require(fd >= 0)
    defer { close(fd) }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = read(fd, &buffer, buffer.count), count > 0 { all += buffer.prefix(count) }
    return String(decoding: all, as: UTF8.self)
  }
}
