// A bundle, a row or an API object may leave out a list or a map that is empty; the decoders that the compiler writes
// for this module's facts then take it for empty.
extension KeyedDecodingContainer {
  func decode<T: Decodable>(_ type: [T].Type, forKey key: Key) throws -> [T] {
    try decodeIfPresent(type, forKey: key) ?? []
  }

  func decode<T: Decodable>(_ type: [String: T].Type, forKey key: Key) throws -> [String: T] {
    try decodeIfPresent(type, forKey: key) ?? [:]
  }

  func decode<T>(_ type: Gathered<T>.Type, forKey key: Key) throws -> Gathered<T> {
    try decodeIfPresent(type, forKey: key) ?? .unavailable("not in the bundle")
  }
}

/// A part of facts whose members may all be left out, and so it itself.
protocol EmptyWhenAbsent: Decodable {
  init()
}

extension KeyedDecodingContainer {
  func decode<T: EmptyWhenAbsent>(_ type: T.Type, forKey key: Key) throws -> T {
    try decodeIfPresent(type, forKey: key) ?? T()
  }
}

extension MachineFacts.Limits: EmptyWhenAbsent {}
extension MachineFacts.CPU: EmptyWhenAbsent {}
extension MachineFacts.Memory: EmptyWhenAbsent {}
extension ClusterFacts.Node.Status: EmptyWhenAbsent {}
extension ClusterFacts.Pod.Spec: EmptyWhenAbsent {}
extension ClusterFacts.Pod.Status: EmptyWhenAbsent {}
extension ClusterFacts.Vpc.Spec: EmptyWhenAbsent {}
extension ClusterFacts.Subnet.Spec: EmptyWhenAbsent {}
