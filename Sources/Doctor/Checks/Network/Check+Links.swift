import Cluster
import Addresses
import Languages

/// Links: are they where they belong, plugged in and up?
extension Check {
  static let misplacedLink = Check(.network, ["EW-NET-14"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    guard let namespace = picture.namespace, !picture.expectedInterfaces.isEmpty else {
      return examination.notRelevant()
    }
    let missing = picture.expectedInterfaces.filter { picture.inside.link($0.name) == nil }
    guard !missing.isEmpty, picture.requireNode(&examination) else { return }
    for interface in missing {
      guard let link = picture.node?.link(interface.outsideName) else { continue }
      examination.found(
        Finding(
          "EW-NET-14", interface.name,
          parameters: ["interface": interface.name, "outside": link.name, "namespace": namespace],
          evidence: [
            Evidence("RTM_GETLINK on the node", "\(link.name), index \(link.index)\(link.words)"),
            Evidence(picture.source("RTM_GETLINK"), "no \(interface.name)")
          ],
          steps: picture.arrival(of: interface),
          // What carries the node's own default route is perhaps another of the same name.
          repair: picture.node?.carriesDefault(link.name) == true ? .guarded : nil))
    }
  }

  static let missingLink = Check(.network, ["EW-NET-15"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    guard !picture.expectedInterfaces.isEmpty else { return examination.notRelevant() }
    for interface in picture.expectedInterfaces {
      let row = picture.row(interface)
      let isInside = picture.inside.link(interface.name) != nil
      let isRefused = row?.ofport == -1 || row?.error?.isEmpty == false
      guard !isInside || isRefused else { continue }
      if !isInside, picture.namespace != nil {
        guard picture.requireNode(&examination) else { return }
        if picture.node?.link(interface.outsideName) != nil { continue }
      }
      var evidence = [
        Evidence(picture.source("RTM_GETLINK"), isInside ? "\(interface.name) is there" : "no \(interface.name)")
      ]
      if picture.node != nil, !isInside {
        evidence.append(Evidence("RTM_GETLINK on the node", "no \(interface.outsideName)"))
      }
      if let row {
        evidence.append(
          Evidence(
            "Open_vSwitch, Interface \(row.name)",
            "ofport \(row.ofport.map(String.init) ?? "not set")\(row.error.map { ", error \"\($0)\"" } ?? "")"))
      } else if facts.ovs.value != nil {
        evidence.append(Evidence("Open_vSwitch", "no Interface \(interface.outsideName)"))
      } else if let reason = facts.ovs.reason, picture.isKubeOVN {
        evidence.append(Evidence("Open_vSwitch", reason))
      }
      let steps = picture.plug(interface, row)
      examination.found(
        Finding(
          "EW-NET-15", interface.name,
          parameters: ["interface": interface.name, "outside": interface.outsideName, "place": picture.place],
          evidence: evidence, steps: steps, repair: steps.contains { $0.action != nil } ? .automatic : .manual))
    }
  }

  static let wrongLogicalPort = Check(.network, ["EW-NET-16"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    guard picture.isKubeOVN else { return examination.notRelevant() }
    let what = Words("the interface's row in Open_vSwitch", zh: "接口在 Open_vSwitch 中的记录")
    guard let ovs = examination.require(facts.ovs, what) else { return }
    for interface in picture.expectedInterfaces {
      guard let row = picture.row(interface) else { continue }
      guard let (wanted, source, certainty) = picture.nodeName(ovs) else { continue }
      let found = row.externalIDs["iface-id"] ?? ""
      if found == wanted || certainty != .certain && picture.isSameHost(found, wanted) { continue }
      var evidence = [
        Evidence(
          "Open_vSwitch, Interface \(row.name), external_ids:iface-id", found.isEmpty ? "not set" : found),
        Evidence(source, wanted)
      ]
      if let southbound = facts.ovn.value?.southbound.value {
        let binding = southbound.portBinding.first { $0.logicalPort == wanted }
        let words = binding.map { "chassis \($0.chassis == nil ? "not set" : "set"), up \($0.up == true)" }
        evidence.append(Evidence("OVN southbound, Port_Binding \(wanted)", words ?? "none"))
      }
      let isSure = certainty == .certain || found.isEmpty
      examination.found(
        Finding(
          "EW-NET-16", row.name, certainty: certainty,
          parameters: ["interface": row.name, "found": found.isEmpty ? "\"\"" : found, "node": wanted],
          evidence: evidence,
          steps: [
            RepairStep(
              command: "ovs-vsctl set interface \(row.name) external_ids:iface-id=\(wanted)",
              action: .setOVSExternalID(interface: row.name, key: "iface-id", value: wanted))
          ], repair: isSure ? .automatic : .guarded))
    }
  }

  static let loopbackDown = Check(.network, ["EW-NET-25"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    guard let link = picture.inside.links.first(where: { $0.isLoopback }), !link.isUp else { return }
    let steps = NetworkSteps(namespace: picture.namespace)
    examination.found(
      Finding(
        "EW-NET-25", link.name, parameters: ["place": picture.place],
        evidence: [Evidence(picture.source("RTM_GETLINK"), "\(link.name)\(link.words)")],
        steps: [steps.up(link.name)]))
  }

  static let linkDown = Check(.network, ["EW-NET-70", "EW-NET-71", "EW-NET-72"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    guard !picture.presentInterfaces.isEmpty else { return examination.notRelevant() }
    let steps = NetworkSteps(namespace: picture.namespace)
    for (interface, link) in picture.presentInterfaces {
      var evidence = [Evidence(picture.source("RTM_GETLINK"), "\(link.name)\(link.words)")]
      let row = picture.row(interface)
      if let row {
        evidence.append(
          Evidence(
            "Open_vSwitch, Interface \(row.name)",
            "ofport \(row.ofport.map(String.init) ?? "not set"), link_state \(row.linkState ?? "not set")"))
      }
      let parameters = ["interface": link.name, "outside": interface.outsideName, "place": picture.place]
      if !link.isUp {
        examination.found(
          Finding(
            "EW-NET-70", link.name, parameters: parameters, evidence: evidence, steps: [steps.up(link.name)]))
      } else if !link.hasCarrier {
        // After a restart of vswitchd with the userspace datapath the new one is outside.
        if picture.namespace != nil, let twin = picture.node?.link(interface.outsideName), row != nil {
          evidence.append(Evidence("RTM_GETLINK on the node", "\(twin.name), index \(twin.index)\(twin.words)"))
          let removal = RepairStep(
            command: steps.command("ip link del \(link.name)"),
            action: .removeLink(namespace: picture.namespace, link: link.name))
          examination.found(
            Finding(
              "EW-NET-72", link.name, parameters: parameters, evidence: evidence,
              steps: [removal] + picture.arrival(of: interface)))
        } else {
          examination.found(Finding("EW-NET-71", link.name, parameters: parameters, evidence: evidence))
        }
      }
    }
  }
}

extension LinkFacts {
  /// ` (veth, up, no carrier, MTU 1500, 02:00:00:00:00:01)`.
  fileprivate var words: String {
    let parts =
      [
        kind, isUp ? "up" : "down", isUp && !hasCarrier ? "no carrier" : nil, "MTU \(mtu)", mac?.description,
        master.map { "in \($0)" }
      ] as [String?]
    return " (\(parts.compactMap { $0 }.joined(separator: ", ")))"
  }
}

extension NetworkPicture {
  /// Whether Kube-OVN manages this gateway.
  var isKubeOVN: Bool {
    let interface = facts.subject.interface
    return facts.cluster.value?.ovnEips.value?.contains { $0.name == facts.subject.node && $0.type == "lsp" }
      == true
      || expectedInterfaces.contains { row($0)?.externalIDs["pod_netns"] != nil }
      || (interface == Expectation.kubeOVNInterface && facts.subject.namespace == "ovnext")
  }

  /// Whether the node's namespace was seen; a gap when it should have been and was not.
  func requireNode(_ examination: inout Examination) -> Bool {
    guard let node = network.node else { return true }
    return examination.require(node, Words("links of the node", zh: "节点的链路")) != nil
  }

  /// Of this node in Kubernetes: how the OvnEip and the logical port are called.
  func nodeName(_ ovs: OVSFacts) -> (String, source: String, Certainty)? {
    // kube-ovn names the node's own port after it (pkg/util, NodeLspName).
    if let id = ovs.interface("ovn0")?.externalIDs["iface-id"], id.hasPrefix("node-") {
      return (String(id.dropFirst(5)), "Open_vSwitch, Interface ovn0, external_ids:iface-id", .certain)
    }
    if facts.cluster.value?.nodes.value?.contains(where: { $0.name == facts.subject.node }) == true {
      return (facts.subject.node, "Node \(facts.subject.node)", .certain)
    }
    return (facts.subject.node, "the node's name as the kernel has it", .likely)
  }

  /// Whether two names can be the same host's, with its domain and without.
  func isSameHost(_ one: String, _ other: String) -> Bool {
    func first(_ name: String) -> String { name.split(separator: ".").first.map { $0.lowercased() } ?? "" }
    return !one.isEmpty && first(one) == first(other)
  }

  /// Moves an interface that is on the node into the namespace, and sets it up.
  func arrival(of interface: Expectation.Interface) -> [RepairStep] {
    let steps = NetworkSteps(namespace: namespace)
    return steps.move(interface) + steps.configure(interface, gateways: expected?.gateways ?? [])
  }

  /// Makes the port of Open vSwitch anew; empty when it is none of Open vSwitch's, or nothing says how it was.
  func plug(_ interface: Expectation.Interface, _ row: OVSFacts.Interface?) -> [RepairStep] {
    guard let ovs = facts.ovs.value, row.map({ $0.type == "internal" }) ?? isKubeOVN else { return [] }
    var ids = row?.externalIDs ?? [:]
    if row == nil {
      guard let (node, _, certainty) = nodeName(ovs), certainty == .certain, let namespace else { return [] }
      ids["iface-id"] = node
      ids["pod_netns"] = "/var/run/netns/\(namespace)"
      ids["ip"] = interface.addresses.map { "\($0.address)" }.joined(separator: ",")
    }
    let bridge = row?.bridge ?? ovs.integrationBridge
    let name = interface.outsideName
    let settings = ids.sorted { $0.key < $1.key }.map { " external_ids:\($0.key)=\"\($0.value)\"" }.joined()
    let make = RepairStep(
      Words("Make the port anew", zh: "重新创建端口"),
      command:
        "ovs-vsctl --if-exists del-port \(name) && ovs-vsctl add-port \(bridge) \(name) -- set interface \(name) type=internal\(settings)",
      action: .plugInternalPort(bridge: bridge, interface: name, externalIDs: ids))
    return [make] + arrival(of: interface)
  }
}
