"""The bot: meetings, models and pools in one object. `serve` is a thin user of it, and so is your program."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pyee.asyncio import AsyncIOEventEmitter

from hoovik_rtc import clock
from hoovik_rtc.config import Config
from hoovik_rtc.errors import CapacityError, UnknownSessionError
from hoovik_rtc.media import offer as offers
from hoovik_rtc.pipeline import cores
from hoovik_rtc.pipeline.admission import Admission
from hoovik_rtc.pipeline.analysis import Analysis, InThreads
from hoovik_rtc.pipeline.feeling import Feeling
from hoovik_rtc.pipeline.link import Link
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.meeting import Meeting
from hoovik_rtc.pipeline.pacing import Pacing
from hoovik_rtc.pipeline.participant import Participant
from hoovik_rtc.pipeline.readout import Emotion, Readout, build_emotion
from hoovik_rtc.pipeline.several import InProcesses, processes
from hoovik_rtc.pipeline.stall import StallSampler
from hoovik_rtc.pipeline.workers import FACE_THREADS, Workers
from hoovik_rtc.telemetry import RECENT_S, Telemetry
from hoovik_rtc.wire import result
from hoovik_rtc.wire.messages import AvatarFrame, EmotionUpdate
from hoovik_signaling.client import RoomClient

if TYPE_CHECKING:
    from hoovik_rtc.pipeline.engine import Engine
    from hoovik_rtc.tracing import Tracing

logger = logging.getLogger(__name__)

CLOSE_S = 5.0
"Participants have left by then, or the process that analyses is ended under them."


@dataclass(frozen=True, slots=True)
class Admitted:
    """A participant who was let in."""

    participant: Participant
    "Identity, consent, session."
    link: Link
    "The connection."
    answer: str
    "SDP answer, candidates included."
    resumed: bool
    "The session was there before."


class Bot(AsyncIOEventEmitter):
    """A participant for calls that answers with emotions and avatar motion.

    Events (pyee), each called on the event loop:
        `participant` (Participant, "joined" | "left"), `emotion_update` (EmotionUpdate),
        `avatar_frame` (AvatarFrame), `emotion.result` (EmotionResult: a dict as the reference's event), `closed` ().

    Args:
        config: everything that can be set; the default is fine for one machine.
        engine: observers and model to use instead of the config's; for tests and for your own models.
    """

    def __init__(self, config: Config | None = None, engine: Engine | None = None) -> None:
        super().__init__()
        self.config = config or Config()
        self.telemetry = Telemetry()
        self._tracing = _tracing(self.config.telemetry.trace_every)
        self.telemetry.tracer = self._tracing
        self._engine = engine
        self._analysis: Analysis | None = None
        self._readout: Readout | None = None
        self._workers = Workers()
        cpus = cores.available()
        self.load = Load(cpus, FACE_THREADS if self._in_threads else processes(self.config, cpus))
        "How loaded the machine is, and how often faces are looked at because of it."
        self._admission = Admission(self.config.limits, self.telemetry.count)
        self._pacing = Pacing(self.load, self._everyone, self._cpu_ms, self.telemetry)
        self._stalls = StallSampler(self.telemetry)
        self._meetings: dict[str, Meeting] = {}
        self._where: dict[str, tuple[str, Participant]] = {}  # session id → room, participant
        self._feeling: Feeling | None = None
        self._memberships: set[RoomClient] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._started_ms = clock.now_ms()

    async def start(self) -> None:
        """Load and warm the models; `ready` afterwards."""
        readout: Readout
        if self._in_threads:
            engine = self._engine or await self._build()
            readout = engine
            self._analysis = InThreads(self._workers, engine, self.load.meter, self.telemetry)
        else:
            loop = asyncio.get_running_loop()
            emotion = await loop.run_in_executor(self._workers.inference, build_emotion, self.config)
            self._analysis = elsewhere = await InProcesses.start(self.config, self.load, self.telemetry)
            readout = Emotion(emotion, elsewhere.unmeasured)
        if self._closed:  # meanwhile
            await self._analysis.close()
            return
        self._readout = readout
        self._feeling = Feeling(readout.emotion, self._everyone, self._workers, self.telemetry, self.load)
        self._feeling.start()
        self._pacing.start()
        self._stalls.start()

    @property
    def ready(self) -> bool:
        """Models are warm and participants may come."""
        return self._feeling is not None and not self._closed

    async def accept(
        self,
        room: str,
        sdp: str,
        name: str = "",
        address: str = "127.0.0.1",
        resume: str | None = None,
        participant_id: str | None = None,
    ) -> Admitted:
        """Answer one participant's SDP offer. This is all that a media server's plugin needs.

        Args:
            room: those in one room hear of each other.
            sdp: the participant's offer: audio, video, data channels.
            name: shown to others.
            address: where the request came from; for limits, and the first on loopback is the host.
            participant_id: what the meeting calls them, if it should stand in the messages.
            resume: the token of an earlier `welcome`, to go on with that session.

        Raises:
            RequestError: what is wrong with the offer, or that the bot is full or not ready.
        """
        if self._analysis is None or self._readout is None or not self.ready:
            raise CapacityError("The models are still loading; try again in a second.", 1)
        self.ask(address)
        offer = offers.check(sdp, self.config.limits)
        known = self.resumable(room, resume)
        if known is None or not _connected(known):
            connected = sum(_connected(one) for one in self._everyone())
            self._admission.admit(connected)
            if known is None:  # who was let in once comes back whatever the load
                self._admission.admit_load(self.load.share(connected + 1), self.load.cores)
        meeting = self._meetings.get(room) or self._open(room, self._analysis, self._readout)
        participant = known or meeting.add(name, _is_loopback(address), participant_id)
        if known is not None and participant_id is not None:
            meeting.rename(known, participant_id)
        self._where[participant.session_id] = (room, participant)
        try:
            link, answer = await meeting.connect(participant, offer)
        except BaseException:
            if known is None:
                await self._forget(participant)
            raise
        if known is None:
            self.emit("participant", participant, "joined")
        if resume is not None and known is None:
            self.telemetry.count("resume_unknown")
        if offer.ignored:
            self.telemetry.count("media_sections_ignored", offer.ignored)
        return Admitted(participant, link, answer, known is not None)

    def ask(self, address: str) -> None:
        """Note that an address asks for something that is counted (an offer, a place in a room).

        Raises:
            CapacityError: too often within a minute.
        """
        self._admission.ask(address, clock.now_ms())

    async def leave(self, session_id: str) -> None:
        """End one participant's session.

        Raises:
            UnknownSessionError: there is none of that id.
        """
        _, participant = self._session(session_id)
        await self._forget(participant)
        self.emit("participant", participant, "left")

    async def suspend(self, session_id: str) -> None:
        """The way to a participant is lost; they may come back with their resume token."""
        room, participant = self._session(session_id)
        await self._meetings[room].suspend(participant)

    async def join(self, url: str, token: str | None = None) -> RoomClient:
        """Join a room of another hoovik_rtc service by its WebSocket address (`ws://…/ws/rooms/NAME`).

        Returns the membership; `await membership.leave()` or `bot.leave_room(membership)` ends it.

        Raises:
            SignalingError: the room cannot be joined, and why.
        """
        room = url.partition("?")[0]
        sessions: dict[str, str] = {}

        async def answer(peer: str, name: str, sdp: str) -> str:
            if peer in sessions:
                await self._leave_quietly(sessions.pop(peer))
            admitted = await self.accept(room, sdp, name, address=peer, participant_id=peer)
            sessions[peer] = admitted.participant.session_id
            return admitted.answer

        async def gone(peer: str) -> None:
            if peer in sessions:
                await self._leave_quietly(sessions.pop(peer))

        async def ended() -> None:
            self._memberships.discard(client)
            for peer in list(sessions):
                await gone(peer)

        client = RoomClient(url, self.config.bot.name, token, answer, gone, ended)
        await client.join()
        self._memberships.add(client)
        return client

    def meeting_of(self, session_id: str) -> tuple[Meeting, Participant]:
        """The meeting and participant of a session.

        Raises:
            UnknownSessionError: there is none of that id.
        """
        room, participant = self._session(session_id)
        return self._meetings[room], participant

    def resumable(self, room: str, token: str | None) -> Participant | None:
        """Whose session the resume token of an earlier `welcome` goes on with; None where there is none."""
        if token is None:
            return None
        for where, participant in self._where.values():
            if where == room and participant.resume_token == token:
                return participant
        return None

    def participants(self, room: str) -> list[Participant]:
        """Those who are in a room now."""
        meeting = self._meetings.get(room)
        return [] if meeting is None else list(meeting.participants.values())

    def totals(self) -> dict[str, Any]:
        """What is now, in a few figures; no names, rooms or results."""
        everyone = list(self._everyone())
        return {
            "ready": self.ready,
            "uptime_s": round((clock.now_ms() - self._started_ms) / 1000, 1),
            "cpu_s": round(self._cpu_ms() / 1000, 2),
            "rooms": len(self._meetings),
            "participants": len(everyone),
            "consented": sum(one.consent.any for one in everyone),
            "queue_depth": round(self.load.queue_depth, 2),
            "load": round(self.load.share(sum(_connected(one) for one in everyone)), 3),
            "face_rate_hz": self.load.face_rate_hz,
            "cores": self.load.cores,
            "model": self._readout.emotion.name if self._readout is not None else None,
            "voice": asdict(self._analysis.speech) if self._analysis is not None else None,
        }

    def stats(self, seconds: float = RECENT_S) -> dict[str, Any]:
        """Totals, counters since the start, and durations of the last seconds; no names, rooms or results."""
        return {**self.totals(), **self.telemetry.snapshot(seconds)}

    async def close(self) -> None:
        """Everybody leaves, pools end, `closed` is said. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        for membership in list(self._memberships):
            await membership.leave()
        if self._feeling is not None:
            await self._feeling.stop()
        self._pacing.stop()
        await self._stalls.stop()
        closing = asyncio.gather(*(meeting.close() for meeting in self._meetings.values()))
        try:
            await asyncio.wait_for(asyncio.shield(closing), CLOSE_S)
        except TimeoutError:
            # A look that does not end: with the process it runs in, it does.
            self.telemetry.count("close_timeout")
            if self._analysis is not None:
                await self._analysis.close()
            await closing
        self._meetings.clear()
        self._where.clear()
        if self._analysis is not None:
            await self._analysis.close()
        await asyncio.get_running_loop().run_in_executor(None, self._workers.close)
        if self._tracing is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._tracing.close)
        self.emit("closed")

    @property
    def _in_threads(self) -> bool:
        return self._engine is not None or self.config.analysis == "threads"

    async def _build(self) -> Engine:
        from hoovik_rtc.pipeline import engine  # MediaPipe and OpenCV: only who measures needs them

        return await asyncio.get_running_loop().run_in_executor(self._workers.face, engine.build, self.config)

    def _open(self, room: str, analysis: Analysis, readout: Readout) -> Meeting:
        meeting = Meeting(
            self.config, analysis, readout, self.telemetry, self.load, self._said, self._expired, self._voiced
        )
        self._meetings[room] = meeting
        return meeting

    def _said(self, participant: Participant, message: EmotionUpdate | AvatarFrame) -> None:
        self._tell("avatar_frame" if isinstance(message, AvatarFrame) else "emotion_update", message)
        if isinstance(message, EmotionUpdate) and self.listeners(result.EVENT):
            self._tell(result.EVENT, result.emotion_result(message))

    def _tell(self, event: str, what: object) -> None:
        try:
            self.emit(event, what)
        except Exception:
            # The listener is somebody else's code: what it raises must not stop the call.
            self.telemetry.count("listener_failed")
            logger.exception("a listener of the bot raised")

    def _voiced(self, participant: Participant) -> None:
        if self._feeling is not None:
            self._feeling.voiced(participant)

    def _expired(self, participant: Participant) -> None:
        task = asyncio.ensure_future(self._leave_quietly(participant.session_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _leave_quietly(self, session_id: str) -> None:
        if session_id in self._where:
            await self.leave(session_id)

    async def _forget(self, participant: Participant) -> None:
        room, _ = self._where.pop(participant.session_id)
        meeting = self._meetings[room]
        await meeting.remove(participant)
        if not meeting.participants and self._meetings.get(room) is meeting:
            del self._meetings[room]

    def _session(self, session_id: str) -> tuple[str, Participant]:
        found = self._where.get(session_id)
        if found is None:
            raise UnknownSessionError("There is no such session; it ended, or never was. Join again.")
        return found

    def _cpu_ms(self) -> float:
        """CPU time of this process and of the one that analyses, ms."""
        return clock.cpu_ms() + (0.0 if self._analysis is None else self._analysis.cpu_ms)

    def _everyone(self) -> Iterator[Participant]:
        for meeting in self._meetings.values():
            yield from meeting.participants.values()


def _tracing(every: int) -> Tracing | None:
    if not every:
        return None
    from hoovik_rtc.tracing import Tracing  # an extra: imported only where it is asked for

    return Tracing(every)


def _connected(participant: Participant) -> bool:
    """Whether a participant has a connection, or is getting one."""
    return participant.link is not None or participant.connecting.locked()


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"
