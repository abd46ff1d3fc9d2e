// Configuration: placeholder until its first file lands.
