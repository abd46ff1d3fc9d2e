// Speaker: placeholder until its first file lands.
