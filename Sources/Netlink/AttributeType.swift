import CLinux

/// What the kernel's headers name attribute and message types with: plain numbers here, C enumerations there.
protocol KernelConstant {
  var number: UInt16 { get }
}

extension Int: KernelConstant {
  var number: UInt16 { UInt16(truncatingIfNeeded: self) }
}
extension Int32: KernelConstant {
  var number: UInt16 { UInt16(truncatingIfNeeded: self) }
}
extension rtattr_type_t: KernelConstant {
  var number: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
}
extension nlmsgerr_attrs: KernelConstant {
  var number: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
}

/// Lets `switch` compare a type read from a message with the header's constant.
func ~= (constant: some KernelConstant, value: UInt16) -> Bool { constant.number == value }
