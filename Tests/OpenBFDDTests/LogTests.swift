import OpenBFDD
import Testing

/// Texts: OpenBFDD 0.5.4 (e35f43a), CommandProcessor.cpp and log.cpp.
@Suite("What a beacon logs")
struct LogTests {
  @Test("levels and types are named as OpenBFDD names them")
  func lists() {
    var settings = LogSettings()
    #expect(
      settings.apply(.listLevels) == "Available log levels: none, minimal, normal, detailed, dev, all\n")
    let types = settings.apply(.listTypes).split(separator: "\n")
    #expect(types.first == "Available log types:")
    #expect(
      types.dropFirst().prefix(5) == [
        "    critical", "    error", "    warn", "    debug", "    app - General application messages"
      ])
    #expect(types.count == 17)
    #expect(types.last == "    temp - Special temporary developer messages")
  }

  @Test("it starts with the level normal, and a reply says what was before")
  func changes() {
    var settings = LogSettings()
    #expect(settings.types == [.critical, .error, .warn, .app, .session, .command])
    #expect(settings.apply(.setType(.command, false)) == "Log type command set to no, was yes\n")
    #expect(settings.apply(.setType(.command, false)) == "Log type command set to no, was no\n")
    #expect(!settings.types.contains(.command))
    #expect(settings.apply(.setLevel(.minimal)) == "Log level set to minimal.\n")
    #expect(settings.types == [.critical, .error, .warn])
    #expect(settings.apply(.setLevel(.none)) == "Log level set to none.\n")
    #expect(settings.types.isEmpty)
    #expect(settings.apply(.setTiming(true)) == "Extended time logging enabled.\n")
    #expect(settings.hasTiming)
    #expect(settings.apply(.setTiming(false)) == "Extended time logging disabled.\n")
  }
}
