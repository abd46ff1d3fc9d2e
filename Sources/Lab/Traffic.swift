import CLinux
import Glibc
import NetworkNamespaces
import Synchronization

/// Traffic that runs until it is stopped: every flow sends a numbered datagram in each interval, and the server notes
/// which arrived, in which order and by which way. Two threads; both sleep most of the time.
public final class Traffic: Sendable {
  public let plan: TrafficPlan

  private struct Sent: Sendable {
    var times: [Int64] = []
    var unsent: [TrafficRecording.Unsent] = []
    var skipped = 0
    var seconds = 0.0
  }
  private struct Received: Sendable {
    var arrivals: [TrafficRecording.Arrival] = []
    var strangers = 0
    var drops = 0
    var seconds = 0.0
  }

  /// Shared with the threads, which outlive nothing of it.
  private final class Controls: Sendable {
    let senderStops = Atomic(false)
    let receiverStops = Atomic(false)
    let sent = Atomic(0)
    let received = Atomic(0)
  }

  private let controls = Controls()
  private let start: MonotonicTime
  private let backlogDrops: Int
  private let marks = Mutex<[TrafficRecording.Mark]>([])
  private let threads: Mutex<(sender: LabThread<Sent>, receiver: LabThread<Received>)?>

  /// Opens the sockets and begins to send.
  /// - Throws: `LabError` when a port is taken, a path's interface is missing or a destination has no route.
  public init(_ plan: TrafficPlan, from client: LabNamespace, to server: LabNamespace) throws(LabError) {
    self.plan = plan
    let interfaces = plan.paths.map(\.interface)
    let (receiving, indices) = try server.perform { () throws(SystemCallError) in
      var indices: [UInt32] = []
      for interface in interfaces {
        let index = if_nametoindex(interface)
        guard index != 0 else { throw SystemCallError("find the interface \(interface)") }
        indices.append(index)
      }
      return (try TrafficSockets.receiving(port: plan.port), indices)
    }
    let sending: [Int32]
    do throws(LabError) {
      sending = try client.perform { () throws(SystemCallError) in
        try TrafficSockets.sending(plan.flows, port: plan.port)
      }
    } catch {
      close(receiving)
      throw error
    }
    let token = UInt32.random(in: 1...UInt32.max)
    let (controls, start) = (controls, MonotonicTime.now())
    self.start = start
    backlogDrops = Self.backlogDrops()
    let receiver = LabThread(name: "lab-receiver") {
      Self.receive(receiving, token: token, indices: indices, plan: plan, controls: controls)
    }
    let sender = LabThread(name: "lab-sender") {
      Self.send(sending, token: token, start: start, plan: plan, controls: controls)
    }
    threads = Mutex((sender, receiver))
  }

  /// Datagrams sent and received so far.
  public var counts: (sent: Int, received: Int) {
    (controls.sent.load(ordering: .relaxed), controls.received.load(ordering: .relaxed))
  }

  /// When the traffic began: the zero of its recording's times.
  public var begun: MonotonicTime { start }

  /// Since the traffic began.
  public var elapsed: Duration { MonotonicTime.now() - start }

  /// Writes down that something happens now, or happened at `time`.
  public func mark(_ name: String, at time: MonotonicTime = .now()) {
    marks.withLock {
      $0.append(TrafficRecording.Mark(name: name, nanoseconds: (time - start).wholeNanoseconds))
    }
  }

  /// Stops sending, waits for what is under way, and judges. A second call finds nothing.
  /// - Parameter settle: how long datagrams may be under way.
  public func stop(settle: Duration = .milliseconds(200)) -> TrafficReport { finish(settle: settle).report() }

  /// As `stop`, but hands out what was recorded.
  public func finish(settle: Duration = .milliseconds(200)) -> TrafficRecording {
    let threads = threads.withLock { threads in
      defer { threads = nil }
      return threads
    }
    controls.senderStops.store(true, ordering: .releasing)
    let sent = threads?.sender.join() ?? Sent()
    if threads != nil { (MonotonicTime.now() + settle).sleep() }
    controls.receiverStops.store(true, ordering: .releasing)
    let received = threads?.receiver.join() ?? Received()
    var health = TrafficHealth()
    health.skippedIntervals = sent.skipped
    health.senderSeconds = sent.seconds
    health.socketDrops = received.drops
    health.strangers = received.strangers
    health.receiverSeconds = received.seconds
    health.backlogDrops = Self.backlogDrops() - backlogDrops
    return TrafficRecording(
      flowCount: plan.flows.count, pathNames: plan.paths.map(\.name),
      intervalNanoseconds: Int64(plan.intervalMicroseconds) * 1000, sendTimes: sent.times, unsent: sent.unsent,
      arrivals: received.arrivals, marks: marks.withLock { $0.sorted { $0.nanoseconds < $1.nanoseconds } },
      health: health)
  }

  deinit { _ = finish(settle: .zero) }

  // MARK: The threads

  /// Payload: token, flow, sequence number, zero; each 32 bits as this machine keeps them.
  private static func send(
    _ sockets: [Int32], token: UInt32, start: MonotonicTime, plan: TrafficPlan, controls: Controls
  ) -> Sent {
    defer { for socket in sockets { close(socket) } }
    // A sender that waits for the processor measures the machine, not the network. Lowest real-time priority: above
    // ordinary work, below everway's own thread; without the capability TrafficHealth tells what it missed.
    var parameters = sched_param(sched_priority: 1)
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters)
    var result = Sent()
    result.times.reserveCapacity(plan.expectedSeconds * 1_000_000 / max(1, plan.intervalMicroseconds))
    let interval = UInt64(max(1, plan.intervalMicroseconds)) * 1000
    var deadline = start.nanoseconds
    var payload: [UInt32] = [token, 0, 0, 0]
    while !controls.senderStops.load(ordering: .acquiring) {
      MonotonicTime(nanoseconds: deadline).sleep()
      let now = MonotonicTime.now().nanoseconds
      let sequence = UInt32(truncatingIfNeeded: result.times.count)
      result.times.append(Int64(now - start.nanoseconds))
      payload[2] = sequence
      for flow in sockets.indices {
        payload[1] = UInt32(truncatingIfNeeded: flow)
        // A connected socket may first report what an earlier datagram met: ask twice.
        if Glibc.send(sockets[flow], payload, 16, Int32(MSG_DONTWAIT)) != 16,
          Glibc.send(sockets[flow], payload, 16, Int32(MSG_DONTWAIT)) != 16
        {
          result.unsent.append(.init(sequence: sequence, flow: UInt16(truncatingIfNeeded: flow)))
        }
      }
      controls.sent.add(sockets.count, ordering: .relaxed)
      deadline += interval
      // Never in a burst to catch up: the spacing is what a loss is measured with.
      let late = now > deadline ? (now - deadline) / interval + 1 : 0
      result.skipped += Int(late)
      deadline += late * interval
    }
    result.seconds = threadSeconds()
    return result
  }

  private static func receive(
    _ socket: Int32, token: UInt32, indices: [UInt32], plan: TrafficPlan, controls: Controls
  ) -> Received {
    defer { close(socket) }
    var result = Received()
    result.arrivals.reserveCapacity(
      plan.expectedSeconds * plan.flows.count * 1_000_000 / max(1, plan.intervalMicroseconds))
    // Owned by this thread alone; what it points to stays valid until the next receive.
    guard let batch = cl_rx_batch_create() else { return result }
    defer { cl_rx_batch_destroy(batch) }
    while true {
      let isLast = controls.receiverStops.load(ordering: .acquiring)
      while case let count = cl_rx_batch_receive(batch, socket), count > 0 {
        for item: Int32 in 0..<Int32(count) {
          guard let datagram = cl_rx_batch_datagram(batch, item), let payload = cl_rx_batch_payload(batch, item)
          else {
            continue
          }
          let words = UnsafeRawPointer(payload)
          guard datagram.pointee.length == 16, words.loadUnaligned(as: UInt32.self) == token else {
            result.strangers += 1
            continue
          }
          var path = TrafficRecording.Arrival.unknownPath
          for index in indices.indices where indices[index] == datagram.pointee.interface_index {
            path = UInt8(truncatingIfNeeded: index)
          }
          result.arrivals.append(
            TrafficRecording.Arrival(
              sequence: words.loadUnaligned(fromByteOffset: 8, as: UInt32.self),
              flow: UInt16(truncatingIfNeeded: words.loadUnaligned(fromByteOffset: 4, as: UInt32.self)), path: path)
          )
        }
        controls.received.add(Int(count), ordering: .relaxed)
      }
      if isLast { break }
      // Arrival is not timed, so the queue may fill for a while: a few hundred wake-ups a second instead of thousands.
      (MonotonicTime.now() + .milliseconds(4)).sleep()
    }
    result.drops = TrafficSockets.drops(socket)
    result.seconds = threadSeconds()
    return result
  }

  private static func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The second column of /proc/net/softnet_stat, hexadecimal, one line for each processor.
  private static func backlogDrops() -> Int {
    guard let text = try? Files.read("/proc/net/softnet_stat") else { return 0 }
    return Files.lines(text).reduce(0) { sum, line in
      let fields = line.split(separator: " ")
      return sum + (fields.count > 1 ? Int(fields[1], radix: 16) ?? 0 : 0)
    }
  }
}
