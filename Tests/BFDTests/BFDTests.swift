// BFDTests: placeholder until its first file lands.
