"""The JSON Schemas as files beside this one, for those who write clients: `python -m hoovik_rtc.wire.schemas`."""

from __future__ import annotations

import json
from pathlib import Path

from hoovik_rtc.wire.messages import Schemas

FOLDER = Path(__file__).parent / "schema"


def render() -> dict[str, str]:
    """File name to text, of all messages."""
    return {f"{name}.json": json.dumps(one, indent=2) + "\n" for name, one in Schemas.generate().items()}


def write() -> None:
    """Write all files; ones that belong to no message any more go."""
    FOLDER.mkdir(exist_ok=True)
    texts = render()
    for old in FOLDER.glob("*.json"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
