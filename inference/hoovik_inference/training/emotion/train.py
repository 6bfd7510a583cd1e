"""From folders of RAVDESS and CREMA-D to a bundle: extraction, split, training, plots, card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from hoovik_inference.emotion.reference.bundle import REFERENCE, save
from hoovik_inference.emotion.reference.windows import AUDIO, FACE
from hoovik_inference.training.emotion import plots
from hoovik_inference.training.emotion.card import LIMITS, Story, card, listed
from hoovik_inference.training.emotion.corpus import CREMA_D, RAVDESS, Corpus, corpus, counted
from hoovik_inference.training.emotion.ensemble import Fitted, fit
from hoovik_inference.training.emotion.extract import Extracted, Tools, extract
from hoovik_inference.training.emotion.material import SIDES, TEST, VALID, Material
from hoovik_inference.training.emotion.recipe import Recipe
from hoovik_inference.training.emotion.score import Scored, score
from hoovik_inference.training.emotion.sides import sides_of
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import EMOTIONS

COMMAND = "hoovik-rtc train emotion"
TERMS = {
    RAVDESS: "RAVDESS (Livingstone and Russo, PLoS ONE 13(5), 2018; CC BY-NC-SA 4.0)",
    CREMA_D: "CREMA-D (Cao et al., IEEE Transactions on Affective Computing 5(4), 2014; Open Database License 1.0)",
}
"What the corpora are, and on which terms."


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to."""

    fitted: Fitted
    "The bundle and how it went."
    corpus: Corpus
    "What was found."
    extracted: Extracted
    "What could be read."
    valid: Mapping[str, Scored]
    "Figures on the watched people, by modality."
    test: Mapping[str, Scored]
    "Figures on people who were neither trained on nor watched."
    plots: tuple[str, ...]
    "Names of the files in the bundle's folder."


def train(
    data: Sequence[Path],
    tools: Tools,
    out: Path,
    work: Path,
    recipe: Recipe,
    *,
    trials: int = 0,
    resume: bool = False,
    device: str = "cpu",
    processes: int = 1,
    progress: Progress = unheard,
) -> Trained:
    """Train on clips; write the bundle with card, plots and history.json to `out`.

    Args:
        data: Folders of RAVDESS and CREMA-D.
        tools: What looks and listens.
        out: Where the bundle goes; is not there yet.
        work: Where what was read, epochs and finished stages are kept. It holds faces and voices as numbers.
        recipe: How.
        trials: Of the search for hyperparameters.
        resume: Go on from the training in `work`. What was read is taken from there in any case.
        device: cpu or cuda.
        processes: That read clips at once.
        progress: Told how far it is.

    Raises:
        ValueError: The clips, a tool, or what is in `work` are not what they should be.
        OSError: A file cannot be read or written.
    """
    if out.exists():
        raise ValueError(f"{out} is there already; name a folder that is not")
    found = corpus(data)
    sides_of(((clip.source, clip.actor) for clip in found.clips), recipe.seed)  # before hours of reading
    needed = {part for clip in found.clips for part in ("film", "sound") if getattr(clip, part) is not None}
    used = Tools(
        tools.task if "film" in needed else None, tools.voice if "sound" in needed else None, tools.device
    )  # fmt: skip
    read = extract(found.clips, used, work, processes=processes, progress=progress)
    sides = sides_of(((clip.source, clip.actor) for clip in read.clips), recipe.seed)
    material = _material(read, sides)
    fitted = fit(material, recipe, work, trials=trials, resume=resume, device=device, progress=progress)
    valid, test = (score(fitted.bundle, material, side) for side in (VALID, TEST))
    text = card(_story(read, sides, used), fitted, material, valid, test)
    save(replace(fitted.bundle, card=text), out)
    drawn = plots.draw(fitted, valid, test, out)
    (out / "history.json").write_text(json.dumps(_history(fitted), indent=1) + "\n", "utf-8")
    return Trained(fitted, found, read, valid, test, drawn)


def _material(read: Extracted, sides: Mapping[str, int]) -> Material:
    occurring = sorted({clip.label for clip in read.clips})
    windows = read.windows
    sizes = windows.face.shape[2], windows.audio.shape[2]
    return Material(
        windows,
        np.array([occurring.index(clip.label) for clip in read.clips], np.int64),
        np.array([sides[clip.actor] for clip in read.clips], np.int64),
        [clip.source for clip in read.clips],
        tuple(EMOTIONS[label] for label in occurring),
        REFERENCE if sizes == (FACE, AUDIO) else f"{REFERENCE}'s, of {sizes[0]} and {sizes[1]} numbers",
    )


def _history(fitted: Fitted) -> dict[str, object]:
    return {
        "transformer": [asdict(epoch) for epoch in fitted.history],
        "boosted": fitted.trees.curve,
        "experts": [asdict(one) for one in fitted.rounds],
        "searches": [asdict(search) for search in fitted.searches],
        "importance": fitted.trees.importance,
    }


def _story(read: Extracted, sides: Mapping[str, int], tools: Tools) -> Story:
    sources = sorted({clip.source for clip in read.clips})
    data = [f"{'; '.join(TERMS[source] for source in sources)}. {len(read.clips)} clips: {counted(read.clips)}"]
    data.append(f"{len(read.skipped)} more could not be read or had no face or no sound, and are left out")
    if tools.voice is not None:
        data.append(f"voices are read by the wav2vec2 in {tools.voice.name}, on its own terms")
    if RAVDESS in sources or tools.voice is not None:
        data.append("weights trained on it are not for commercial use")
    lists = [
        f"{name}: {listed([actor for actor, on in sorted(sides.items()) if on == side])}"
        for side, name in enumerate(SIDES)
    ]
    return Story(
        title="An emotion ensemble, trained as the reference's",
        command=COMMAND,
        what="From ten steps of a face (326 numbers of MediaPipe's face landmarker) and a voice (the mean of "
        "wav2vec2's last hidden states over 0.6 s), either of which may be absent, to probabilities of the emotions "
        "that were acted, and whether a window is a strange one.",
        purpose="Live feedback to people who agreed to it, and their avatars. It is not for judging people, nor for "
        "decisions about them.",
        data=". ".join(part[0].upper() + part[1:] for part in data) + ".",
        split=f"By people, {', '.join(lists)}. Of each corpus 70, 15 and 15 % of the people, shuffled by the seed.",
        limits=(
            *LIMITS,
            "The reference's own label map swaps RAVDESS's fear and disgust; here 06 is fear and 07 disgust.",
            "Margins between classes, and how far learning rates fall, are not known of the reference: ours.",
        ),
    )  # fmt: skip
