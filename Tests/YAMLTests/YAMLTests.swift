// YAMLTests: placeholder until its first file lands.
