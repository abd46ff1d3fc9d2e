import ArgumentParser
import Glibc
import Lab
import SpeakerLoad

/// A daemon that is stopped for a while, as by SIGSTOP, a laptop's sleep or a paused virtual machine.
struct Suspend: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How many living peers a daemon fells when it comes back from SIGSTOP.",
    discussion: """
      In the rows of patient peers the daemon's own multiplier is 100, so that they go on sending for 30 s of its
      silence: whoever it fells then was alive. With a multiplier of 3 peers give up on their own, which no daemon can
      help.
      """)

  @OptionGroup var common: Common
  @Option(help: "Sessions at 300 ms x 3.") var sessions = 1_000
  @Option(help: "Seconds of each stop, with commas.") var stops = "0.5,2,10"

  func run() throws {
    let name = common.prepare()
    var table = TextTable([
      .left("daemon"), .left("peers"), .right("stopped for s"), .right("felled"), .right("peers gave up"),
      .right("all Up again after ms"), .right("faults")
    ])
    var notes = ""
    for subject in try common.subjects {
      var settings = common.settings
      if RunningSubject.obstacle(subject, settings, sessions: sessions) != nil { continue }
      for isPatient in [true, false] {
        settings.multiplier = isPatient ? 100 : 3
        for stop in stops.split(separator: ",").compactMap({ Double($0) }) {
          do {
            let result = try measure(subject, settings, stop: stop, lab: name)
            table.add(
              subject.rawValue, isPatient ? "patient" : "3 x 300 ms", fixed(stop, 1), "\(result.felled)",
              "\(result.gaveUp)", result.back.map { fixed($0, 0) } ?? "-", "\(result.faults)")
          } catch {
            Interruption.waitIfRequested()
            notes += "note: \(subject.rawValue): \(error)\n"
          }
        }
      }
    }
    print(table.rendered() + notes)
  }

  private func measure(
    _ subject: Subject, _ settings: Settings, stop: Double, lab name: String
  ) throws -> (felled: Int, gaveUp: Int, back: Double?, faults: Int) {
    let lab = try Lab.up(name)
    defer { lab.down() }
    let ground = try Ground(lab, groups: [LoadPlan.Group(count: sessions, interval: 300_000, multiplier: 3)])
    let daemon = try RunningSubject(subject, settings, on: ground, limit: nil)
    usleep(1_500_000)
    let generator = try ground.generator(Generator.Place(cpu: common.generatorCpu, priority: 60), seed: 1)
    defer { generator.stop() }
    let measurement = Measurement(settings: settings)
    try measurement.pause(30, daemon, generator) { generator.up == sessions }
    guard generator.up == sessions else { throw Trouble("only \(generator.up) of \(sessions) sessions came Up") }
    try measurement.pause(2, daemon, generator)
    guard generator.report(.beginSteady) != nil else { throw Trouble("the generator does not answer") }
    for process in daemon.processes { process.pause() }
    let woken = PacketPort.clock(CLOCK_MONOTONIC) + Int64(stop * 1e9)
    while PacketPort.clock(CLOCK_MONOTONIC) < woken {
      Interruption.waitIfRequested()
      usleep(10_000)
    }
    for process in daemon.processes { process.resume() }
    let start = PacketPort.clock(CLOCK_MONOTONIC)
    // Whoever is to be felled is felled within a detection time; then the others come back.
    try measurement.pause(1.5, daemon, generator)
    try measurement.pause(20, daemon, generator) { generator.up == sessions }
    let back = generator.up == sessions ? Double(PacketPort.clock(CLOCK_MONOTONIC) - start) / 1e6 : nil
    guard let counts = generator.report()?.counts else { throw Trouble("the generator does not answer") }
    let falls = counts[.steady]
    return (falls.announced, falls.silent, back.map { $0 < 1_600 ? 0 : $0 }, falls.generator)
  }
}
