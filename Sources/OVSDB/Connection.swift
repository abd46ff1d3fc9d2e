import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import OVSDBProtocol

/// One connection: octets in, messages out. Lives on one event loop.
final class ConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let driver: ClientDriver
  private let attempt: UInt64
  private let server: OVSDBEndpoint
  private let tls: TLSFiles?
  private var splitter: MessageSplitter
  private var isEstablished = false
  private var problem: (any Error)?

  init(driver: ClientDriver, attempt: UInt64, server: OVSDBEndpoint, tls: TLSFiles?, longestMessage: Int) {
    self.driver = driver
    self.attempt = attempt
    self.server = server
    self.tls = tls
    splitter = MessageSplitter(longest: longestMessage)
  }

  func channelActive(context: ChannelHandlerContext) {
    if case .ssl = server { return }  // the handshake comes first
    establish(context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent { establish(context) }
    context.fireUserInboundEventTriggered(event)
  }

  private func establish(_ context: ChannelHandlerContext) {
    isEstablished = true
    driver.connected(attempt, context.channel)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    driver.heard(attempt)
    splitter.append(unwrapInboundIn(data).readableBytesView)
    do throws(JSONProblem) {
      while let message = try splitter.next() { driver.received(attempt, message) }
    } catch {
      problem = error
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The first one is the cause; what follows is the end of the connection.
    if problem == nil { problem = error }
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    driver.disconnected(
      attempt, ErrorWords.error(problem, server: server, tls: tls, isEstablished: isEstablished))
  }
}
