// Lab: placeholder until its first file lands.
