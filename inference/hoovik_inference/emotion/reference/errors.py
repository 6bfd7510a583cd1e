"""What can go wrong with windows, bundles and folders of a trained reference.

ValueError
├── WindowError    arrays that are no windows of faces and voices
└── BundleError    files that are no bundle, or no trained reference
"""

from __future__ import annotations


class WindowError(ValueError):
    """Arrays are no windows; says which, what was found and what was expected."""


class BundleError(ValueError):
    """A file is missing, damaged or another one; says which, what was expected and what to do."""
