import Glibc
import NetworkNamespaces
import XDPSockets

// A program that holds an AF_XDP socket until it is killed, for tests that kill it.
//   XDPHolder NAMESPACE INTERFACE        prints "ready" once it has sent a frame
let arguments = CommandLine.arguments
guard arguments.count == 3, let interface = UInt32(arguments[2]) else { exit(2) }
let namespace = try NetworkNamespace(named: arguments[1])
var transmitter = try XDPTransmitter(on: interface, in: namespace)
guard let frame = transmitter.nextFrame() else { exit(3) }
frame.initializeMemory(as: UInt8.self, repeating: 0xff, count: 60)
transmitter.commit(length: 60)
_ = transmitter.flush()
_ = write(1, "ready\n", 6)
while true { pause() }
