public import CLinux
import Glibc
public import NetworkNamespaces

/// posix_spawn with what every child of ours gets: a process group of its own (so that Ctrl-C on the terminal
/// does not reach it and a kill reaches its children too), no blocked signal, default dispositions.
///
/// The child starts in the network namespace of the calling thread.
/// - Parameters:
///   - path: the program; not looked up in PATH.
///   - input, output, errorOutput: descriptors that become 0, 1 and 2. It inherits no others, not even those that libraries
///     have opened without close-on-exec.
/// - Returns: the child's pid.
public func spawn(
  path: String, arguments: [String], environment: [String], input: Int32, output: Int32, errorOutput: Int32
) throws(SystemCallError) -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  for (to, from) in [input, output, errorOutput].enumerated() {
    posix_spawn_file_actions_adddup2(&actions, from, Int32(to))
  }
  _ = cl_spawn_close_from(&actions, 3)
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var none = sigset_t()
  sigemptyset(&none)
  var all = sigset_t()
  sigfillset(&all)
  posix_spawnattr_setsigmask(&attributes, &none)
  posix_spawnattr_setsigdefault(&attributes, &all)
  posix_spawnattr_setpgroup(&attributes, 0)
  posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

  var pid: pid_t = 0
  let code = withCStrings([path] + arguments) { arguments in
    withCStrings(environment) { environment in
      posix_spawn(&pid, path, &actions, &attributes, arguments, environment)
    }
  }
  guard code == 0 else { throw SystemCallError("start \(path)", code: code) }
  return pid
}

/// The texts as a null-terminated array of C strings, as exec wants it; freed when `body` returns.
private func withCStrings<R>(
  _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
  var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
  defer { for pointer in pointers { free(pointer) } }
  pointers.append(nil)
  // posix_spawn only reads the array.
  return pointers.withUnsafeMutableBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("the array holds at least the null") }
    return body(base)
  }
}

extension Command {
  /// The environment of this process with the command's changes, as `NAME=VALUE` lines in a stable order.
  public var wholeEnvironment: [String] {
    var merged: [String: String] = [:]
    var cursor = environ
    while let entry = cursor.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        merged[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      cursor += 1
    }
    for (name, value) in environment { merged[name] = value }
    return merged.map { "\($0.key)=\($0.value)" }.sorted()
  }
}
