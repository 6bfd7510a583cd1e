"""Clips of RAVDESS and CREMA-D: found by their names, read step by step, divided by people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[train]'")
pytest.importorskip("optuna", reason="needs Optuna: pip install 'hoovik-rtc[train]'")

from hoovik_inference.emotion.reference.windows import AUDIO_ONLY, BOTH, VIDEO_ONLY  # noqa: E402
from hoovik_inference.evaluation.pictures import DataError, UnreadableError  # noqa: E402
from hoovik_inference.training.emotion.clip import faces, pictures_of, steps_of, times, voices  # noqa: E402
from hoovik_inference.training.emotion.corpus import Clip, corpus, counted  # noqa: E402
from hoovik_inference.training.emotion.material import TEST, TRAIN, VALID  # noqa: E402
from hoovik_inference.training.emotion.sides import sides_of  # noqa: E402
from hoovik_inference.types import EMOTIONS, Floats, Image  # noqa: E402
from tests.media import write_wav  # noqa: E402


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return folder


def film(file: Path, brightness: Sequence[int], fps: int = 10) -> Path:
    """One grey picture for each value."""
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"qp": "1"}
        for value in brightness:
            picture = np.full((48, 64, 3), value, np.uint8)
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return file


def look(picture: Image) -> Floats | None:
    """The brightness, of pictures that are not dark."""
    bright = float(picture.mean())
    return None if bright < 40 else np.array([bright, 1.0], np.float32)


def hear(cuts: Sequence[Floats]) -> list[Floats]:
    """The loudness and how much there is."""
    return [np.array([np.abs(cut).mean(), len(cut)], np.float32) for cut in cuts]


def only(found: tuple[Clip, ...]) -> Clip:
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    "file, label, actor",
    [
        ("03-01-01-01-02-01-12.wav", "neutral", "ravdess-12"),
        ("03-01-02-01-02-01-12.wav", "neutral", "ravdess-12"),
        ("03-01-06-01-02-01-01.flac", "fear", "ravdess-01"),
        ("01-01-07-01-02-01-01.mp4", "disgust", "ravdess-01"),
        ("02-02-08-01-02-01-03.mp4", "surprise", "ravdess-03"),
        ("1001_IEO_ANG_HI.wav", "angry", "crema-d-1001"),
        ("1040_ITH_SAD_X.flv", "sad", "crema-d-1040"),
    ],
)
def test_names_say_the_emotion_and_the_actor(tmp_path: Path, file: str, label: str, actor: str) -> None:
    clip = only(corpus([touch(tmp_path, f"deep/in/{file}")]).clips)
    assert (EMOTIONS[clip.label], clip.actor, clip.files) == (label, actor, (tmp_path / "deep/in" / file,))


def test_picture_and_sound_of_an_utterance_are_one_clip(tmp_path: Path) -> None:
    rest = "-01-05-01-02-01-12"
    found = corpus([touch(tmp_path, f"film/01{rest}.mp4", f"sound/03{rest}.wav", f"film/02{rest}.mp4")]).clips
    clip = only(found)
    assert clip.flag == BOTH and clip.name == "ravdess-01-05-01-02-01-12"
    assert clip.film == tmp_path / f"film/01{rest}.mp4" and clip.sound == tmp_path / f"sound/03{rest}.wav"
    clip = only(corpus([touch(tmp_path / "c", "flv/1001_IEO_ANG_HI.flv", "wav/1001_IEO_ANG_HI.wav")]).clips)
    assert clip.flag == BOTH and clip.sound is not None and clip.sound.suffix == ".wav"


def test_a_film_alone_is_heard_itself_unless_it_is_one_without_sound(tmp_path: Path) -> None:
    one = only(corpus([touch(tmp_path / "a", "01-01-05-01-02-01-12.mp4")]).clips)
    assert one.flag == BOTH and one.sound == one.film and len(one.files) == 1
    one = only(corpus([touch(tmp_path / "b", "02-01-05-01-02-01-12.mp4")]).clips)
    assert one.flag == VIDEO_ONLY and one.sound is None
    one = only(corpus([touch(tmp_path / "c", "02-01-05-01-02-01-12.mp4", "03-01-05-01-02-01-12.wav")]).clips)
    assert one.flag == BOTH
    one = only(corpus([touch(tmp_path / "d", "03-01-05-01-02-01-12.wav")]).clips)
    assert one.flag == AUDIO_ONLY


def test_of_the_same_clip_in_several_formats_one_is_taken(tmp_path: Path) -> None:
    names = ("mp3/1001_IEO_ANG_HI.mp3", "wav/1001_IEO_ANG_HI.wav", "a/1001_IEO_ANG_HI.flv", "b/1001_IEO_ANG_HI.mp4")
    clip = only(corpus([touch(tmp_path, *names)]).clips)
    assert [file.suffix for file in clip.files] == [".mp4", ".wav"]


def test_other_films_are_counted_and_other_files_are_not(tmp_path: Path) -> None:
    found = corpus([touch(tmp_path, "1001_IEO_ANG_HI.wav", "making-of.mp4", "09-01-05-01-02-01-12.wav", "notes.txt")])
    assert len(found.clips) == 1 and list(found.left_out.values()) == [2]
    assert counted(found.clips) == "1 audio_only, 0 video_only, 0 both"


def test_folders_without_clips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        corpus([tmp_path / "none"])
    with pytest.raises(DataError, match="no clip named as RAVDESS's"):
        corpus([touch(tmp_path, "making-of.mp4")])


def test_steps_lie_at_tenths_of_nine_tenths_of_a_film(tmp_path: Path) -> None:
    values = [50 + 4 * number for number in range(40)]
    pictures, duration = pictures_of(film(tmp_path / "a.mp4", values))
    assert duration == pytest.approx(4.0)
    wanted = [values[int(t * 10)] for t in np.linspace(0.0, 3.6, 10)]
    assert [float(picture.mean()) for picture in pictures] == pytest.approx(wanted, abs=2.5)
    np.testing.assert_allclose(times(4.0), np.linspace(0.0, 3.6, 10))


def test_a_missed_face_is_the_last_one_and_counts() -> None:
    bright = [0, 0, 100, 0, 0, 200, 0, 120, 0, 0]
    found = faces([np.full((4, 4, 3), value, np.uint8) for value in bright], look)
    assert found is not None
    np.testing.assert_array_equal(found[0][:, 0], [0, 0, 100, 100, 100, 200, 200, 120, 120, 120])
    np.testing.assert_array_equal(found[1], [0, 0, 1, 1, 1, 1, 1, 1, 1, 1])
    assert faces([np.zeros((4, 4, 3), np.uint8)] * 10, look) is None


def test_voices_are_cut_around_their_steps_inside_four_seconds() -> None:
    samples = np.zeros(16_000 * 5, np.float32)
    samples[16_000:32_000] = 0.5 * np.sin(np.arange(16_000)).astype(np.float32)
    given: list[Floats] = []

    def listen(cuts: Sequence[Floats]) -> list[Floats]:
        given.extend(cuts)
        return hear(cuts)

    found = voices(samples, 5.0, listen)
    assert found is not None and {len(cut) for cut in given} == {9600}
    values, mask = found
    np.testing.assert_array_equal(mask, [0, 0, 1, 1, 1, 0, 0, 0, 0, 0])  # steps at 0, 0.5, 1, 1.5, 2, … s
    assert (values[mask == 0] == 0).all() and values[3, 0] == pytest.approx(0.5 * 2 / np.pi, rel=0.02)
    assert voices(np.zeros(16_000, np.float32), 1.0, listen) is None


def test_the_last_steps_of_a_long_film_hear_the_end_of_the_four_seconds() -> None:
    ramp = np.linspace(-1, 1, 16_000 * 6, dtype=np.float32)
    starts: list[float] = []

    def listen(cuts: Sequence[Floats]) -> list[Floats]:
        starts.extend(float(cut[0]) for cut in cuts)
        return hear(cuts)

    assert voices(ramp, 6.0, listen) is not None
    assert starts[0] == -1.0 and starts[-1] == starts[-2] == pytest.approx(float(ramp[64_000 - 9600]))


def test_a_clip_is_read_with_what_it_has(tmp_path: Path) -> None:
    file = film(tmp_path / "a.mp4", [90] * 20)
    write_wav(tmp_path / "a.wav", (0.3 * np.sin(np.arange(32_000))).astype(np.float32), 16_000)
    both = steps_of(Clip("x", "crema-d", "y", 0, file, tmp_path / "a.wav"), look, hear)
    assert both.face is not None and both.audio is not None and both.face[1].all() and both.audio[1].all()
    alone = steps_of(Clip("x", "crema-d", "y", 0, None, tmp_path / "a.wav"), look, hear)
    assert alone.face is None and alone.audio is not None


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    whole, dark = film(tmp_path / "whole.mp4", [90] * 60), film(tmp_path / "dark.mp4", [5] * 20)
    (tmp_path / "half.mp4").write_bytes(whole.read_bytes()[:300])
    (tmp_path / "noise.wav").write_bytes(b"RIFF of nothing" * 40)
    write_wav(tmp_path / "silence.wav", np.zeros(32_000, np.float32), 16_000)
    for pictures, sound, words in (
        (tmp_path / "half.mp4", None, "half.mp4 cannot be read as a film"),
        (dark, None, "dark.mp4: no face was found"),
        (whole, whole, "whole.mp4 cannot be read as a recording: it has no sound"),
        (None, tmp_path / "noise.wav", "noise.wav cannot be read as a recording"),
        (None, tmp_path / "silence.wav", "silence.wav: its sound is silence"),
        (tmp_path / "silence.wav", None, "silence.wav cannot be read as a film: it has no picture"),
    ):
        with pytest.raises(UnreadableError, match=words):
            steps_of(Clip("x", "crema-d", "y", 0, pictures, sound), look, hear)


def test_people_are_on_one_side_and_of_each_corpus_on_all() -> None:
    people = [("ravdess", f"ravdess-{n:02}") for n in range(1, 25)] + [
        ("crema-d", f"crema-d-{n}") for n in range(1001, 1092)
    ]
    sides = sides_of(people * 2, 1)
    for source, count, held in (("ravdess", 24, 4), ("crema-d", 91, 14)):
        of_source = [side for actor, side in sides.items() if actor.startswith(source)]
        assert (of_source.count(TRAIN), of_source.count(VALID), of_source.count(TEST)) == (count - 2 * held, held, held)
    assert sides == sides_of(reversed(people), 1) and sides != sides_of(people, 2)


def test_too_few_people_are_refused() -> None:
    with pytest.raises(ValueError, match="crema-d has 2 actors .*; expected 3 or more"):
        sides_of([("ravdess", "a"), ("ravdess", "b"), ("ravdess", "c"), ("crema-d", "d"), ("crema-d", "e")], 1)
    assert set(sides_of([("ravdess", name) for name in "abc"], 1).values()) == {TRAIN, VALID, TEST}
