import BFD

/// How long a peer may go on sending its traffic here after it was told, or was left without a word, to move it.
enum Drainage {
  /// OVN writes a timeout to its southbound database at once, and has its flows changed 10 to 900 ms later, with 1000
  /// switches, 200 routers and 73,000 flows. Nanoseconds.
  static let afterSilence: Int64 = 2_000_000_000
  /// OVN writes what a packet told it up to 5 s later (pinctrl.c, BFD_UPDATE_TIMEOUT). Nanoseconds.
  static let afterWordToOVN: Int64 = 6_000_000_000

  /// Nanoseconds from the drain on for which traffic must still be forwarded for a session's peer; 0 when there is none.
  static func time(for session: Session) -> Int64 {
    guard let remote = session.remote else { return 0 }
    if session.isMute { return (remote.state == .up ? session.peerDetectionTime : 0) + afterSilence }
    return session.peerDetectionTime + margin(for: session)
  }

  /// Nanoseconds from the moment when the peer no longer says Up until it has moved its traffic.
  static func margin(for session: Session) -> Int64 {
    if session.isMute { return afterSilence }
    return session.configuration.compatibility.contains(.ovn) ? afterWordToOVN : 0
  }
}
