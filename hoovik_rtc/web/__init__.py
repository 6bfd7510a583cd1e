"""HTTP and WebSocket: rooms, WHIP, events, telemetry, the page."""
