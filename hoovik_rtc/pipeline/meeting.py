"""One room: its participants, who hears what about whom, and what they ask for on the control channel."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from msgspec import UNSET
from msgspec.structs import replace

from hoovik_rtc import clock
from hoovik_rtc.config import Config
from hoovik_rtc.consent import NOTHING, Consent, emotion_permitted, granted
from hoovik_rtc.errors import CapacityError, MessageError, UnknownSessionError
from hoovik_rtc.media.channels import Kind
from hoovik_rtc.media.offer import Offer
from hoovik_rtc.pipeline.analysis import Analysis
from hoovik_rtc.pipeline.link import Link
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.participant import Participant
from hoovik_rtc.pipeline.readout import Readout
from hoovik_rtc.pipeline.stream import EventStream
from hoovik_rtc.telemetry import Telemetry
from hoovik_rtc.wire import json as wire
from hoovik_rtc.wire import messages as m

logger = logging.getLogger(__name__)

RETENTION = "Nothing is kept: pictures, sound and results are in memory only while you are analysed."
MAX_LISTENERS = 8
"Event streams of one session."
_KIND: dict[type, Kind] = {m.EmotionUpdate: "emotion", m.AvatarFrame: "avatar"}

Listener = Callable[[Participant, m.EmotionUpdate | m.AvatarFrame], None]


class Meeting:
    """One room of one bot.

    Args:
        config: audiences, limits and what the bot says of itself.
        analysis: gives eyes and ears.
        readout: what reads emotions, and what `welcome` says of the models.
        telemetry: counters and durations.
        load: how often faces are looked at.
        listener: hears everything that is said about anybody (the library's events).
        expired: called with a participant who did not come back in time.
        voiced: called with a participant whose voice has a new vector.
    """

    def __init__(
        self,
        config: Config,
        analysis: Analysis,
        readout: Readout,
        telemetry: Telemetry,
        load: Load,
        listener: Listener,
        expired: Callable[[Participant], None],
        voiced: Callable[[Participant], None],
    ) -> None:
        self._config = config
        self._analysis = analysis
        self._readout = readout
        self._telemetry = telemetry
        self._load = load
        self._listener = listener
        self._expired = expired
        self.voiced = voiced
        "Told of a participant whose voice has a new vector; see Audience."
        self._streams: dict[str, set[EventStream]] = {}
        self._links: dict[Link, Participant] = {}
        self._expiry: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.participants: dict[str, Participant] = {}

    # Coming and going.

    def add(self, name: str, on_loopback: bool, participant_id: str | None = None) -> Participant:
        """A new participant; the first on loopback is the host."""
        if participant_id is None or participant_id in self.participants:
            participant_id = f"p-{secrets.token_hex(4)}"
        participant = Participant(
            participant_id,
            name,
            self,
            self._analysis,
            self._telemetry,
            self._load,
            self._config.limits.messages_per_s,
            self._readout.emotion,
            self._config.emotion.votes,
        )
        participant.host = on_loopback and not self.participants
        self.participants[participant.participant_id] = participant
        return participant

    def rename(self, participant: Participant, participant_id: str) -> None:
        """The meeting calls a participant who came back by another id; ids that are taken change nothing."""
        if participant_id in self.participants:
            return
        del self.participants[participant.participant_id]
        streams = self._streams.pop(participant.participant_id, None)
        self._keep(participant)
        participant.rename(participant_id)
        self.participants[participant_id] = participant
        if streams is not None:
            self._streams[participant_id] = streams

    async def connect(self, participant: Participant, offer: Offer) -> tuple[Link, str]:
        """Put a new connection under a participant; an older one of theirs is closed.

        Raises:
            OfferError: the offer cannot be answered.
            UnknownSessionError: the participant left meanwhile.
        """
        async with participant.connecting:
            await self._unlink(participant)
            link = Link(self._config, self, self._telemetry)
            self._links[link] = participant
            try:
                answer = await link.answer(offer)
                if self.participants.get(participant.participant_id) is not participant:
                    await link.close()
                    raise UnknownSessionError("The session ended while it was being connected. Join again.")
            except BaseException:
                self._links.pop(link, None)
                raise
            self._keep(participant)
            participant.connect(link)
            return link, answer

    async def remove(self, participant: Participant) -> None:
        """A participant leaves; everything of theirs is forgotten."""
        self._keep(participant)
        self.participants.pop(participant.participant_id, None)
        await self._unlink(participant)
        for stream in self._streams.pop(participant.participant_id, set()):
            stream.close()

    async def suspend(self, participant: Participant) -> None:
        """The connection is lost; the session is kept for limits.resume_s."""
        await self._unlink(participant)
        back = participant.link is not None or participant.connecting.locked()
        if self.participants.get(participant.participant_id) is participant and not back:
            self._keep(participant)
            loop = asyncio.get_running_loop()
            self._expiry[participant.participant_id] = loop.call_later(
                self._config.limits.resume_s, self._expired, participant
            )

    async def close(self) -> None:
        """Everybody leaves."""
        await asyncio.gather(*(self.remove(participant) for participant in list(self.participants.values())))
        await asyncio.gather(*self._tasks)

    def subscribe(self, participant: Participant) -> EventStream:
        """A new listener over HTTP for what this participant may hear.

        Raises:
            CapacityError: MAX_LISTENERS listen already.
        """
        if len(self._streams.get(participant.participant_id, ())) >= MAX_LISTENERS:
            raise CapacityError(f"At most {MAX_LISTENERS} listeners to one session.", 5)
        stream = EventStream(self._telemetry)
        self._streams.setdefault(participant.participant_id, set()).add(stream)
        stream.send("control", wire.encode(self._welcome(participant)))
        return stream

    def unsubscribe(self, participant: Participant, stream: EventStream) -> None:
        """The listener went away."""
        stream.close()
        self._streams.get(participant.participant_id, set()).discard(stream)

    # Who hears what.

    def said(self, participant: Participant, message: m.EmotionUpdate | m.AvatarFrame) -> None:
        """Hand a message to everyone who may have it."""
        kind = _KIND[type(message)]
        self._telemetry.count(f"{kind}_messages")
        audience = (
            self._config.audience.emotion_update
            if isinstance(message, m.EmotionUpdate)
            else self._config.audience.avatar_frame
        )
        own = others = None
        for listener in self.participants.values():
            if listener is participant:
                if "self" in audience or "room" in audience or ("host" in audience and listener.host):
                    own = own or wire.encode(message)
                    self._send(listener, kind, own)
            elif "room" in audience or ("host" in audience and listener.host):
                others = others or wire.encode(replace(message, session_id=participant.public_session_id))
                self._send(listener, kind, others)
        self._listener(participant, message)

    def told(self, participant: Participant, message: m.BotMessage) -> None:
        """Hand a control message to one participant."""
        self._send(participant, "control", wire.encode(message))

    def _send(self, participant: Participant, kind: Kind, text: str) -> None:
        if participant.link is not None:
            participant.link.send(kind, text)
        for stream in self._streams.get(participant.participant_id, ()):
            stream.send(kind, text)

    # What participants ask for.

    def control(self, participant: Participant, text: str | bytes) -> None:
        """Act on one control message; a malformed one is answered with `error` and changes nothing."""
        try:
            message = wire.decode_control(text)
        except wire.UnknownType:
            self._telemetry.count("control_unknown_type")
            return
        except MessageError as exc:
            self._telemetry.count("control_malformed")
            self.told(participant, m.ErrorMessage(m.NoticePayload(exc.code, str(exc))))
            return
        self.act(participant, message)

    def act(self, participant: Participant, message: m.ClientMessage) -> None:
        """Do what a participant asks for."""
        match message:
            case m.ConsentMessage(payload):
                self._consent(participant, Consent(payload.avatar, payload.emotion, payload.transcript))
            case m.Stop(payload):
                self._stop(participant, everyone=payload.scope == "all")
            case m.MediaState(payload):
                mic = None if payload.mic is UNSET else bool(payload.mic)
                camera = None if payload.camera is UNSET else bool(payload.camera)
                participant.set_media(mic, camera)
            case m.Calibrate():
                participant.calibrate()
            case m.Ping(payload):
                self.told(participant, m.Pong(m.PongPayload(payload.client_ms, clock.now_ms())))
            case m.Hello():
                self._telemetry.count("control_hello")

    def _consent(self, participant: Participant, asked: Consent) -> None:
        given = granted(asked, self._config.bot)
        participant.set_consent(given)
        reason: str | None = None
        if asked.emotion and not given.emotion:
            reason = f"This deployment's purpose is {self._config.bot.purpose}: emotions may not be inferred."
        elif asked.transcript:
            reason = "Nothing is transcribed: there is no engine for it."
        self._consent_state(participant, reason)
        self._advise(participant)

    def _stop(self, participant: Participant, everyone: bool) -> None:
        if everyone and not participant.host:
            error = m.NoticePayload("not_host", 'Only the host may stop everyone; send {"scope": "self"}.')
            self.told(participant, m.ErrorMessage(error))
            return
        for one in list(self.participants.values()) if everyone else [participant]:
            one.set_consent(NOTHING)
            self._consent_state(one, "Stopped by the host." if one is not participant else None)

    def _consent_state(self, participant: Participant, reason: str | None) -> None:
        consent = participant.consent
        state = m.ConsentStatePayload(consent.avatar, consent.emotion, consent.transcript, reason or UNSET)
        self.told(participant, m.ConsentState(state))

    def _advise(self, participant: Participant) -> None:
        """Who comes, or comes back, while faces are looked at less often, hears of it."""
        if participant.consent.any and self._load.advice is not None:
            participant.advise(self._load.advice)

    def _welcome(self, participant: Participant) -> m.Welcome:
        config = self._config
        emotion = emotion_permitted(config.bot)
        analysed = ["face geometry and voice, for an avatar"]
        if emotion:
            analysed.append("facial expression and voice, for emotion")
        return m.Welcome(
            m.WelcomePayload(
                session_id=participant.session_id,
                resume=participant.resume_token,
                participant_id=participant.participant_id,
                bot=config.bot.name,
                purpose=config.bot.purpose,
                model=self._readout.emotion.name,
                analysed=analysed,
                retention=RETENTION,
                audience={
                    "avatar_frame": list(config.audience.avatar_frame),
                    "emotion_update": list(config.audience.emotion_update),
                },
                modes=m.Modes(avatar=True, emotion=emotion),
                host=participant.host,
                unmeasured=list(self._readout.unmeasured),
                voice_engine=self._analysis.speech.chosen,
            )
        )

    # What links report.

    def link_open(self, link: Link, label: str) -> None:
        """The control channel (or a client's only one) opened: the bot speaks first."""
        participant = self._links.get(link)
        if participant is not None and (label == "hoovik.control" or not label.startswith("hoovik.")):
            self.told(participant, self._welcome(participant))
            self._advise(participant)

    def link_control(self, link: Link, text: str) -> None:
        """A control message came in."""
        participant = self._links.get(link)
        if participant is not None:
            self.control(participant, text)

    def link_refused(self, link: Link, code: str, sentence: str) -> None:
        """Something inbound was refused."""
        participant = self._links.get(link)
        if participant is not None:
            self.told(participant, m.ErrorMessage(m.NoticePayload(code, sentence)))

    def link_lost(self, link: Link, reason: str) -> None:
        """The connection is gone; the participant may come back."""
        participant = self._links.get(link)
        if participant is not None and participant.link is link:
            logger.info("a connection was lost", extra={"reason": reason})
            task = asyncio.ensure_future(self.suspend(participant))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _unlink(self, participant: Participant) -> None:
        if participant.link is not None:
            self._links.pop(participant.link, None)
        await participant.disconnect()

    def _keep(self, participant: Participant) -> None:
        timer = self._expiry.pop(participant.participant_id, None)
        if timer is not None:
            timer.cancel()
