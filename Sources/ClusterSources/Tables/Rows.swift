public import Cluster
public import OVSDBProtocol

// Facts have OVN's own names, so its rows decode as they are. `columns` is what is asked for, and no more.

extension OVNFacts.NBGlobal: OVSDBRow {
  public static let table = "NB_Global"
  public static let columns: [String]? = ["nb_cfg", "sb_cfg", "hv_cfg", "options"]
}

extension OVNFacts.LogicalRouter: OVSDBRow {
  public static let table = "Logical_Router"
  public static let columns: [String]? = ["name", "ports", "static_routes", "policies", "options", "external_ids"]
}

extension OVNFacts.LogicalRouterPort: OVSDBRow {
  public static let table = "Logical_Router_Port"
  public static let columns: [String]? = [
    "name", "mac", "networks", "gateway_chassis", "ha_chassis_group", "options", "status", "external_ids"
  ]
}

extension OVNFacts.StaticRoute: OVSDBRow {
  public static let table = "Logical_Router_Static_Route"
  public static let columns: [String]? = [
    "ip_prefix", "nexthop", "policy", "output_port", "route_table", "bfd", "options", "external_ids"
  ]
}

extension OVNFacts.Policy: OVSDBRow {
  public static let table = "Logical_Router_Policy"
  public static let columns: [String]? = [
    "priority", "match", "action", "nexthop", "nexthops", "bfd_sessions", "options", "external_ids"
  ]
}

extension OVNFacts.BFD: OVSDBRow {
  public static let columns: [String]? = [
    "logical_port", "dst_ip", "min_tx", "min_rx", "detect_mult", "status", "external_ids"
  ]
}

extension OVNFacts.GatewayChassis: OVSDBRow {
  public static let table = "Gateway_Chassis"
  public static let columns: [String]? = ["name", "chassis_name", "priority"]
}

extension OVNFacts.HAChassisGroup: OVSDBRow {
  public static let table = "HA_Chassis_Group"
  public static let columns: [String]? = ["name", "ha_chassis"]
}

extension OVNFacts.HAChassis: OVSDBRow {
  public static let table = "HA_Chassis"
  public static let columns: [String]? = ["chassis_name", "priority"]
}

extension OVNFacts.LogicalSwitchPort: OVSDBRow {
  public static let table = "Logical_Switch_Port"
  public static let columns: [String]? = ["name", "type", "options", "addresses", "up", "tag", "external_ids"]
}

extension OVNFacts.SBGlobal: OVSDBRow {
  public static let table = "SB_Global"
  public static let columns: [String]? = ["nb_cfg", "options"]
}

extension OVNFacts.SouthboundBFD: OVSDBRow {
  public static let table = "BFD"
  public static let columns: [String]? = [
    "logical_port", "dst_ip", "disc", "src_port", "min_tx", "min_rx", "detect_mult", "status", "chassis_name"
  ]
}

extension OVNFacts.PortBinding: OVSDBRow {
  public static let table = "Port_Binding"
  public static let columns: [String]? = ["logical_port", "type", "chassis", "up", "mac", "options", "external_ids"]
}

extension OVNFacts.Chassis: OVSDBRow {
  public static let columns: [String]? = ["name", "hostname", "other_config", "external_ids"]
}

extension OVNFacts.ChassisPrivate: OVSDBRow {
  public static let table = "Chassis_Private"
  public static let columns: [String]? = ["name", "chassis", "nb_cfg", "nb_cfg_timestamp"]
}
