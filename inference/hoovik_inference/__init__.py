"""What a face and a voice express: numpy in, estimates out. No network, no clock, no event loop."""
