// SimulationTests: placeholder until its first file lands.
