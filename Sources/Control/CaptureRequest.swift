/// What `everway capture` asks for.
public struct CaptureRequest: Hashable, Sendable {
  /// Names of peers and allow entries; empty: all.
  public var peers: [String]
  /// Also packets that belong to no session.
  public var discarded: Bool
  /// The packets kept so far instead of those to come.
  public var last: Bool

  public init(peers: [String] = [], discarded: Bool = false, last: Bool = false) {
    self.peers = peers
    self.discarded = discarded
    self.last = last
  }
}
