import CLinux

/// The kernel's verdict on a request (NLMSG_ERROR), or on a dump (NLMSG_DONE).
struct Acknowledgement {
  /// errno, positive; 0 is success.
  var code: Int32
  /// The kernel's words.
  var message: String?

  init?(_ message: NetlinkMessage) {
    guard let status = message.payload.load(Int32.self) else { return nil }
    // Int32.min has no positive counterpart.
    code = status == .min ? .max : abs(status)
    guard message.flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return }
    var rest = message.payload.dropFirst(4)
    if message.type == UInt16(NLMSG_ERROR) {
      guard let request = rest.load(nlmsghdr.self) else { return }
      // The request's header, and unless capped the whole request, comes before the attributes.
      let echoed = message.flags & UInt16(NLM_F_CAPPED) != 0 ? 16 : max(16, Int(request.nlmsg_len))
      rest = rest.dropFirst((echoed + 3) & ~3)
    }
    for attribute in Attributes(rest) where NLMSGERR_ATTR_MSG ~= attribute.type {
      self.message = attribute.text
    }
  }

  func error(_ operation: String) -> NetlinkError {
    NetlinkError(operation, code: code, kernelMessage: message)
  }
}
