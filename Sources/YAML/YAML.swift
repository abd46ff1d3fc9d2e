// YAML: placeholder until its first file lands.
