import Control
import Glibc

/// One node's stream: `everway watch --json` in its pod, begun again whenever it ends. Times are milliseconds of the
/// monotonic clock.
final class NodeStream {
  let pod: GatewayPods.Pod
  private let options: KubectlOptions
  private var child: ChildProcess?
  private var cutter = LineCutter()
  private var errors = StreamErrors()
  private var heardAt: Int64 = 0
  private var retryAt: Int64 = 0

  private static let pause: Int64 = 2_000
  /// Longer than a busy API server takes to begin, and so long that a gateway which stands still for a moment keeps it.
  private static let patience: Int64 = 10_000

  /// What came since the last time.
  struct News {
    var messages: [ObservationMessage] = []
    /// Why nothing comes any more.
    var complaint: String?
  }

  init(_ pod: GatewayPods.Pod, _ options: KubectlOptions) {
    self.pod = pod
    self.options = options
  }

  var descriptors: [Int32] { child?.open ?? [] }

  func run(now: Int64) -> News {
    guard pod.isRunning else { return News(complaint: "its pod \(pod.name) is \(pod.phase)") }
    guard let child else {
      guard now >= retryAt else { return News() }
      return start(now)
    }
    var news = News()
    // Errors first: a message that comes with one is newer.
    if let said = child.read(child.errorOutput), !said.isEmpty { news.complaint = errors.take(said) }
    guard let octets = child.read(child.output) else {
      let status = child.end(isOver: true)
      if let said = child.read(child.errorOutput) { _ = errors.take(said) }
      return stop(now, errors.last ?? "the stream has ended: \(status)")
    }
    if !octets.isEmpty {
      cutter.append(octets)
      guard !cutter.isOverlong else { return stop(now, "what its pod says is no stream") }
      news.messages = cutter.lines().compactMap { ObservationMessage($0) }
      if !news.messages.isEmpty { news.complaint = nil }
      heardAt = now
    } else if now - heardAt > Self.patience {
      return stop(now, errors.last ?? "its pod says nothing")
    }
    return news
  }

  private func start(_ now: Int64) -> News {
    (cutter, errors, heardAt) = (LineCutter(), StreamErrors(), now)
    do throws(CommandError) {
      child = try ChildProcess(
        GatewayPods.execution(
          options, pod, ["watch", "--json", "--end-with-input"], keepsInputOpen: true))
      return News()
    } catch {
      return stop(now, error.message)
    }
  }

  private func stop(_ now: Int64, _ why: String) -> News {
    child = nil
    retryAt = now + Self.pause
    return News(complaint: why)
  }
}

/// What kubectl, and everway behind it, say on standard error. Pure.
struct StreamErrors {
  private var rest = ""
  /// The last line that says why.
  private(set) var last: String?

  /// - Returns: why nothing comes, if that was said.
  mutating func take(_ octets: [UInt8]) -> String? {
    let lines = (rest + String(decoding: octets, as: UTF8.self)).split(
      separator: "\n", omittingEmptySubsequences: false)
    rest = lines.last.map(String.init) ?? ""
    var found: String?
    for line in lines.dropLast() {
      if line.hasPrefix("everway: reached again") {
        (found, last) = (nil, nil)
      } else if line.hasPrefix("everway: ") {
        found = String(line.dropFirst("everway: ".count))
      } else if !Self.ignored.contains(where: line.hasPrefix), !line.isEmpty, last == nil, found == nil {
        found = String(line)
      }
    }
    if let found { last = found }
    return found
  }

  /// What everway advises, and what kubectl says of every program that fails.
  private static let ignored = ["  ", "command terminated", "Defaulted container"]
}
