/// The node: kernel, rights, limits.
public struct MachineFacts: Codable, Hashable, Sendable {
  /// `uname -r`.
  public var kernel: String?
  /// PRETTY_NAME of os-release.
  public var distribution: String?

  public init() {}
}
