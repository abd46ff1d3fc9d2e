public import BFD

extension GatewayConfiguration {
  /// Keys that follow one another (RFC 5880 section 6.7; key chains as RFC 8177 describes them).
  public struct BFDKeyChain: Hashable, Sendable {
    /// Unique. A chain that a peer's or allow entry's short form made is named after it, with a blank: `peer tor-a`.
    public var name: String
    /// At least one; ids are unique.
    public var keys: [BFDKey]

    public init(name: String, keys: [BFDKey]) {
      self.name = name
      self.keys = keys
    }
  }

  /// A key of a chain, without its secret: that is in a file, and stays there until the keys are loaded.
  public struct BFDKey: Hashable, Sendable {
    /// Auth Key ID (RFC 5880 section 4.2): the same at both ends.
    public var id: UInt8
    public var type: AuthenticationType
    /// An absolute path.
    public var file: String
    public var send: Lifetime
    public var accept: Lifetime

    public init(
      id: UInt8, type: AuthenticationType, file: String, send: Lifetime = .always, accept: Lifetime = .always
    ) {
      self.id = id
      self.type = type
      self.file = file
      self.send = send
      self.accept = accept
    }
  }
}
