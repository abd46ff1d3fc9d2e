public import Languages

/// What works with what, as far as this everway knows: docs/versions.md says where it is from.
public enum Compatibility {
  /// A series of Kube-OVN releases.
  public struct Series: Hashable, Sendable {
    public var kubeOVN: VersionNumber
    /// The newest release that was looked at.
    public var upTo: VersionNumber
    /// What its images hold.
    public var ovs: VersionNumber
    public var ovn: VersionNumber
    /// Kubernetes: the documented minimum, and the newest that it was tested with.
    public var minimum: VersionNumber
    public var tested: VersionNumber
  }

  public static let series: [Series] = [
    Series(
      kubeOVN: .init(1, 12), upTo: .init(1, 12, 35), ovs: .init(3, 1), ovn: .init(22, 12), minimum: .init(1, 23),
      tested: .init(1, 30)),
    Series(
      kubeOVN: .init(1, 13), upTo: .init(1, 13, 15), ovs: .init(3, 3), ovn: .init(24, 3), minimum: .init(1, 23),
      tested: .init(1, 33)),
    Series(
      kubeOVN: .init(1, 14), upTo: .init(1, 14, 41), ovs: .init(3, 3), ovn: .init(24, 3), minimum: .init(1, 29),
      tested: .init(1, 33)),
    Series(
      kubeOVN: .init(1, 15), upTo: .init(1, 15, 24), ovs: .init(3, 5), ovn: .init(25, 3), minimum: .init(1, 29),
      tested: .init(1, 35)),
    Series(
      kubeOVN: .init(1, 16), upTo: .init(1, 16, 2), ovs: .init(3, 5), ovn: .init(25, 3), minimum: .init(1, 29),
      tested: .init(1, 35)),
    Series(
      kubeOVN: .init(1, 17), upTo: .init(1, 17, 0), ovs: .init(3, 5), ovn: .init(25, 3), minimum: .init(1, 29),
      tested: .init(1, 36))
  ]

  /// A kernel that is known to be bad with OVN.
  public struct BadKernel: Hashable, Sendable {
    /// What `uname -r` begins with, up to a dot or dash.
    public var prefix: String
    public var why: Words
  }

  public static let badKernels: [BadKernel] = [
    BadKernel(
      prefix: "3.10.0-862",
      why: Words(
        "NAT and load balancing fail on this CentOS 7 kernel", zh: "CentOS 7 的该内核上 NAT 与负载均衡异常")),
    BadKernel(
      prefix: "4.18.0-372.9.1",
      why: Words(
        "TCP breaks on this Rocky 8.6 kernel (kube-ovn issue 1647); 4.18.0-372.13.1.el8_6 is good",
        zh: "Rocky 8.6 的该内核上 TCP 异常（kube-ovn issue 1647）；4.18.0-372.13.1.el8_6 正常")),
    BadKernel(
      prefix: "4.4",
      why: Words("connection tracking fails in its openvswitch module", zh: "其 openvswitch 模块的连接跟踪异常"))
  ]

  /// The kernel's own openvswitch module is complete enough from here on.
  public static let minimumKernel = VersionNumber(3, 3)
  /// Next-hop objects, which everway's groups are, came with this kernel; resilient groups with 5.13.
  public static let minimumGatewayKernel = VersionNumber(5, 3)

  /// Nil: not known to this everway.
  public static func series(of kubeOVN: VersionNumber) -> Series? { series.first { $0.kubeOVN == kubeOVN.series } }

  public static func badKernel(_ release: String) -> BadKernel? {
    badKernels.first { bad in
      guard release.hasPrefix(bad.prefix) else { return false }
      return release.dropFirst(bad.prefix.count).first.map { !$0.isNumber } ?? true
    }
  }

  /// The tag of `registry:5000/kubeovn/kube-ovn:v1.13.0`, as a number; nil when it is none.
  public static func version(ofImage image: String) -> VersionNumber? {
    guard let name = image.split(separator: "@").first?.split(separator: "/").last,
      let colon = name.lastIndex(of: ":")
    else { return nil }
    return VersionNumber(name[name.index(after: colon)...])
  }
}
