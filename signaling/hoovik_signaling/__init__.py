"""How a bot gets into somebody's meeting: one module per kind of meeting; no media here."""

from hoovik_signaling.errors import SignalingError

__all__ = ["SignalingError"]
