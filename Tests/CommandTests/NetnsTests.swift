import Glibc
import Processes
import Testing

/// `everway netns` as a process; names carry the PID.
@Suite(.enabled(if: geteuid() == 0), .serialized) struct NamespaceCommands {
  private let directory = "/tmp"

  /// A name of this process's, removed afterwards with what stands there.
  private func withName(_ tag: String, _ body: (_ name: String, _ path: String) throws -> Void) rethrows {
    let name = "ewt-\(getpid())-\(tag)"
    let path = "/run/netns/\(name)"
    defer {
      sh("umount -l \(path) 2>/dev/null; rm -df \(path) /run/netns/.everway-repair-\(name)")
    }
    try body(name, path)
  }

  @discardableResult private func sh(_ script: String) -> Int32 {
    guard let said = try? Command("sh", ["-c", script]).capture(timeout: .seconds(60)),
      case .exited(let code) = said.status
    else { return -1 }
    return code
  }

  private func everway(_ arguments: String) -> Binary.Result {
    Binary.run(arguments.split(separator: " ").map(String.init), in: directory)
  }

  @Test func aBrokenNameIsCheckedRepairedAndHealthy() throws {
    withName("cmd") { name, path in
      #expect(everway("netns check \(name)").status == 1)
      // By its links: this name is to be made anew, whatever else lives on this machine.
      sh("mkdir -p /run/netns; : > \(path)")
      let check = everway("netns check \(name) --interface evm0")
      #expect(check.status == 1)
      #expect(check.output.contains("a plain file stands"))
      #expect(check.output.contains("mode 0644"))
      let dry = everway("netns repair \(name) --interface evm0 --dry-run")
      #expect(dry.status == 0)
      #expect(everway("netns check \(name)").status == 1)
      let repair = everway("netns repair \(name) --interface evm0")
      #expect(repair.status == 0, "\(repair.errors)")
      #expect(repair.output.contains("\(name): healthy: net:["))
      #expect(everway("netns check \(name)").status == 0)
      #expect(everway("netns repair \(name)").output.contains("nothing to repair"))
    }
  }

  @Test func whatIsGuardedIsLeftAloneWithoutAnAnswer() throws {
    withName("fifo") { name, path in
      sh("mkdir -p /run/netns; mkfifo \(path)")
      let refused = everway("netns repair \(name) --interface evm0")
      #expect(refused.status == 1)
      #expect(refused.errors.contains("--yes"))
      #expect(everway("netns check \(name)").output.contains("special file"))
      #expect(everway("netns repair \(name) --interface evm0 --yes").status == 0)
    }
  }

  @Test func theAnswersAreInChineseWhereThatIsAskedFor() throws {
    withName("zh") { name, path in
      sh("mkdir -p /run/netns; mkdir \(path)")
      #expect(everway("netns check \(name) --lang zh").output.contains("是一个目录"))
    }
  }

  @Test func jsonHasStateRepairAndEvidence() throws {
    withName("json") { name, path in
      sh("mkdir -p /run/netns; ln -s /run/netns/nowhere \(path)")
      let said = everway("netns check \(name) --json --interface evm0")
      #expect(said.status == 1)
      for key in ["\"state\" : \"danglingSymlink\"", "\"linkTarget\"", "\"surroundings\"", "\"steps\""] {
        #expect(said.output.contains(key), "\(key)")
      }
      #expect(everway("netns list --json").output.contains("\"name\" : \"\(name)\""))
    }
  }

  @Test func execRunsInsideAndPassesTheStatus() throws {
    withName("exec") { name, path in
      sh("ip netns add \(name)")
      let inside = everway("netns exec \(name) -- readlink /proc/self/ns/net")
      #expect(inside.status == 0)
      #expect(everway("netns check \(name)").output.contains(inside.output.filter { $0 != "\n" }))
      #expect(Binary.run("netns", "exec", name, "--", "sh", "-c", "exit 7", in: directory).status == 7)
      #expect(everway("netns exec \(name) -- /nonexistent").status == 127)
      #expect(everway("netns exec ewt-none-\(getpid()) -- true").status == 1)
    }
  }

  @Test func execEntersWhatIsMountedOnlyElsewhere() throws {
    withName("else") { name, path in
      let file = "/tmp/ewt-\(getpid())-pid"
      defer {
        sh("kill $(cat \(file)); rm -f \(file)")
      }
      sh(
        "(echo $BASHPID; exec unshare --mount --propagation slave sh -c 'echo $$ > \(file).new; ip netns add \(name) && "
          + "mv \(file).new \(file); exec sleep 300') >/dev/null 2>&1 & for i in $(seq 500); do test -f \(file) && break; sleep 0.02; done"
      )
      let check = everway("netns check \(name)")
      #expect(check.status == 1)
      #expect(check.output.contains("mounted only in the mount namespace of sleep"), "\(check.output)")
      let inside = everway("netns exec \(name) -- readlink /proc/self/ns/net")
      #expect(inside.status == 0, "\(inside.errors)")
      let repair = everway("netns repair \(name)")
      #expect(repair.status == 0, "\(repair.errors)")
      #expect(repair.output.contains(inside.output.filter { $0 != "\n" }))
      #expect(repair.output.contains("Bidirectional"))
    }
  }

  @Test func theSelfTestPassesHereAndLeavesNothing() {
    let said = everway("netns selftest --json")
    #expect(said.status == 0, "\(said.output)")
    #expect(said.output.contains("\"across\""))
    #expect(!said.output.contains("\"failed\""))
    #expect(sh("ls /run/netns | grep -q everway-selftest") == 1)
  }

  @Test(arguments: [
    ("setpriv --bounding-set -sys_admin --inh-caps -sys_admin", "CAP_SYS_ADMIN is missing"),
    ("unshare --user --map-root-user", "not the machine's first user namespace"),
    (
      "unshare --user --map-root-user --mount --net sh -c 'echo 0 > /proc/sys/user/max_net_namespaces; mount -t tmpfs t /run && exec \"$@\"' -",
      "limit of 0"
    )
  ])
  func theSelfTestSaysWhatForbids(wrapper: String, reason: String) {
    let output = "/tmp/ewt-\(getpid())-selftest"
    defer { unlink(output) }
    let status = sh("\(wrapper) \(Binary.path) netns selftest > \(output) 2>&1")
    let text = (try? Self.text(output)) ?? ""
    #expect(status == 1, "\(text)")
    #expect(text.contains(reason), "\(text)")
    #expect(text.contains("skipped"))
  }

  @Test func aMountNamespaceThatPassesNothingOnIsSaid() throws {
    let output = "/tmp/ewt-\(getpid())-slave"
    defer { unlink(output) }
    #expect(sh("unshare --mount --propagation slave \(Binary.path) netns selftest > \(output)") == 1)
    #expect(try Self.text(output).contains("FAILED  be seen by the host"))
    #expect(try Self.text(output).contains("Bidirectional"))
  }

  private static func text(_ path: String) throws -> String {
    let file = try #require(fopen(path, "re"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
