"""What an ear reads of a voice, and when it forgets it."""

from __future__ import annotations

from hoovik_inference.types import Floats, VoiceEstimate
from hoovik_rtc.media.packets import EncodedSound
from hoovik_rtc.pipeline.ear import Ear, Heard
from hoovik_rtc.pipeline.meter import Meter
from hoovik_rtc.pipeline.turns import Turns
from hoovik_rtc.telemetry import Telemetry
from tests.fakes import FakeVoice
from tests.waiting import until

SILENT = EncodedSound(data=b"", ssrc=1, timestamp=0, arrival_ms=0.0, capture_ms=0.0, lost_samples=1536, silent=True)


class Remembering(FakeVoice):
    """Notes how it was asked to read, between stretches of sound."""

    asked: list[str] = []

    def express(self, on: bool) -> None:
        type(self).asked.append("read" if on else "forget")
        super().express(on)

    def observe(self, samples: Floats, time_ms: float, lost: int = 0) -> list[VoiceEstimate]:
        type(self).asked.append("sound")
        return super().observe(samples, time_ms)


async def test_what_was_read_of_a_voice_is_forgotten_at_once_though_no_sound_comes() -> None:
    Remembering.asked = []
    heard: list[Heard] = []
    turns = Turns()
    ear = Ear(turns, Remembering, lambda ones, _: heard.extend(ones), Meter(), Telemetry())
    ear.express(True)
    ear.put([SILENT])
    await until(lambda: len(heard) == 1)
    assert Remembering.asked[-2:] == ["read", "sound"]
    ear.express(False)
    await until(lambda: Remembering.asked[-1] == "forget")
    ear.express(True)
    ear.put([SILENT])
    await until(lambda: len(heard) == 2)
    assert Remembering.asked[-2:] == ["read", "sound"]
    await ear.close()
    turns.close()


async def test_off_and_on_again_between_two_packets_forgets_too() -> None:
    Remembering.asked = []
    heard: list[Heard] = []
    turns = Turns()
    ear = Ear(turns, Remembering, lambda ones, _: heard.extend(ones), Meter(), Telemetry())
    ear.express(True)
    ear.put([SILENT])
    await until(lambda: len(heard) == 1)
    ear.express(False)
    ear.express(True)
    ear.put([SILENT])
    await until(lambda: len(heard) == 2)
    assert "forget" in Remembering.asked
    await ear.close()
    turns.close()
