"""The command line: `hoovik-rtc serve | analyze | evaluate | features | infer | train | models | doctor`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from hoovik_rtc import config as configs
from hoovik_rtc import doctor, train
from hoovik_rtc.errors import HoovikError, SystemLibraryError, UsageError
from hoovik_rtc.models import command as models

_EVALUATE = """Score labelled material as a table.

PATH for --task face is either
  an npz as FER2013's: images (n, H, W) or (n, H, W, 3) uint8, labels (n,) integers, classes names; or
  a folder with one sub-folder of pictures for each class.
PATH for --task voice is a folder of recordings named as RAVDESS's, however deep they lie in it:
  modality-channel-emotion-intensity-statement-repetition-actor, such as 03-01-05-01-02-01-12.wav.
PATH for --task visemes is a folder of recordings, each with a TextGrid of the same name that has its phones.
PATH for --task emotion is a folder of clips with sound, picture or both, in one sub-folder for each class or named as
  RAVDESS's or CREMA-D's; or labelled pictures as above; or, named twice, pictures and recordings, which become pairs.
Classes: neutral happy sad angry surprise disgust fear, or common spellings of them (anger, calm, happiness, …).
Each picture and each recording counts: one in which no face or voice is found, or that cannot be read, is wrong."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 (it could not be done, said on stderr) or 2 (usage)."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except HoovikError as exc:
        print(f"hoovik-rtc: {exc}", file=sys.stderr)
        return 2 if isinstance(exc, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has enough (`… | head`); Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hoovik-rtc", description=__doc__)
    parser.add_argument("--version", action="version", version=version("hoovik-rtc"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the service: rooms, WHIP, the page")
    serve.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on, 0 for any (default 8080)")
    serve.add_argument("--config", type=Path, metavar="FILE", help="TOML file; HOOVIK_… and flags win over it")
    serve.set_defaults(run=_serve)

    analyze = commands.add_parser("analyze", help="read a recording or a picture and write the same messages")
    analyze.add_argument("file", type=Path, help="webm, mp4, mpg, wav, flac, jpg, png, …")
    analyze.add_argument("--out", type=Path, help="JSON lines (default: standard output)")
    analyze.add_argument("--config", type=Path, metavar="FILE", help="TOML file")
    analyze.set_defaults(run=_analyze)

    evaluate = commands.add_parser(
        "evaluate",
        help="score labelled material: accuracy, balanced accuracy, F1, calibration, confusion",
        description=_EVALUATE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    evaluate.add_argument(
        "--task", required=True, choices=("face", "voice", "visemes", "emotion"),
        help="what is scored: expressions of faces, emotions of voices, mouth shapes of speech, both together",
    )  # fmt: skip
    evaluate.add_argument(
        "--data", required=True, type=Path, action="append", metavar="PATH",
        help="npz file, or folder; emotion: may be given twice",
    )  # fmt: skip
    evaluate.add_argument(
        "--bundle", type=Path, metavar="FOLDER", help="emotion: as `train lite` writes it (default: the one that ships)"
    )
    evaluate.add_argument("--classes", metavar="a,b,c", help="not visemes: only what is of these, only these predicted")
    evaluate.add_argument("--limit", type=int, metavar="N", help="not visemes: only N, drawn with a fixed seed")
    evaluate.add_argument(
        "--codec", metavar="opus:16k", help="not face: sound as a call delivers it at so many bits a second"
    )
    evaluate.add_argument("--loss", type=float, default=0.0, metavar="SHARE", help="… and loses packets (0.05: 5 %%)")
    evaluate.add_argument(
        "--window", type=int, choices=(1, 2, 3), metavar="S", help="voice: only running windows of 1, 2 or 3 s"
    )
    evaluate.add_argument("--json", type=Path, metavar="OUT", help="write the figures, shares as 0…1")
    evaluate.add_argument("--plot", type=Path, metavar="OUT", help="write confusion and calibration (.png, .svg, .pdf)")
    evaluate.set_defaults(run=_evaluate)

    features = commands.add_parser("features", help="the reference's 326 numbers of each face in a folder of pictures")
    features.add_argument("--task-file", type=Path, required=True, metavar="FILE", help="face_landmarker.task")
    features.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="pictures, at any depth")
    features.add_argument("--out", type=Path, required=True, metavar="NPZ", help="name, found, face (N, 326)")
    features.set_defaults(run=_features)

    infer = commands.add_parser("infer", help="read windows of faces and voices with a bundle")
    infer.add_argument(
        "--bundle", type=Path, required=True, metavar="FOLDER", help="as `models import-reference` makes it"
    )
    infer.add_argument(
        "--windows", type=Path, required=True, metavar="NPZ",
        help="face (N, 10, 326), audio (N, 10, 1024), face_mask, audio_mask (N, 10), modality (N,): "
        "audio_only 0, video_only 1, both 2; not normalised",
    )  # fmt: skip
    infer.add_argument(
        "--out", type=Path, required=True, metavar="NPZ", help="features, logits, probabilities, labels, …"
    )
    infer.set_defaults(run=_infer)

    train.add_arguments(commands)
    models.add_arguments(commands)

    check = commands.add_parser("doctor", help="check this machine and say what to install")
    check.set_defaults(run=_doctor)
    return parser


def _serve(arguments: argparse.Namespace) -> int:
    flags = {"host": arguments.host, "port": arguments.port}
    config = configs.load(arguments.config, os.environ, flags)
    _logging(config.log_level)
    _require_libraries()
    from hoovik_rtc.web.serve import serve  # imports the models' runtimes: only once they can be loaded

    serve(config, lambda text: print(text, flush=True))
    return 0


def _analyze(arguments: argparse.Namespace) -> int:
    config = configs.load(arguments.config, os.environ)
    _logging(config.log_level)
    _require_libraries()
    from hoovik_rtc.analyze import analyze

    analyze(arguments.file, arguments.out, config)
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    _refuse_strange(arguments)
    _require_libraries()
    classes = None if arguments.classes is None else arguments.classes.split(",")
    outputs = {"json_to": arguments.json, "plot_to": arguments.plot}
    if arguments.task == "face":
        from hoovik_inference.evaluation.faces import ExpressionPictures
        from hoovik_rtc.evaluate.faces import evaluate_faces

        evaluate_faces(arguments.data[0], ExpressionPictures, classes=classes, limit=arguments.limit, **outputs)
    elif arguments.task == "voice":
        from hoovik_rtc.evaluate.voices import evaluate_voices

        evaluate_voices(
            arguments.data[0],
            classes=classes,
            limit=arguments.limit,
            codec=arguments.codec,
            loss=arguments.loss,
            window=arguments.window,
            **outputs,
        )
    elif arguments.task == "emotion":
        from hoovik_rtc.evaluate.emotion import evaluate_emotion

        evaluate_emotion(
            arguments.data,
            bundle=arguments.bundle,
            classes=classes,
            limit=arguments.limit,
            codec=arguments.codec,
            loss=arguments.loss,
            **outputs,
        )
    else:
        from hoovik_rtc.evaluate.visemes import evaluate_visemes

        evaluate_visemes(arguments.data[0], codec=arguments.codec, loss=arguments.loss, **outputs)
    return 0


def _features(arguments: argparse.Namespace) -> int:
    _require_libraries()
    from hoovik_rtc.features import features

    features(arguments.task_file, arguments.data, arguments.out)
    return 0


def _infer(arguments: argparse.Namespace) -> int:
    from hoovik_rtc.infer import infer

    infer(arguments.bundle, arguments.windows, arguments.out)
    return 0


_OPTIONS = {
    "classes": ("face", "voice", "emotion"),
    "limit": ("face", "voice", "emotion"),
    "codec": ("voice", "visemes", "emotion"),
    "window": ("voice",),
    "bundle": ("emotion",),
}
"Tasks that know an option; the others refuse it."


def _refuse_strange(arguments: argparse.Namespace) -> None:
    for option, tasks in _OPTIONS.items():
        if getattr(arguments, option) is not None and arguments.task not in tasks:
            named = " and ".join(filter(None, (", ".join(tasks[:-1]), tasks[-1])))
            raise UsageError(f"--{option} is for --task {named}, not for {arguments.task}")
    if len(arguments.data) > 1 and arguments.task != "emotion":
        raise UsageError(f"--data is given {len(arguments.data)} times; --task {arguments.task} takes one")
    if arguments.loss and arguments.codec is None:
        raise UsageError("--loss needs a call to lose packets in: add --codec, such as --codec opus:16k")


def _doctor(arguments: argparse.Namespace) -> int:
    failed = 0
    for finding in doctor.examine():
        mark = "ok  " if finding.ok else ("FAIL" if finding.needed else "note")
        print(f"{mark}  {finding.name:22} {finding.detail}")
        if not finding.ok:
            print(f"      {'fix:':22} {finding.fix}")
            failed += finding.needed
    print("All well." if not failed else f"{failed} of these must be fixed before the service can run.")
    return 1 if failed else 0


def _require_libraries() -> None:
    missing = doctor.missing_libraries()
    if missing:
        packages = " ".join(finding.fix.rsplit(" ", 1)[1] for finding in missing)
        names = ", ".join(finding.name for finding in missing)
        raise SystemLibraryError(f"{names} missing on this machine. Install: sudo apt-get install -y {packages}")


def _logging(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # aiortc and aioice write addresses and whole session descriptions below this level.
    for noisy in ("aiortc", "aioice"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
