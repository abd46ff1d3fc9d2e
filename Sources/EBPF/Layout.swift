/// What the program and this process share of a session: one element of an array in memory of both.
///
/// Offsets in octets. Everything that is compared with a packet stands as it does in the packet, whatever the machine's
/// byte order.
enum Record {
  /// 4: which repetition is expected, another number for each; 0 for none. Written last, and 0 before all the rest.
  static let generation = 0
  /// 4: the interface it must come in by, 0 for any.
  static let interface = 4
  /// 2: EtherType, in network order.
  static let ethertype = 8
  /// 1: the least TTL.
  static let timeToLive = 10
  /// 1: whether the destination is compared.
  static let comparesDestination = 11
  /// 4: the number of the socket.
  static let socket = 12
  /// 24: the UDP payload.
  static let payload = 16
  /// 16: where from; IPv4 in the first four.
  static let source = 40
  /// 16: where to; likewise.
  static let destination = 56
  /// 8: nanoseconds since the last arrival after which a packet is news again.
  static let longestGap = 72
  /// 8: CLOCK_MONOTONIC of the last packet that was swallowed, or what this process said was the last.
  static let arrival = 80
  /// 8: how many were swallowed.
  static let count = 88
  /// 8: the most nanoseconds between one that was swallowed and the arrival before it.
  static let worstGap = 96
  static let size = 104
}

/// What the program and this process share of a socket: a part of the only element of another array.
enum SocketEntry {
  /// 8: repetitions it has swallowed.
  static let swallowed = 0
  /// 8: packets it has dropped because no session asks for them.
  static let unknown = 8
  /// 4: whether it drops those.
  static let dropsUnknown = 16
  /// A line of the cache, so that two CPUs that serve two sockets do not meet in it.
  static let size = 64
  /// How many sockets there can be.
  static let limit = 256
}
