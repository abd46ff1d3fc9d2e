import Control
import History

/// Events as lines for people.
struct HistoryText {
  let color: Bool

  func line(_ record: HistoryRecord) -> String {
    let event = record.event
    let level = Styled(event.level == .warning ? "warning" : "info   ", event.level == .warning ? .warning : .plain)
    var text = event.text
    var notes: [String] = []
    if let silence = event.silence {
      notes.append("last packet \(Quantities.interval(microseconds: silence)) before")
    }
    if let latency = event.latency { notes.append("took \(Quantities.interval(microseconds: latency))") }
    if record.hasPackets { notes.append("packets: --packets \(record.id)") }
    if !notes.isEmpty { text += "  [\(notes.joined(separator: "; "))]" }
    return "\(LocalTime.text(event.at)) \(level.rendered(color: color)) \(Styled(text).text)"
  }
}
