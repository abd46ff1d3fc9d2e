// A bundle, a row or an API object may leave out a list or a map that is empty; the decoders that the compiler writes
// for facts then take it for empty; a file of another module must import this one for that.
extension KeyedDecodingContainer {
  package func decode<T: Decodable>(_ type: [T].Type, forKey key: Key) throws -> [T] {
    try decodeIfPresent(type, forKey: key) ?? []
  }

  package func decode<T: Decodable>(_ type: [String: T].Type, forKey key: Key) throws -> [String: T] {
    try decodeIfPresent(type, forKey: key) ?? [:]
  }

  package func decode<T>(_ type: Gathered<T>.Type, forKey key: Key) throws -> Gathered<T> {
    try decodeIfPresent(type, forKey: key) ?? .unavailable("not in the bundle")
  }
}

/// A part of facts whose members may all be left out, and so it itself.
package protocol EmptyWhenAbsent: Decodable {
  init()
}

extension KeyedDecodingContainer {
  package func decode<T: EmptyWhenAbsent>(_ type: T.Type, forKey key: Key) throws -> T {
    try decodeIfPresent(type, forKey: key) ?? T()
  }
}

extension ClusterFacts.Node.Status: EmptyWhenAbsent {}
extension ClusterFacts.Pod.Spec: EmptyWhenAbsent {}
extension ClusterFacts.Pod.Status: EmptyWhenAbsent {}
extension ClusterFacts.Vpc.Spec: EmptyWhenAbsent {}
extension ClusterFacts.Subnet.Spec: EmptyWhenAbsent {}
