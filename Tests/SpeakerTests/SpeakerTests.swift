// SpeakerTests: placeholder until its first file lands.
