// BFD: placeholder until its first file lands.
