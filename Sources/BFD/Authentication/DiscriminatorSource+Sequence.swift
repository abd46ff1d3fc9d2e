extension DiscriminatorSource {
  /// The sequence number that a session's first packet has at a time: random to others, as RFC 5880 section 6.8.1 asks,
  /// and one more for every second, so that a session that starts again soon is still in its peer's window
  /// (docs/decisions/0010).
  /// - Parameter seconds: since 1970.
  public func sequenceOrigin(for key: SessionKey, seconds: Int64) -> UInt32 {
    // No session needs so many attempts for its discriminator.
    discriminator(for: key, attempt: .max) &+ UInt32(truncatingIfNeeded: seconds)
  }
}
