import Crypto
import FoundationEssentials

/// The page: one document without an outside address, put together from the files in `Page`.
struct Page: Sendable {
  let answer: Answer
  /// Names its content.
  let tag: String
  /// What may run in it: its own script and style, known by their digests (CSP level 2).
  static let policyWithout =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; img-src data:"

  init() {
    let style = PackageResources.style_css
    let script = [
      PackageResources.words_js, PackageResources.feed_js, PackageResources.picture_js, PackageResources.charts_js,
      PackageResources.sessions_js, PackageResources.history_js, PackageResources.cluster_js,
      PackageResources.main_js
    ].flatMap { $0 }
    let policy =
      Self.policyWithout + "; style-src 'sha256-\(Self.digest(style))'; script-src 'sha256-\(Self.digest(script))'"
    var octets: [UInt8] = []
    for piece in Self.pieces(PackageResources.index_html) {
      switch piece {
      case .text(let text): octets += text
      case .style: octets += style
      case .script: octets += script
      }
    }
    tag = "\"\(Self.digest(octets).prefix(16))\""
    answer = Answer(
      type: "text/html; charset=utf-8", headers: ["Content-Security-Policy": policy, "ETag": tag], octets)
  }

  static var openAPI: [UInt8] { PackageResources.openapi_json }

  enum Piece: Hashable {
    case text([UInt8])
    case style
    case script
  }

  /// The document, cut at `@style@` and `@script@`.
  static func pieces(_ document: [UInt8]) -> [Piece] {
    document.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).map { part in
      switch String(decoding: part, as: UTF8.self) {
      case "style": .style
      case "script": .script
      default: .text(Array(part))
      }
    }
  }

  private static func digest(_ octets: [UInt8]) -> String {
    Data(SHA256.hash(data: octets)).base64EncodedString()
  }
}
