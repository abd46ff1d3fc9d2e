extension OVNDrill {
  /// SIGKILL of everway on one gateway; forwarding stays up. Back: it is started again.
  public func speakerKilled(_ number: Int) throws(LabError) -> OVNOutcome {
    let node = try cluster.gateway(number)
    return try measure(.speakerKilled, "everway on \(node.name) killed", Shape(victim: node)) {
      node.killEverway()
    } back: { () throws(LabError) in
      try node.startEverway()
    }
  }

  /// A node is taken out of service in order: it forwards until nothing comes any more.
  /// - Parameter drain: has a node's everway drain, or take that back.
  public func drained(
    _ number: Int, _ drain: (OVNGatewayNode, Bool) throws(LabError) -> Void
  ) throws(LabError) -> OVNOutcome {
    let node = try cluster.gateway(number)
    return try measure(.drained, "\(node.name) drained", Shape(victim: node)) { () throws(LabError) in
      try drain(node, true)
    } back: { () throws(LabError) in
      try drain(node, false)
    }
  }

  /// The physical gateway does not answer one node any more, which OVN cannot see; only everway can tell it.
  public func uplinkLost(_ number: Int) throws(LabError) -> OVNOutcome {
    let node = try cluster.gateway(number)
    return try measure(.uplinkLost, "uplink of \(node.name) lost", Shape(victim: node)) { () throws(LabError) in
      try node.loseUplink()
    } back: { () throws(LabError) in
      try node.restoreUplink()
    }
  }

  /// A whole node without power. When it has the router's port, that must move.
  ///
  /// When everway's nodes repair what OVN leaves stale then, `lost.unhealed` is 0 and `lost.healed` says how soon.
  /// - Parameters:
  ///   - lasts: how long it stays away after OVN has taken that in; with a `repair` as long again after it.
  ///   - repair: done by hand after that.
  public func chassisDead(
    _ number: Int, lasts: Duration = .seconds(4), repair: (() throws(LabError) -> Void)? = nil
  ) throws(LabError) -> OVNOutcome {
    let node = try cluster.gateway(number)
    let isActive = try cluster.activeChassis() == node.name
    let shape = Shape(victim: isActive ? nil : node, movesPort: isActive, lasts: lasts, repair: repair)
    return try measure(
      isActive ? .activeDead : .standbyDead, "\(node.name) dead (\(isActive ? "active" : "standby"))", shape
    ) { () throws(LabError) in
      try node.crash()
    } back: { () throws(LabError) in
      try node.boot()
    }
  }

  /// SIGKILL of one gateway's ovs-vswitchd, and another at once. The userspace datapath leaves a dead `ovnext0` in its
  /// namespace then, and has a new one outside.
  public func switchRestarted(_ number: Int) throws(LabError) -> OVNOutcome {
    let node = try cluster.gateway(number)
    let before = session(node)?.timesDown ?? 0
    return try measure(.switchRestarted, "ovs-vswitchd on \(node.name) restarted", Shape(lasts: .zero)) {
      node.chassis.killSwitch()
    } back: { () throws(LabError) in
      try node.startChassis()
      waitUntil(timeout: .seconds(10), every: .milliseconds(5)) { (session(node)?.timesDown ?? 0) > before }
    }
  }

  /// SIGKILL of the ovn-controller that speaks BFD, and another at once.
  public func controllerRestarted() throws(LabError) -> OVNOutcome {
    let active = try cluster.activeChassis()
    guard let node = cluster.gateways.first(where: { $0.name == active }) else {
      throw LabError("the router's port is on no gateway, but on \(active ?? "none")")
    }
    let gateways = cluster.gateways
    let before = gateways.map { session($0)?.timesDown ?? 0 }
    return try measure(
      .controllerRestarted, "ovn-controller on \(node.name) restarted", Shape(lasts: .zero, isOneBlow: true)
    ) {
      node.chassis.killController()
    } back: { () throws(LabError) in
      try node.chassis.startController()
      // Its sessions begin anew, which everway hears; OVN's databases may say `up` all the time.
      waitUntil(timeout: .seconds(10), every: .milliseconds(5)) {
        zip(gateways, before).allSatisfy { node, before in (session(node)?.timesDown ?? 0) > before }
      }
    }
  }

  /// SIGKILL of the servers of both databases; away for two seconds.
  public func databasesRestarted() throws(LabError) -> OVNOutcome {
    let central = cluster.central
    return try measure(.databasesRestarted, "NB and SB servers restarted", Shape(isOneBlow: true, canWatch: false))
    {
      central.killDatabases()
    } back: { () throws(LabError) in
      try central.start()
    }
  }
}
