// GatewayTests: placeholder until its first file lands.
