import ArgumentParser
import Glibc
import Lab

struct LabCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lab",
    abstract: "A network to play with, in namespaces of this machine.",
    discussion: """
      A client, this program as its gateway, routers that are real FRR and BIRD, and a server behind them. Needs root, \
      and the packages frr and bird2. Nothing outside its own namespaces is touched.

      EXAMPLES
        everway lab up
        everway status --socket /run/everway-lab/demo/control.sock --follow
        ip netns exec evl-demo-r1 ip link set gw down
        everway lab status
        everway lab down

      EXIT CODES
        0  done
        1  it failed; `lab up` leaves nothing behind then
        2  the command line is wrong
      """,
    subcommands: [Up.self, Show.self, Down.self, Demo.self, DemoOVN.self])

  struct Name: ParsableArguments {
    @Option(help: ArgumentHelp("The lab's name: 1 to 16 lower-case letters and digits.", valueName: "name"))
    var name = "demo"

    func existing() throws(CommandError) -> DemoTopology {
      if let topology = DemoTopology.existing(name) { return topology }
      let names = Lab.names()
      throw CommandError(
        message: "there is no lab '\(name)'",
        help: names.isEmpty ? "put it up with `everway lab up`" : "there are: \(names.joined(separator: ", "))")
    }
  }

  struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put the lab up, and start everway in it.",
      discussion: "It stays until `everway lab down`. Ctrl-C while it is being made takes it down again.")

    @OptionGroup var lab: Name

    func run() throws {
      let name = lab.name
      Interruption.handle { Lab.existing(name)?.down() }
      do throws(LabError) {
        let topology = try DemoTopology.up(name, kept: true)
        do throws(LabError) {
          let everway = try topology.startEverway(executable: try Self.executable())
          try Self.wait(for: topology, everway)
        } catch {
          Interruption.waitIfRequested()
          topology.down()
          throw error
        }
        writeAll(STDOUT_FILENO, topology.statusTable().rendered(coloured: TextTable.isTerminal()) + "\n")
        writeAll(STDOUT_FILENO, Self.hints(topology))
      } catch {
        Interruption.waitIfRequested()
        throw CommandError(message: "\(error)")
      }
    }

    /// BFD comes up within some seconds; a router that never does is worth looking at, so it is no error.
    private static func wait(for topology: DemoTopology, _ everway: LabProcess) throws(LabError) {
      for _ in 0..<150 {
        if topology.allSessionsAreUp() { return }
        guard everway.isRunning else {
          throw LabError("everway ended at once: see `everway run --config \(topology.configurationPath)`")
        }
        usleep(200_000)
      }
      standardError("everway: not every session is Up after 30 s; `everway lab status` shows which")
    }

    static func executable() throws(LabError) -> String {
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = readlink("/proc/self/exe", &buffer, buffer.count)
      guard count > 0 else { throw LabError("cannot find this program's own file: /proc is not there") }
      return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    private static func hints(_ topology: DemoTopology) -> String {
      let name = topology.lab.name == "demo" ? "" : " --name \(topology.lab.name)"
      return """

        The gateway:    everway status --follow --socket \(topology.controlSocketPath)
        From a client:  ip netns exec \(topology.client.name) ping \(DemoPlan.serverAddresses(1).ipv4.first ?? "")
        A dead link:    ip -n \(topology.routers.first?.namespace.name ?? "") link set gw down
        The log:        tail -f \(topology.lab.directory)/everway.log
        Take it down:   everway lab down\(name)

        """
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "Show the lab as its routers see it.")

    @OptionGroup var lab: Name

    func run() throws {
      let topology = try lab.existing()
      writeAll(STDOUT_FILENO, topology.statusTable().rendered(coloured: TextTable.isTerminal()) + "\n")
    }
  }

  struct Down: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take the lab down: every process, namespace and file of it.",
      discussion: "That there is none is no error.")

    @OptionGroup var lab: Name

    func run() throws {
      guard let existing = Lab.existing(lab.name) else {
        writeAll(STDOUT_FILENO, "there is no lab '\(lab.name)'\n")
        return
      }
      existing.down()
      writeAll(STDOUT_FILENO, "the lab '\(lab.name)' is gone\n")
    }
  }
}
