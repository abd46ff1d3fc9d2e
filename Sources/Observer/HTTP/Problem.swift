import FoundationEssentials

/// Why a request was not answered as asked: RFC 9457.
struct Problem: Error, Hashable, Sendable {
  enum Status: Int, Hashable, Sendable {
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case notAcceptable = 406
    case conflict = 409
    case contentTooLarge = 413
    case unsupportedMediaType = 415
    case misdirectedRequest = 421
    case internalServerError = 500
    case notImplemented = 501
    case badGateway = 502
    case serviceUnavailable = 503
    case gatewayTimeout = 504

    var title: String {
      switch self {
      case .badRequest: "Bad Request"
      case .unauthorized: "Unauthorized"
      case .forbidden: "Forbidden"
      case .notFound: "Not Found"
      case .methodNotAllowed: "Method Not Allowed"
      case .notAcceptable: "Not Acceptable"
      case .conflict: "Conflict"
      case .contentTooLarge: "Content Too Large"
      case .unsupportedMediaType: "Unsupported Media Type"
      case .misdirectedRequest: "Misdirected Request"
      case .internalServerError: "Internal Server Error"
      case .notImplemented: "Not Implemented"
      case .badGateway: "Bad Gateway"
      case .serviceUnavailable: "Service Unavailable"
      case .gatewayTimeout: "Gateway Timeout"
      }
    }
  }

  var status: Status
  /// One sentence.
  var detail: String
  /// What to do about it.
  var help: String?
  /// A word for programs, where the status does not say it all.
  var code: String?
  /// A line each.
  var details: [String] = []
  var headers: [String: String] = [:]

  init(
    _ status: Status, _ detail: String, help: String? = nil, code: String? = nil, headers: [String: String] = [:]
  ) {
    self.status = status
    self.detail = detail
    self.help = help
    self.code = code
    self.headers = headers
  }

  private struct Document: Encodable {
    var type = "about:blank"
    var title: String
    var status: Int
    var detail: String
    var help: String?
    var code: String?
    var details: [String]?
  }

  var answer: Answer {
    let document = Document(
      title: status.title, status: status.rawValue, detail: detail, help: help, code: code,
      details: details.isEmpty ? nil : details)
    let octets = (try? JSON.octets(document)) ?? []
    return Answer(status: status.rawValue, type: "application/problem+json", headers: headers, octets)
  }
}
