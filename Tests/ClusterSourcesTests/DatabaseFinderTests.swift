import ClusterSources
import OVSDB
import Testing

@Suite struct PlacesOfDatabases {
  private func finder(_ change: (inout DatabaseFinder) -> Void) -> DatabaseFinder {
    var finder = DatabaseFinder()
    change(&finder)
    return finder
  }

  @Test func whatTheOperatorSaysCounts() throws {
    let finder = finder {
      $0.northbound = "tcp:192.0.2.1:6641"
      $0.southbound = "tcp:192.0.2.1:6642"
      $0.environment = ["OVN_DB_IPS": "10.0.0.1"]
      $0.remote = "tcp:10.0.0.9:6642"
      $0.localNorthbound = "/var/run/ovn/ovnnb_db.sock"
    }
    #expect(
      try finder.northboundPlace().get() == DatabasePlace(connection: "tcp:192.0.2.1:6641", source: "--ovn-nb"))
    #expect(
      try finder.southboundPlace().get() == DatabasePlace(connection: "tcp:192.0.2.1:6642", source: "--ovn-sb"))
  }

  @Test func kubeOVNsEnvironmentNamesTheMembers() throws {
    let finder = finder {
      $0.environment = ["OVN_DB_IPS": "10.0.0.1, fd00::2", "ENABLE_SSL": "true"]
      $0.tls = TLSFiles(privateKey: "k", certificate: "c", authority: "a")
    }
    let place = try finder.northboundPlace().get()
    #expect(place.connection == "ssl:10.0.0.1:6641,ssl:[fd00::2]:6641")
    #expect(place.tls == TLSFiles(privateKey: "k", certificate: "c", authority: "a"))
    #expect(try finder.southboundPlace().get().connection == "ssl:10.0.0.1:6642,ssl:[fd00::2]:6642")
  }

  @Test(arguments: [
    ("tcp:10.0.0.1:6642,tcp:[fd00::1]:6642", "tcp:10.0.0.1:6641,tcp:[fd00::1]:6641"),
    ("ssl:10.0.0.1:6642", "ssl:10.0.0.1:6641"),
    ("unix:/var/run/ovn/ovnsb_db.sock", "unix:/var/run/ovn/ovnnb_db.sock")
  ])
  func theNodesOwnOpenVSwitchNamesBoth(_ remote: String, _ north: String) throws {
    let finder = finder { $0.remote = remote }
    #expect(try finder.southboundPlace().get().connection == remote)
    #expect(try finder.northboundPlace().get().connection == north)
  }

  @Test func theServiceIsAskedToo() throws {
    let finder = finder {
      $0.remote = "ssl:10.96.0.5:6642"
      $0.northboundService = "10.96.0.4:6641"
    }
    let place = try finder.northboundPlace().get()
    #expect(place.connection == "ssl:10.96.0.4:6641,ssl:10.96.0.5:6641")
    #expect(place.source == "Service kube-system/ovn-nb and ovn-remote with port 6641")
    #expect(place.tls == DatabaseFinder.kubeOVNFiles)
  }

  @Test func aPortOfSomebodysOwnSaysNothingAboutTheOther() {
    let finder = finder { $0.remote = "tcp:10.0.0.1:16642" }
    guard case .failure(let unknown) = finder.northboundPlace() else {
      Issue.record("\(finder.northboundPlace())")
      return
    }
    #expect(unknown.isHinted)
    #expect(unknown.reason.contains("ovn-remote is tcp:10.0.0.1:16642, which says nothing"))
  }

  @Test func aMachineWithoutOVNHasNone() {
    let finder = finder { $0.remoteProblem = "No such file or directory" }
    for place in [finder.northboundPlace(), finder.southboundPlace()] {
      guard case .failure(let unknown) = place else {
        Issue.record("\(place)")
        continue
      }
      #expect(!unknown.isHinted)
      #expect(unknown.reason.contains("OVN_DB_IPS is not set"))
      #expect(unknown.reason.contains("could not be asked (No such file or directory)"))
    }
  }
}
