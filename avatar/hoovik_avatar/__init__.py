"""How an avatar moves: estimates and a time in, a pose out. No network, no clock, no event loop."""
