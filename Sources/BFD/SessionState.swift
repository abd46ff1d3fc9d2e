/// The state of a session, in two bits of every packet (RFC 5880 section 4.1).
public enum SessionState: UInt8, Hashable, Sendable, CaseIterable {
  case adminDown = 0
  case down = 1
  case `init` = 2
  case up = 3
}

extension SessionState: CustomStringConvertible {
  public var description: String {
    switch self {
    case .adminDown: "AdminDown"
    case .down: "Down"
    case .`init`: "Init"
    case .up: "Up"
    }
  }
}
