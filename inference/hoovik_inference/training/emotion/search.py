"""Looking for better hyperparameters with Optuna: for the transformer, then for XGBoost, each by itself.

Trials are kept in a journal; the sampler is seeded anew for each by how many are over, so that a search that was
interrupted finds what it would have found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from hoovik_inference.training.emotion import trees
from hoovik_inference.training.emotion.fuse import fuse
from hoovik_inference.training.emotion.material import Rows
from hoovik_inference.training.emotion.recipe import Boosting, Recipe
from hoovik_inference.training.progress import Progress, unheard

JOURNAL = "search.journal"
SHORTER = 3
"A trial of the transformer has so many times fewer epochs."
PATIENCE = 30
"Rounds without a better one after which a trial of XGBoost ends."


@dataclass(frozen=True, slots=True)
class Range:
    """Of a hyperparameter."""

    low: float
    high: float
    log: bool = False
    "Whether it is drawn by its logarithm."


TRANSFORMER = {
    "rate": Range(0.3, 4.0, log=True),
    "dropout": Range(0.0, 0.4),
    "modality_drop_prob": Range(0.0, 0.2),
    "decay": Range(1e-5, 1e-1, log=True),
    "mixup": Range(0.05, 0.5),
    "mixup_share": Range(0.0, 0.6),
    "smoothing": Range(0.0, 0.15),
    "focal": Range(0.0, 2.0),
    "auxiliary": Range(0.05, 0.25),
    "contrast": Range(0.0, 0.3),
    "triplet": Range(0.0, 0.1),
}
"""`rate` is by how much the learning rates of all phases are multiplied; the others are called as in the recipe."""
XGBOOST = {
    "max_depth": Range(2, 8),
    "learning_rate": Range(0.01, 0.3, log=True),
    "subsample": Range(0.5, 1.0),
    "colsample_bytree": Range(0.1, 1.0),
    "colsample_bylevel": Range(0.3, 1.0),
    "min_child_weight": Range(1.0, 30.0, log=True),
    "gamma": Range(0.0, 4.0),
    "reg_alpha": Range(1e-5, 1.0, log=True),
    "reg_lambda": Range(0.3, 20.0, log=True),
}


@dataclass(frozen=True, slots=True)
class Search:
    """Trials of one kind, in order."""

    what: str
    "transformer or XGBoost."
    unit: str
    "What their values are."
    values: tuple[float, ...]
    "Of each trial."
    best: dict[str, float]
    "Hyperparameters of the best."
    rising: bool
    "Whether more is better."


def tune(
    train: Rows,
    valid: Rows,
    classes: Sequence[str],
    recipe: Recipe,
    trials: int,
    work: Path,
    about: str,
    *,
    resume: bool,
    device: str,
    progress: Progress,
) -> tuple[Recipe, tuple[Search, ...]]:
    """The recipe with the best of `trials` trials of each kind; the first of each is the recipe itself."""
    work.mkdir(parents=True, exist_ok=True)
    journal = work / JOURNAL
    if not resume:
        journal.unlink(missing_ok=True)
    storage = JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalFileOpenLock(str(journal))))
    share = sum(phase.epochs for phase in recipe.fusing.phases) // SHORTER
    short = recipe.with_epochs(max(share, len(recipe.fusing.phases)))

    def transformer(found: Mapping[str, float]) -> float:
        tried = with_transformer(short, found)
        fused = fuse(
            train, valid, classes, tried.shape, tried.fusing, tried.seed, work / "trial.pt", about,
            resume=False, device=device, progress=unheard,
        )  # fmt: skip
        return max(epoch.valid_uar for epoch in fused.history)

    seen: list[trees.Given] = []

    def boosted(found: Mapping[str, float]) -> float:
        if not seen:
            seen.append(trees.given(train, valid, recipe.boosting.components, recipe.seed, unheard))
        tried = replace(with_boosting(recipe.boosting, found), early_stopping=PATIENCE)
        return trees.once(train, valid, classes, tried, recipe.seed, unheard, seen[0])[1]

    fusing, losses = recipe.fusing, recipe.fusing.losses
    start = {"rate": 1.0} | {
        name: getattr(next(one for one in (fusing, losses, recipe.shape) if hasattr(one, name)), name)
        for name in TRANSFORMER
        if name != "rate"
    }
    searches = []
    for what, unit, objective, ranges, first, rising in (
        ("transformer", "balanced accuracy, watched", transformer, TRANSFORMER, start, True),
        ("XGBoost", "cross entropy, watched", boosted, XGBOOST, asdict(recipe.boosting), False),
    ):
        study = _study(storage, f"{what} {about}", rising)
        while (done := len(_over(study))) < trials:
            progress(f"search, {what}", done, trials, f"best {study.best_value:.3f}" if done else "")
            _one(study, ranges, first if not done else None, objective, recipe.seed * 10_007 + done)
        progress(f"search, {what}", trials, trials, f"best {study.best_value:.3f}")
        values = tuple(float(trial.value) for trial in _over(study) if trial.value is not None)
        searches.append(Search(what, unit, values, dict(study.best_params), rising))
    (work / "trial.pt").unlink(missing_ok=True)
    tuned = with_transformer(recipe, searches[0].best)
    return replace(tuned, boosting=with_boosting(recipe.boosting, searches[1].best)), tuple(searches)


def with_transformer(recipe: Recipe, found: Mapping[str, float]) -> Recipe:
    """The recipe with values of TRANSFORMER."""
    fusing = recipe.fusing
    phases = tuple(replace(phase, rate=phase.rate * found["rate"]) for phase in fusing.phases)
    losses = replace(
        fusing.losses,
        smoothing=found["smoothing"],
        focal=found["focal"],
        auxiliary=found["auxiliary"],
        contrast=found["contrast"],
        triplet=found["triplet"],
    )
    return replace(
        recipe,
        shape=replace(recipe.shape, dropout=found["dropout"], modality_drop_prob=found["modality_drop_prob"]),
        fusing=replace(
            fusing,
            phases=phases,
            losses=losses,
            decay=found["decay"],
            mixup=found["mixup"],
            mixup_share=found["mixup_share"],
        ),
    )


def with_boosting(recipe: Boosting, found: Mapping[str, float]) -> Boosting:
    """The recipe with values of XGBOOST."""
    return replace(
        recipe,
        max_depth=round(found["max_depth"]),
        learning_rate=found["learning_rate"],
        subsample=found["subsample"],
        colsample_bytree=found["colsample_bytree"],
        colsample_bylevel=found["colsample_bylevel"],
        min_child_weight=found["min_child_weight"],
        gamma=found["gamma"],
        reg_alpha=found["reg_alpha"],
        reg_lambda=found["reg_lambda"],
    )


def _study(storage: JournalStorage, name: str, rising: bool) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # else a line for each trial
    study = optuna.create_study(
        study_name=name, storage=storage, direction="maximize" if rising else "minimize", load_if_exists=True
    )
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)  # its process is gone
    return study


def _one(
    study: optuna.Study,
    ranges: Mapping[str, Range],
    first: Mapping[str, float] | None,
    objective: Callable[[Mapping[str, float]], float],
    seed: int,
) -> None:
    """A trial; where nothing was tried it is `first`, as far as that is in the ranges."""
    study.sampler = optuna.samplers.TPESampler(seed=seed)
    waiting = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,))
    if first is not None and not waiting:
        study.enqueue_trial({name: min(max(first[name], one.low), one.high) for name, one in ranges.items()})
    trial = study.ask()
    found = {name: trial.suggest_float(name, one.low, one.high, log=one.log) for name, one in ranges.items()}
    study.tell(trial, objective(found))


def _over(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
