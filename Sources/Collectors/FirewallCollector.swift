public import Cluster
public import Doctor
public import Firewall
import Glibc
public import NetworkNamespaces
import Processes

/// Asks the firewalls' own programs for their rules. Nothing is changed, and no kernel module is loaded.
public enum FirewallCollector {
  /// The rules of one network namespace.
  ///
  /// A program that is missing, fails, or takes longer than 10 s leaves the reason in its place.
  public static func look(in namespace: borrowing NetworkNamespace) -> FirewallTexts {
    FirewallTexts(
      nftJSON: run(Command("nft", ["-j", "list", "ruleset"]), in: namespace),
      nftText: run(Command("nft", ["-a", "list", "ruleset"]), in: namespace),
      iptables: iptables("iptables-save", names: "ip_tables_names", in: namespace),
      ip6tables: iptables("ip6tables-save", names: "ip6_tables_names", in: namespace),
      iptablesLegacy: run(Command("iptables-legacy-save", ["-c"]), in: namespace),
      ip6tablesLegacy: run(Command("ip6tables-legacy-save", ["-c"]), in: namespace),
      firewalld: firewalld())
  }

  /// Of the node: firewalld has one state, whatever the namespace.
  private static func firewalld() -> FirewallTexts.Look {
    do throws(ProgramError) {
      // Its exit status is 252 when it is not running, and it says so on either output.
      let result = try Command("firewall-cmd", ["--state"]).capture(timeout: .seconds(10))
      let said = result.output + result.errorOutput
      return .text(String(said.prefix { $0 != "\n" }))
    } catch {
      return .couldNotLook(error.message)
    }
  }

  /// Without the program, the kernel still says whether there are tables that only it could show.
  private static func iptables(
    _ program: String, names: String, in namespace: borrowing NetworkNamespace
  ) -> FirewallTexts.Look {
    let look = run(Command(program, ["-c"]), in: namespace)
    guard case .couldNotLook(let reason) = look else { return look }
    let tables = try? namespace.perform { () throws(SystemCallError) in
      firstOctet(of: "/proc/thread-self/net/\(names)")
    }
    // The file is not there when the module was never needed.
    guard let tables, tables == .empty || tables == .absent else { return look }
    return .text("# \(reason); /proc/net/\(names) names no table\n")
  }

  private enum FirstOctet { case absent, empty, something, unreadable }

  private static func firstOctet(of path: String) -> FirstOctet {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno == ENOENT ? .absent : .unreadable }
    defer { close(descriptor) }
    var octet: UInt8 = 0
    switch read(descriptor, &octet, 1) {
    case 0: return .empty
    case 1: return .something
    default: return .unreadable
    }
  }

  private static func run(_ command: Command, in namespace: borrowing NetworkNamespace) -> FirewallTexts.Look {
    do throws(ProgramError) {
      let result = try command.capture(in: namespace, timeout: .seconds(10), limit: Ruleset.longestText)
      guard result.status.isSuccess else {
        let said = result.errorOutput.split(separator: "\n").first.map { ": \($0)" } ?? ""
        return .couldNotLook("\(command.description) failed (\(result.status))\(said)")
      }
      return .text(result.output)
    } catch {
      return .couldNotLook(error.message)
    }
  }
}

extension FirewallCollector {
  /// The rules in the gateway's namespace, and the node's where these are others.
  public static func gather(_ context: CollectionContext) -> Gathered<FirewallFacts> {
    do throws(SystemCallError) {
      let gateway = look(in: try context.openNamespace())
      guard context.subject.namespace != nil else { return .value(FirewallFacts(gateway: gateway)) }
      return .value(FirewallFacts(gateway: gateway, node: look(in: try NetworkNamespace.current())))
    } catch {
      return .unavailable("\(error)")
    }
  }
}
