import Control
import ControlTestSupport
import Glibc
import Testing

/// `everway top --cluster` on a terminal, with a kubectl that has three pods: two are gateways that this process plays; the
/// third's node is away.
@Suite struct ClusterTopProcessTests {
  private let directory = TemporaryDirectory()

  private func gateway(_ name: String) -> StreamServing {
    var report = Gateways.good()
    report.hostName = name
    return StreamServing(path: "\(directory.path)/\(name).sock", [.status(report)])
  }

  private func prepare() {
    let path = directory.path
    Binary.write(
      """
      #!/bin/sh
      case "$*" in *"get pods"*) exec cat \(path)/pods.json;; esac
      pod=$4; [ "$1 $7 $8 $9" = "exec --stdin -- everway" ] || exit 99
      shift 9
      case $pod in everway-gw3) echo "Error from server: no route to host" >&2; exit 1;; esac
      exec \(Binary.path) "$@" --socket \(path)/${pod#everway-}.sock
      """, to: "\(path)/kubectl")
    chmod("\(path)/kubectl", 0o755)
    let pods = ["gw1", "gw2", "gw3"].map {
      """
      {"metadata": {"name": "everway-\($0)"}, "spec": {"nodeName": "\($0)"}, "status": {"phase": "Running"}}
      """
    }
    Binary.write("{\"items\": [\(pods.joined(separator: ","))]}", to: "\(path)/pods.json")
  }

  @Test func `It shows all nodes, says which is silent or away, and opens one`() {
    prepare()
    let gateways = [gateway("gw1"), gateway("gw2")]
    let (pid, terminal) = Binary.start(
      onTerminal: "top", "--cluster", "--color", "never", searching: "\(directory.path):/usr/bin:/bin")
    // They are silent from now on.
    var text = Binary.read(terminal) {
      $0.contains("no route") && $0.contains("gw1  stale") && $0.contains("gw2  stale")
    }
    #expect(text.contains("3 gateway nodes"))
    #expect(text.contains("no route") && text.contains("gw1  stale") && text.contains("gw2  stale"))
    gateways[1].tell(.samples(Samples(at: Gateways.now, speaker: SpeakerSample(), sessions: [])))
    text = Binary.read(terminal) { $0.contains("gw2  good") }
    #expect(text.contains("gw2  good"))
    type(terminal, "s")
    text = Binary.read(terminal) { $0.contains("sort: name") }
    type(terminal, "\r")
    text = Binary.read(terminal) { $0.contains("on gw1") && $0.contains("Esc nodes") }
    #expect(text.contains("on gw1") && text.contains("what stands here is old"))
    type(terminal, "\u{1b}")
    text = Binary.read(terminal) { $0.contains("3 gateway nodes") }
    #expect(text.contains("3 gateway nodes"))
    type(terminal, "q")
    #expect(Binary.wait(for: pid) == 0)
    close(terminal)
    // Nothing is left running behind it.
    for _ in 0..<3_000 where gateways.contains(where: { $0.streamCount > 0 }) { usleep(10_000) }
    #expect(gateways.map(\.streamCount) == [0, 0])
    for name in ["kubectl", "pods.json", "gw1.sock", "gw2.sock"] { unlink("\(directory.path)/\(name)") }
  }

  @Test func `Without kubectl it says so before it takes the screen`() {
    let (pid, terminal) = Binary.start(onTerminal: "top", "--cluster", searching: directory.path)
    let text = Binary.read(terminal) { $0.contains("kubectl") && $0.contains("\n") }
    #expect(Binary.wait(for: pid) == 3)
    #expect(text.hasPrefix("everway: ") && text.contains("kubectl"))
    close(terminal)
  }

  private func type(_ terminal: Int32, _ keys: String) {
    _ = write(terminal, keys, keys.utf8.count)
  }
}
