import Control
import Glibc
import Lab
import Netlink

/// What the demo does to its gateway, one thing after another, under traffic, and what it sees.
struct DemoScenario {
  /// One thing that was done.
  struct Step: Sendable {
    /// As the traffic's mark is called, and the table's first column.
    var name: String
    /// When it began.
    var start: MonotonicTime
    /// When the kernel's groups had let go of the path; nil when none had to.
    var withdrawn: MonotonicTime?
    /// Whether losing packets would be wrong here, and not only unpleasant.
    var mayLose: Bool
  }

  let topology: DemoTopology
  let watch: GroupWatch
  let traffic: Traffic
  let executable: String
  /// One line of progress.
  let progress: (String) -> Void
  private(set) var everway: LabProcess
  private(set) var steps: [Step] = []

  init(
    _ topology: DemoTopology, watch: GroupWatch, traffic: Traffic, everway: LabProcess, executable: String,
    progress: @escaping (String) -> Void
  ) {
    self.topology = topology
    self.watch = watch
    self.traffic = traffic
    self.everway = everway
    self.executable = executable
    self.progress = progress
  }

  mutating func run() throws(LabError) {
    pause(2)
    try crashRouter(1)
    try cutLink(2)
    try drain(3)
    try killEverway()
    pause(1)
  }

  private mutating func crashRouter(_ number: Int) throws(LabError) {
    guard let router = topology.router(number) else { return }
    try step("\(router.name) loses power (carrier stays)", loses: router, mayLose: true) { () throws(LabError) in
      try router.crash()
    }
    pause(1.5)
    try comesBack("\(router.name) is back", router) { () throws(LabError) in try router.boot() }
  }

  private mutating func cutLink(_ number: Int) throws(LabError) {
    guard let router = topology.router(number) else { return }
    try step("link to \(router.name) goes down", loses: router, mayLose: true) { () throws(LabError) in
      let now = MonotonicTime.now()
      try router.linkDown()
      return now
    }
    pause(1.5)
    try comesBack("link to \(router.name) is back", router) { () throws(LabError) in try router.linkUp() }
  }

  private mutating func drain(_ number: Int) throws(LabError) {
    guard let router = topology.router(number) else { return }
    let names = [router.name, "\(router.name)-v6"]
    let topology = topology
    try step("everway drain \(router.name)", loses: router, mayLose: false) { () throws(LabError) in
      let now = MonotonicTime.now()
      for name in names { try Self.ask(.drain(target: name), topology) }
      return now
    }
    pause(1.5)
    try comesBack("everway undrain \(router.name)", router) { () throws(LabError) in
      for name in names { try Self.ask(.undrain(target: name), topology) }
    }
  }

  private mutating func killEverway() throws(LabError) {
    mark("everway is killed (SIGKILL)", at: .now(), mayLose: false)
    everway.kill()
    pause(1)
    mark("everway starts again", at: .now(), mayLose: false)
    everway = try topology.startEverway(executable: executable)
    try waitForEveryPath()
    pause(1)
  }

  // MARK: - The parts

  private mutating func step(
    _ name: String, loses router: DemoRouter, mayLose: Bool, _ act: () throws(LabError) -> MonotonicTime
  ) throws(LabError) {
    let start = try act()
    let index = steps.count
    mark(name, at: start, mayLose: mayLose)
    let gateways = [router.router.address4, router.router.address6]
    for _ in 0..<500 {
      if let time = watch.withdrawn(gateways, since: start) {
        steps[index].withdrawn = time
        return
      }
      usleep(10_000)
    }
    throw LabError("\(name): the gateway still uses \(router.name) after 5 s")
  }

  private mutating func comesBack(
    _ name: String, _ router: DemoRouter, _ act: () throws(LabError) -> Void
  ) throws(LabError) {
    mark(name, at: .now(), mayLose: false)
    try act()
    try waitForEveryPath()
    pause(1)
  }

  private mutating func mark(_ name: String, at time: MonotonicTime, mayLose: Bool) {
    traffic.mark(name, at: time)
    steps.append(Step(name: name, start: time, mayLose: mayLose))
    progress(name)
  }

  private func waitForEveryPath() throws(LabError) { try Self.waitForEveryPath(topology, watch) }

  /// Until the kernel's groups have every router.
  static func waitForEveryPath(_ topology: DemoTopology, _ watch: GroupWatch, seconds: Int = 30) throws(LabError) {
    let wanted = Set(topology.plan.routers.flatMap { [$0.address4, $0.address6] })
    for _ in 0..<(seconds * 50) {
      if Set(watch.groups.flatMap { watch.members($0) }) == wanted { return }
      usleep(20_000)
    }
    let missing = wanted.subtracting(watch.groups.flatMap { watch.members($0) }).sorted()
    throw LabError(
      "not every path came back within \(seconds) s, missing: \(missing.joined(separator: ", ")); "
        + "the log is \(topology.lab.directory)/everway.log")
  }

  private static func ask(_ command: ControlCommand, _ topology: DemoTopology) throws(LabError) {
    let response: ControlResponse
    do throws(ControlSocketError) {
      var client = try ControlClient(path: topology.controlSocketPath)
      response = try client.send(command)
    } catch {
      throw LabError("\(error)")
    }
    if case .failure(let failure) = response { throw LabError(failure.message) }
  }

  private func pause(_ seconds: Double) { usleep(UInt32(seconds * 1e6)) }
}
