/// Something that stands between the configuration and the machine: what, where in the configuration, what to do.
public struct Problem: Hashable, Sendable, Codable {
  public enum Severity: String, Hashable, Sendable, Codable {
    /// A part of the configuration cannot be carried out.
    case error
    /// It can, but probably not with the effect meant.
    case warning
  }

  public var severity: Severity
  /// One sentence without a full stop.
  public var what: String
  /// The field it comes from, as `interfaces[0].mtu`; empty for the machine as a whole.
  public var field: String
  /// What to do about it, a phrase.
  public var remedy: String

  public init(_ what: String, field: String, remedy: String, severity: Severity = .error) {
    self.severity = severity
    self.what = what
    self.field = field
    self.remedy = remedy
  }
}

extension Problem: CustomStringConvertible {
  /// `interfaces[0].mtu: mtu 9000 is more than net1 takes (1500); …`
  public var description: String { "\(field.isEmpty ? "" : "\(field): ")\(what); \(remedy)" }
}
