import Cluster
import Doctor
import Testing

@testable import Collectors

@Suite struct FactsOfTheMachine {
  @Test func areGatheredHere() throws {
    let context = CollectionContext(subject: .init(node: "here"), controlSocket: "/nowhere")
    let machine = try #require(MachineFacts.gather(context).value)
    #expect(machine.kernel?.isEmpty == false)
    #expect((machine.cpu.count ?? 0) > 0)
    #expect((machine.memory.available ?? 0) > 0)
    #expect(machine.disks.map(\.path) == ["/run", "/var/lib/everway"])
    #expect(machine.features["nexthop"]?.value == true)
    #expect(machine.clock.value != nil)
    #expect(machine.surroundings.value != nil)
    #expect(machine.modules.keys.contains("openvswitch"))
  }

  @Test func knowWhatAConnectionIsTranslatedTo() {
    let table = """
      ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.5 dst=1.1.1.1 sport=4 dport=80 src=1.1.1.1 dst=10.204.0.11 sport=80 dport=4 [ASSURED] mark=0 use=1
      ipv4     2 udp      17 29 src=10.0.0.6 dst=1.1.1.1 sport=4 dport=53 src=1.1.1.1 dst=10.204.0.11 sport=53 dport=4 mark=0 use=1
      ipv4     2 udp      17 29 src=10.0.0.7 dst=1.1.1.1 sport=4 dport=53 src=1.1.1.1 dst=10.0.0.7 sport=53 dport=4 mark=0 use=1
      nonsense
      """
    #expect(MachineFacts.translations(table) == ["10.204.0.11": 2])
  }

  @Test func keepNoSecretOfTheKernelsCommandLine() {
    let words = MachineFacts.commandLineWords(
      "root=/dev/sda1 ipv6.disable=1 ro token=hunter2 ipv6x=1 isolcpus=1-3\n")
    #expect(words == ["ipv6.disable=1", "isolcpus=1-3"])
  }

  @Test func haveAnOptionThatIsNotMentionedOff() {
    let options = KernelFeatures.chosen(
      "CONFIG_VETH=y\n# CONFIG_GENEVE is not set\nCONFIG_OPENVSWITCH=m\nCONFIG_FOO=y\n")
    #expect(options["CONFIG_VETH"] == "y")
    #expect(options["CONFIG_OPENVSWITCH"] == "m")
    #expect(options["CONFIG_GENEVE"] == "n")
    #expect(options["CONFIG_NET_NS"] == "n")
    #expect(options["CONFIG_FOO"] == nil)
  }

  @Test func knowModulesByTheirFiles() {
    let text = "kernel/net/openvswitch/openvswitch.ko.xz: kernel/net/nsh/nsh.ko.xz\nkernel/net/sched/sch-x.ko:\n"
    #expect(KernelFeatures.moduleFiles(text) == ["openvswitch", "sch_x"])
  }

  @Test func knowLimitsPressureAndMemory() {
    let limits =
      "Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 524288               files\n"
    #expect(MachineFacts.fileLimit(limits) == 1024)
    #expect(MachineFacts.pressure("some avg10=12.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=1.00") == 12.5)
    let memory = MachineFacts.readMemory("MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\n")
    #expect(memory.total == 2 << 20)
    #expect(memory.available == 1 << 20)
  }
}
