"""Who speaks: variants of espeak-ng's voices, drawn at random as people differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STOCK = (
    "m1", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "Alex", "Andrea", "Annie", "Diogo",
    "Gene", "Henrique", "Hugo", "Jacky", "Lee", "Michael", "Mike", "Nguyen", "adam", "anika", "antonio",
    "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "grandma", "grandpa",
    "ian", "iven", "john", "linda", "max", "michel", "miguel", "norbert", "paul", "pedro", "quincy", "rob",
    "robert", "sandro", "shelby", "steph", "travis", "victor", "whisper", "whisperf", "zac",
)  # fmt: skip
"Variants that come with espeak-ng, without its robots, its monsters, and those with an echo in them."
HELD_STOCK = ("f1", "m3", "Annie", "david", "iven", "max")
"Of them, those that only what is held back is spoken by."
KLATT = 5
"Of its synthesisers by Klatt's method, klatt 1 … 5."


@dataclass(frozen=True, slots=True)
class Cast:
    """Who there is to speak."""

    variants: dict[str, str]
    "Our own: name and text of its file."
    trained: tuple[str, ...]
    "Names of all who are trained on, ours and the stock's."
    held: tuple[str, ...]
    "Names of those who are not."


def cast(rng: np.random.Generator, ours: int, held: int) -> Cast:
    """Draw `ours` variants, the last `held` of which are held back."""
    variants = {f"own{number}": _variant(rng, number) for number in range(ours)}
    names = list(variants)
    return Cast(
        variants,
        (*names[: ours - held], *(name for name in STOCK if name not in HELD_STOCK)),
        (*names[ours - held :], *HELD_STOCK),
    )


def _variant(rng: np.random.Generator, number: int) -> str:
    """A voice: throat and mouth of some length, a pitch that goes with them, breath, a source that flutters."""
    size = float(rng.normal(0.0, 1.0))  # of the vocal tract, + is shorter
    formant = float(np.clip(106 + 9 * size, 86, 135))
    pitch = float(np.clip(118 * 2 ** (0.38 * size + rng.normal(0.0, 0.28)), 62, 330))
    lines = ["language variant", f"name own{number}", f"pitch {pitch:.0f} {pitch * rng.uniform(1.15, 1.8):.0f}"]
    lines += [f"flutter {rng.integers(0, 14)}", f"roughness {rng.integers(0, 6)}"]
    for which in range(1, 9):
        frequency = formant * rng.normal(1.0, 0.045 if which < 4 else 0.03)
        height = np.clip(rng.normal(95, 22), 40, 160) if which < 6 else rng.uniform(40, 130)
        lines.append(f"formant {which} {frequency:.0f} {height:.0f} {np.clip(rng.normal(120, 35), 60, 230):.0f}")
    lines += [f"consonants {rng.integers(50, 190)} {rng.integers(50, 170)}", f"voicing {rng.integers(50, 125)}"]
    if rng.random() < 0.6:
        breath = np.clip(rng.normal(6, 5, 8), 0, 40).astype(int)
        lines.append("breath " + " ".join(map(str, breath)))
        lines.append("breathw 150 150 200 200 400 400 600 600")
    if rng.random() < 0.5:
        tone = [f"{hz:.0f} {rng.integers(40, 255)}" for hz in (600, 1500, 2800, 4500)]
        lines.append("tone " + " ".join(tone))
    if rng.random() < 0.3:
        lines.append(f"klatt {rng.integers(1, KLATT + 1)}")
    return "\n".join(lines) + "\n"
