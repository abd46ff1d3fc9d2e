import Cluster

/// What of Kube-OVN's and OVN's logs is worth keeping: lines that hold one of these. Checks look for nothing else.
public enum LogMessages {
  public static let noExternalNodes = "no external gw nodes"
  public static let noChassisAnnotation = "has no chassis annotation, kube-ovn-cni not ready"
  public static let notReady = "not ready"  // ovn eip "NAME" not ready
  public static let tooFewLSPs = "which need two lsp type eips at least"
  public static let noPath = "No path for static route"
  public static let noGatewayChassis = "no available external gw chassis"
  public static let noExternalNIC = "external-gw-nic not configured"
  public static let noSuchNIC = "failed to get nic "
  /// ovn-controller's, with role-based access control on the southbound database.
  public static let permission = "permission error"
  public static let notANamespace = "unknown FS magic on"
  public static let noNamespace = "failed to get create gw ns"
  public static let gatewayNotReady = "is not ready for interface"
  public static let addressTaken = "has already been used by host with MAC"
  public static let beaconStatus = "failed to get bfdd status"
  public static let noSuchDevice = "could not open network device"
  public static let tooManyFiles = "too many open files"

  public static let all = [
    noExternalNodes, noChassisAnnotation, notReady, tooFewLSPs, noPath, noGatewayChassis, noExternalNIC, noSuchNIC,
    permission, notANamespace, noNamespace, gatewayNotReady, addressTaken, beaconStatus, noSuchDevice, tooManyFiles
  ]
}
