import Addresses
import Languages

/// Steps of repairs on links, addresses, routes and sysctls: each as a command for people and as what `--fix` does.
struct NetworkSteps {
  /// Nil for the namespace everway was started in.
  var namespace: String?

  /// The command, entered into the namespace.
  func command(_ text: String) -> String {
    namespace.map { "nsenter --net=/run/netns/\($0) \(text)" } ?? text
  }

  func up(_ link: String) -> RepairStep {
    RepairStep(command: command("ip link set \(link) up"), action: .setLinkUp(namespace: namespace, link: link))
  }

  /// Only for a namespace with a name.
  func move(_ interface: Expectation.Interface) -> [RepairStep] {
    guard let namespace else { return [] }
    let name = interface.outsideName == interface.name ? "" : " name \(interface.name)"
    return [
      RepairStep(
        Words(
          "Move \(interface.outsideName) into \(namespace); there it is down and has lost its addresses",
          zh: "把 \(interface.outsideName) 移入 \(namespace)；移入后它处于 down 状态，地址也会丢失"),
        command: "ip link set \(interface.outsideName) netns \(namespace)\(name)",
        action: .moveLink(outsideName: interface.outsideName, namespace: namespace, name: interface.name))
    ]
  }

  func mac(_ address: MACAddress, of link: String) -> RepairStep {
    RepairStep(
      Words(
        "Where the driver wants it, the link goes down for a moment; its routes and IPv6 addresses are put back",
        zh: "若驱动要求，链路会短暂 down 一下；其路由和 IPv6 地址会被恢复"),
      command: command("ip link set \(link) address \(address)"),
      action: .setMAC(namespace: namespace, link: link, address: address))
  }

  func mtu(_ octets: Int, of link: String) -> RepairStep {
    RepairStep(
      command: command("ip link set \(link) mtu \(octets)"),
      action: .setMTU(namespace: namespace, link: link, octets: octets))
  }

  func add(_ address: IPPrefix, to link: String) -> RepairStep {
    RepairStep(
      command: command("ip address add \(address) dev \(link)\(address.family == .ipv6 ? " nodad" : "")"),
      action: .addAddress(namespace: namespace, link: link, address: address))
  }

  func remove(_ address: IPPrefix, from link: String) -> RepairStep {
    RepairStep(
      command: command("ip address del \(address) dev \(link)"),
      action: .removeAddress(namespace: namespace, link: link, address: address))
  }

  func defaultRoute(_ gateway: IPAddress, _ link: String) -> RepairStep {
    RepairStep(
      command: command(
        "ip \(gateway.family == .ipv6 ? "-6 " : "")route replace default via \(gateway) dev \(link)"),
      action: .replaceDefaultRoute(namespace: namespace, gateway: gateway, link: link))
  }

  func sysctl(_ name: String, _ value: String) -> RepairStep {
    RepairStep(
      command: command("sysctl -w \(name)=\(value)"),
      action: .setSysctl(namespace: namespace, name: name, value: value))
  }

  /// Everything that is expected of an interface that has just come into the namespace.
  func configure(_ interface: Expectation.Interface, gateways: [IPAddress]) -> [RepairStep] {
    var steps: [RepairStep] = []
    if let mac = interface.mac { steps.append(self.mac(mac, of: interface.name)) }
    if let mtu = interface.mtu { steps.append(self.mtu(mtu, of: interface.name)) }
    // A prefix without its length is none to add.
    steps += interface.addresses.filter { !$0.isHost }.map { add($0, to: interface.name) }
    steps.append(up(interface.name))
    for family in AddressFamily.allCases {
      let near = gateways.filter { gateway in
        gateway.family == family && interface.addresses.contains { $0.contains(gateway) && !$0.isHost }
      }
      if near.count == 1, let gateway = near.first { steps.append(defaultRoute(gateway, interface.name)) }
    }
    return steps
  }
}
