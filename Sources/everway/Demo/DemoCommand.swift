import ArgumentParser
import Glibc
import Lab
import Netlink

extension LabCommand {
  struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what Everway does: put a lab up, break things under traffic, print a table, clean up.",
      discussion: """
        A router loses power, a link goes down, a path is drained, everway itself is killed; each comes back. Meanwhile \
        every flow sends one datagram per millisecond, and each one that is missing is counted. Takes about half a \
        minute.

        EXIT CODES
          0  shown, and nothing was lost where nothing may be lost
          1  something did not work: what, and where its log is
          2  the command line is wrong
        """)

    @Option(help: ArgumentHelp("How many flows, 1 to 200.", valueName: "number"))
    var flows = 48

    @Option(help: ArgumentHelp("BFD's transmit and receive interval, 10 to 1000.", valueName: "ms"))
    var interval = 50

    func validate() throws {
      guard (1...200).contains(flows) else { throw ValidationError("--flows is 1 to 200") }
      guard (10...1_000).contains(interval) else {
        throw ValidationError("--interval is 10 to 1000 (milliseconds)")
      }
    }

    func run() throws {
      let name = "demo\(getpid())"
      Interruption.handle { Lab.existing(name)?.down() }
      do throws(LabError) {
        try show(name)
      } catch {
        Interruption.waitIfRequested()
        throw CommandError(message: "\(error)")
      }
    }

    private func show(_ name: String) throws(LabError) {
      Self.say("putting up a client, a gateway node, three routers (FRR, BIRD, FRR) and a server")
      let plan = DemoPlan(timers: BFDTimers(milliseconds: interval))
      let topology = try DemoTopology.up(name, plan: plan)
      defer { topology.down() }
      let executable = try LabCommand.Up.executable()
      Self.say("everway run --config \(topology.configurationPath)")
      let everway = try topology.startEverway(executable: executable)
      for _ in 0..<250 where !topology.gateway.exists { usleep(20_000) }
      let watch: GroupWatch
      do throws(NetlinkError) {
        watch = try GroupWatch(topology.gateway)
      } catch {
        throw LabError("\(error); everway said: \(everway.lastLines(5).joined(separator: " | "))")
      }
      defer { watch.stop() }
      try DemoScenario.waitForEveryPath(topology, watch)
      Self.say("all BFD sessions are up, all paths are in their groups; sending")
      let traffic = try topology.startTraffic(plan.traffic(flows: flows))
      var scenario = DemoScenario(
        topology, watch: watch, traffic: traffic, everway: everway, executable: executable, progress: Self.say)
      do throws(LabError) {
        try scenario.run()
      } catch {
        _ = traffic.finish(settle: .zero)
        throw error
      }
      let table = DemoTable(steps: scenario.steps, report: traffic.stop(), timers: plan.timers)
      writeAll(STDOUT_FILENO, "\n" + table.rendered(coloured: TextTable.isTerminal()))
      guard table.failures.isEmpty else {
        throw LabError("packets were lost where none may be: \(table.failures.joined(separator: ", "))")
      }
    }

    private static func say(_ text: String) { writeAll(STDOUT_FILENO, "  \(text)\n") }
  }
}
