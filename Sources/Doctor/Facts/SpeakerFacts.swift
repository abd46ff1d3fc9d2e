/// Who speaks BFD here, and how it goes.
public struct SpeakerFacts: Codable, Hashable, Sendable {
  public init() {}
}
