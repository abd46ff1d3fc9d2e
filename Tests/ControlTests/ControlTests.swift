// ControlTests: placeholder until its first file lands.
