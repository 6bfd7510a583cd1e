"""The command line of `make bench`."""

from __future__ import annotations

import argparse
from pathlib import Path

PATHS = ("us", "aiortc", "upload", "floor")


def parser(description: str) -> argparse.ArgumentParser:
    """The command line of `make bench`."""
    made = argparse.ArgumentParser(
        prog="make bench", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--paths", type=_words, default=list(PATHS), help="default us,aiortc,upload,floor")
    made.add_argument("--participants", type=_numbers, default=[1, 6, 12], help="default 1,6,12")
    made.add_argument("--seconds", type=float, default=15.0, help="length of each measured window (15)")
    made.add_argument("--warm-up", type=float, default=2.0, help="seconds before it, behind the first faces (2)")
    made.add_argument("--seed", type=int, default=0, help="of the participants' phases and the random moments (0)")
    made.add_argument("--media", help="a file with a face and a voice, or `free`: tests/media.py (default: ../shared)")
    made.add_argument("--upload-fps", type=_floats, default=[5.0, 30.0], help="of the upload path (5,30)")
    made.add_argument("--port", type=int, default=0, help="for the services; 0 for any (default)")
    made.add_argument("--out", type=Path, default=Path("out/bench"), help="folder for JSON, plots and logs")
    made.add_argument("--capacity", action="store_true", help="also search the largest N at full rate, per path")
    made.add_argument("--capacity-limit", type=int, default=32, help="search no further (32)")
    made.add_argument("--flame", type=int, nargs="?", const=6, metavar="N",
                      help="also record a flame graph of us with N participants (6)")  # fmt: skip
    made.add_argument("--native", action="store_true", help="with C and C++ frames in it; slower")
    made.add_argument("--ages", type=_numbers, nargs="?", const=[1, 2, 4, 8], metavar="N,N",
                      help="also the age of the sound that emotions are read from, with models of the reference's size "
                      "and so many participants (1,2,4,8)")  # fmt: skip
    made.add_argument("--emotion-only", action="store_true", help="nobody consents to an avatar in the runs of --ages")
    made.add_argument("--skip-table", action="store_true", help="without the runs for the table")
    return made


def _words(text: str) -> list[str]:
    words = [word for word in text.split(",") if word]
    for word in words:
        if word not in PATHS:
            raise argparse.ArgumentTypeError(f"{word!r} is no path; choose from {', '.join(PATHS)}")
    return words


def _numbers(text: str) -> list[int]:
    numbers = [int(word) for word in text.split(",") if word]
    if not numbers or min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected numbers from 1, as in 1,6,12")
    return numbers


def _floats(text: str) -> list[float]:
    return [float(word) for word in text.split(",") if word]
