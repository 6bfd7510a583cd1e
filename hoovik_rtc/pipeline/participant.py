"""One participant in one meeting: consent, senses, and the messages that follow from them.

Decides when something is said; what is said comes from `Expression`, who hears it is the meeting's matter.
Everything here runs on the event loop; the senses do their work on the pools.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import secrets
from typing import Protocol

from hoovik_inference.types import EmotionEstimate, EmotionModel, Modality, VoiceEstimate, Window
from hoovik_rtc import clock
from hoovik_rtc.budget import Budget
from hoovik_rtc.consent import NOTHING, Consent
from hoovik_rtc.media.timeline import SenderClock
from hoovik_rtc.pipeline.analysis import Analysis
from hoovik_rtc.pipeline.cadence import Cadence
from hoovik_rtc.pipeline.envelope import Envelope
from hoovik_rtc.pipeline.expression import Expression, unread
from hoovik_rtc.pipeline.eye import Expressed, Seen
from hoovik_rtc.pipeline.hearing import Hearing
from hoovik_rtc.pipeline.link import Link
from hoovik_rtc.pipeline.load import Advice, Load
from hoovik_rtc.pipeline.notices import Notices
from hoovik_rtc.pipeline.sight import Sight
from hoovik_rtc.telemetry import FrameTracer, Telemetry
from hoovik_rtc.wire.messages import (
    AvatarFrame,
    Backpressure,
    BackpressurePayload,
    BotMessage,
    EmotionUpdate,
    Notice,
    NoticePayload,
)

REOPEN_MS = 500.0
"Senses are opened at most this often: each brings models of its own, and consent may be toggled at will."


class Audience(Protocol):
    """Who hears of a participant; the meeting."""

    def voiced(self, participant: Participant) -> None:
        """A vector of the participant's voice is new: it can be read."""
        ...

    def said(self, participant: Participant, message: EmotionUpdate | AvatarFrame) -> None:
        """Something about the participant goes to whoever may have it."""
        ...

    def told(self, participant: Participant, message: BotMessage) -> None:
        """Something goes to the participant alone, on the control channel."""
        ...


class Participant:
    """One person in one meeting.

    Args:
        participant_id: what others know them by.
        name: shown to others; never logged.
        audience: where messages go.
        analysis: gives eyes and ears.
        telemetry: counters and durations.
        load: how often faces are looked at.
        messages_per_s: control messages taken over HTTP.
        model: what reads emotions.
        votes: whether it is told what each model of an ensemble says by itself.
    """

    def __init__(
        self,
        participant_id: str,
        name: str,
        audience: Audience,
        analysis: Analysis,
        telemetry: Telemetry,
        load: Load,
        messages_per_s: int = 50,
        model: EmotionModel | None = None,
        votes: bool = False,
    ) -> None:
        self.name = name
        self.participant_id = participant_id
        self.session_id = secrets.token_urlsafe(16)
        self.public_session_id = hashlib.sha256(self.session_id.encode()).hexdigest()[:22]
        "What others see instead of the session id, which is the key to consent and stop."
        self.resume_token = secrets.token_urlsafe(24)
        self.host = False
        self.consent = NOTHING
        self.link: Link | None = None
        self.budget = Budget(messages_per_s)
        "Control messages that come over HTTP."
        self.connecting = asyncio.Lock()
        "Held while a new connection is made: one at a time."
        self._audience = audience
        self._analysis = analysis
        self._telemetry = telemetry
        self._load = load
        self._envelope = Envelope(self.session_id, self.participant_id)
        self._model = model
        self._votes = votes
        self._expression = Expression(model, votes)
        self._cadence = Cadence()
        self._sight: Sight | None = None
        self._hearing: Hearing | None = None
        self._voice_read = False  # whether it is told to read what the voice expresses
        self._timer: asyncio.TimerHandle | None = None
        self._reopen: asyncio.TimerHandle | None = None
        self._notices = Notices(self.notice)
        self._consented_at: float | None = None
        self._senses_since = float("-inf")
        self._closing: set[asyncio.Task[None]] = set()
        self._letting_go = asyncio.Lock()  # whoever leaves waits for whoever is still closing

    # The connection.

    def connect(self, link: Link) -> None:
        """Media now comes over `link`; senses begin where consent is there already (a resumed session)."""
        self.link = link
        self._notices.reconnected()
        self._limit_bitrate()
        if self.consent.any:
            self._open_senses()

    def rename(self, participant_id: str) -> None:
        """Others know this participant by another id from now on."""
        self.participant_id = self._envelope.participant_id = participant_id

    async def disconnect(self) -> None:
        """The connection is gone; the session stays for a while."""
        senses = self._detach_senses()
        link, self.link = self.link, None
        ending = [self._release(senses), *self._closing]
        if link is not None:
            ending.append(link.close())  # beside the others: a slow model must not keep a connection
        await asyncio.gather(*ending)

    # What the participant decides.

    def set_consent(self, consent: Consent) -> None:
        """Give, change or withdraw consent; without any, decoding ends at once."""
        before, self.consent = self.consent, consent
        if consent.any and not before.any:
            self._telemetry.count("consent_given")
            self._consented_at = clock.now_ms()
            wait = self._senses_since + REOPEN_MS - self._consented_at
            if wait > 0:
                self._reopen = asyncio.get_running_loop().call_later(wait / 1000, self._open_senses)
            else:
                self._open_senses()
        elif before.any and not consent.any:
            self._telemetry.count("consent_withdrawn")
            self._expression = self._blank()
            self._cadence.stop()
            task = asyncio.ensure_future(self._release(self._detach_senses()))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        elif before != consent:
            if self._sight is not None:
                self._sight.express(consent.emotion)
                self._sight.look_seldom(self._vectors_alone)
            self._read_voice(clock.now_ms())
            if not consent.emotion:
                self._expression.forget_mood()

    def set_media(self, mic: bool | None, camera: bool | None) -> None:
        """The microphone or camera went on or off; takes effect at once."""
        if mic is not None:
            self._expression.mic = mic
        if camera is not None:
            self._expression.camera = camera
            if not camera:
                now = clock.now_ms()
                self._cadence.lose(now)
                self._expression.forget_face(now)
                self._arm(now)

    def calibrate(self) -> None:
        """The next face is neutral, and what is read of it."""
        if self._sight is not None:
            self._sight.calibrate()
            self._expression.calibrate()

    # What the senses bring.

    def on_seen(self, seen: Seen) -> None:
        """A picture was looked at."""
        now = clock.now_ms()
        if seen.anew:
            self._notices.anew()
        if seen.face is None or not self._expression.camera:
            if not seen.black and self._expression.camera:
                self._telemetry.count("video_frames_without_face")
                self._notices.no_face(now)
            return
        face = seen.face
        if face.vector is not None and not self.consent.emotion:
            face = dataclasses.replace(face, vector=None)  # it was under way
        self._expression.saw(face, now)
        self._cadence.face(now)
        self._notices.face(seen.face.faces, seen.face.track, now)
        self._notices.quality(seen.face.quality, now)
        if self._consented_at is not None:
            self._telemetry.took("consent_to_first_face", now - self._consented_at)
            self._consented_at = None
        if self.consent.avatar:
            self._send_avatar(now, measured=True)
            sent = clock.now_ms()
            self._telemetry.took("last_packet_to_avatar", sent - seen.arrival_ms)
            self._took("avatar_frame", self._expression.modality(now), seen.face.time_ms)
            if self._telemetry.tracer is not None:
                _trace(self._telemetry.tracer, seen, now, sent)
            self._arm(now)

    def on_expressed(self, expressed: Expressed) -> None:
        """The expression of a face was read."""
        if self.consent.emotion:
            self._expression.read(expressed.scores, expressed.time_ms, expressed.signs)

    def on_heard(self, voice: VoiceEstimate, arrival_ms: float) -> None:
        """A stretch of sound was listened to."""
        now = clock.now_ms()
        if not self._expression.mic:
            return
        if not self.consent.emotion:
            voice = unread(voice)  # it was under way
        self._expression.heard(voice, now)
        if voice.embedding is not None:
            self._audience.voiced(self)
        if self._expression.modality(now) == "audio_only" and self.consent.avatar and self._cadence.sound(now):
            self._expression.forget_face(now)
            self._send_avatar(now, measured=False)
            self._took("avatar_frame", "audio_only", voice.time_ms)
        self._telemetry.took("last_packet_to_voice", clock.now_ms() - arrival_ms)

    # The emotion path, driven ten times a second from outside.

    def window(self, now_ms: float, step: bool = True) -> Window | None:
        """The next window for the model, with a new step where it is time for one; None where nothing is to be read."""
        if self.consent.any:
            self._notices.modality(self._expression.modality(now_ms), now_ms, self._senses_since)
        self._read_voice(now_ms)
        if self.consent.emotion and self._hearing is not None:
            self._notices.voice_engine(self._analysis.speech)
        if not self.consent.emotion or (self._sight is None and self._hearing is None):
            return None
        return self._expression.window(now_ms, step)

    def on_emotion(self, estimate: EmotionEstimate) -> None:
        """The model read the window."""
        if not self.consent.emotion:
            return
        self._expression.felt(estimate)
        now = clock.now_ms()
        timestamp = self._expression.timestamp_ms
        timestamp = estimate.time_ms if timestamp is None else min(timestamp, estimate.time_ms)
        payload = self._expression.emotion(estimate, now - timestamp)
        self._audience.said(self, self._envelope.emotion(timestamp, payload))
        self._took("emotion_update", estimate.modality, timestamp)

    def _read_voice(self, now_ms: float) -> None:
        """Have read what the voice expresses, unless the machine is busy and a face is read, which is what counts."""
        if self._hearing is None:
            return
        idle = self._load.advice is not None and self._expression.reads_face(now_ms)
        wanted = self.consent.emotion and not idle
        if wanted == self._voice_read:
            return
        self._voice_read = wanted
        self._hearing.express(wanted)
        if self.consent.emotion and idle:
            self._telemetry.count("voice_expression_gave_way")

    # The load.

    @property
    def analysed(self) -> bool:
        """Connected, with consent."""
        return self.link is not None and self.consent.any

    @property
    def watched(self) -> bool:
        """Analysed, with a camera that is on."""
        return self._sight is not None and self._expression.camera

    @property
    def _vectors_alone(self) -> bool:
        """Whether faces are looked at for nothing but their vectors."""
        return not self.consent.avatar and self._model is not None and self._model.vectors

    def advise(self, advice: Advice) -> None:
        """The rate of the looks is another, or is not the full one: the sender is told what to send, by both ways."""
        self._limit_bitrate()
        if not self.consent.any:
            return
        step = advice.step
        payload = BackpressurePayload(round(advice.queue_depth), step.rate_hz, step.height, advice.reason)
        self._telemetry.count("backpressure_sent")
        self._audience.told(self, Backpressure(payload))

    def _limit_bitrate(self) -> None:
        if self.link is not None and self.link.video_tap is not None:
            self.link.video_tap.limit_bitrate(self._load.step.bits_per_s)

    # Details.

    @property
    def depth(self) -> int:
        """Frames and packets that wait for a worker."""
        return sum(sense.depth for sense in (self._sight, self._hearing) if sense is not None)

    def notice(self, code: str, sentence: str) -> None:
        """Say something on the control channel."""
        self._telemetry.count(f"notice_{code}")
        self._audience.told(self, Notice(NoticePayload(code, sentence)))

    def _took(self, message: str, live: Modality | None, captured_ms: float) -> None:
        """Note the latency of a message by modality: capture → handed to the channel."""
        if live is not None:
            self._telemetry.took(f"{message}/{live}", clock.now_ms() - captured_ms)

    def _blank(self) -> Expression:
        fresh = Expression(self._model, self._votes)
        fresh.mic, fresh.camera = self._expression.mic, self._expression.camera
        return fresh

    def _open_senses(self) -> None:
        link, self._reopen = self.link, None
        if link is None or not self.consent.any or self._sight is not None or self._hearing is not None:
            return
        self._senses_since = clock.now_ms()
        sender = SenderClock()
        if link.video_tap is not None:
            self._sight = Sight(
                self._analysis, sender, link.video_tap, self.on_seen, self.on_expressed, self._load, self._telemetry
            )
            self._sight.express(self.consent.emotion)
            self._sight.look_seldom(self._vectors_alone)
            link.video.sense = self._sight
            link.video_tap.request_keyframe()
        if link.audio_tap is not None:
            self._hearing = Hearing(self._analysis, sender, link.audio_tap, self.on_heard, self._telemetry)
            self._voice_read = False
            self._read_voice(self._senses_since)
            link.audio.sense = self._hearing

    def _detach_senses(self) -> list[Sight | Hearing]:
        """From here on no packet reaches a decoder; what runs is to be released."""
        for handle in (self._timer, self._reopen):
            if handle is not None:
                handle.cancel()
        self._timer = self._reopen = None
        senses = [sense for sense in (self._sight, self._hearing) if sense is not None]
        self._sight = self._hearing = None
        if self.link is not None:
            self.link.video.sense = self.link.audio.sense = None
        for sense in senses:
            sense.stop()
        return senses

    async def _release(self, senses: list[Sight | Hearing]) -> None:
        """Wait until the workers have let go of senses that were detached."""
        async with self._letting_go:
            for sense in senses:
                await sense.close()

    def _arm(self, now: float) -> None:
        """Wake up when the cadence has something to predict."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._cadence.due is not None:
            delay = max(0.0, self._cadence.due - now) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._predict)

    def _predict(self) -> None:
        """No face came in time: keep the avatar moving, until the face counts as gone."""
        now = clock.now_ms()
        if self._cadence.gone(now):
            self._expression.forget_face(now)
        if self._cadence.predict(now) and self.consent.avatar:
            self._send_avatar(now, measured=False)
        self._arm(now)

    def _send_avatar(self, now: float, measured: bool) -> None:
        timestamp = self._expression.timestamp_ms
        if timestamp is None:
            return
        pose = self._expression.pose(now, measured)
        payload = self._expression.avatar(pose, clock.now_ms() - timestamp)
        self._audience.said(self, self._envelope.avatar(timestamp, payload))


def _trace(tracer: FrameTracer, seen: Seen, began_ms: float, sent_ms: float) -> None:
    """The spans of a frame whose message is on its way, where it is one of those that are traced."""
    trace = tracer.sample(seen.arrival_ms)
    if trace is not None:
        trace.stage("decode", *seen.decoding)
        trace.stage("face", *seen.looking)
        trace.stage("avatar", began_ms, sent_ms)
        trace.end(sent_ms)
