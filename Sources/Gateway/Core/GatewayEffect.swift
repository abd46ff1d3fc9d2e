import BFD

/// What the core wants done. The engine carries effects out in order: groups are changed before peers are told, so
/// that a drained path carries nothing any more when its peer hears of it.
enum GatewayEffect: Hashable, Sendable {
  /// Make the kernel's group this; `cause` is when what led to it happened.
  case group(Int, GroupDecision, cause: Instant)
  /// Keep a peer's sessions down, or let them go.
  case hold(peer: Int, Session.Hold?)
  /// Something to record and to show.
  case event(GatewayEvent)
}
