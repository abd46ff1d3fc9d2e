import ArgumentParser

@main
struct Everway: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "everway", abstract: "Keeps a cluster's way out alive: BFD, ECMP and the gateway namespace.")
}
