import FoundationEssentials
import Lab
import Processes
import Testing

/// Who asked the API server for what, by its own audit log.
struct Audit {
  /// `list pods`, `patch ovn-eips.kubeovn.io/status`.
  struct Right: Hashable, Comparable, CustomStringConvertible {
    var verb: String
    var resource: String
    var description: String { "\(verb) \(resource)" }

    static func < (one: Self, other: Self) -> Bool { one.description < other.description }

    init(verb: String, group: String, resource: String, subresource: String? = nil) {
      self.verb = verb
      self.resource =
        (group.isEmpty ? resource : "\(resource).\(group)") + (subresource.map { "/\($0)" } ?? "")
    }
  }

  private struct Event: Decodable {
    struct User: Decodable { var username: String }
    struct Object: Decodable {
      var apiGroup: String?
      var resource: String?
      var subresource: String?
    }
    var verb: String
    var user: User
    var objectRef: Object?
    var annotations: [String: String]?
  }

  /// For kube-apiserver; the log is beside what the lab keeps of it.
  static func flags(_ folder: String) throws -> [String] {
    try Command("mkdir", ["-p", folder]).run()
    try Command("tee", ["\(folder)/audit.yaml"]).run(
      input: "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
    return ["--audit-policy-file", "\(folder)/audit.yaml", "--audit-log-path", "\(folder)/audit.log"]
  }

  /// What `user` was allowed and what he was refused so far.
  static func read(_ folder: String, user: String) throws -> (allowed: Set<Right>, refused: Set<Right>) {
    var allowed: Set<Right> = []
    var refused: Set<Right> = []
    let text = try Command("cat", ["\(folder)/audit.log"]).capture(in: nil).output
    for line in text.split(separator: "\n") where line.contains("\"\(user)\"") {
      // The last line may be half written.
      guard let event = try? JSONDecoder().decode(Event.self, from: Data(line.utf8)), event.user.username == user,
        let object = event.objectRef, let resource = object.resource
      else { continue }
      let right = Right(
        verb: event.verb, group: object.apiGroup ?? "", resource: resource, subresource: object.subresource)
      switch event.annotations?["authorization.k8s.io/decision"] {
      case "allow": allowed.insert(right)
      case "forbid": refused.insert(right)
      default: continue
      }
    }
    return (allowed, refused)
  }
}

/// What roles of RBAC give.
struct Roles: Decodable {
  struct Rule: Decodable {
    var apiGroups: [String]?
    var resources: [String]?
    var verbs: [String]
  }
  struct Item: Decodable {
    struct Metadata: Decodable { var name: String }
    var metadata: Metadata
    var rules: [Rule]?
  }
  var items: [Item]

  /// Of those whose name begins so.
  func rights(_ prefix: String) -> Set<Audit.Right> {
    var result: Set<Audit.Right> = []
    for rule in items.filter({ $0.metadata.name.hasPrefix(prefix) }).flatMap({ $0.rules ?? [] }) {
      for group in rule.apiGroups ?? [] {
        for resource in rule.resources ?? [] {
          let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
          for verb in rule.verbs {
            result.insert(
              Audit.Right(
                verb: verb, group: group, resource: parts[0], subresource: parts.count > 1 ? parts[1] : nil))
          }
        }
      }
    }
    return result
  }
}
