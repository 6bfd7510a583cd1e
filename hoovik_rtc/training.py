"""What all trainings of the command line share: bars, the device, what has to be installed."""

from __future__ import annotations

from importlib.util import find_spec
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining
from rich.text import Text

from hoovik_rtc.errors import TrainingError


class Bars:
    """A progress bar for each stage, on standard error."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(), Remaining(), _Rate(), TextColumn("{task.fields[note]}"),
        )  # fmt: skip
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def tell(self, stage: str, done: int, total: int, note: str = "") -> None:
        """A stage is so far."""
        if stage not in self._tasks:
            # what was done before this run says nothing of its rate
            self._tasks[stage] = self._progress.add_task(stage, total=total, completed=done, note=note)
        self._progress.update(self._tasks[stage], completed=done, total=total, note=note)


class _Rate(ProgressColumn):
    """Steps a second, lately."""

    def render(self, task: Task) -> Text:
        """Nothing where it is not known yet."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.3g}/s")


def device_of(wanted: str) -> str:
    """Cpu or cuda, of auto or one of them.

    Raises:
        TrainingError: cuda is wanted and not there.
    """
    import torch

    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise TrainingError("--device cuda: torch sees no CUDA device. Use --device cpu, or a torch built for CUDA.")
    return "cuda" if there and wanted != "cpu" else "cpu"


def require(*modules: str, extras: str = "train") -> None:
    """Refuse to begin without modules.

    Raises:
        TrainingError: One is not installed; says how to install it.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise TrainingError(f"training needs {', '.join(missing)}. Install: pip install 'hoovik-rtc[{extras}]'")
