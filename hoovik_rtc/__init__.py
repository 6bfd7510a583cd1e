"""A participant for video calls: sees and hears who agreed, answers with emotions and avatar motion.

`Bot` is the whole of it as a library; `create_app` is its HTTP side; `hoovik-rtc serve` runs both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hoovik_rtc.bot import Admitted, Bot
    from hoovik_rtc.config import Config, load
    from hoovik_rtc.web.app import create_app

__all__ = ["Admitted", "Bot", "Config", "create_app", "load"]

_HOME = {
    "Admitted": "hoovik_rtc.bot",
    "Bot": "hoovik_rtc.bot",
    "Config": "hoovik_rtc.config",
    "create_app": "hoovik_rtc.web.app",
    "load": "hoovik_rtc.config",
}


def __getattr__(name: str) -> Any:
    """Import on first use: the command line must be able to say what is missing before it fails to load."""
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
