import Addresses
import BFD
import ConfigurationFile
import Netlink
import NamespaceDiagnosis
import NetworkNamespaces
import Speaker

/// Where BFD is spoken beside the gateway's namespace: VRFs in it, other namespaces, VRFs in those.
struct ForeignNamespace: Sendable {
  let identity: NamespaceIdentity
  /// Interfaces by name.
  var interfaces: [String: UInt32]
}

extension GatewayConfiguration.BFDReach {
  /// The routing domain: 0 in the gateway's namespace outside all VRFs, else derived from the names, because
  /// discriminators derive from it and have to be the same after a restart.
  var domain: RoutingDomain {
    guard vrf != nil || namespace != nil else { return .main }
    // FNV-1a, 32 bits (Fowler, Noll, Vo).
    var hash: UInt32 = 2_166_136_261
    for octet in "\(namespace ?? "")/\(vrf ?? "")".utf8 { hash = (hash ^ UInt32(octet)) &* 16_777_619 }
    return RoutingDomain(id: max(hash, 1))
  }

  var pathType: PathType { multihop ? .multihop : .singleHop }
}

extension GatewayConfiguration.BFDPeer {
  var pathType: PathType {
    if isLAGMember { return .linkAggregationMember }
    return seamlessDiscriminator == nil ? reach.pathType : .seamlessInitiator
  }
}

extension Engine {
  /// The endpoints that the configuration asks for, by namespace; nil is the gateway's.
  private var wantedEndpoints: [String?: [Endpoint]] {
    let bfd = configuration.bfd
    var wanted: [String?: [Endpoint]] = [nil: bfd.listen.map { Endpoint($0) }]
    let reaches =
      bfd.peers.filter { !$0.isLAGMember }.map { ($0.reach, $0.pathType, $0.address.family) }
      + bfd.allow.map { ($0.reach, $0.reach.pathType, $0.prefix.family) }
      + bfd.reflectors.flatMap { reflector in
        Set(reflector.allow.map(\.family)).map { (reflector.reach, PathType.seamlessReflector, $0) }
      }
    for (reach, pathType, family) in reaches {
      let isHere = reach.domain == .main
      let addresses = isHere ? bfd.listen.filter { $0.family == family } : [.any(family)]
      for address in addresses {
        let endpoint = Endpoint(address, pathType: pathType, domain: reach.domain, device: reach.vrf)
        if wanted[reach.namespace]?.contains(endpoint) != true {
          wanted[reach.namespace, default: []].append(endpoint)
        }
      }
    }
    return wanted
  }

  /// Opens the BFD sockets that are missing, and closes those of domains that nobody asks for any more. While another
  /// program has their port, links and probes still count, and what carries traffic goes on.
  mutating func openSockets(at now: Instant) {
    let wanted = wantedEndpoints
    let domains = Set(wanted.values.joined().map(\.domain))
    for domain in Set(speaker.endpoints.map(\.domain)).subtracting(domains) { speaker.close(domain) }
    foreign = foreign.filter { wanted.keys.contains($0.key) }
    areSocketsOpen = true
    for (name, endpoints) in wanted {
      let subject = name.map { "BFD sockets in namespace \($0)" } ?? "BFD sockets"
      do throws(SpeakerError) {
        if let name {
          try open(endpoints, inNamespace: name)
        } else {
          try speaker.open(endpoints, in: namespace)
        }
        solved(subject)
      } catch {
        areSocketsOpen = false
        problem(subject, "\(error)", at: now)
      }
    }
    speaker.setReflectors(configuration.bfd.reflectors.map { ReflectorSettings($0) }, at: now)
    watchDescriptors()
  }

  /// Opens the sockets on members of link aggregation groups, as far as these are there, and closes those of others.
  mutating func openMembers(at now: Instant) {
    let members = configuration.bfd.peers.filter(\.isLAGMember)
    var wanted: Set<Endpoint> = []
    for peer in members {
      guard let name = peer.interface, let index = interfaceIndex(name, peer.reach) else { continue }
      let endpoint = Endpoint(
        .any(peer.address.family), pathType: .linkAggregationMember, domain: peer.reach.domain, interface: index)
      guard wanted.insert(endpoint).inserted, !speaker.endpoints.contains(endpoint) else { continue }
      let subject = "BFD sockets on \(name)"
      do throws(SpeakerError) {
        if let namespace = peer.reach.namespace {
          try open([endpoint], inNamespace: namespace)
        } else {
          try speaker.open([endpoint], in: namespace)
        }
        solved(subject)
      } catch {
        problem(subject, "\(error)", at: now)
      }
    }
    speaker.closeMembers(except: wanted)
    if !members.isEmpty { watchDescriptors() }
  }

  /// Opens endpoints in a namespace of that name; anew when it is another one than before.
  private mutating func open(_ endpoints: [Endpoint], inNamespace name: String) throws(SpeakerError) {
    do {
      let namespace = try NetworkNamespace(named: name)
      let identity = try namespace.identity()
      if let known = foreign[name], known.identity != identity {
        for domain in Set(endpoints.map(\.domain)) { speaker.close(domain) }
      }
      var netlink = try NetlinkSocket(in: namespace)
      let links = try netlink.links()
      foreign[name] = ForeignNamespace(
        identity: identity,
        interfaces: Dictionary(links.map { ($0.name, UInt32($0.index)) }) { first, _ in first })
      try speaker.open(endpoints, in: namespace)
    } catch let error as SpeakerError {
      throw error
    } catch let error as SystemCallError {
      throw SpeakerError(
        message: "\(error): is there a namespace \(name)? `ip netns list` shows them", code: error.code)
    } catch {
      throw SpeakerError(message: "\(error)", code: 0)
    }
  }

  /// The index of a peer's interface; 0 for none asked, nil for one that is missing.
  func interfaceIndex(_ name: String?, _ reach: GatewayConfiguration.BFDReach) -> UInt32? {
    guard let name else { return 0 }
    if let namespace = reach.namespace { return foreign[namespace]?.interfaces[name] }
    return links.values.first { $0.name == name }.map { UInt32($0.index) }
  }
}

extension ReflectorSettings {
  init(_ reflector: GatewayConfiguration.BFDReflector) {
    self.init(
      reflector: SeamlessReflector(
        discriminator: reflector.discriminator,
        requiredMinRx: Interval(reflector.receiveInterval) ?? .milliseconds(10),
        isShutDown: reflector.shutdown),
      domain: reflector.reach.domain, allowed: reflector.allow, maximumRate: reflector.maximumRate)
  }
}
