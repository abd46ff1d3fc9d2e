/// What those who watch know of sessions, by their numbers, and of which they have to be told.
struct LookedSessions {
  private struct Told {
    var discriminator: UInt32
    var stamp: UInt64
  }

  private var told: [Told?] = []
  /// Discriminators of sessions that were not found again.
  private var gone: [UInt32] = []
  /// Of which something was told since the last look, which may be little or nothing to those who watch.
  private(set) var touched: [Int] = []
  /// Something has changed that concerns any session.
  private(set) var mustSeeAll = true

  /// All numbers of sessions that are known are less.
  var count: Int { told.count }

  mutating func touch(_ session: Int) {
    // A burst of events costs a look at all, and no more.
    guard !mustSeeAll else { return }
    if touched.count >= 256 { mustSeeAll = true } else { touched.append(session) }
  }

  /// Sessions have come or gone, or their order.
  mutating func touchAll() { mustSeeAll = true }

  /// Has every session told whole: something has changed that their stamps do not show, such as what the configuration says
  /// of them, their keys, or why they are held.
  mutating func forgetStamps() {
    mustSeeAll = true
    for session in told.indices { told[session]?.stamp = 0 }
  }

  /// - Returns: whether a session is not as it was told.
  mutating func isNews(_ session: Int, _ discriminator: UInt32, _ stamp: UInt64) -> Bool {
    while told.count <= session { told.append(nil) }
    if let old = told[session], old.discriminator == discriminator, old.stamp == stamp { return false }
    forget(session)
    told[session] = Told(discriminator: discriminator, stamp: stamp)
    return true
  }

  /// A session is not there.
  mutating func forget(_ session: Int) {
    guard session < told.count, let old = told[session] else { return }
    gone.append(old.discriminator)
    told[session] = nil
  }

  /// - Parameter isWhole: whether all sessions were looked at.
  /// - Returns: discriminators that no session has any more.
  mutating func endLook(isWhole: Bool) -> [UInt32] {
    touched.removeAll(keepingCapacity: true)
    if isWhole { mustSeeAll = false }
    guard !gone.isEmpty else { return [] }
    // A session that was made anew may have its discriminator again, under another number.
    let there = Set(told.compactMap { $0?.discriminator })
    defer { gone.removeAll() }
    return gone.filter { !there.contains($0) }
  }
}
