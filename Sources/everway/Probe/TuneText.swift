import Languages
import PeerProbe
import PeerProber

/// What `everway tune` has to tell.
struct TuneReport: Encodable {
  struct Measured: Encodable {
    var path: PathTrace.Summary
    /// Microseconds from request to request, as it was.
    var spacing: UInt64
    var duration: UInt64
    /// Whether the timers were measured as the engine runs (SCHED_FIFO).
    var isRealTime: Bool
    /// The same with SCHED_OTHER.
    var ordinaryLatenessMaximum: UInt64?
    var realTimeRefusal: String?
    var throttled: PathTrace.Throttling?
    var errors: [String]
  }

  var address: String
  var interface: String
  var measured: Measured
  var advice: TuneAdvice
  var configuration: String?

  init(
    address: String, interface: String, outcome: PathMeasurement.Outcome, advice: TuneAdvice, configuration: String?
  ) {
    self.address = address
    self.interface = interface
    self.advice = advice
    self.configuration = configuration
    measured = Measured(
      path: outcome.trace.summary, spacing: outcome.trace.spacing, duration: outcome.trace.duration,
      isRealTime: outcome.trace.isRealTime, ordinaryLatenessMaximum: outcome.ordinaryLateness.max(),
      realTimeRefusal: outcome.refusal, throttled: outcome.trace.throttled, errors: outcome.errors)
  }

  /// See the command's help.
  var exitCode: Int32 {
    if measured.path.minimum == nil { return ExitStatus.unreachable }
    if let present = advice.present { return present.safety == .safe ? ExitStatus.good : ExitStatus.bad }
    return advice.meetsTarget ? ExitStatus.good : ExitStatus.bad
  }
}

/// A measurement and what it advises, for a person.
struct TuneText {
  var report: TuneReport
  var language: Language
  var width: Int?
  var color: Bool

  func rendered() -> String {
    var lines = measured
    guard report.measured.path.minimum != nil else {
      let text = Words(
        "{address} does not answer: nothing can be said of this path (try `everway probe {address}`)",
        zh: "{address} 没有应答：无法评估这条路径（可先运行 everway probe {address}）")
      lines += ["", Styled(say(text, ["address": report.address]), .bad).rendered(color: color)]
      return lines.joined(separator: "\n") + "\n"
    }
    lines += [""] + table + [""] + verdict + [""] + claim
    if let configuration = report.configuration {
      lines += ["", say(Words("For everway's configuration:", zh: "everway 的配置可以这样写：")), ""]
      lines += configuration.split(separator: "\n").map { "    " + $0 }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func say(_ words: Words, _ values: [String: String] = [:]) -> String { words.filled(values)[language] }

  private func time(_ microseconds: UInt64?) -> String {
    microseconds.map { Quantities.interval(microseconds: $0) } ?? "-"
  }

  private func wrapped(_ text: String, _ style: Style = .plain) -> [String] {
    Table.wrapped(Styled(text, style), indent: 0, width: width, color: color)
  }

  private var measured: [String] {
    let path = report.measured.path
    var texts = [
      say(
        Words(
          "{address} by {interface}: {sent} echo requests in {span}, {lost} lost, {bursts} bursts of loss, the "
            + "longest {longest}",
          zh: "{address}（{interface}）：{span} 内发送 {sent} 个 echo 请求，丢失 {lost} 个，{bursts} 次连续丢包，最长 {longest} 个"),
        [
          "address": report.address, "interface": report.interface, "sent": "\(path.sent)",
          "span": time(report.measured.duration), "lost": "\(path.lost)", "bursts": "\(path.lossBursts)",
          "longest": "\(path.longestBurst)"
        ]),
      say(
        Words(
          "round trip: {min} at least, median {median}, 99% {high}, {max} at most, jitter {jitter}",
          zh: "往返时间：最小 {min}，中位 {median}，99% {high}，最大 {max}，抖动 {jitter}"),
        [
          "min": time(path.minimum), "median": time(path.median), "high": time(path.percentile99),
          "max": time(path.maximum), "jitter": time(path.jitter)
        ]),
      say(
        Words(
          "timers here: {high} late at 99%, {max} at most with {policy}; {other} at most with SCHED_OTHER",
          zh: "本机定时器：{policy} 下 99% 迟 {high}，最多迟 {max}；SCHED_OTHER 下最多迟 {other}"),
        [
          "high": time(path.latenessPercentile99), "max": time(path.latenessMaximum),
          "policy": report.measured.isRealTime ? "SCHED_FIFO" : "SCHED_OTHER",
          "other": time(report.measured.ordinaryLatenessMaximum)
        ])
    ]
    if let throttled = report.measured.throttled, throttled.periods > 0 {
      texts.append(
        say(
          Words(
            "the CPU quota stopped this cgroup {count} times, for {time} in all: raise it",
            zh: "CPU 配额使该 cgroup 暂停了 {count} 次，共 {time}：请提高配额"),
          ["count": "\(throttled.periods)", "time": time(throttled.microseconds)]))
    }
    if let refusal = report.measured.realTimeRefusal { texts.append(refusal) }
    return (texts + report.measured.errors).flatMap { wrapped($0) }
  }

  private var table: [String] {
    var table = Table([
      Table.Column(say(Words("INTERVAL", zh: "间隔")), number: true),
      Table.Column(say(Words("MULTIPLIER", zh: "倍数")), number: true),
      Table.Column(say(Words("DETECTION", zh: "检测时间")), number: true),
      Table.Column(say(Words("FALSE ALARMS A DAY", zh: "每天误报")), number: true),
      Table.Column(""), Table.Column("")
    ])
    for estimate in report.advice.candidates { table.add(cells(estimate, note: note(estimate))) }
    if let present = report.advice.present {
      table.add(cells(present, note: say(Words("in use", zh: "当前"))))
    }
    return table.lines(width: width, color: color)
  }

  private func note(_ estimate: FalseAlarmModel.Estimate) -> Styled {
    estimate == report.advice.recommended ? Styled(say(Words("advised", zh: "建议")), .bold) : ""
  }

  private func cells(_ estimate: FalseAlarmModel.Estimate, note: Styled) -> [Styled] {
    [
      Styled(time(estimate.interval)), Styled("\(estimate.multiplier)"), Styled(time(estimate.detectionTime)),
      Styled(Self.rate(estimate)), safety(estimate), note
    ]
  }

  private func cells(_ estimate: FalseAlarmModel.Estimate, note: String) -> [Styled] {
    cells(estimate, note: Styled(note))
  }

  private func safety(_ estimate: FalseAlarmModel.Estimate) -> Styled {
    switch estimate.safety {
    case .safe: Styled(say(Words("safe", zh: "安全")), .good)
    case .marginal: Styled(say(Words("marginal", zh: "勉强")), .warning)
    case .unsafe: Styled(say(Words("unsafe", zh: "不安全")), .bad)
    }
  }

  /// A tilde where it is the model's guess.
  static func rate(_ estimate: FalseAlarmModel.Estimate) -> String {
    let rate = estimate.falseAlarmsPerDay
    let mark = estimate.isExtrapolated ? "~" : ""
    if rate < 0.001 { return "\(mark)<0.001" }
    if rate >= 10 { return mark + Quantities.count(Int(rate.rounded())) }
    let thousandths = Int((rate * 1_000).rounded())
    let digits = String(thousandths % 1_000 + 1_000).dropFirst()
    return "\(mark)\(thousandths / 1_000).\(digits)"
  }

  private var verdict: [String] {
    var lines: [String] = []
    let advice = report.advice
    if let present = advice.present {
      let words: Words =
        switch present.safety {
        case .safe:
          Words(
            "What is in use ({setting}) is safe here: the longest trouble seen was {trouble}.",
            zh: "当前设置（{setting}）在这里是安全的：观察到的最长中断为 {trouble}。")
        case .marginal:
          Words(
            "What is in use ({setting}) is marginal here: the longest trouble seen was {trouble}; twice that, or a "
              + "few bad packets more, and the session fails though the path works.",
            zh: "当前设置（{setting}）在这里比较勉强：观察到的最长中断为 {trouble}；再长一倍或再多丢几个包，会话就会在路径正常时中断。")
        case .unsafe:
          Words(
            "What is in use ({setting}) is not safe here: the longest trouble seen was {trouble}, and about {rate} "
              + "false alarms a day are to be expected.",
            zh: "当前设置（{setting}）在这里不安全：观察到的最长中断为 {trouble}，预计每天误报约 {rate} 次。")
        }
      let values = ["setting": setting(present), "trouble": time(advice.longestTrouble), "rate": Self.rate(present)]
      lines += wrapped(say(words, values), present.safety == .safe ? .good : .warning)
    }
    if let recommended = advice.recommended {
      let words =
        advice.meetsTarget
        ? Words(
          "Advised for a detection time of {target}: {setting}.", zh: "检测时间要求 {target} 时的建议：{setting}。")
        : Words(
          "No setting detects within {target} and is safe here; the fastest safe one is {setting}.",
          zh: "没有既能在 {target} 内检测又安全的设置；最快的安全设置是 {setting}。")
      lines += wrapped(
        say(words, ["target": time(advice.target), "setting": setting(recommended)]), .bold)
    } else {
      lines += wrapped(
        say(
          Words(
            "None of these settings is safe here: mend the path (or this node's scheduling) first.",
            zh: "这些设置在这里都不安全：请先改善路径（或本节点的调度）。")), .bad)
    }
    return lines
  }

  private func setting(_ estimate: FalseAlarmModel.Estimate) -> String {
    "\(time(estimate.interval)) x \(estimate.multiplier) = \(time(estimate.detectionTime))"
  }

  private var claim: [String] {
    let words = Words(
      "How far this goes: what did not happen in {span} may still happen {least} times a day (95 %: three in the time "
        + "measured). Rates marked ~ are the model's guess beyond what was seen; measure for longer, and at the busiest "
        + "hour, to know more. Timers of the other end were measured only through its answers.",
      zh: "这个结论的范围：{span} 内没有发生的事，每天仍可能发生 {least} 次（95%：测量时间内 3 次）。"
        + "带 ~ 的数值是模型的外推；想知道得更多，请在最忙的时段测得更久。对端的定时器只能从它的应答间接测量。")
    let least = report.advice.leastClaimPerDay
    return wrapped(
      say(
        words,
        [
          "span": Quantities.duration(seconds: Double(report.measured.duration) / 1_000_000),
          "least": least < 10 ? "\(Double(Int(least * 10)) / 10)" : Quantities.count(Int(least))
        ]), .dim)
  }
}
