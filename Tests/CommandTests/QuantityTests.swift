import Testing

@testable import everway

@Suite struct QuantityTests {
  @Test(
    "A time reads as a person says it",
    arguments: [
      (-1.0, "0s"), (0.4, "0s"), (59.9, "59s"), (60, "1m00s"), (185, "3m05s"), (11_530, "3h12m"),
      (442_800, "5d03h"),
      (.infinity, "?"), (.nan, "?")
    ])
  func durations(seconds: Double, text: String) { #expect(Quantities.duration(seconds: seconds) == text) }

  @Test(
    "An interval has the unit that fits it",
    arguments: [
      (UInt64(0), "0us"), (412, "412us"), (1_000, "1ms"), (3_300, "3.3ms"), (300_000, "300ms"), (1_000_000, "1s"),
      (1_500_000, "1.5s"), (999_999, "999.999ms"), (4_294_967_295, "4294.967s"), (.max, "18446744073709.552s")
    ])
  func intervals(microseconds: UInt64, text: String) {
    #expect(Quantities.interval(microseconds: microseconds) == text)
  }

  @Test(
    "Thousands are set apart", arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")])
  func counts(value: Int, text: String) { #expect(Quantities.count(value) == text) }

  @Test(
    "A share is a percentage",
    arguments: [(0.0, "0%"), (0.005, "0.5%"), (1.0 / 3, "33%"), (0.5, "50%"), (1, "100%"), (.nan, "?")])
  func shares(share: Double, text: String) { #expect(Quantities.percent(share) == text) }

  @Test(
    "A polling interval is 100 ms to 1 h",
    arguments: [
      ("500ms", Duration.milliseconds(500)), ("1s", .seconds(1)), ("2", .seconds(2)), ("1m", .seconds(60)),
      ("1h", .seconds(3600)), ("99ms", nil), ("61m", nil), ("", nil), ("s", nil), ("1.5s", nil), ("-1s", nil),
      ("5000000000s", nil)
    ] as [(String, Duration?)])
  func pollIntervals(text: String, duration: Duration?) {
    #expect(PollInterval(argument: text)?.duration == duration)
  }

  @Test(
    "Colour follows the flag, then NO_COLOR, then the terminal",
    arguments: [
      (ColorChoice.auto, true, nil, "xterm", true), (.auto, false, nil, "xterm", false),
      (.auto, true, "1", "xterm", false),
      (.auto, true, "", "xterm", true), (.auto, true, nil, "dumb", false), (.always, false, "1", "dumb", true),
      (.never, true, nil, "xterm", false)
    ] as [(ColorChoice, Bool, String?, String, Bool)])
  func color(choice: ColorChoice, isTerminal: Bool, noColor: String?, kind: String, applies: Bool) {
    #expect(choice.applies(isTerminal: isTerminal, noColor: noColor, terminalKind: kind) == applies)
  }
}

@Suite struct ScreenTests {
  @Test func `The second drawing begins where the first did, and every line clears its rest`() {
    var screen = Screen()
    #expect(screen.draw("a\nb\n", rows: 24) == "a\u{1b}[K\nb\u{1b}[K\n\u{1b}[J")
    #expect(screen.draw("c\n", rows: 24) == "\u{1b}[2Fc\u{1b}[K\n\u{1b}[J")
    #expect(screen.draw("d\n", rows: 24) == "\u{1b}[1Fd\u{1b}[K\n\u{1b}[J")
  }

  @Test func `What does not fit is cut, since lines that scrolled away cannot be drawn over`() {
    var screen = Screen()
    let drawing = screen.draw("1\n2\n3\n4\n5\n", rows: 4)
    #expect(drawing.hasPrefix("1\u{1b}[K\n2\u{1b}[K\n(3 more lines"))
    #expect(screen.draw("x\n", rows: 4).hasPrefix("\u{1b}[3F"))
  }

  @Test func `After it was forgotten it begins anew`() {
    var screen = Screen()
    _ = screen.draw("a\n", rows: 24)
    screen.forget()
    #expect(screen.draw("b\n", rows: 24).hasPrefix("b"))
  }
}
