import Glibc
import OVSDBProtocol

extension NorthboundWriter {
  /// Makes a row of BFD anew, so that a status which nobody corrects goes (OVN issues 320 and 322).
  ///
  /// Two transactions. The first takes the row away from its routes and policies, deletes it, and notes in their
  /// external_ids what it was. When northd has taken the session out of the southbound database, the second makes it again
  /// with the same UUID (so that Kube-OVN's `bfdId` stays right) and sets it where it was. In between, some tens of
  /// milliseconds, the routes are unsupervised: OVN uses them all.
  ///
  /// When this process dies in between, `finishRenewals` of another one does the rest.
  /// - Parameters:
  ///   - bfd: the row's UUID.
  ///   - timeout: for northd.
  /// - Returns: the row's UUID: another one where the server is older than Open vSwitch 2.17 or Kube-OVN was faster.
  @discardableResult
  public func renew(bfd: String, timeout: Duration = .seconds(10)) throws(ClusterWriteError) -> String {
    let what = "renew BFD row \(bfd)"
    let id = try Self.id(bfd, what)
    let present = try row("BFD", id, RenewalNote.columns, what)
    guard let note = RenewalNote(present, id: id, begunAt: Int64(time(nil))) else {
      throw ClusterWriteError("\(what): it has no logical_port or no dst_ip")
    }
    let cfg = try takeAway(note, present, what)
    let isGone = try? hasFollowed(note, cfg, timeout, what)
    // Whatever northd does, the routes get their supervision back.
    let new = try finish(note, what)
    guard isGone == true else {
      throw ClusterWriteError(
        "\(what): northd did not follow within \(timeout), so OVN's status may still be the old one: does ovn-northd run?"
      )
    }
    return new
  }

  /// Finishes what a process that died has begun.
  /// - Parameters:
  ///   - age: younger ones are left to who began them.
  ///   - now: seconds since 1970-01-01T00:00:00Z.
  /// - Returns: which sessions: `vpc1-external204 10.204.0.11`.
  @discardableResult
  public func finishRenewals(olderThan age: Duration = .seconds(60), now: Int64) throws(ClusterWriteError)
    -> [String]
  {
    let what = "finish renewals of BFD rows"
    var notes: [String: RenewalNote] = [:]
    for table in [Self.routes, Self.policies] {
      for row in try north.select(what, table, ["external_ids"]) {
        for (key, value) in row.row.strings("external_ids") {
          guard let note = RenewalNote(key: key, value: value), now - note.begunAt >= age.components.seconds else {
            continue
          }
          notes[key] = note
        }
      }
    }
    var done: [String] = []
    for note in notes.values.sorted(by: { $0.key < $1.key }) {
      try finish(note, "finish the renewal of \(note.destination)")
      done.append("\(note.port) \(note.destination)")
    }
    return done
  }

  // MARK: Steps

  /// - Returns: the value of NB_Global.nb_cfg that northd copies into sb_cfg when it has followed.
  private func takeAway(
    _ note: RenewalNote, _ present: Row, _ what: String
  ) throws(ClusterWriteError) -> Int64 {
    var operations: [DatabaseOperation] = [.assert("BFD", note.id, present)]
    let routes = try north.select(
      what, Self.routes, where: [Condition("bfd", .equal, .row(note.id))], ["bfd"])
    for route in routes {
      guard let id = route.id else { continue }
      operations += [
        .assert(Self.routes, id, Row(["bfd": .row(note.id)])),
        .update(table: Self.routes, where: [.id(id)], row: Row(["bfd": .empty])),
        .setKeys(Self.routes, where: [.id(id)], "external_ids", [note.key: note.value])
      ]
    }
    for policy in try policies(Condition("bfd_sessions", .includes, .row(note.id)), what) {
      guard let id = policy.id else { continue }
      operations += [
        .assert(Self.policies, id, policy.row),
        .mutate(
          table: Self.policies, where: [.id(id)], mutations: [Mutation("bfd_sessions", .delete, .row(note.id))]),
        .setKeys(Self.policies, where: [.id(id)], "external_ids", [note.key: note.value])
      ]
    }
    operations += [
      .delete(table: "BFD", where: [.id(note.id)]),
      .comment("everway: renew BFD \(note.port) \(note.destination)"),
      .mutate(table: "NB_Global", where: [], mutations: [Mutation("nb_cfg", .add, 1)]),
      .select(table: "NB_Global", columns: ["nb_cfg"])
    ]
    let results = try north.commit(what, operations)
    return results.last?.rows.first?.row.integer("nb_cfg") ?? 0
  }

  /// Waits until northd has done what the northbound database asks for.
  private func hasFollowed(
    _ note: RenewalNote, _ cfg: Int64, _ timeout: Duration, _ what: String
  ) throws(ClusterWriteError) -> Bool {
    try north.wait(timeout) { () throws(ClusterWriteError) in
      if let south {
        return try south.select(what, "BFD", where: Self.session(note.port, note.destination), ["dst_ip"]).isEmpty
      }
      return try (north.select(what, "NB_Global", ["sb_cfg"]).first?.row.integer("sb_cfg") ?? 0) >= cfg
    }
  }

  /// Puts the row back, or takes the one that somebody else has made meanwhile.
  @discardableResult
  private func finish(_ note: RenewalNote, _ what: String) throws(ClusterWriteError) -> String {
    var problem: ClusterWriteError?
    var keepsID = true
    for _ in 0..<5 {
      do throws(ClusterWriteError) { return try putBack(note, keepsID: keepsID, what) } catch {
        problem = error
        // A server that does not know it says that an unexpected member is there.
        if error.kind == .failed, error.message.contains("syntax error") || error.message.contains("uuid") {
          keepsID = false
        } else if error.kind != .conflict {
          break
        }
      }
    }
    throw problem ?? ClusterWriteError(what)
  }

  private func putBack(
    _ note: RenewalNote, keepsID: Bool, _ what: String
  ) throws(ClusterWriteError) -> String {
    let session = Self.session(note.port, note.destination)
    let other = try north.select(what, "BFD", where: session, ["dst_ip"]).first
    var operations: [DatabaseOperation]
    let reference: Datum
    if let other, let id = other.id {
      operations = [.assert("BFD", id, other.row)]
      reference = .row(id)
    } else {
      operations = [
        .assertNone("BFD", where: session, column: "dst_ip"),
        .insert(table: "BFD", row: note.row, name: "session", id: keepsID ? note.id : nil)
      ]
      reference = .named("session")
    }
    for route in try north.select(what, Self.routes, ["bfd", "external_ids"])
    where route.row.string("external_ids", key: note.key) != nil {
      guard let id = route.id else { continue }
      operations.append(.assert(Self.routes, id, Row(["bfd": route.row["bfd"] ?? .empty])))
      // One that somebody gave another row keeps it.
      if route.row.references("bfd").isEmpty {
        operations.append(.update(table: Self.routes, where: [.id(id)], row: Row(["bfd": reference])))
      }
      operations.append(.setKeys(Self.routes, where: [.id(id)], "external_ids", [note.key: nil]))
    }
    for policy in try policies(nil, what) where policy.row.string("external_ids", key: note.key) != nil {
      guard let id = policy.id else { continue }
      operations += [
        .mutate(
          table: Self.policies, where: [.id(id)], mutations: [Mutation("bfd_sessions", .insert, reference)]),
        .setKeys(Self.policies, where: [.id(id)], "external_ids", [note.key: nil])
      ]
    }
    let results = try north.commit(what, operations + [.comment("everway: renewed BFD \(note.destination)")])
    return (other?.id ?? results[1].inserted)?.description ?? ""
  }

  /// Policies refer to BFD since OVN 24.03; before that there are none.
  private func policies(
    _ condition: Condition?, _ what: String
  ) throws(ClusterWriteError) -> [OperationResult.SelectedRow] {
    do throws(ClusterWriteError) {
      return try north.select(
        what, Self.policies, where: condition.map { [$0] } ?? [], ["bfd_sessions", "external_ids"])
    } catch {
      guard error.message.contains("bfd_sessions") else { throw error }
      return []
    }
  }
}
