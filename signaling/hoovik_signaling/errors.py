"""What can go wrong on the way into a meeting."""

from __future__ import annotations


class SignalingError(Exception):
    """The meeting cannot be joined, or a message of its protocol is malformed. `code` is machine-readable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
