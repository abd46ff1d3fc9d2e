import Addresses
import Testing

@Suite struct AddressParsing {
  @Test(arguments: ["10.9.0.1", "0.0.0.0", "255.255.255.255", "1.2.3.4"])
  func ipv4RoundTrips(text: String) {
    #expect(IPv4Address(text)?.description == text)
  }

  @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1..2.3", "1.2.3.4 ", "a.b.c.d", "1.2.3.+4"])
  func malformedIPv4IsRefused(text: String) {
    #expect(IPv4Address(text) == nil)
  }

  /// RFC 5952 section 4 and 5: the written form.
  @Test(arguments: [
    ("2001:db8::1", "2001:db8::1"), ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"), ("::", "::"), ("::1", "::1"),
    ("1::", "1::"), ("fe80::1", "fe80::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
    ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0")
  ])
  func ipv6IsWrittenAsRFC5952(text: String, canonical: String) {
    #expect(IPv6Address(text)?.description == canonical)
  }

  @Test(arguments: [
    "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7:8:",
    "::1.2.3", "1.2.3.4::", "::+1", "fe80::1%eth0", "::1:2:3:4:5:6:7:8"
  ])
  func malformedIPv6IsRefused(text: String) {
    #expect(IPv6Address(text) == nil)
  }

  @Test func octetsRoundTrip() throws {
    for text in ["10.1.2.3", "2001:db8::ff00:42"] {
      let address = try #require(IPAddress(text))
      #expect(IPAddress(octets: address.octets) == address)
    }
    #expect(IPAddress(octets: [1, 2, 3]) == nil)
  }
}

@Suite struct Prefixes {
  @Test func containment() throws {
    let prefix = try #require(IPPrefix("10.9.0.0/16"))
    #expect(try prefix.contains(#require(IPAddress("10.9.255.1"))))
    #expect(try !prefix.contains(#require(IPAddress("10.10.0.1"))))
    #expect(try !prefix.contains(#require(IPAddress("2001:db8::1"))))
    let all = try #require(IPPrefix("::/0"))
    #expect(try all.contains(#require(IPAddress("2001:db8::1"))))
    let long = try #require(IPPrefix("2001:db8::/65"))
    #expect(try long.contains(#require(IPAddress("2001:db8::7fff:0:0:1"))))
    #expect(try !long.contains(#require(IPAddress("2001:db8::8000:0:0:1"))))
  }

  @Test func networkClearsHostBits() {
    #expect(IPPrefix("10.9.0.11/24")?.network.description == "10.9.0.0/24")
    #expect(IPPrefix("10.9.0.0/24")?.isNetwork == true)
    #expect(IPPrefix("10.9.0.1/0")?.network.description == "0.0.0.0/0")
  }

  @Test(arguments: ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/", "/8", "10.0.0.0/+8"])
  func malformedIsRefused(text: String) {
    #expect(IPPrefix(text) == nil)
  }
}

@Suite struct MACAddresses {
  @Test func roundTrips() {
    #expect(MACAddress("02:00:0a:ff:00:01")?.description == "02:00:0a:ff:00:01")
    #expect(MACAddress("02-00-0a-ff-00-01") == nil)
    #expect(MACAddress("02:00:0a:ff:00") == nil)
    #expect(MACAddress("02:00:0a:ff:00:+1") == nil)
  }
}
