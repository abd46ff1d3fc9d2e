import Glibc

/// `EINVAL (Invalid argument)`: the name is what logs and manuals have.
func errorName(_ code: Int32) -> String {
  let names: [Int32: String] = [
    EPERM: "EPERM", ENOENT: "ENOENT", ESRCH: "ESRCH", EIO: "EIO", ENXIO: "ENXIO", EAGAIN: "EAGAIN",
    ENOMEM: "ENOMEM",
    EACCES: "EACCES", EBUSY: "EBUSY", EEXIST: "EEXIST", ENODEV: "ENODEV", ENOTDIR: "ENOTDIR", EISDIR: "EISDIR",
    EINVAL: "EINVAL", ENOSPC: "ENOSPC", EROFS: "EROFS", ELOOP: "ELOOP", ENOSYS: "ENOSYS", EOPNOTSUPP: "EOPNOTSUPP",
    ENOTTY: "ENOTTY", ESTALE: "ESTALE", ETIMEDOUT: "ETIMEDOUT", ENETUNREACH: "ENETUNREACH", EUSERS: "EUSERS",
    EMFILE: "EMFILE", EAFNOSUPPORT: "EAFNOSUPPORT"
  ]
  let text = String(cString: strerror(code))
  return names[code].map { "\($0) (\(text))" } ?? text
}
