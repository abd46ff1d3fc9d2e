extension ClientCore {
  /// Sends a transaction as soon as there is a server for it.
  /// - Parameter id: not used before.
  package mutating func transact(
    _ id: TransactionID, _ operations: [JSONValue], deadline: Moment, now: Moment
  ) -> [ClientEffect] {
    if phase == .stopped {
      effects.append(.complete(id, .failure(lastProblem ?? .closed)))
    } else {
      transactions[id] = Transaction(operations: operations, deadline: deadline, begin: now)
      if isReady { send(id) }
    }
    return drain(&effects)
  }

  /// The caller does not want it any more. Whether it was done is not known if it had been sent.
  package mutating func cancelTransaction(_ id: TransactionID) -> [ClientEffect] {
    if let transaction = transactions[id] {
      abandon(id, transaction)
      let error: OVSDBError =
        transaction.request == nil
        ? .closed : .outcomeUnknown(server: serverName, reason: "the caller went away")
      effects.append(.complete(id, .failure(error)))
    }
    return drain(&effects)
  }

  mutating func send(_ id: TransactionID) {
    guard let transaction = transactions[id], transaction.request == nil else { return }
    let params = JSONValue.array([.string(settings.database)] + transaction.operations)
    let request = request("transact", params, .transaction(id))
    transactions[id]?.request = request
  }

  mutating func expireTransactions(now: Moment) {
    for (id, transaction) in transactions.sorted(by: { $0.key < $1.key }) where now >= transaction.deadline {
      abandon(id, transaction)
      let after = transaction.deadline - transaction.begin
      let error: OVSDBError =
        if transaction.request == nil {
          .timedOut(
            waitingFor: "server that takes transactions", after: after, reason: lastProblem?.description ?? "")
        } else {
          .outcomeUnknown(server: serverName, reason: "no answer within \(after)")
        }
      effects.append(.complete(id, .failure(error)))
    }
  }

  /// Forgets it, and asks the server to (RFC 7047 section 4.1.4).
  private mutating func abandon(_ id: TransactionID, _ transaction: Transaction) {
    transactions[id] = nil
    guard let request = transaction.request, requests.removeValue(forKey: request) != nil else { return }
    effects.append(
      .send(.object(["method": .string("cancel"), "params": .array([.integer(request)]), "id": .null])))
  }
}
