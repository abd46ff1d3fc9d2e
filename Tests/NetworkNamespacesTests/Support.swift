import Glibc
import NetworkNamespaces

/// What /proc/thread-self/ns/net links to: `net:[4026531840]`.
func linkText() -> String {
  var buffer = [UInt8](repeating: 0, count: 64)
  let count = readlink("/proc/thread-self/ns/net", &buffer, buffer.count)
  return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}
