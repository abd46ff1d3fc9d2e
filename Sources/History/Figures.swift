public import Languages

/// Numbers of a report as people read them.
public enum Figures {
  /// A share of 1 as `99.987%`. Never rounded up: 100% is nothing less.
  public static func percent(_ share: Double?) -> String {
    guard let share, share.isFinite, (0...1).contains(share) else { return "-" }
    if share == 1 { return "100%" }
    let thousandths = Int((share * 100_000).rounded(.down))
    let fraction = String(1_000 + thousandths % 1_000).dropFirst()
    return "\(thousandths / 1_000).\(fraction)%"
  }

  /// How long something lasted: `0`, `450ms`, `3.2s`, `59s`, `3m05s`, `3h12m`, `5d03h`.
  public static func duration(microseconds: Int64) -> String {
    let microseconds = max(0, microseconds)
    if microseconds == 0 { return "0" }
    if microseconds < 1_000 { return "\(microseconds)us" }
    if microseconds < 1_000_000 { return "\(microseconds / 1_000)ms" }
    if microseconds < 10_000_000 {
      return "\(microseconds / 1_000_000).\(microseconds / 100_000 % 10)s"
    }
    let total = microseconds / 1_000_000
    let (days, hours, minutes) = (total / 86_400, total / 3_600 % 24, total / 60 % 60)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if days > 0 { return "\(days)d\(two(hours))h" }
    if hours > 0 { return "\(hours)h\(two(minutes))m" }
    if minutes > 0 { return "\(minutes)m\(two(total % 60))s" }
    return "\(total)s"
  }

  public static func duration(microseconds: UInt64) -> String {
    duration(microseconds: Int64(clamping: microseconds))
  }
}

/// What a report says, as text and as a page.
public enum ReportWords {
  public static let title = Words("Everway report", zh: "Everway 运行报告")
  public static let groups = Words("Groups", zh: "下一跳组")
  public static let paths = Words("Paths", zh: "路径")
  public static let sessions = Words("BFD sessions", zh: "BFD 会话")
  public static let name = Words("Name", zh: "名称")
  public static let peer = Words("Peer", zh: "对端")
  public static let available = Words("Available", zh: "可用率")
  public static let down = Words("Down", zh: "中断时长")
  public static let planned = Words("Planned", zh: "计划内")
  public static let flaps = Words("Flaps", zh: "抖动次数")
  public static let outages = Words("Outages", zh: "中断次数")
  public static let longest = Words("Longest outage", zh: "最长中断")
  public static let began = Words("It began", zh: "开始于")
  public static let detections = Words("Detections", zh: "检测次数")
  public static let failovers = Words("Failovers", zh: "切换次数")
  public static let mean = Words("Mean", zh: "平均")
  public static let worst = Words("Worst", zh: "最长")
  public static let stillDown = Words("still down", zh: "仍未恢复")
  public static let nothing = Words(
    "Nothing is known of this time: nobody watched.", zh: "这段时间没有任何记录：当时没有程序在观察。")

  public static func window(_ from: String, _ to: String, _ length: String) -> Words {
    Words("\(from) to \(to) (\(length))", zh: "\(from) 至 \(to)（\(length)）")
  }
  public static func watched(_ share: String, starts: Int) -> Words {
    Words(
      "watched \(share) of the time; everway was started \(starts == 1 ? "once" : "\(starts) times") in it",
      zh: "其中 \(share) 的时间有观察记录；everway 启动了 \(starts) 次")
  }
  public static func unwatched(_ from: String, _ to: String, _ length: String) -> Words {
    Words("not watched: \(from) to \(to), \(length)", zh: "无观察记录：\(from) 至 \(to)，\(length)")
  }
  public static func more(_ count: Int) -> Words { Words("and \(count) more", zh: "另有 \(count) 段") }
  public static func missing(_ count: Int) -> Words {
    Words(
      "\(count) \(count == 1 ? "event" : "events") could not be recorded", zh: "有 \(count) 条事件未能写入日志")
  }
  public static let explanation = Words(
    "Available is the share of up in the time that is known and not planned. Planned: an operator, here or at the peer, "
      + "wanted it so. Time in which nobody watched counts neither way. A detection is the time from the peer's last "
      + "packet; a failover that from its cause to the kernel's acknowledgement.",
    zh: "可用率是在有记录且非计划内的时间中处于正常状态的比例。计划内：本端或对端的运维人员主动为之。无观察记录的时间不计入。"
      + "检测时长从对端最后一个报文算起；切换时长从原因发生到内核确认。")
}
