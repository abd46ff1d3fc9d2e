import Cluster
public import Addresses

/// ARP or neighbour discovery: who has this address?
public struct NeighbourProbe: Codable, Hashable, Sendable {
  public var link: String
  public var address: IPAddress
  public var purpose: Purpose
  /// Whom the question came from; nil for an ARP probe (RFC 5227 section 2.1.1), which has no sender's address.
  public var source: IPAddress?
  /// Our own on that link.
  public var ownMAC: MACAddress?
  /// Questions sent.
  public var sent = 0
  /// Who said that it has the address, each once.
  public var answers: [MACAddress] = []
  /// Why nothing could be asked.
  public var problem: String?

  public enum Purpose: String, Codable, Hashable, Sendable {
    /// Is the gateway there?
    case gateway
    /// Does somebody else have our own address? (RFC 5227)
    case duplicate
  }

  public init(link: String, address: IPAddress, purpose: Purpose, sent: Int = 0, answers: [MACAddress] = []) {
    self.link = link
    self.address = address
    self.purpose = purpose
    self.sent = sent
    self.answers = answers
  }
}

/// Echo requests of several sizes, none of which may be fragmented, all sent at once.
public struct PathProbe: Codable, Hashable, Sendable {
  public var link: String
  public var address: IPAddress
  /// Of the link, in octets.
  public var mtu: Int
  /// Sizes of the whole IP packets that were sent, in octets, ascending.
  public var sizes: [Int] = []
  /// Those that were answered.
  public var answered: [Int] = []
  /// The smallest MTU that an ICMP error named, and who said so.
  public var reportedMTU: Int?
  public var reporter: IPAddress?
  /// Why nothing could be sent.
  public var problem: String?

  public init(link: String, address: IPAddress, mtu: Int, sizes: [Int] = [], answered: [Int] = []) {
    self.link = link
    self.address = address
    self.mtu = mtu
    self.sizes = sizes
    self.answered = answered
  }
}
