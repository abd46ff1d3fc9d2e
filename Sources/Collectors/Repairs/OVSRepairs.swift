import ClusterSources
import Doctor

/// Repairs in the node's Open_vSwitch database.
enum OVSRepairs {
  static func apply(_ action: RepairAction, socket: String) throws(RepairError) {
    do throws(ClusterWriteError) {
      let writer = try OVSWriter(socket: socket)
      switch action {
      case .plugInternalPort(let bridge, let interface, let externalIDs):
        try writer.ensureInternalPort(interface, bridge: bridge, externalIDs: externalIDs, anew: true)
      case .setOVSExternalID(let interface, let key, let value):
        try writer.setExternalIDs([key: value], ofInterface: interface)
      case .setBridgeMapping(let network, let bridge):
        try writer.setBridgeMapping(network: network, bridge: bridge)
      default: throw ClusterWriteError("nothing of Open vSwitch: \(action)")
      }
    } catch {
      throw RepairError(error.message)
    }
  }
}
