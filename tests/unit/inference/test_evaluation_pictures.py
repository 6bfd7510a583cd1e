"""Labelled pictures from files as people have them, and from files that are something else."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageOps
from PIL.PngImagePlugin import PngImageFile

from hoovik_inference.evaluation import DataError, UnreadableError, chosen, class_of, labelled, load
from hoovik_inference.types import EMOTIONS

FER2013 = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]


def archive(path: Path, **arrays: Any) -> Path:
    """An npz in the style of FER2013 with these arrays instead of its own; None leaves one out."""
    given: dict[str, Any] = {
        "images": np.arange(7 * 6 * 5, dtype=np.uint8).reshape(7, 6, 5),
        "labels": np.array([3, 0, 6, 4, 5, 1, 2], np.uint8),
        "classes": np.array([name.lower() for name in FER2013]),
    } | arrays
    np.savez(path, **{key: value for key, value in given.items() if value is not None})
    return path


def folders(path: Path, **classes: int) -> Path:
    """Class folders with so many small pictures each."""
    for name, count in classes.items():
        (path / name).mkdir(parents=True)
        for index in range(count):
            Pillow.fromarray(np.full((8, 8), 40, np.uint8)).save(path / name / f"{index}.png")
    return path


OURS_OF_FER2013 = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
SPELT = {"ANGER": "angry", "fearful": "fear", "afraid": "fear", "Surprised": "surprise", "happiness": "happy"}
SPELT |= {"sadness": "sad", "disgusted": "disgust", "calm": "neutral", " Neutral ": "neutral", "HAP": "happy"}
SPELT |= {"01_happy": "happy", "3 - sad": "sad"}
UNKNOWN = dict.fromkeys(["contempt", "train", "", "5", "s001"])


@pytest.mark.parametrize(
    ("theirs", "ours"), [*zip(FER2013, OURS_OF_FER2013, strict=True), *SPELT.items(), *UNKNOWN.items()]
)
def test_classes_of_other_corpora_are_known_by_their_names(theirs: str, ours: str | None) -> None:
    assert class_of(theirs) == ours


def test_chosen_classes_are_ours_in_our_order() -> None:
    assert chosen(["sad", "happiness", " happy", ""]) == ("happy", "sad")
    with pytest.raises(ValueError, match="contempt, x: not a class; ours are neutral, happy"):
        chosen(["happy", "contempt", "x"])
    for few in ([], ["happy"], ["happy", "joy"]):
        with pytest.raises(ValueError, match="two or more"):
            chosen(few)


def test_labels_of_an_npz_are_taken_by_name_not_by_number(tmp_path: Path) -> None:
    pictures = labelled(archive(tmp_path / "a.npz")).only(None)
    names = [EMOTIONS[label] for label in pictures.labels]
    assert names == ["happy", "angry", "surprise", "neutral", "sad", "disgust", "fear"]
    assert pictures.renamed == {} and pictures.left_out == {}
    first = load(pictures.sources[0])
    assert first.shape == (6, 5, 3) and (first == np.arange(30).reshape(6, 5)[..., None]).all()


@pytest.mark.parametrize("shape", [(7, 6, 5, 3), (7, 6, 5, 1)])
def test_pictures_of_an_npz_may_have_colours(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    pictures = labelled(archive(tmp_path / "a.npz", images=images, labels=np.arange(7, dtype=np.int64)))
    assert (load(pictures.sources[4]) == images[4]).all()
    assert load(pictures.sources[4]).shape == (6, 5, 3)


def test_names_as_bytes_and_in_capitals_are_fine(tmp_path: Path) -> None:
    pictures = labelled(archive(tmp_path / "a.npz", classes=np.array(FER2013, "S8")))
    assert EMOTIONS[pictures.labels[0]] == "happy" and pictures.renamed == {}


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"classes": None}, "has no classes, but images, labels; expected images"),
        ({"images": None, "labels": None}, "has no images and no labels"),
        ({"images": np.zeros((7, 6, 5))}, r"images in .* are float64 \(7, 6, 5\); expected .* uint8"),
        ({"images": np.zeros((7, 30), np.uint8)}, r"uint8 \(7, 30\); expected"),
        ({"images": np.zeros((7, 3, 6, 5), np.uint8)}, r"uint8 \(7, 3, 6, 5\); expected"),
        ({"images": np.zeros((0, 6, 5), np.uint8)}, r"\(0, 6, 5\)"),
        ({"labels": np.zeros(7)}, r"labels in .* are float64 \(7,\); expected"),
        ({"labels": np.zeros((7, 7), int)}, r"int64 \(7, 7\); expected"),
        ({"labels": np.zeros(6, int)}, "7 images and 6 labels"),
        ({"labels": np.array([0, 1, 7, 2, 3, 4, 5])}, r"label 2 in .* is 7; expected 0…6"),
        ({"labels": np.array([0, 1, 2, 2, 3, -1, 5])}, r"label 5 in .* is -1; expected 0…6"),
        ({"labels": np.array([None] * 7)}, "no Python objects"),
    ],
)
def test_an_npz_that_is_not_as_expected_is_refused_with_what_is_wrong(
    tmp_path: Path, arrays: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        labelled(archive(tmp_path / "a.npz", **arrays))


def test_files_that_are_no_npz_are_refused(tmp_path: Path) -> None:
    text, one, cut = tmp_path / "a.csv", tmp_path / "one.npy", tmp_path / "cut.npz"
    text.write_text("emotion,pixels\n0,1 2 3")
    np.save(one, np.zeros(3))
    cut.write_bytes(archive(tmp_path / "whole.npz").read_bytes()[:300])
    empty = tmp_path / "empty.npz"
    empty.touch()
    for file in (text, one, cut, empty):
        with pytest.raises(DataError, match="is no npz file; expected one with images") as refused:
            labelled(file)
        assert file.name in str(refused.value)
    broken = bytearray((tmp_path / "whole.npz").read_bytes())
    broken[70:90] = bytes(20)  # in the first array's header
    (tmp_path / "broken.npz").write_bytes(broken)
    with pytest.raises(DataError, match="broken.npz .*xpected"):
        labelled(tmp_path / "broken.npz")
    with pytest.raises(DataError, match="does not exist"):
        labelled(tmp_path / "nowhere")


def test_a_folder_is_read_class_by_class_however_deep(tmp_path: Path) -> None:
    folders(tmp_path, happy=2, Calm=1, anger=0)
    folders(tmp_path / "happy" / "actor", one=2)
    pictures = labelled(tmp_path).only(None)
    assert [EMOTIONS[label] for label in pictures.labels] == ["neutral", *["happy"] * 4]
    assert pictures.renamed == {"Calm": "neutral"}
    assert isinstance(pictures.sources[0], Path) and pictures.sources[0].parent.name == "Calm"


def test_what_is_no_picture_is_counted_not_passed_over(tmp_path: Path) -> None:
    folders(tmp_path, happy=1, sad=1)
    (tmp_path / "happy" / "labels.csv").write_text("x")
    (tmp_path / "happy" / ".hidden.png").write_text("x")
    (tmp_path / ".git").mkdir()
    Pillow.new("L", (4, 4)).save(tmp_path / "loose.png")
    pictures = labelled(tmp_path)
    assert len(pictures.sources) == 2
    assert pictures.left_out == {"files that are no pictures": 2, "pictures outside of the class folders": 1}


def test_an_unknown_class_is_an_error_that_a_choice_of_classes_solves(tmp_path: Path) -> None:
    pictures = labelled(folders(tmp_path, happy=2, contempt=3, sad=1, fear=1))
    with pytest.raises(DataError, match="contempt: no class of ours. Known are neutral, happy, .* --classes"):
        pictures.only(None)
    some = pictures.only(("happy", "sad"))
    assert [EMOTIONS[label] for label in some.labels] == ["happy", "happy", "sad"]
    assert some.left_out == {"contempt": 3, "fear": 1}
    with pytest.raises(DataError, match="no picture of angry, disgust; there are contempt, fear, happy, sad"):
        pictures.only(("angry", "disgust"))


def test_an_unknown_class_without_pictures_is_none(tmp_path: Path) -> None:
    classes = np.array([*[name.lower() for name in FER2013], "contempt"])
    assert len(labelled(archive(tmp_path / "a.npz", classes=classes)).only(None).sources) == 7
    with pytest.raises(DataError, match="contempt"):
        labelled(archive(tmp_path / "b.npz", classes=classes, labels=np.array([0, 1, 2, 3, 4, 5, 7]))).only(None)


def test_a_folder_without_class_folders_says_where_they_may_be(tmp_path: Path) -> None:
    folders(tmp_path / "split" / "train", happy=1)
    folders(tmp_path / "split" / "test", happy=1)
    folders(tmp_path / "numbered", s1=1, s2=1)
    folders(tmp_path / "nothing", happy=0)
    (tmp_path / "loose").mkdir()
    archive(tmp_path / "loose" / "test.npz")
    (tmp_path / "empty").mkdir()
    for name, said in (
        ("split", r"holds test, train, and the class folders lie in there: give one of these, such as .*test"),
        ("numbered", r"holds s1, s2, none of which is a class; expected a sub-folder"),
        ("nothing", r"no pictures in the class folders"),
        ("loose", r"test.npz: give the file itself"),
        ("split/test/happy", r"has no sub-folders; .* happy is a class itself: give the folder above it"),
        ("empty", r"has no sub-folders; expected a sub-folder of pictures for each class \(neutral"),
    ):
        with pytest.raises(DataError, match=said):
            labelled(tmp_path / name)


def test_a_draw_is_the_same_each_time_and_keeps_labels_with_their_pictures(tmp_path: Path) -> None:
    images = np.repeat(np.arange(7, dtype=np.uint8), 36).reshape(7, 6, 6)
    pictures = labelled(archive(tmp_path / "a.npz", images=images, labels=np.arange(7))).only(None)
    one, two = pictures.some(4), pictures.some(4)
    shown = [int(load(source)[0, 0, 0]) for source in one.sources]
    assert shown == [int(load(source)[0, 0, 0]) for source in two.sources] == sorted(set(shown))
    assert [class_of(FER2013[at]) for at in shown] == [EMOTIONS[label] for label in one.labels]
    assert pictures.some(7) is pictures
    assert {tuple(pictures.some(4, seed).labels) for seed in range(9)} != {tuple(one.labels)}


LEVELS = np.linspace(0, 255, 20 * 30).reshape(20, 30).astype(np.uint8)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.bmp", "a.tif", "a.webp", "a.gif", "a.pgm", "a.jpg"])
def test_grey_pictures_of_all_formats_become_rgb(tmp_path: Path, name: str) -> None:
    Pillow.fromarray(LEVELS).save(tmp_path / name, lossless=True)  # only webp asks for it
    read = load(tmp_path / name)
    assert read.dtype == np.uint8 and read.shape == (20, 30, 3) and read.flags.c_contiguous
    assert np.abs(read - LEVELS[..., None].astype(int)).max() <= (4 if name.endswith("jpg") else 0)


def test_of_sixteen_bits_the_upper_eight_are_taken(tmp_path: Path) -> None:
    Pillow.fromarray(LEVELS.astype(np.uint16) * 257).save(tmp_path / "a.png")
    assert (load(tmp_path / "a.png") == LEVELS[..., None]).all()


def test_what_is_transparent_is_grey(tmp_path: Path) -> None:
    opaque = np.zeros((20, 30), bool)
    opaque[:10] = True
    pixels = np.dstack([LEVELS, LEVELS, LEVELS, np.where(opaque, 255, 0).astype(np.uint8)])
    Pillow.fromarray(pixels).save(tmp_path / "a.png")
    palette = Pillow.fromarray(LEVELS // 32).convert("P")
    palette.putpalette([10, 20, 30] + [200, 100, 0] * 255)
    palette.save(tmp_path / "b.png", transparency=0)
    read = load(tmp_path / "a.png")
    assert (read[:10] == LEVELS[:10, :, None]).all() and (read[10:] == 128).all()
    colours = {tuple(pixel) for row in load(tmp_path / "b.png").tolist() for pixel in row}
    assert colours == {(128, 128, 128), (200, 100, 0)}


def test_a_photograph_taken_sideways_stands_upright(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turn by a quarter to the right
    Pillow.fromarray(LEVELS).save(tmp_path / "a.png", exif=exif)
    assert (load(tmp_path / "a.png")[..., 0] == np.rot90(LEVELS, -1)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_undone_as_pillow_does_it(tmp_path: Path, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.fromarray(LEVELS).save(tmp_path / "a.png", exif=exif)
    with Pillow.open(tmp_path / "a.png") as opened:
        wanted = np.asarray(ImageOps.exif_transpose(opened))
    assert (load(tmp_path / "a.png")[..., 0] == wanted).all()


def broken_exif(path: Path) -> list[Path]:
    """Whole pictures whose EXIF is not what it should be, in the ways that Pillow stumbles over."""
    exif = Pillow.Exif()
    exif[0x0112] = 6
    whole = exif.tobytes().removeprefix(b"Exif\x00\x00")
    blobs = {
        "no tiff": b"Exif\x00\x00XX" + whole[2:],
        "cut": b"Exif\x00\x00" + whole[:9],
        "words": whole.replace((6).to_bytes(2, "big"), b"\xff\xff"),
        # The orientation as a text, and as a rational number of a type that does not fit.
        "text": b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x02\x00\x00\x00\x02x\x00\x00\x00\x00\x00\x00\x00",
        "resolution": b"MM\x00*\x00\x00\x00\x08\x00\x02\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
        b"\x01\x1a\x00\x02\x00\x00\x00\x02x\x00\x00\x00\x00\x00\x00\x00",
    }
    files = []
    for name, blob in blobs.items():
        for suffix in (".jpg", ".png", ".webp"):
            file = path / f"{name}{suffix}"
            Pillow.fromarray(LEVELS).save(file, exif=blob)
            files.append(file)
    return files


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow says so itself of some, and reads on
def test_a_picture_with_a_broken_exif_is_read_without_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    failed = set()
    for file in broken_exif(tmp_path):
        try:
            with Pillow.open(file) as opened:
                ImageOps.exif_transpose(opened).load()
        except Exception as exc:
            failed.add(type(exc).__name__)
        caplog.clear()
        read = load(file)
        assert sorted(read.shape) == [3, 20, 30], file.name
        upright = read if read.shape[0] == 20 else np.rot90(read)
        assert np.abs(upright[..., 0].astype(int) - LEVELS).max() <= 8, file.name
        if "no tiff" in file.name and "jpg" not in file.name:
            assert [file.name in record.getMessage() for record in caplog.records] == [True]
    assert {"SyntaxError", "TypeError"} <= failed, "Pillow's own way ends with these"


def test_whatever_a_reader_of_pictures_raises_is_an_unreadable_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Pillow.fromarray(LEVELS).save(tmp_path / "a.png")
    for error in (
        struct.error("unpack requires a buffer"),
        TypeError("bad operand"),
        KeyError(7),
        OverflowError("big"),
    ):

        def fail(self: PngImageFile, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(PngImageFile, "load", fail)
        with pytest.raises(UnreadableError, match=r"a\.png cannot be read as a picture"):
            load(tmp_path / "a.png")


def test_large_photographs_are_scaled_down(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        Pillow.new("RGB", (4000, 1000), (10, 200, 30)).save(tmp_path / name)
        read = load(tmp_path / name)
        assert read.shape == (480, 1920, 3)
        assert np.abs(read.reshape(-1, 3).mean(axis=0) - (10, 200, 30)).max() < 3


def test_what_only_has_a_pictures_name_is_unreadable_and_named(tmp_path: Path) -> None:
    Pillow.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)).save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:900])
    Pillow.fromarray(LEVELS).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:80])
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").touch()
    Pillow.fromarray(LEVELS.astype(np.float32)).save(tmp_path / "floats.tif")
    for name in ("cut.jpg", "cut.png", "text.png", "empty.png", "floats.tif", "nowhere.png"):
        with pytest.raises(UnreadableError, match=name):
            load(tmp_path / name)
