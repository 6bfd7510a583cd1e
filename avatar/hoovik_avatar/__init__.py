"""How an avatar moves: estimates and a time in, a pose out. No network, no clock, no event loop."""

from hoovik_avatar.animator import Animator
from hoovik_avatar.types import AvatarPose, Bones, MouthSource

__all__ = ["Animator", "AvatarPose", "Bones", "MouthSource"]
