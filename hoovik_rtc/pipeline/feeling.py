"""The emotion path: at the model's beat, windows in one call to the model.

Time goes in ticks of 0.1 s, and a model's step takes one or several. Whose step is at the same tick are one batch. For
models that read vectors of a large encoder, each participant has a beat of their own (beat.py): a step comes as soon as
there is a new vector of the voice. An estimate is told once, when it is new: a model of the reference, 0.3 s a step,
makes a message about every 0.3 s, whose times are those of what it was read from. In the ticks between, whose modality
went out is read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from weakref import WeakKeyDictionary

from hoovik_inference.types import EmotionEstimate, EmotionModel, Window
from hoovik_rtc import clock
from hoovik_rtc.pipeline.beat import Beat
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.participant import Participant
from hoovik_rtc.pipeline.workers import Workers
from hoovik_rtc.telemetry import Telemetry

logger = logging.getLogger(__name__)

EVERY_S = 0.1
"A tick."


class Feeling:
    """Drives the emotion model. A slow model skips ticks (counted), it never builds a queue."""

    def __init__(
        self,
        model: EmotionModel,
        participants: Callable[[], Iterable[Participant]],
        workers: Workers,
        telemetry: Telemetry,
        load: Load,
    ) -> None:
        self._model = model
        self._participants = participants
        self._workers = workers
        self._telemetry = telemetry
        self._load = load
        self._beats: WeakKeyDictionary[Participant, Beat] = WeakKeyDictionary()
        self._voiced: set[Participant] = set()  # whose new vectors wait for the call in flight
        self._task: asyncio.Task[None] | None = None
        self._running: asyncio.Future[None] | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin ticking."""
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """Stop ticking and wait for the call in flight."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)

    def voiced(self, participant: Participant) -> None:
        """A participant's voice has a new vector: read at once, or after the call in flight."""
        if self._beat(participant).voiced(clock.now_ms()) and not self._stopped:
            self._voiced.add(participant)
            self._read_voiced()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + EVERY_S, loop.time())
            await asyncio.sleep(due - loop.time())
            self._tick(clock.now_ms())

    def _tick(self, now_ms: float) -> None:
        ready: list[tuple[Participant, Window]] = []
        for one in self._participants():
            beat = self._beat(one)
            step = one not in self._voiced and beat.due(now_ms, EVERY_S * 1000)
            if step:
                beat.stepped(now_ms)
            window = self._window(one, now_ms, step)
            if window is not None:
                ready.append((one, window))
        if not ready:
            return
        if self._busy:
            self._telemetry.count("emotion_ticks_skipped", len(ready))
            return
        self._begin(ready)

    def _read_voiced(self) -> None:
        """Read those whose voices have new vectors."""
        if self._busy or self._stopped:
            return
        now_ms, voiced = clock.now_ms(), self._voiced
        self._voiced = set()
        ready = [(one, window) for one in voiced if (window := self._window(one, now_ms, True)) is not None]
        for one in voiced:
            self._beat(one).stepped(now_ms)
        if ready:
            self._begin(ready)

    def _begin(self, ready: list[tuple[Participant, Window]]) -> None:
        self._running = asyncio.ensure_future(self._infer(ready))
        self._running.add_done_callback(lambda _: self._read_voiced())

    @property
    def _busy(self) -> bool:
        return self._running is not None and not self._running.done()

    async def _infer(self, ready: list[tuple[Participant, Window]]) -> None:
        loop = asyncio.get_running_loop()
        windows = [window for _, window in ready]
        try:
            estimates = await loop.run_in_executor(self._workers.inference, self._call, windows)
        except Exception:
            # A bug in a model must not end the readouts of everybody: said loudly, and the next tick tries again.
            self._telemetry.count("emotion_model_failed")
            logger.exception("the emotion model failed")
            return
        for (participant, _), estimate in zip(ready, estimates, strict=True):
            try:
                participant.on_emotion(estimate)
            except Exception:
                self._blame("emotion_delivery_failed")

    def _window(self, participant: Participant, now_ms: float, step: bool) -> Window | None:
        try:
            return participant.window(now_ms, step)
        except Exception:
            self._blame("emotion_window_failed")
            return None

    def _beat(self, participant: Participant) -> Beat:
        return self._beats.setdefault(participant, Beat(self._model.step_ms))

    def _blame(self, name: str) -> None:
        """A bug of ours in one participant must not end the readouts of everybody: counted and said loudly."""
        self._telemetry.count(name)
        logger.exception("the emotion path failed for one participant", extra={"what": name})

    def _call(self, windows: list[Window]) -> list[EmotionEstimate]:
        started, used = clock.now_ms(), clock.thread_cpu_ms()
        estimates = self._model.infer(windows)
        self._telemetry.took("emotion", clock.now_ms() - started)
        self._load.meter.spent("emotion", clock.thread_cpu_ms() - used)
        return estimates
