// swift-tools-version: 6.2
import PackageDescription

// One settings array for every Swift target; the proposal stands beside each flag.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),  // SE-0335
  .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
  .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
  .treatAllWarnings(as: .error)  // SE-0443
]

/// A library target with the common settings.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A test target `<name>Tests` with the common settings.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies,
    swiftSettings: settings)
}

let package = Package(
  name: "everway",
  products: [
    .executable(name: "everway", targets: ["everway"]),
    .library(name: "BFD", targets: ["BFD"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0")
  ],
  targets: [
    // Pure: no socket, no clock, no file, no Foundation.
    library("Addresses"),
    library("BFD", ["Addresses", .product(name: "Crypto", package: "swift-crypto")]),
    library("OpenBFDD", ["Addresses", "BFD"]),

    library("Capture", ["Addresses", "BFD"]),
    library("Languages"),
    library("NamespaceDiagnosis", ["Languages"]),
    library("Cluster", ["Addresses"]),
    library("Doctor", ["Addresses", "Cluster", "Firewall", "Languages", "NamespaceDiagnosis"]),
    library("Firewall", ["Addresses"]),  // JSON by FoundationEssentials
    library("PeerProbe", ["Firewall", "Languages"]),

    // The edge: the kernel's headers, libyaml.
    .target(name: "CLinux"),
    .systemLibrary(
      name: "CYAML", providers: [.apt(["libyaml-dev"])]),

    .target(
      name: "YAML", dependencies: ["CYAML"], swiftSettings: settings,
      linkerSettings: [.linkedLibrary(":libyaml.a")]),  // static: no libyaml on the target machine
    library("ConfigurationFile", ["YAML", "Addresses", "BFD"]),
    library("KubeOVN", ["Addresses", "BFD", "Cluster", "ConfigurationFile"]),
    library("NetworkNamespaces", ["CLinux", "Languages", "NamespaceDiagnosis"]),
    library("Netlink", ["CLinux", "Addresses", "NetworkNamespaces"]),
    library("PacketSockets", ["CLinux", "Addresses"]),
    library("Ways", ["Addresses", "CLinux", "Netlink", "NetworkNamespaces"]),
    library("EBPF", ["Addresses", "CLinux"]),
    library("XDPSockets", ["Addresses", "CLinux", "NetworkNamespaces"]),
    library(
      "Speaker",
      [
        "CLinux", "Addresses", "BFD", "Capture", "EBPF", "Netlink", "NetworkNamespaces", "PacketSockets", "Ways",
        "XDPSockets"
      ]),
    library("Probing", ["CLinux", "Addresses", "BFD", "Netlink", "NetworkNamespaces", "PacketSockets"]),
    library("Runtime", ["BFD", "CLinux", "NetworkNamespaces"]),
    library(
      "OpenBFDDServer", ["Addresses", "BFD", "CLinux", "NetworkNamespaces", "OpenBFDD", "Runtime", "Speaker"]),
    library(
      "Beacon",
      ["Addresses", "BFD", "CLinux", "NetworkNamespaces", "OpenBFDD", "OpenBFDDServer", "Runtime", "Speaker"]),
    library(
      "ClusterAgent",
      [
        "Addresses", "BFD", "Cluster", "ClusterSources", "ConfigurationFile", "Control", "Gateway", "KubeOVN",
        "Kubernetes", "KubernetesProtocol", "NetworkNamespaces", "Speaker"
      ]),
    library("Control", ["CLinux"]),
    library("Observation", ["Control"]),
    library("OpenMetrics", ["Control", "Observation"]),
    .target(
      name: "Observer",
      dependencies: [
        "CLinux", "Control", "Observation",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl")
      ],
      resources: [.embedInCode("Page")], swiftSettings: settings),
    library("History", ["Control", "Languages"]),  // JSON by FoundationEssentials
    .systemLibrary(
      name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .target(
      name: "Journal", dependencies: ["CLinux", "Control", "CSQLite", "History"], swiftSettings: settings,
      linkerSettings: [.linkedLibrary(":libsqlite3.a"), .linkedLibrary("m")]),  // static, as libyaml
    library(
      "Gateway",
      [
        "Addresses", "BFD", "Capture", "ConfigurationFile", "Control", "CLinux", "Languages",
        "NamespaceDiagnosis", "Netlink", "NetworkNamespaces", "OpenBFDD", "OpenBFDDServer", "Probing", "Runtime",
        "Processes",
        "Speaker"
      ]),
    library(
      "Collectors",
      [
        "Addresses", "Beacon", "BFD", "CLinux", "Cluster", "ClusterSources", "ConfigurationFile", "Control",
        "Doctor",
        "Firewall", "Languages", "NamespaceDiagnosis", "Netlink", "NetworkNamespaces", "OpenBFDD", "PacketSockets",
        "Probing",
        "Processes", "Runtime"
      ]),
    library(
      "PeerProber",
      [
        "Addresses", "BFD", "CLinux", "Collectors", "Control", "Firewall", "Netlink", "NetworkNamespaces",
        "PeerProbe",
        "Probing", "Runtime", "Speaker"
      ]),
    library("OVSDBProtocol"),
    library(
      "OVSDB",
      [
        "OVSDBProtocol",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"), .product(name: "NIOTLS", package: "swift-nio")
      ]),
    library(
      "ClusterSources", ["Addresses", "Cluster", "Kubernetes", "KubernetesProtocol", "OVSDB", "OVSDBProtocol"]),
    library("KubernetesProtocol", ["YAML"]),  // JSON by FoundationEssentials
    library(
      "Kubernetes",
      [
        "CLinux", "KubernetesProtocol", "Processes",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl")
      ]),
    library("Processes", ["CLinux", "NetworkNamespaces"]),
    library("Lab", ["Addresses", "CLinux", "NetworkNamespaces", "Processes"]),
    .executableTarget(
      name: "everway",
      dependencies: [
        "Addresses", "Beacon", "BFD", "Capture", "Cluster", "ClusterAgent", "ClusterSources", "Collectors",
        "ConfigurationFile", "Control", "Doctor",
        "Firewall",
        "Gateway", "History", "Journal", "KubeOVN", "Lab", "Languages", "NamespaceDiagnosis", "Netlink",
        "NetworkNamespaces", "Observer",
        "OpenBFDD", "OpenMetrics",
        "PeerProbe",
        "Observation", "PeerProber", "Processes", "Runtime", "Speaker", "YAML", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser")
      ],
      swiftSettings: settings,
      // Nobody links to a program: its 56,000 names need not be read when it starts, nor what nobody calls be kept.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--no-export-dynamic"], .when(configuration: .release))]),

    .executableTarget(
      name: "AuthenticationBenchmark", dependencies: ["BFD"], path: "Benchmarks/Authentication",
      swiftSettings: settings),
    .executableTarget(
      name: "OVSDBBenchmark", dependencies: ["OVSDBProtocol"], path: "Benchmarks/OVSDB", swiftSettings: settings),
    .executableTarget(
      name: "FilterBenchmark", dependencies: ["Addresses", "CLinux", "EBPF", "NetworkNamespaces"],
      path: "Benchmarks/Filter", swiftSettings: settings),
    .target(name: "SendingPorts", path: "Benchmarks/Sending/Ports"),
    .executableTarget(
      name: "SendingBenchmark", dependencies: ["CLinux", "NetworkNamespaces", "SendingPorts", "XDPSockets"],
      path: "Benchmarks/Sending", exclude: ["Ports"], swiftSettings: settings),
    .executableTarget(
      name: "FloodBenchmark",
      dependencies: [
        "Addresses", "BFD", "Capture", "CLinux", "NetworkNamespaces", "Runtime", "Speaker",
        .product(name: "ArgumentParser", package: "swift-argument-parser")
      ],
      path: "Benchmarks/Flood", swiftSettings: settings),
    .executableTarget(
      name: "InstructionBenchmark", dependencies: ["Addresses", "BFD", "NetworkNamespaces", "Speaker"],
      path: "Benchmarks/Instructions", exclude: ["expected.txt"], swiftSettings: settings),
    .executableTarget(
      name: "FailoverBenchmark",
      dependencies: [
        "Addresses", "BFD", "CLinux", "Control", "Gateway", "Lab", "Netlink", "NetworkNamespaces", "Processes",
        "Speaker",
        .product(name: "ArgumentParser", package: "swift-argument-parser")
      ],
      path: "Benchmarks/Failover", swiftSettings: settings),
    .target(name: "SpeakerLoad", path: "Benchmarks/Speakers/Load", swiftSettings: settings),
    .executableTarget(
      name: "SpeakerBenchmark",
      dependencies: [
        "CLinux", "Lab", "NetworkNamespaces", "Processes", "SpeakerLoad",
        .product(name: "ArgumentParser", package: "swift-argument-parser")
      ],
      path: "Benchmarks/Speakers", exclude: ["Load", "everway.sh"], swiftSettings: settings),
    tests("SpeakerLoad"),

    tests("Addresses"),
    tests("BFD", ["Addresses"]),
    tests("OpenBFDD", ["Addresses", "BFD"]),
    .testTarget(
      name: "BeaconTests",
      dependencies: ["everway", "Addresses", "CLinux", "Lab", "NetworkNamespaces", "OpenBFDD", "Processes"],
      swiftSettings: settings),
    tests("Capture", ["Addresses", "BFD"]),
    tests("Doctor", ["Addresses", "Cluster", "Languages", "NamespaceDiagnosis"]),
    tests("KubeOVN", ["Addresses", "BFD", "Cluster", "ConfigurationFile"]),
    tests("NamespaceDiagnosis", ["Languages"]),
    tests("Firewall", ["Addresses"]),
    tests("PeerProbe", ["ConfigurationFile", "Firewall", "Languages"]),
    tests("YAML"),
    tests("ConfigurationFile", ["Addresses", "BFD", "YAML"]),
    .target(
      name: "NamespaceTestSupport", dependencies: ["NetworkNamespaces"], path: "Tests/NamespaceTestSupport",
      swiftSettings: settings),
    tests("NetworkNamespaces", ["CLinux", "Languages", "NamespaceDiagnosis", "NamespaceTestSupport", "Processes"]),
    tests("EBPF", ["Addresses", "CLinux", "NamespaceTestSupport", "NetworkNamespaces"]),
    .executableTarget(
      name: "XDPHolder", dependencies: ["NetworkNamespaces", "XDPSockets"], path: "Tests/XDPHolder",
      swiftSettings: settings),
    tests(
      "XDPSockets", ["Addresses", "CLinux", "NamespaceTestSupport", "NetworkNamespaces", "Processes", "XDPHolder"]),
    tests("Netlink", ["Addresses", "CLinux", "NamespaceTestSupport", "NetworkNamespaces"]),
    tests("Ways", ["Addresses", "CLinux", "NamespaceTestSupport", "Netlink", "NetworkNamespaces"]),
    tests(
      "Speaker",
      [
        "Addresses", "BFD", "Capture", "CLinux", "NamespaceTestSupport", "NetworkNamespaces", "Ways",
        "PacketSockets", "XDPSockets"
      ]),
    tests(
      "Probing", ["Addresses", "BFD", "CLinux", "NamespaceTestSupport", "NetworkNamespaces", "PacketSockets"]),
    tests("ClusterSources", ["Addresses", "Cluster", "Lab", "OVSDB", "OVSDBProtocol"]),
    tests("OVSDBProtocol"),
    tests("KubernetesProtocol"),
    tests("Kubernetes", ["CLinux", "KubernetesProtocol", "Lab", "Processes"]),
    tests("OVSDB", ["Lab", "OVSDBProtocol", "Processes"]),
    .testTarget(
      name: "DeployTests",
      dependencies: [
        "Cluster", "ClusterAgent", "ClusterSources", "KubeOVN", "Kubernetes", "KubernetesProtocol", "Lab",
        "Processes"
      ],
      swiftSettings: settings),
    tests("Control", ["CLinux", "ControlTestSupport"]),
    tests("Observation", ["Control"]),
    tests(
      "Observer", ["Control", "ControlTestSupport", "Observation", .product(name: "NIOCore", package: "swift-nio")]),
    tests("OpenMetrics", ["Control", "ControlTestSupport", "Observation", "Processes"]),
    .target(
      name: "JournalTestSupport", dependencies: ["Control"], path: "Tests/JournalTestSupport",
      swiftSettings: settings),
    .executableTarget(
      name: "JournalHost", dependencies: ["Control", "History", "Journal", "JournalTestSupport"],
      path: "Tests/JournalHost", swiftSettings: settings),
    tests("History", ["Control", "JournalTestSupport", "Languages"]),
    tests("Journal", ["CLinux", "Control", "History", "JournalHost", "JournalTestSupport", "Processes"]),
    .target(
      name: "ControlTestSupport", dependencies: ["Control"], path: "Tests/ControlTestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "everway", "ConfigurationFile", "Control", "ControlTestSupport", "History", "Journal", "JournalTestSupport",
        "Observation", "Processes"
      ],
      swiftSettings: settings),
    tests(
      "Gateway",
      [
        "Addresses", "AgentHost", "BFD", "Capture", "CLinux", "ConfigurationFile", "Control", "Lab",
        "NamespaceDiagnosis", "NamespaceTestSupport", "Netlink", "NetworkNamespaces", "OpenBFDD", "Processes",
        "Runtime",
        "Speaker"
      ]),
    .executableTarget(
      name: "AgentHost", dependencies: ["ConfigurationFile", "Gateway"], path: "Tests/AgentHost",
      swiftSettings: settings),
    .testTarget(
      name: "CollectorsTests",
      dependencies: [
        "everway", "Addresses", "BFD", "CLinux", "Cluster", "ClusterSources", "Collectors", "Doctor", "Firewall",
        "Kubernetes",
        "KubernetesProtocol",
        "Lab", "Languages",
        "NamespaceDiagnosis", "NamespaceTestSupport", "Netlink", "NetworkNamespaces", "Processes"
      ],
      swiftSettings: settings),
    tests(
      "PeerProber",
      ["Addresses", "ConfigurationFile", "Firewall", "Lab", "NetworkNamespaces", "PeerProbe", "Processes"]
    ),
    tests("Lab", ["Addresses", "ConfigurationFile", "NetworkNamespaces", "Processes"]),
    .target(
      name: "Simulation", dependencies: ["Addresses", "BFD"], path: "Tests/Simulation", swiftSettings: settings),
    .testTarget(
      name: "SimulationTests", dependencies: ["Simulation", "BFD"], swiftSettings: settings),
    .testTarget(
      name: "InteropTests",
      dependencies: [
        "Addresses", "BFD", "CLinux", "ConfigurationFile", "Control", "Gateway", "Kubernetes", "KubernetesProtocol",
        "Lab", "Netlink", "NetworkNamespaces", "Observation", "Processes", "Speaker"
      ],
      swiftSettings: settings)
  ],
  swiftLanguageModes: [.v6]
)

// What fuzzing runs is also a test, which replays the corpus. With EVERWAY_FUZZ set, as Scripts/fuzz does, the same
// files become one program for libFuzzer.
let fuzzed: [Target.Dependency] = [
  "Addresses", "BFD", "CLinux", "ConfigurationFile", "Control", "Firewall", "Netlink", "OpenBFDD", "OVSDBProtocol",
  "Probing",
  "Simulation",
  "YAML"
]
if Context.environment["EVERWAY_FUZZ"] == nil {
  package.targets.append(
    .testTarget(
      name: "FuzzTests", dependencies: fuzzed, path: "Fuzz", exclude: ["Corpus", "Dictionaries", "Driver"],
      sources: ["Targets", "Tests"], swiftSettings: settings))
} else {
  package.targets.append(
    .executableTarget(
      name: "EverwayFuzz", dependencies: fuzzed, path: "Fuzz", exclude: ["Corpus", "Dictionaries", "Tests"],
      sources: ["Targets", "Driver"], swiftSettings: settings))
}
