extension Check {
  static let configuration: [Check] = [
    unreadyEips, numberOfEips, namesOfEips, subnetsOfEips, gatewayAddress, gatewayNIC, bridgeMappings,
    distributedGateway, changedGatewayNodes, shadowedECMP, unsupervisedECMP, asymmetricECMP, stolenBridge,
    stuckConnections, leakingCNI,
    mountPropagation
  ]
}
