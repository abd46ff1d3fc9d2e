/// A table to watch.
public struct MonitoredTable: Hashable, Sendable {
  public var table: String
  /// nil for all columns. Those that the database does not have are left out (`DatabaseSnapshot.missing`).
  public var columns: [String]?
  /// Rows for which any of these holds; none means all rows (ovsdb-server(7), section 4.1.12). Needs a server of
  /// version 2.6.
  public var anyOf: [Condition]

  public init(_ table: String, columns: [String]? = nil, anyOf conditions: [Condition] = []) {
    self.table = table
    self.columns = columns
    self.anyOf = conditions
  }

  public init<R: OVSDBRow>(_ type: R.Type, anyOf conditions: [Condition] = []) {
    self.init(R.table, columns: R.columns, anyOf: conditions)
  }
}
