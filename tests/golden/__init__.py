"""Recorded input: RTP as real senders made it, and what must come out of it."""
