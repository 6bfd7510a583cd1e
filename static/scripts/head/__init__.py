"""Builds the avatar's head out of parametric surfaces; lengths in decimetres, Y up, the face looks along +Z."""
