// Control: placeholder until its first file lands.
