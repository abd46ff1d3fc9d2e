import BFD
import ConfigurationFile
import Glibc
import Testing

private typealias C = GatewayConfiguration

@Suite struct Keys {
  private static func parse(_ text: String) throws -> C {
    try C.parse(text: text, file: "gateway.yaml").configuration
  }

  @Test("Key chains, lifetimes and references reach their fields") func chains() throws {
    let configuration = try Self.parse(
      """
      version: 1
      bfd:
        key-chains:
          - name: tor
            keys:
              - id: 0
                type: meticulous-keyed-sha1
                key-file: /etc/everway/keys/tor-0
                send-lifetime: {end: 2026-07-02T00:00:00Z}
                accept-lifetime: {end: 2026-07-03T00:00:00Z}
              - id: 255
                type: hmac-sha1-frr
                key-file: /etc/everway/keys/tor-255
                send-lifetime: {start: "2026-07-01T08:00:00+08:00"}
                accept-lifetime: {start: 2026-06-30 22:30:00.25-01:00}
        peers:
          - {name: a, address: 192.0.2.1, authentication: {key-chain: tor}}
          - {name: b, address: 192.0.2.2, authentication: {type: simple-password, key-id: 9, key-file: /k}}
          - {name: c, address: 192.0.2.3}
        allow:
          - {prefix: 198.51.100.0/24, interface: net1, authentication: {type: keyed-md5, key-file: /m}}
      paths:
        - {name: d, via: 192.0.2.4, interface: net1, health: {bfd: {authentication: {key-chain: tor}}}}
      """)
    let july: Int64 = 1_782_864_000  // date -d 2026-07-01T00:00:00Z +%s
    #expect(
      configuration.bfd.keyChains == [
        C.BFDKeyChain(
          name: "tor",
          keys: [
            C.BFDKey(
              id: 0, type: .meticulousKeyedSHA1, file: "/etc/everway/keys/tor-0",
              send: Lifetime(end: july + 86_400),
              accept: Lifetime(end: july + 2 * 86_400)),
            C.BFDKey(
              id: 255, type: .frrHMACSHA1, file: "/etc/everway/keys/tor-255", send: Lifetime(start: july),
              accept: Lifetime(start: july - 1_800))
          ]),
        C.BFDKeyChain(name: "peer b", keys: [C.BFDKey(id: 9, type: .simplePassword, file: "/k")]),
        C.BFDKeyChain(name: "allow 198.51.100.0/24%net1", keys: [C.BFDKey(id: 1, type: .keyedMD5, file: "/m")])
      ])
    #expect(configuration.bfd.peers.map(\.keyChain) == ["tor", "peer b", nil, "tor"])
    #expect(configuration.bfd.allow.map(\.keyChain) == ["allow 198.51.100.0/24%net1"])
  }

  /// Seconds as `date -d TEXT +%s` prints them.
  @Test(
    "Times are seconds since 1970",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:34:56Z", 951_827_696),
      ("2026-11-22T20:00:00+01:00", 1_795_374_000),
      ("1969-12-31T23:59:59Z", -1), ("2100-03-01T00:00:00Z", 4_107_542_400),
      ("9999-12-31T23:59:60Z", 253_402_300_800),
      ("2026-02-29T00:00:00Z", nil), ("2026-13-01T00:00:00Z", nil), ("2026-01-01T24:00:00Z", nil),
      ("2026-01-01T00:00:00", nil), ("2026-1-1T00:00:00Z", nil), ("2026-01-01T00:00:00.Z", nil), ("tomorrow", nil)
    ] as [(String, Int64?)])
  func times(text: String, seconds: Int64?) throws {
    let file = """
      version: 1
      bfd:
        key-chains: [{name: a, keys: [{id: 1, type: keyed-md5, key-file: /k, accept-lifetime: {start: "\(text)"}}]}]
        peers: [{name: p, address: 192.0.2.1, authentication: {key-chain: a}}]
      """
    let start = (try? Self.parse(file))?.bfd.keyChains.first?.keys.first?.accept.start
    #expect(start == seconds)
  }
}

/// A directory of key files, gone at the end.
private struct Folder: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/everway-keys-\(getpid())-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw FileError(path: "/tmp") }
    path = String(cString: made)
  }

  deinit {
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      withUnsafeBytes(of: entry.pointee.d_name) { name in
        _ = unlink("\(path)/" + String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
      }
    }
    closedir(folder)
    rmdir(path)
  }

  func put(_ name: String, _ octets: [UInt8], mode: mode_t = 0o600) throws -> String {
    let file = "\(path)/\(name)"
    let fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard fd >= 0, Glibc.write(fd, octets, octets.count) == octets.count else { throw FileError(path: file) }
    close(fd)
    chmod(file, mode)
    return file
  }
}

@Suite struct KeyFiles {
  private static func load(_ file: String, _ type: AuthenticationType = .keyedSHA1) -> LoadedKeys {
    C.BFDSettings(keyChains: [C.BFDKeyChain(name: "a", keys: [C.BFDKey(id: 7, type: type, file: file)])]).loadKeys()
  }

  @Test(
    "A key is the file's octets without the line's end, or hexadecimal digits",
    arguments: [
      ("swordfish", "swordfish"), ("swordfish\n", "swordfish"), ("swordfish\r\n", "swordfish"),
      ("hex:73776f726466697368\n", "swordfish"), ("hex:73 77:6F:72 64 66 69 73 68", "swordfish"),
      (" sword fish ", " sword fish "), ("swordfish\n\n", "swordfish\n")
    ])
  func contents(text: String, key: String) throws {
    let folder = try Folder()
    let loaded = Self.load(try folder.put("k", Array(text.utf8)))
    #expect(loaded.problems == [])
    #expect(
      loaded.chains["a"]?.keys == [try AuthenticationKey(id: 7, type: .keyedSHA1, secret: Array(key.utf8))])
  }

  @Test(
    "A file that is no key is refused, with what to do, and without a word of what is in it",
    arguments: [
      ("", "the key is empty", "keyed-sha1 takes 1 to 20 octets"), ("\n", "the key is empty", "1 to 20"),
      ("swordfishswordfishsword", "the key has 23 octets; at most 20 are possible", "1 to 20 octets"),
      ("hex:0", "not pairs of hexadecimal digits", "hex:0f1e2d"), ("hex:swordfish", "not pairs", "hex:0f1e2d"),
      ("hex:", "the key is empty", "1 to 20"),
      (String(repeating: "swordfish", count: 30), "it is too long for a key", "1 to 20 octets")
    ])
  func noKey(text: String, message: String, help: String) throws {
    let folder = try Folder()
    let file = try folder.put("k", Array(text.utf8))
    let loaded = Self.load(file)
    #expect(loaded.chains["a"]?.keys == [])
    let problem = try #require(loaded.problems.first)
    #expect(problem.file == file && problem.message.contains(message), "\(problem)")
    #expect(problem.help?.contains(help) == true)
    #expect(!problem.diagnostic.rendered.contains("swordfish"))
    #expect(problem.diagnostic.severity == .error)
  }

  @Test(
    "A file that others may use is refused, and chmod is named",
    arguments: [mode_t(0o640), 0o604, 0o620, 0o602, 0o610, 0o644, 0o777])
  func permissions(mode: mode_t) throws {
    let folder = try Folder()
    let file = try folder.put("k", [1], mode: mode)
    let problem = try #require(Self.load(file).problems.first)
    #expect(problem.message.contains("others than its owner may use it (its mode is 0\(String(mode, radix: 8)))"))
    #expect(problem.help == "chmod 600 \(file)")
    chmod(file, 0o400)
    #expect(Self.load(file).problems == [])
  }

  @Test("A file of another user is refused", .enabled(if: geteuid() == 0)) func owner() throws {
    let folder = try Folder()
    let file = try folder.put("k", [1])
    chown(file, 12_345, 0)
    #expect(Self.load(file).problems.map(\.message) == ["it belongs to user 12345, who can change it"])
  }

  @Test("A symbolic link is followed, and the file at its end is what counts") func links() throws {
    let folder = try Folder()
    let file = try folder.put("k", [1], mode: 0o644)
    symlink(file, "\(folder.path)/link")
    #expect(Self.load("\(folder.path)/link").problems.first?.message.contains("0644") == true)
    chmod(file, 0o600)
    #expect(Self.load("\(folder.path)/link").problems == [])
  }

  @Test("What is missing is a warning for a check elsewhere; what is no file is an error") func others() throws {
    let folder = try Folder()
    let missing = try #require(Self.load("\(folder.path)/none").problems.first)
    #expect(missing.isOutOfReach && missing.diagnostic.severity == .warning)
    #expect(missing.diagnostic.rendered.contains("chmod 600 \(folder.path)/none"))
    #expect(Self.load(folder.path).problems.map(\.message) == ["this is not a regular file"])
    mkfifo("\(folder.path)/fifo", 0o600)
    #expect(Self.load("\(folder.path)/fifo").problems.map(\.message) == ["this is not a regular file"])
  }

  @Test("A key that fails leaves the others of its chain") func partly() throws {
    let folder = try Folder()
    let good = try folder.put("good", [1])
    let keys = [
      C.BFDKey(id: 1, type: .keyedMD5, file: good), C.BFDKey(id: 2, type: .keyedMD5, file: "\(folder.path)/none")
    ]
    let loaded = C.BFDSettings(keyChains: [C.BFDKeyChain(name: "a", keys: keys)]).loadKeys()
    #expect(loaded.chains["a"]?.keys.map(\.id) == [1])
    #expect(loaded.problems.count == 1)
  }
}
