// Simulation: placeholder until its first file lands.
