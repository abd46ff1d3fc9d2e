/// What became of one object.
public struct ObjectChange<T: Sendable>: Sendable {
  public var key: ObjectKey
  /// nil: it is new here.
  public var old: T?
  /// nil: it is gone.
  public var new: T?

  public init(key: ObjectKey, old: T?, new: T?) {
    self.key = key
    self.old = old
    self.new = new
  }
}

/// A copy of a resource's objects. What cannot be read is left out; what was read before stays as it was then.
package struct ObjectReplica<T: Decodable & Sendable>: Sendable {
  private struct Entry {
    var value: T
    var uid: String?
    var resourceVersion: String?
  }

  private var entries: [ObjectKey: Entry] = [:]
  /// More objects than this are not kept.
  private let most: Int

  package init(most: Int = 200_000) { self.most = most }

  package var values: [ObjectKey: T] { entries.mapValues(\.value) }

  /// - Returns: what changed, by name, and what could not be read.
  package mutating func replace(
    with list: [LossyObject<T>]
  ) throws(KubernetesError) -> (changes: [ObjectChange<T>], undecodable: [UndecodableObject]) {
    guard list.count <= most else { throw tooMany }
    var (changes, undecodable): ([ObjectChange<T>], [UndecodableObject]) = ([], [])
    var missing = Set(entries.keys)
    for object in list {
      missing.remove(object.header.metadata.key)
      switch set(object) {
      case .success(let change): if let change { changes.append(change) }
      case .failure(let problem): undecodable.append(problem)
      }
    }
    for key in missing {
      changes.append(ObjectChange(key: key, old: entries.removeValue(forKey: key)?.value, new: nil))
    }
    return (changes.sorted { $0.key < $1.key }, undecodable)
  }

  /// - Returns: nil when it is known already in this version.
  package mutating func take(
    _ object: LossyObject<T>
  ) throws(KubernetesError) -> Result<ObjectChange<T>?, UndecodableObject> {
    guard entries.count < most || entries[object.header.metadata.key] != nil else { throw tooMany }
    return set(object)
  }

  package mutating func remove(_ key: ObjectKey) -> ObjectChange<T>? {
    entries.removeValue(forKey: key).map { ObjectChange(key: key, old: $0.value, new: nil) }
  }

  private mutating func set(_ object: LossyObject<T>) -> Result<ObjectChange<T>?, UndecodableObject> {
    let metadata = object.header.metadata
    let old = entries[metadata.key]
    if let old, let version = metadata.resourceVersion, old.resourceVersion == version, old.uid == metadata.uid {
      return .success(nil)
    }
    switch object.value {
    case .success(let value):
      entries[metadata.key] = Entry(value: value, uid: metadata.uid, resourceVersion: metadata.resourceVersion)
      return .success(ObjectChange(key: metadata.key, old: old?.value, new: value))
    case .failure(let failure):
      return .failure(UndecodableObject(key: metadata.key, reason: failure.reason))
    }
  }

  private var tooMany: KubernetesError { .decoding(what: "a list", reason: "it has more than \(most) objects") }
}

extension UndecodableObject: Error {}
