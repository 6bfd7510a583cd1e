"""Steps of one participant, aligned in time: what the emotion models read."""

from __future__ import annotations

from collections import deque

from hoovik_inference.types import SEQ_LEN, FaceEstimate, Modality, VoiceEstimate, Window

STEP_MS = 100.0
"Between two steps, where a model does not ask for another beat."
OLDEST_MS = 3_000.0
"Steps older than this, or than twice a whole window, against the newest are dropped: ten steps at 10 Hz span 0.9 s."


class Aligner:
    """The newest SEQ_LEN steps of one participant; one call of `step` makes one step.

    The reference pads a short window at the front by repeating its oldest step, with mask 0 there, and every
    model multiplies by the mask. What a masked step holds can then not matter, so padding is None here, and
    so is a step without a measurement of that modality.
    """

    def __init__(self, step_ms: float = STEP_MS) -> None:
        """Begin without a step.

        Args:
            step_ms: time between two steps.
        """
        self._oldest_ms = max(OLDEST_MS, 2 * SEQ_LEN * step_ms)
        self._steps: deque[tuple[float, FaceEstimate | None, VoiceEstimate | None]] = deque(maxlen=SEQ_LEN)

    def step(self, face: FaceEstimate | None, voice: VoiceEstimate | None, modality: Modality) -> Window | None:
        """Add the newest face and voice as one step, and return the window that ends with it.

        A modality that is out (by `modality`) is masked in the whole window, and its steps are forgotten:
        when it comes back it starts anew.

        Returns:
            None where there is neither face nor voice to add.
        """
        face = face if modality != "audio_only" else None
        voice = voice if modality != "video_only" else None
        self._mask(modality)
        if face is None and voice is None:
            return None
        now = max(e.time_ms for e in (face, voice) if e is not None)
        if self._steps and now < self._steps[-1][0] - self._oldest_ms:  # capture time began anew
            self._steps.clear()
        while self._steps and now - self._steps[0][0] > self._oldest_ms:
            self._steps.popleft()
        self._steps.append((now, face, voice))
        return self._window(modality)

    def without(self, modality: Modality) -> Window | None:
        """The window without a new step, once a modality (by `modality`) is out; None where nothing is left of it."""
        self._mask(modality)
        return self._window(modality) if self._steps else None

    def clear(self) -> None:
        """Forget all steps: the participant paused or left."""
        self._steps.clear()

    def _window(self, modality: Modality) -> Window:
        padding = (None,) * (SEQ_LEN - len(self._steps))
        return Window(
            time_ms=self._steps[-1][0],
            faces=(*padding, *(face for _, face, _ in self._steps)),
            voices=(*padding, *(voice for _, _, voice in self._steps)),
            modality=modality,
        )

    def _mask(self, modality: Modality) -> None:
        if modality != "both":
            self._forget(faces=modality == "audio_only", voices=modality == "video_only")

    def _forget(self, *, faces: bool, voices: bool) -> None:
        kept = [(time, None if faces else face, None if voices else voice) for time, face, voice in self._steps]
        self._steps.clear()
        self._steps.extend(step for step in kept if step[1] is not None or step[2] is not None)
