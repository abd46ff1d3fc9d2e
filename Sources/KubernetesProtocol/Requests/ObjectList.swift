/// All objects of a resource, at one moment.
public struct ObjectList<T: Sendable>: Sendable {
  /// In the server's order.
  public var items: [T] = []
  /// What a watch goes on from.
  public var resourceVersion: String = ""
  /// Objects that do not have the form of `T`; they are not among the items.
  public var undecodable: [UndecodableObject] = []

  public init() {}
}

/// An object that a program cannot read.
public struct UndecodableObject: Hashable, Sendable, CustomStringConvertible {
  public var key: ObjectKey
  /// Which field, and what is wrong with it.
  public var reason: String

  public init(key: ObjectKey, reason: String) {
    self.key = key
    self.reason = reason
  }

  public var description: String { "\(key): \(reason)" }
}

/// Which objects of a resource.
public struct ObjectSelection: Hashable, Sendable {
  /// nil for all namespaces, and for resources without any.
  public var namespace: String?
  /// Such as `app=kube-ovn-cni`.
  public var labels: String?
  /// Such as `metadata.name=ovn-external-gw-config`.
  public var fields: String?

  public static let all = ObjectSelection()

  public init(namespace: String? = nil, labels: String? = nil, fields: String? = nil) {
    self.namespace = namespace
    self.labels = labels
    self.fields = fields
  }

  /// One object by its name.
  public static func only(_ key: ObjectKey) -> Self {
    ObjectSelection(namespace: key.namespace, fields: "metadata.name=\(key.name)")
  }
}

/// An object, its header in any case.
package struct LossyObject<T: Decodable & Sendable>: Decodable, Sendable {
  package var header: ObjectHeader
  package var value: Result<T, UndecodableObject.Failure>

  package init(from decoder: any Decoder) throws {
    header = try ObjectHeader(from: decoder)
    do { value = .success(try T(from: decoder)) } catch {
      value = .failure(.init(reason: JSONText.reason(error, below: decoder.codingPath.count)))
    }
  }
}

extension UndecodableObject {
  package struct Failure: Error, Hashable {
    package var reason: String
  }
}

/// One page, as the server writes it.
package struct ListPage<T: Decodable & Sendable>: Decodable, Sendable {
  package struct Metadata: Decodable, Sendable {
    package var resourceVersion: String?
    package var `continue`: String?
  }
  package var metadata: Metadata
  package var items: [LossyObject<T>]?
}

extension KubernetesRequest {
  /// All objects of a resource, in pages: one answer for the caller. When the server forgets the pages' version in between
  /// (410), it starts over once, then asks for all at once.
  /// - Parameters:
  ///   - resourceVersion: nil for the newest; `0` for whatever the server has in memory, which it can tell without etcd.
  ///   - pageSize: objects.
  ///   - longest: octets of all pages together.
  public static func list<T: Decodable & Sendable>(
    _ type: T.Type = T.self, _ resource: KubernetesResource, _ selection: ObjectSelection = .all,
    resourceVersion: String? = nil, pageSize: Int = 500, longest: Int = 256 << 20
  ) -> Self where Answer == ObjectList<T> {
    pages(of: resource, longest: longest, isSecondTry: false) { limited, token in
      APIRequest(
        .get, resource.path(namespace: selection.namespace),
        query: [
          "labelSelector": selection.labels, "fieldSelector": selection.fields,
          "resourceVersion": token == nil ? resourceVersion : nil,
          "limit": limited ? String(pageSize) : nil, "continue": token
        ])
    }
  }

  private typealias Page = @Sendable (_ limited: Bool, _ token: String?) -> APIRequest

  private static func pages<T: Decodable & Sendable>(
    of resource: KubernetesResource, longest: Int, isSecondTry: Bool, _ page: @escaping Page
  ) -> Self where Answer == ObjectList<T> {
    step(ObjectList(), token: nil, octets: 0, of: resource, longest: longest, isSecondTry: isSecondTry, page)
  }

  private static func step<T: Decodable & Sendable>(
    _ list: ObjectList<T>, token: String?, octets: Int, of resource: KubernetesResource, longest: Int,
    isSecondTry: Bool, _ page: @escaping Page
  ) -> Self where Answer == ObjectList<T> {
    KubernetesRequest(page(!isSecondTry, token)) { result in
      do throws(KubernetesError) {
        let body = try result.get()
        let octets = octets + body.count
        guard octets <= longest else { throw .tooLarge(what: "the list of \(resource)", limit: longest) }
        let read = try JSONText.decode(ListPage<T>.self, body, what: "the list of \(resource)")
        var list = list
        list.add(read)
        guard let token = read.metadata.continue, !token.isEmpty else { return .done(.success(list)) }
        return .request(
          step(list, token: token, octets: octets, of: resource, longest: longest, isSecondTry: isSecondTry, page))
      } catch {
        if case .expired = error, token != nil, !isSecondTry {
          return .request(pages(of: resource, longest: longest, isSecondTry: true, page))
        }
        return .done(.failure(error))
      }
    }
  }
}

extension ObjectList where T: Decodable {
  mutating func add(_ page: ListPage<T>) {
    resourceVersion = page.metadata.resourceVersion ?? resourceVersion
    for item in page.items ?? [] {
      switch item.value {
      case .success(let value): items.append(value)
      case .failure(let failure):
        undecodable.append(UndecodableObject(key: item.header.metadata.key, reason: failure.reason))
      }
    }
  }
}
