// ConfigurationTests: placeholder until its first file lands.
