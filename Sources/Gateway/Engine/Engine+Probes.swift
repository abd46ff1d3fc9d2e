import Addresses
import BFD
import ConfigurationFile
import Netlink
import NetworkNamespaces
import Probing
import Speaker

extension Engine {
  /// Makes the prober's probes what the configuration says, as far as their interfaces are there. A probe whose target
  /// did not change goes on, with new timers if it has any.
  mutating func syncProbes(at now: Instant) {
    var wanted: [Int: (target: ProbeTarget, settings: ProbeSettings)] = [:]
    for number in core.model.probes.indices { wanted[number] = request(number) }
    for (number, running) in runningProbes where wanted[number]?.target != running.target {
      prober.remove(running.index)
      runningProbes[number] = nil
    }
    for (number, want) in wanted {
      if let running = runningProbes[number] {
        if running.settings != want.settings { prober.configure(running.index, want.settings, at: now) }
        runningProbes[number]?.settings = want.settings
        continue
      }
      let subject = "probe of path \(core.model.probes[number].path)"
      do throws(ProbeError) {
        let index = try prober.add(want.target, want.settings, at: now)
        runningProbes[number] = RunningProbe(index: index, target: want.target, settings: want.settings)
        solved(subject)
      } catch {
        problem(subject, error.message, at: now)
      }
    }
  }

  /// Nil as long as the path's interface is missing.
  private func request(_ number: Int) -> (ProbeTarget, ProbeSettings)? {
    let probe = core.model.probes[number]
    guard let path = configuration.paths.first(where: { $0.name == probe.path }),
      let link = links.values.first(where: { $0.name == path.interface })
    else { return nil }
    let interface = ProbeInterface(index: UInt32(bitPattern: link.index), name: link.name)
    switch probe.kind {
    case .icmp(let address, let timing):
      return (.echo(address: address, via: path.via, interface), ProbeSettings(timing))
    case .neighbour(let timing): return (.neighbour(via: path.via, interface), ProbeSettings(timing))
    case .link, .bfd, .all, .any: return nil
    }
  }

  /// Takes what the prober has to tell to the core.
  mutating func takeProbeEvents(at now: Instant) {
    guard !prober.events.isEmpty else { return }
    let events = prober.events
    prober.events.removeAll(keepingCapacity: true)
    for case .verdict(let index, let verdict, let reason) in events {
      guard let number = runningProbes.first(where: { $0.value.index == index })?.key else { continue }
      switch verdict {
      case .pending: core.probeChanged(number, .pending, at: now)
      case .up: core.probeChanged(number, .up, at: now)
      case .down: core.probeChanged(number, .down(reason), at: now)
      }
    }
  }

  /// What each probe has measured, by its number in the model.
  func probeStatus() -> [ProbeStatus?] {
    core.model.probes.indices.map { number in
      guard let running = runningProbes[number], let view = prober.view(running.index) else { return nil }
      let loss = view.state.recentLoss
      return ProbeStatus(
        roundTripMicroseconds: view.state.lastRoundTrip.map { UInt64(max(0, $0.wholeNanoseconds) / 1_000) },
        lossPercent: loss.asked == 0 ? nil : loss.fraction * 100)
    }
  }
}

/// A probe under way.
struct RunningProbe {
  /// The prober's number for it.
  var index: Int
  var target: ProbeTarget
  var settings: ProbeSettings
}

extension ProbeSettings {
  init(_ timing: GatewayConfiguration.Probe) {
    self.init(
      interval: timing.interval, timeout: timing.timeout, downAfter: timing.downAfter, upAfter: timing.upAfter)
  }
}
