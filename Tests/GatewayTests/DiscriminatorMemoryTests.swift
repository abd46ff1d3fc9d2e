import Glibc
import Testing

@testable import Gateway

@Suite struct DiscriminatorMemoryTests {
  @Test func linesThatMakeNoSenseAreLeftOut() {
    let known = DiscriminatorMemory.parse(
      "a 10.0.0.1 7\n\nb 10.0.0.2\nc fd00::1 0\nd x 99999999999\ne fd00::2 8 9\na b")
    #expect(known == ["a 10.0.0.1": 7])
  }

  @Test func whatWasNotedIsThereAfterARestart() throws {
    let directory = "/tmp/everway-memory-\(getpid())"
    mkdir(directory, 0o700)
    defer {
      unlink("\(directory)/remote-discriminators")
      rmdir(directory)
    }
    var memory = DiscriminatorMemory(directory: directory)
    #expect(memory.known.isEmpty)
    memory.note("b fd00::1", 8)
    memory.note("a 10.0.0.1", 7)
    #expect(memory.isUnsaved)
    #expect(memory.save() == nil)
    #expect(!memory.isUnsaved)
    memory.note("a 10.0.0.1", 7)
    #expect(!memory.isUnsaved, "nothing new")
    #expect(DiscriminatorMemory(directory: directory).known == ["a 10.0.0.1": 7, "b fd00::1": 8])
  }

  @Test func aDirectoryThatIsMissingIsToldAndTriedAgain() {
    var memory = DiscriminatorMemory(directory: "/nonexistent/everway")
    memory.note("a 10.0.0.1", 7)
    #expect(memory.save()?.contains("/nonexistent/everway/remote-discriminators cannot be written") == true)
    #expect(memory.isUnsaved)
  }
}
