import ConfigurationFile
import Glibc
import Netlink
import NamespaceDiagnosis
import NetworkNamespaces

/// One namespace: held open, and a netlink socket in it.
struct Place: ~Copyable, Sendable {
  let namespace: NetworkNamespace
  /// Whether it is the namespace this process runs in: then nothing has to be entered, which would need
  /// CAP_SYS_ADMIN. The caller's thread must not have left it.
  let isOwn: Bool
  var netlink: NetlinkSocket

  init(_ namespace: consuming NetworkNamespace, isOwn: Bool = false) throws(NetlinkError) {
    netlink = isOwn ? try NetlinkSocket() : try NetlinkSocket(in: namespace)
    self.namespace = namespace
    self.isOwn = isOwn
  }

  /// The namespace of this process, of a thread that has not left it.
  static func own() throws(NetlinkError) -> Place {
    try Place(asNetlink { () throws(SystemCallError) in try NetworkNamespace.current() }, isOwn: true)
  }

  /// Runs `body` on a thread in this namespace.
  func run<T: Sendable>(_ body: @Sendable () throws(SystemCallError) -> T) throws(SystemCallError) -> T {
    if isOwn { return try body() }
    return try namespace.perform(body)
  }

  /// A second socket and descriptor of the same namespace.
  func duplicate() throws(NetlinkError) -> Place {
    try Place(asNetlink { () throws(SystemCallError) in try namespace.duplicate() }, isOwn: isOwn)
  }
}

/// The two namespaces that a plan is about.
struct GatewaySockets: ~Copyable, Sendable {
  let wanted: GatewayConfiguration.Namespace
  /// The one everway was started in.
  var home: Place
  /// The gateway's; nil while there is none.
  var gateway: Place?
  /// Whether both are one namespace.
  private(set) var isOne = false

  /// Of this process: to be called on a thread that has not left the namespace the process was started in.
  init(_ wanted: GatewayConfiguration.Namespace) throws(NetlinkError) {
    try self.init(wanted, home: Place.own())
  }

  /// With any namespace in the part of the one everway was started in.
  init(_ wanted: GatewayConfiguration.Namespace, home: consuming Place) throws(NetlinkError) {
    self.wanted = wanted
    self.home = home
    try open()
  }

  /// Opens the gateway's namespace if it is there and whole. One that is open already is kept, also when its name is
  /// gone.
  mutating func open() throws(NetlinkError) {
    if gateway != nil { return }
    guard case .named(let name) = wanted else {
      gateway = try home.duplicate()
      isOne = true
      return
    }
    let state = try asNetlink { () throws(SystemCallError) in try NetworkNamespace.state(named: name) }
    guard let identity = state.identity else { return }
    isOne = try asNetlink { () throws(SystemCallError) in try identity == home.namespace.identity() }
    gateway =
      isOne
      ? try home.duplicate()
      : try Place(asNetlink { () throws(SystemCallError) in try NetworkNamespace(named: name) })
  }

  /// Works in the gateway's namespace.
  /// - Throws: ENOENT when it is not open, and what `body` throws.
  mutating func inGateway<T>(
    _ body: (_ gateway: inout Place, _ home: inout Place) throws(NetlinkError) -> T
  ) throws(NetlinkError) -> T {
    guard var place = gateway.take() else {
      throw NetlinkError("use the gateway's namespace", code: ENOENT, hint: "create it first")
    }
    let result: Result<T, NetlinkError>
    do throws(NetlinkError) {
      result = .success(try body(&place, &home))
    } catch {
      result = .failure(error)
    }
    gateway = consume place
    return try result.get()
  }

  /// A second descriptor of the gateway's namespace; nil while there is none.
  mutating func gatewayNamespace() throws(NetlinkError) -> NetworkNamespace? {
    guard gateway != nil else { return nil }
    let descriptor = try inGateway { place, _ throws(NetlinkError) in
      let copy = fcntl(place.namespace.descriptor, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else { throw NetlinkError("duplicate a namespace's descriptor", code: errno) }
      return copy
    }
    return NetworkNamespace(owning: descriptor)
  }

  /// Mends the name of the gateway's namespace, and opens it.
  mutating func repairNamespace(_ repair: NamespaceRepair) throws(NetlinkError) {
    try asNetlink { () throws(SystemCallError) in
      let evidence = try NetworkNamespace.evidence(named: repair.name, marks: repair.marks)
      let now = NamespaceRepair.make(evidence)
      // What was planned is what is done, or nothing: between look and deed the state may have become another.
      guard now.safety == .automatic else {
        throw SystemCallError(
          "repair \(repair.name)", code: EAGAIN,
          hint: "its state has changed: see `everway netns check \(repair.name)`")
      }
      if !now.isEmpty { try NamespaceRepairer.carryOut(now, evidence) }
    }
    try open()
  }

  /// Makes the gateway's namespace.
  mutating func createNamespace(named name: String) throws(NetlinkError) {
    gateway = try Place(asNetlink { () throws(SystemCallError) in try NetworkNamespace.create(named: name) })
  }
}

/// Turns the one kind of error into the other: a plan's reader need not know which call failed.
func asNetlink<T: ~Copyable>(_ body: () throws(SystemCallError) -> T) throws(NetlinkError) -> T {
  do throws(SystemCallError) {
    return try body()
  } catch {
    throw NetlinkError(error)
  }
}
