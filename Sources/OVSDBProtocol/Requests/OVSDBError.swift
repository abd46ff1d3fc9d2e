/// What a server says when it refuses (RFC 7047 section 3.1, `<error>`).
public struct ServerError: Hashable, Sendable, CustomStringConvertible {
  /// Such as `constraint violation`; `""` when it said something else than RFC 7047 has it.
  public var tag: String
  /// More words, if it had any.
  public var details: String?

  public init(tag: String, details: String? = nil) {
    self.tag = tag
    self.details = details
  }

  init(_ json: JSONValue) {
    // ovsdb-server answers an unknown method with a bare string.
    tag = json.string ?? json["error"]?.string ?? ""
    details = json["details"]?.string ?? (tag.isEmpty ? json.excerpt() : nil)
  }

  public var description: String {
    switch (tag.isEmpty, details) {
    case (false, let details?): "\(tag): \(details)"
    case (false, nil): tag
    case (true, let details): details ?? "an error without words"
    }
  }
}

/// Why a transaction failed. Nothing of it was done.
public struct TransactionFailure: Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// A value, a number of elements or a unique index does not allow it.
    case constraintViolation
    /// A row would be named that is not there, or is still named by others.
    case referentialIntegrityViolation
    /// The member is not the leader, or lost that while it worked. It may be tried again.
    case notLeader
    /// The condition of a `wait` did not come true in time, or the cluster did not agree in time.
    case timedOut
    /// By `abort`, or by the client's word.
    case aborted
    /// No memory, no disk, or the disk failed.
    case resources
    /// Not allowed to this client (role-based access control), or the database is read-only.
    case permission
    /// The request makes no sense to this database: an unknown table or column, a value of another type.
    case badRequest
    case other
  }

  public var kind: Kind
  public var error: ServerError
  /// Which step, from 0; nil when all went through and the commit failed.
  public var step: Int?
  /// That step in words, such as `insert into Bridge`.
  public var operation: String?

  init(_ error: ServerError, step: Int?, of operations: [Operation]) {
    self.error = error
    self.step = step
    operation = step.map { step in
      let name = operations[step].name
      return operations[step].table.map { "\(name) in \($0)" } ?? name
    }
    kind = Self.kind(error)
  }

  private static func kind(_ error: ServerError) -> Kind {
    switch error.tag {
    case "constraint violation": .constraintViolation
    case "referential integrity violation": .referentialIntegrityViolation
    case "not leader": .notLeader
    // raft's own words stand in the details.
    case "cluster error":
      error.details?.contains("leader") == true
        ? .notLeader : error.details?.contains("time") == true ? .timedOut : .other
    case "timed out", "timeout": .timedOut
    case "aborted", "canceled": .aborted
    case "resources exhausted", "I/O error": .resources
    case "permission error", "not allowed", "not owner": .permission
    case "syntax error", "unknown column", "unknown table", "unknown database", "domain error", "range error",
      "duplicate uuid-name", "not supported":
      .badRequest
    default: .other
    }
  }

  public var description: String {
    switch (step, operation) {
    case (let step?, let operation?): "step \(step + 1) (\(operation)): \(error)"
    default: "at the commit: \(error)"
    }
  }
}

/// What can go wrong between a caller and a database, with the server it went wrong at.
public enum OVSDBError: Error, Hashable, Sendable {
  /// A connection string that is none.
  case address(text: String, reason: String)
  /// No connection came about.
  case unreachable(server: String, reason: String)
  /// TLS: files that cannot be used, a certificate that is not accepted.
  case tls(server: String, reason: String)
  /// The connection broke, or the server fell silent.
  case lost(server: String, reason: String)
  /// The connection broke behind a transaction: whether it was done is not known. Look, then decide.
  case outcomeUnknown(server: String, reason: String)
  /// A member of a cluster that is not the leader, when only the leader will do.
  case notLeader(server: String, database: String)
  /// A member of a cluster, or a relay, that has lost the others.
  case notInCluster(server: String, database: String)
  /// A server without this database.
  case noDatabase(server: String, database: String)
  /// A member that has not caught up with what was read before.
  case outdated(server: String, database: String)
  /// The server refused a request.
  case refused(server: String, request: String, ServerError)
  /// A transaction failed, and nothing of it was done.
  case transaction(TransactionFailure)
  /// Time was up. `reason` says what was waited for, or what went wrong last.
  case timedOut(waitingFor: String, after: Duration, reason: String)
  /// The server sent what RFC 7047 does not allow.
  case malformed(server: String, String)
  /// A row does not have the form that the program expects.
  case row(RowDecodingError)
  /// Every server of the list failed, one after the other.
  case allFailed([OVSDBError])
  /// The client was closed.
  case closed
}

extension OVSDBError {
  /// Said by members that live and will have a leader soon.
  var isOfAnElection: Bool {
    switch self {
    case .notLeader, .notInCluster, .outdated: true
    default: false
    }
  }
}

extension OVSDBError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .address(let text, let reason): "'\(text)' is no address of an OVSDB server: \(reason)"
    case .unreachable(let server, let reason): "cannot connect to \(server): \(reason)"
    case .tls(let server, let reason): "no TLS connection to \(server): \(reason)"
    case .lost(let server, let reason): "the connection to \(server) was lost: \(reason)"
    case .outcomeUnknown(let server, let reason):
      "the connection to \(server) was lost before it answered, the transaction may have been done or not: \(reason)"
    case .notLeader(let server, let database): "\(server) is not the leader of \(database)"
    case .notInCluster(let server, let database): "\(server) has lost the other members of \(database)'s cluster"
    case .noDatabase(let server, let database): "\(server) has no database \(database)"
    case .outdated(let server, let database): "\(server) has an older \(database) than was read before"
    case .refused(let server, let request, let error): "\(server) refused \(request): \(error)"
    case .transaction(let failure): "the transaction failed \(failure.step == nil ? "" : "in ")\(failure)"
    case .timedOut(let what, let duration, let reason):
      "no \(what) within \(duration)\(reason.isEmpty ? "" : ": \(reason)")"
    case .malformed(let server, let reason):
      "\(server.isEmpty ? "the server" : server) sent what is no OVSDB: \(reason)"
    case .row(let error): error.description
    case .allFailed(let errors): errors.map(\.description).joined(separator: "; ")
    case .closed: "the client is closed"
    }
  }
}
