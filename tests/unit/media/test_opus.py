"""Opus bytes become 16 kHz sound, lost ones too; with libopus itself, and with PyAV where there is none."""

from __future__ import annotations

import gc
import logging
import math

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from hoovik_inference.types import Floats
from hoovik_rtc.media import libopus, opus
from hoovik_rtc.media.decode import UndecodableError
from hoovik_rtc.media.libopus import LibOpus
from hoovik_rtc.media.opus import VOICE_RATE, AudioDecoder
from hoovik_rtc.media.opus_packet import opus_carries_fec, opus_samples
from hoovik_rtc.media.packets import EncodedSound
from tests import media


def coded(voice: Floats, layout: str = "mono", **options: str) -> list[bytes]:
    """48 kHz sound as Opus, 32 kbit/s."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = 48_000, layout, "flt", 32_000
    codec.options = {"application": "voip", **options}
    step = round(48 * float(options.get("frame_duration", "20")))
    out = []
    for start in range(0, len(voice) - step + 1, step):
        piece = voice[start : start + step]
        both = np.ascontiguousarray(np.repeat(piece, 2)[None, :] if layout == "stereo" else piece[None, :])
        frame = AudioFrame.from_ndarray(both, format="flt", layout=layout)
        frame.sample_rate, frame.pts = 48_000, start
        out += [bytes(packet) for packet in codec.encode(frame)]
    return out


def tone(seconds: float, hz: float = 440.0) -> Floats:
    t = np.arange(int(48_000 * seconds)) / 48_000
    wave: Floats = (0.3 * np.sin(2 * np.pi * hz * t)).astype(np.float32)
    return wave


def sound(data: bytes, index: int = 0) -> EncodedSound:
    return EncodedSound(data, index * 960, 2, 0, index * 20.0)


def hole(samples: int, behind: bytes = b"", *, silent: bool = False) -> EncodedSound:
    return EncodedSound(behind, 0, 2, samples, 0.0, silent=silent)


BOTH = pytest.mark.parametrize("plain", [False, True], ids=["libopus", "PyAV"])


@BOTH
def test_sound_comes_out_as_16_khz_mono(plain: bool) -> None:
    decoder = AudioDecoder(plain=plain)
    samples = np.concatenate([decoder.decode(sound(data)) for data in coded(tone(1.0))])
    assert 15_700 <= len(samples) <= 16_320
    spectrum = np.abs(np.fft.rfft(samples[2000:14_000]))
    assert np.argmax(spectrum) * VOICE_RATE / 12_000 == pytest.approx(440, abs=4)


@BOTH
def test_stereo_comes_out_as_mono_at_the_same_level(plain: bool) -> None:
    decoder = AudioDecoder(plain=plain)
    samples = np.concatenate([decoder.decode(sound(data)) for data in coded(tone(0.6), "stereo")])
    assert math.sqrt(float(np.mean(samples[4000:8000] ** 2))) == pytest.approx(0.3 / math.sqrt(2), rel=0.15)


@BOTH
@pytest.mark.parametrize("duration", ["2.5", "5", "10", "40", "60", "120"])
def test_packets_of_all_lengths_are_as_long_as_they_say(plain: bool, duration: str) -> None:
    packets = coded(tone(1.0), frame_duration=duration)
    decoder = AudioDecoder(plain=plain)
    got = [len(decoder.decode(sound(data))) for data in packets]
    assert got[3:] == [opus_samples(data) // 3 for data in packets[3:]]


@BOTH
def test_a_hole_is_concealed_with_what_came_before_fading_out(plain: bool) -> None:
    decoder = AudioDecoder(plain=plain)
    for data in coded(tone(0.5))[:10]:
        decoder.decode(sound(data))
    filled = decoder.decode(hole(4800 * 2))
    assert len(filled) == 3200
    first, last = np.abs(filled[:320]).max(), np.abs(filled[-320:]).max()
    assert 0.02 < first < 0.4
    assert last < 0.1 * first


@BOTH
def test_silence_that_was_not_sent_is_a_room_at_rest(plain: bool) -> None:
    quiet = AudioDecoder(plain=plain).decode(hole(48_000, silent=True))
    assert len(quiet) == VOICE_RATE
    assert 0 < np.abs(quiet).max() < 1e-3


@BOTH
def test_broken_sound_is_named_and_the_next_packet_is_heard(plain: bool) -> None:
    decoder = AudioDecoder(plain=plain)
    good = coded(tone(0.1))[0]
    assert len(decoder.decode(sound(good)))
    for broken in (b"\xff" * 7, b"", b"\x0b", b"\x03\x3f\x01"):
        with pytest.raises(UndecodableError, match="audio_decode_failed"):
            decoder.decode(sound(broken))
        assert len(decoder.decode(sound(good))) > 300


def test_packets_of_one_byte_are_pauses_that_the_sender_did_send() -> None:
    decoder = AudioDecoder()
    packets = coded(tone(0.2))
    for data in packets:
        decoder.decode(sound(data))
    assert [len(decoder.decode(sound(packets[-1][:1]))) for _ in range(5)] == [320] * 5


def test_noise_for_bytes_never_does_more_than_fail() -> None:
    rng = np.random.default_rng(4)
    decoder = AudioDecoder()
    failed = 0
    for _ in range(2000):
        data = rng.bytes(int(rng.integers(1, 200)))
        for one in (sound(data), hole(960, data)):
            try:
                samples = decoder.decode(one)
            except UndecodableError:
                failed += 1
            else:
                assert len(samples) <= 1920 and np.isfinite(samples).all()
    assert failed > 100


def test_a_lost_packet_is_recovered_from_the_one_behind_it() -> None:
    """As good as the coarser copy allows, and far better than concealing it."""
    voice = media.vowels(3.0)
    packets = coded(voice, fec="1", packet_loss="20")
    whole = AudioDecoder()
    original = [whole.decode(sound(data)) for data in packets]
    errors: dict[str, list[float]] = {"recovered": [], "concealed": []}
    for name in errors:
        decoder = AudioDecoder()
        for index, data in enumerate(packets[:-1]):
            lost = index % 5 == 4
            if lost and opus_carries_fec(packets[index + 1]):
                got = decoder.decode(hole(960, packets[index + 1] if name == "recovered" else b""))
                power = float(np.mean(original[index] ** 2))
                if power > 1e-4:
                    errors[name].append(float(np.mean((got - original[index]) ** 2)) / power)
            else:
                decoder.decode(sound(data))
    assert len(errors["recovered"]) > 15
    assert np.median(errors["recovered"]) < 0.25 * np.median(errors["concealed"])


def test_whether_a_packet_repeats_the_one_before_stands_in_its_first_bytes() -> None:
    voice = media.vowels(2.0)
    without, with_fec = coded(voice), coded(voice, fec="1", packet_loss="20")
    assert not any(map(opus_carries_fec, without))
    assert sum(map(opus_carries_fec, with_fec)) > 0.7 * len(with_fec)
    assert sum(map(opus_carries_fec, coded(voice, "stereo", fec="1", packet_loss="20"))) > 20
    assert not any(map(opus_carries_fec, coded(voice, application="lowdelay", fec="1", packet_loss="20")))
    for short in (b"\x08", b"\x09", b"\x0a", b"\x0b", b"\x0a\x00", b"\x0b\x81", b"\x0b\xc2\xff"):
        assert not opus_carries_fec(short)


def test_it_agrees_with_libopus_on_what_carries_fec() -> None:
    found = libopus.library()
    if found is None or not hasattr(found, "opus_packet_has_lbrr"):
        pytest.skip("needs libopus 1.5")
    rng = np.random.default_rng(8)
    whole = [
        data
        for length in ("20", "40", "60")
        for data in coded(media.vowels(1.0), fec="1", packet_loss="20", frame_duration=length)
    ]
    made = [rng.bytes(int(rng.integers(1, 60))) for _ in range(20_000)]
    for data in whole + made:
        said = found.opus_packet_has_lbrr(data, len(data))
        if said >= 0:  # it is a packet at all
            assert opus_carries_fec(data) == bool(said), data.hex()


def test_decoders_are_freed_with_their_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    found = libopus.library()
    assert found is not None
    freed: list[int] = []
    destroy = found.opus_decoder_destroy

    def noted(state: int) -> None:
        freed.append(state)
        destroy(state)

    monkeypatch.setattr(found, "opus_decoder_destroy", noted)
    decoders = [LibOpus() for _ in range(5)]
    states = [one._state for one in decoders]
    del decoders
    gc.collect()
    assert sorted(freed) == sorted(states)


def test_without_libopus_it_is_said_once_and_nothing_is_recovered(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opus, "library", lambda: None)
    opus._say_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        decoders = [AudioDecoder() for _ in range(3)]
    assert [one.recovers for one in decoders] == [False] * 3
    assert len(caplog.records) == 1
    assert len(decoders[0].decode(sound(coded(tone(0.1))[0]))) > 0


@pytest.mark.parametrize(
    ("first", "second", "samples"),
    [(0x00, 0, 480), (0x08, 0, 960), (0x18, 0, 2880), (0x78, 0, 960), (0xE0, 0, 120), (0xF9, 0, 1920), (0x0B, 3, 2880)],
)
def test_the_length_of_a_packet_stands_in_its_first_bytes(first: int, second: int, samples: int) -> None:
    assert opus_samples(bytes([first, second])) == samples
