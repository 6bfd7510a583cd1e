"""`hoovik-rtc models import-reference`: a folder that the reference's training left becomes a bundle."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from hoovik_rtc.errors import UsageError
from hoovik_rtc.models.errors import ReferenceModelError
from hoovik_rtc.models.store import bytes_of


def import_folder(folder: Path, out: Path, *, trust: bool) -> None:
    """Read the folder, write the bundle, say what was noticed.

    Args:
        folder: With best_modal.pt, xgb_model.joblib, pca.joblib, col_medians.npy, norm_stats.npz, iso_*.joblib and,
            where they are, weights.json and meta.json.
        out: The bundle's folder, which is not there yet.
        trust: Whether its joblib files may be opened.

    Raises:
        UsageError: They may not, or there is something at `out`.
        ReferenceModelError: The folder cannot be taken over, or the bundle not be written.
    """
    if out.exists():
        raise UsageError(f"--out {out} is there already; name a folder that is not")
    if not trust:
        raise UsageError(
            f"the joblib files in {folder} are pickles, which can run code when they are opened. Add --trust if they "
            "are yours, or from somebody you trust; the bundle that is made of them runs none."
        )
    console = Console(highlight=False, soft_wrap=True)
    from hoovik_inference.emotion.reference import BundleError, import_reference, save

    try:
        with Console(stderr=True).status("reading the models"):
            imported = import_reference(folder)
            save(imported.bundle, out)
    except BundleError as exc:
        raise ReferenceModelError(str(exc)) from exc
    except ModuleNotFoundError as exc:
        raise ReferenceModelError(
            f"{exc.name} is not installed, which is needed to open these files: pip install 'hoovik-rtc[models]'"
        ) from exc
    except OSError as exc:
        raise ReferenceModelError(f"{exc.filename or out} cannot be used: {exc.strerror or exc}") from exc
    for note in imported.notes:
        console.print(escape(f"note: {note}"))
    size = sum(file.stat().st_size for file in out.iterdir())
    bundle = imported.bundle
    console.print(escape(f"classes: {', '.join(bundle.classes)}"))
    console.print(escape(f"written: {out}, {bytes_of(size)}"))
