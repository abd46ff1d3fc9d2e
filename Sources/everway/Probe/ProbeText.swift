import Firewall
import Languages
import PeerProbe

/// A probe's result for a person.
struct ProbeText {
  var evidence: ProbeEvidence
  var verdict: ProbeVerdict
  var configuration: String?
  var language: Language
  var width: Int?
  var color: Bool

  func rendered() -> String {
    var lines = [Styled(verdict.headline[language], headlineStyle).rendered(color: color), ""]
    for (title, text) in facts {
      let blanks = String(repeating: " ", count: max(1, 13 - Styled(title).width))
      let wrapped = Table.wrapped(Styled(text), indent: 15, width: width, color: color)
      let first = wrapped.first.map { String($0.dropFirst(15)) } ?? ""
      lines.append("  " + Styled(title, .dim).rendered(color: color) + blanks + first)
      lines += wrapped.dropFirst()
    }
    if !verdict.causes.isEmpty {
      lines += ["", Words("What this means", zh: "这说明什么")[language]]
      for cause in verdict.causes {
        let head = Self.likelihood(cause.likelihood)[language] + ": " + cause.words[language]
        lines += Table.wrapped(Styled(head, style(cause.likelihood)), indent: 2, width: width, color: color)
        for text in cause.evidence {
          lines += Table.wrapped(Styled(text, .dim), indent: 6, width: width, color: color)
        }
      }
    }
    for gap in evidence.gaps { lines.append("  " + Styled(gap, .warning).rendered(color: color)) }
    if let configuration {
      let title =
        verdict.outcome == .silent
        ? Words("Without BFD, for everway's configuration:", zh: "没有 BFD 时，everway 的配置可以这样写：")
        : Words("For everway's configuration:", zh: "everway 的配置可以这样写：")
      lines += ["", title[language], ""]
      lines += configuration.split(separator: "\n").map { "    " + $0 }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var headlineStyle: Style {
    switch verdict.outcome {
    case .up: .good
    case .speaks, .silent: .warning
    case .unreachable: .bad
    }
  }

  private func style(_ likelihood: ProbeCause.Likelihood) -> Style { likelihood == .certain ? .bold : .plain }

  private static func likelihood(_ value: ProbeCause.Likelihood) -> Words {
    switch value {
    case .certain: Words("certain", zh: "确定")
    case .likely: Words("likely", zh: "很可能")
    case .possible: Words("possible", zh: "可能")
    case .unlikely: Words("unlikely", zh: "不太可能")
    }
  }

  // MARK: Facts

  private var facts: [(String, String)] {
    var facts = [(Words("route", zh: "路由")[language], route)]
    if let neighbour = evidence.neighbour {
      let name = neighbour.address.contains(":") ? "ND" : "ARP"
      let time = neighbour.microseconds.map { ", " + Quantities.interval(microseconds: $0) } ?? ""
      let text =
        neighbour.linkAddresses.isEmpty
        ? Words("no answer for {address}", zh: "{address} 无应答").filled(["address": neighbour.address])[language]
        : "\(neighbour.address) = \(neighbour.linkAddresses.joined(separator: ", "))\(time)"
      facts.append((name, text))
    }
    if evidence.route.problem == nil {
      facts.append(("ping", echo))
      facts.append(("BFD", bfd))
      if let packet = evidence.bfd.last {
        facts.append((Words("its packets", zh: "对端报文")[language], describe(packet)))
      }
    }
    facts.append((Words("firewall", zh: "防火墙")[language], firewall))
    if !evidence.counters.isEmpty {
      let text = evidence.counters.sorted { $0.key < $1.key }.map { "\($0.key) +\($0.value)" }
      facts.append((Words("counters", zh: "计数器")[language], text.joined(separator: ", ")))
    }
    return facts
  }

  private var route: String {
    let parts: [String?] = [
      evidence.namespace.map { "\(Words("namespace", zh: "命名空间")[language]) \($0)" },
      evidence.route.interface,
      evidence.route.source.map { "\(Words("from", zh: "源地址")[language]) \($0)" },
      evidence.route.gateway.map { "\(Words("via", zh: "经")[language]) \($0)" },
      evidence.route.problem
    ]
    return parts.compactMap(\.self).joined(separator: ", ")
  }

  private var echo: String {
    let echo = evidence.echo
    var parts = [
      Words("{received} of {sent} answered", zh: "{sent} 个请求，{received} 个应答")
        .filled(["received": "\(echo.received)", "sent": "\(echo.sent)"])[language]
    ]
    if let least = echo.minimumMicroseconds, let mean = echo.meanMicroseconds, let most = echo.maximumMicroseconds {
      parts.append([least, mean, most].map { Quantities.interval(microseconds: $0) }.joined(separator: "/"))
    }
    if let ttl = echo.ttl { parts.append("TTL \(ttl)") }
    return (parts + echo.errors).joined(separator: ", ")
  }

  private var bfd: String {
    let bfd = evidence.bfd
    var parts: [String] = []
    switch bfd.way {
    case .session: parts.append(bfd.state == "up" ? "Up" : bfd.state == "init" ? "Init" : "Down")
    case .beside:
      parts.append(Words("asked from beside the program that holds the port", zh: "从占用端口的程序旁边询问")[language])
    case .watched: parts.append(Words("watched only", zh: "只观察")[language])
    case .none: parts.append(Words("not tried", zh: "未尝试")[language])
    }
    if let up = bfd.upAfterMicroseconds {
      parts.append(
        Words("after {time}", zh: "用时 {time}").filled(["time": Quantities.interval(microseconds: up)])[language])
    }
    parts.append(
      Words(
        "UDP {port}: {sent} sent, {left} seen leaving, {arrived} seen arriving, {heard} heard",
        zh: "UDP {port}：发送 {sent}，离开接口 {left}，到达接口 {arrived}，套接字收到 {heard}"
      ).filled([
        "port": "\(bfd.port)", "sent": "\(bfd.sent)", "left": "\(bfd.left)", "arrived": "\(bfd.arrived)",
        "heard": "\(bfd.heard)"
      ])[language])
    if bfd.portUnreachable > 0 {
      parts.append("\(bfd.portUnreachable) x \(Words("port unreachable", zh: "端口不可达")[language])")
    }
    parts += bfd.errors + [bfd.sendError].compactMap(\.self)
    parts += bfd.discards.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }
    return parts.joined(separator: ", ")
  }

  private func describe(_ packet: ProbeEvidence.Packet) -> String {
    [
      "TTL \(packet.ttl)", "state \(packet.state)", "diag \(packet.diagnostic)",
      "min TX \(Quantities.interval(microseconds: packet.desiredMinTxMicroseconds))",
      "min RX \(Quantities.interval(microseconds: packet.requiredMinRxMicroseconds))", "x\(packet.multiplier)",
      "discriminator \(packet.myDiscriminator)",
      packet.authenticationType == 0
        ? Words("no authentication", zh: "无认证")[language] : "auth type \(packet.authenticationType)"
    ].joined(separator: ", ")
  }

  private var firewall: String {
    let names: [(Words, FirewallVerdict?)] = [
      (Words("BFD in", zh: "BFD 入"), evidence.firewall.incomingBFD),
      (Words("BFD out", zh: "BFD 出"), evidence.firewall.outgoingBFD),
      (Words("ping's answers", zh: "ping 应答"), evidence.firewall.incomingEcho)
    ]
    let known = names.compactMap { name, verdict in verdict.map { "\(name[language]) \(Self.word($0)[language])" } }
    return known.isEmpty ? Words("could not be read", zh: "无法读取")[language] : known.joined(separator: ", ")
  }

  private static func word(_ verdict: FirewallVerdict) -> Words {
    switch verdict {
    case .accepted: Words("passes", zh: "放行")
    case .dropped(let rule): rule.rejects ? Words("REJECTED", zh: "被拒绝") : Words("DROPPED", zh: "被丢弃")
    case .unknown: Words("not known", zh: "无法判断")
    }
  }
}
