extension TrafficRecording {
  /// Judges what was recorded. Pure; takes about 20 ns for a datagram in a release build.
  /// - Parameter shareMilliseconds: the length of one `TrafficReport.Share`.
  public func report(shareMilliseconds: Int = 100) -> TrafficReport {
    var flows = Array(repeating: TrafficReport.Flow(), count: flowCount)
    let fates = fates(&flows)
    var gaps: [(flow: Int, gap: TrafficReport.Gap)] = []
    var moves: [TrafficReport.Move] = []
    for flow in 0..<flowCount {
      let start = flow * sendTimes.count
      trace(fates[start..<start + sendTimes.count], flow: flow, &flows[flow], &gaps)
      moves += flows[flow].moves
    }
    gaps.sort { ($0.gap.start, $0.flow) < ($1.gap.start, $1.flow) }
    moves.sort { ($0.time, $0.flow) < ($1.time, $1.flow) }
    let worst = worstSendGap()
    return TrafficReport(
      pathNames: pathNames, flows: flows, gaps: gaps, moves: moves,
      shares: shares(fates, length: Int64(max(1, shareMilliseconds)) * 1_000_000), marks: marks, health: health,
      duration: .nanoseconds(sendTimes.last ?? 0), worstSendGap: .nanoseconds(worst.length),
      worstSendGapTime: .nanoseconds(worst.end))
  }

  /// What became of each datagram, flow by flow; `path` counts from zero.
  private enum Fate {
    static let lost: UInt8 = 0
    static let unsent: UInt8 = 1
    /// Arrived, by none of the paths.
    static let stray: UInt8 = 2
    static func arrived(_ path: UInt8) -> UInt8 { path == Arrival.unknownPath ? stray : path &+ 3 }
    static func path(_ fate: UInt8) -> Int? { fate >= 3 ? Int(fate) - 3 : nil }
  }

  /// Also counts what needs the order of arrival: duplicates and reordering.
  private func fates(_ flows: inout [TrafficReport.Flow]) -> [UInt8] {
    let count = sendTimes.count
    var fates = [UInt8](repeating: Fate.lost, count: flowCount * count)
    for datagram in unsent where Int(datagram.flow) < flowCount && Int(datagram.sequence) < count {
      fates[Int(datagram.flow) * count + Int(datagram.sequence)] = Fate.unsent
    }
    var highest = [Int](repeating: -1, count: flowCount)
    for arrival in arrivals {
      let (flow, sequence) = (Int(arrival.flow), Int(arrival.sequence))
      guard flow < flowCount, sequence < count else { continue }
      let index = flow * count + sequence
      if fates[index] != Fate.lost {
        flows[flow].duplicated += 1
        continue
      }
      fates[index] = Fate.arrived(arrival.path)
      if sequence < highest[flow] { flows[flow].reordered += 1 } else { highest[flow] = sequence }
    }
    return fates
  }

  /// Follows one flow through time: what it lost, where it went.
  private func trace(
    _ fates: ArraySlice<UInt8>, flow: Int, _ result: inout TrafficReport.Flow,
    _ gaps: inout [(flow: Int, gap: TrafficReport.Gap)]
  ) {
    var lastArrival: Int64 = 0
    var lost = 0
    var way: UInt8 = 0
    func close(_ end: Int64) {
      if lost == 0 { return }
      let gap = TrafficReport.Gap(start: .nanoseconds(lastArrival), end: .nanoseconds(end), packets: lost)
      gaps.append((flow, gap))
      if gap.length > result.longestGap?.length ?? .zero { result.longestGap = gap }
      lost = 0
    }
    for (sequence, fate) in fates.enumerated() where fate != Fate.unsent {
      result.sent += 1
      if fate == Fate.lost {
        lost += 1
        continue
      }
      let time = sendTimes[sequence]
      result.received += 1
      close(time)
      lastArrival = time
      if fate == way { continue }
      if way == 0 {
        result.firstPath = Fate.path(fate)
      } else {
        result.moves.append(
          TrafficReport.Move(time: .nanoseconds(time), flow: flow, from: Fate.path(way), to: Fate.path(fate)))
      }
      way = fate
    }
    close(sendTimes.last ?? 0)
  }

  private func shares(_ fates: [UInt8], length: Int64) -> [TrafficReport.Share] {
    guard let last = sendTimes.last else { return [] }
    var shares = (0...Int(last / length)).map {
      TrafficReport.Share(
        start: .nanoseconds(Int64($0) * length), received: Array(repeating: 0, count: pathNames.count), lost: 0)
    }
    for (index, fate) in fates.enumerated() where fate != Fate.unsent {
      let slot = Int(sendTimes[index % sendTimes.count] / length)
      if fate == Fate.lost {
        shares[slot].lost += 1
      } else if let path = Fate.path(fate), path < pathNames.count {
        shares[slot].received[path] += 1
      }
    }
    return shares
  }

  private func worstSendGap() -> (length: Int64, end: Int64) {
    zip(sendTimes.dropFirst(), sendTimes).map { ($0 - $1, $0) }.max { $0.0 < $1.0 } ?? (0, 0)
  }
}
