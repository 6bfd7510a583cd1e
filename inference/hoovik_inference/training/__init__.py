"""Making material with known truth, for fitting and for tests."""

from hoovik_inference.training.warp import clip, warp_face

__all__ = ["clip", "warp_face"]
