import Cluster
public import Doctor
import FoundationEssentials
import Glibc

/// Facts as a file: JSON, docs/bundle.md says what is in it.
public enum BundleFile {
  /// More is no bundle.
  public static let maximumSize = 64 << 20

  /// Why a file is no bundle, in words.
  public struct Failure: Error, Hashable, Sendable {
    public var message: String
  }

  public static func encode(_ facts: Facts) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
    // Encoding plain values to memory does not fail.
    return ((try? encoder.encode(facts)).map { Array($0) } ?? []) + [UInt8(ascii: "\n")]
  }

  public static func decode(_ bytes: [UInt8]) throws(Failure) -> Facts {
    do {
      let decoder = JSONDecoder()
      let head = try decoder.decode(Head.self, from: Data(bytes))
      guard head.format <= Facts.currentFormat else {
        throw Failure(
          message:
            "its format is \(head.format), of a newer everway (\(head.everwayVersion ?? "unknown")); this one "
            + "reads up to \(Facts.currentFormat)")
      }
      return try decoder.decode(Facts.self, from: Data(bytes))
    } catch let failure as Failure {
      throw failure
    } catch DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty {
      throw Failure(message: "it is no JSON")
    } catch let error as DecodingError {
      throw Failure(message: "it is no bundle of everway: \(Self.words(error))")
    } catch {
      throw Failure(message: "it is no bundle of everway: \(error)")
    }
  }

  private struct Head: Decodable {
    var format: Int
    var everwayVersion: String?
  }

  private static func words(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "at its top" : "at " + path.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context): return "\(key.stringValue) is missing \(place(context.codingPath))"
    case .typeMismatch(let type, let context): return "no \(type) \(place(context.codingPath))"
    case .valueNotFound(let type, let context): return "no \(type) \(place(context.codingPath))"
    case .dataCorrupted(let context): return "\(context.debugDescription) \(place(context.codingPath))"
    @unknown default: return "\(error)"
    }
  }
}
