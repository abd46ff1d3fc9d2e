extension Check {
  static let ovn: [Check] = [
    bfdRows, bfdPorts, bfdTimers, gatewayChassis, lateGatewayNodes, deadGatewayChassis, movedGatewayPort,
    bfdPermission, staleSessions
  ]
}
