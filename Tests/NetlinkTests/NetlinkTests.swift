// NetlinkTests: placeholder until its first file lands.
