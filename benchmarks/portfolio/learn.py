"""Choice of a portfolio from trials, and its judgement on tables left out.

    python -m benchmarks portfolio.learn [--size 24] [--portfolio FOLDER]

Reads `results/*.json` (by `portfolio.trials`), keeps of all candidates those that gain most
together, one after another, and writes `classification.json` and `regression.json` into the folder
of the portfolio: by default where the package reads them. The losses within half a second a fold,
within two, and without a limit count alike, so that there is something for large tables and short
budgets too. Each table is judged by the portfolio that is learned from all others: the loss to the
best of all candidates after 1, 2, 4, 8 and 16 pipelines, and after some seconds of five folds each,
in the order learned for the table, in one order for all tables, and in a random one. Saves
`results.md`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

import evolver.search
from benchmarks import markdown
from benchmarks.options import parser_of
from benchmarks.portfolio.trials import LARGE, MANY, SMALL, pipelines_of
from benchmarks.records import publish
from evolver.search.metafeatures import MetaFeatures
from evolver.search.portfolio import OVERHEAD, Experience, Trial, ranked

HERE = Path(__file__).parent
TRIALS = HERE / "results"
PACKAGED = Path(evolver.search.__path__[0]) / "experience"
KINDS = ("classification", "regression")
SIZE = 24
OPTIONAL = ("LGBM", "XGB", "CatBoost")
LIMITS = (0.5, 2.0, np.inf)
"""Seconds a fold may take: a pipeline counts once for each limit that it keeps."""

SHOWN = (1, 2, 4, 8, 16)
"""Numbers of pipelines after which the loss is shown."""

SECONDS = (10, 20, 40, 80)
"""Seconds after which the loss is shown."""

RUN_FOLDS = 5
"""Number of folds by which a run evaluates a pipeline."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Choose, judge, write."""
    parser = parser_of(__file__, __doc__, out=HERE, repeat=False)
    parser.add_argument(
        "--size", type=int, default=SIZE, help="pipelines for each set of libraries"
    )
    parser.add_argument(
        "--portfolio", type=Path, default=PACKAGED, help="folder of the portfolio that is learned"
    )
    options = parser.parse_args(arguments)
    options.portfolio.mkdir(parents=True, exist_ok=True)
    rows: list[list[object]] = []
    kept = []
    for kind in KINDS:
        whole = experience_of(kind)
        for libraries in ("with", "without"):
            usable = usable_of(whole, libraries == "with")
            for (scale, order), curve in judged(whole, usable, options.size).items():
                cells = [f"{one:.3f}" for one in curve]
                rows.append([f"{kind}, {scale}, {libraries} libraries", order, *cells])
        best = learned(whole, options.size)
        (options.portfolio / f"{kind}.json").write_text(best.write(), encoding="utf-8")
        large = sum(name.endswith(LARGE) for name in whole.trials)
        counts = f"{len(whole.trials) - large} small and {large} large tables"
        kept.append(f"{kind}: {counts}, {len(best.pipelines)} pipelines kept.")
    intro = (
        "Mean loss after so many pipelines, and after so many seconds of five folds of each; each"
        " table judged by what was learned from the others: 0 is the best of all candidates, 1 the"
        " middle one."
    )
    header = ["", "order", *SHOWN, *(f"{one} s" for one in SECONDS)]
    lines = [intro, "", *markdown.table(header, rows), "", *kept]
    publish(options.out / "results.md", "\n".join(lines) + "\n")


def experience_of(kind: str) -> Experience:
    """Return all trials of a kind of task."""
    pipelines = pipelines_of(kind)
    metas, losses, seconds = {}, {}, {}
    for file in sorted(TRIALS.glob("*.json")):
        record = json.loads(file.read_text(encoding="utf-8"))
        if (record["task"] == "regression") != (kind == "regression"):
            continue
        name = record["name"]
        mine = {one["pipeline"]: one for one in record["pipelines"]}
        found = [mine.get(text, {}) for text in pipelines]
        metas[name] = MetaFeatures(**record["meta"])
        losses[name] = losses_of([fmean(one.get("scores", [-np.inf])) for one in found])
        timeout = (MANY if name.endswith(LARGE) else SMALL).timeout
        seconds[name] = [seconds_of(one, timeout) for one in found]
    measured = np.array(list(seconds.values()))
    typical = np.nan_to_num(np.nanmedian(measured, axis=0), nan=SMALL.timeout)
    known = np.where(np.isnan(measured), typical, measured).tolist()
    trials = {
        name: Trial(metas[name], losses[name], mine)
        for name, mine in zip(metas, known, strict=True)
    }
    return Experience(pipelines, trials)


def seconds_of(trial: dict[str, Any], timeout: float) -> float:
    """Return the mean seconds of a fold; the limit where it took longer, NaN where it failed."""
    if "seconds" in trial:
        return fmean(trial["seconds"])
    # Another failure says nothing of how long the pipeline takes.
    return timeout if trial.get("failed", "").startswith("timeout") else float("nan")


def learned(whole: Experience, size: int = SIZE) -> Experience:
    """Return the pipelines worth keeping with the boosting libraries and without, joined."""
    with_libraries, without = (
        chosen(whole, usable_of(whole, libraries), size) for libraries in (True, False)
    )
    return only(whole, sorted({*with_libraries, *without}))


def losses_of(scores: Sequence[float]) -> list[float]:
    """Return the loss of each score: 0 for the best, 1 for the median and all below it."""
    scored = np.array([one for one in scores if np.isfinite(one)])
    best, middle = scored.max(), float(np.median(scored))
    span = max(best - middle, 1e-12)
    return [min(1.0, (best - one) / span) if np.isfinite(one) else 1.0 for one in scores]


def usable_of(experience: Experience, libraries: bool) -> list[int]:
    return [
        number
        for number, text in enumerate(experience.pipelines)
        if libraries or not any(one in text for one in OPTIONAL)
    ]


def chosen(experience: Experience, usable: Sequence[int], size: int) -> list[int]:
    """Return the pipelines that gain most together, one after another.

    All tables and all limits of seconds count alike.
    """
    trials = experience.trials.values()
    within = np.array([trial.seconds for trial in trials]) <= np.array(LIMITS)[:, None, None]
    losses = np.concatenate(np.where(within, [trial.losses for trial in trials], 1.0))
    so_far = np.ones(len(losses))
    left = list(usable)
    kept: list[int] = []
    while left and len(kept) < size:
        means = [
            (np.minimum(so_far, losses[:, one]).mean(), losses[:, one].mean(), one) for one in left
        ]
        best = min(means)[2]
        so_far = np.minimum(so_far, losses[:, best])
        kept.append(best)
        left.remove(best)
    return kept


def only(experience: Experience, kept: Sequence[int]) -> Experience:
    """Return the experience with some of its pipelines."""
    return Experience(
        [experience.pipelines[one] for one in kept],
        {
            name: Trial(
                trial.meta,
                [trial.losses[one] for one in kept],
                [trial.seconds[one] for one in kept],
            )
            for name, trial in experience.trials.items()
        },
    )


def judged(
    experience: Experience, usable: Sequence[int], size: int
) -> dict[tuple[str, str], list[float]]:
    """Return the mean losses after `SHOWN` pipelines and `SECONDS`, by scale and order."""
    rng = np.random.default_rng(0)
    found: dict[tuple[str, str], list[list[float]]] = {}
    for name, trial in experience.trials.items():
        known = without(experience, name)
        kept = chosen(known, usable, size)
        scale = "large" if name.endswith(LARGE) else "small"
        orders = {
            "learned, for the table": [
                kept[one] for one in ranked(only(known, kept), trial.meta, range(len(kept)))
            ],
            "learned, for all": kept,
        }
        for label, numbers in orders.items():
            found.setdefault((scale, label), []).append(curve_of(trial, numbers))
        drawn = [curve_of(trial, rng.permutation(usable)) for _ in range(50)]
        found.setdefault((scale, "random"), []).append(list(np.mean(drawn, axis=0)))
    return {order: list(np.mean(curves, axis=0)) for order, curves in sorted(found.items())}


def curve_of(trial: Trial, order: Sequence[int] | np.ndarray) -> list[float]:
    """Return the least loss after `SHOWN` pipelines, and after `SECONDS`."""
    least = np.minimum.accumulate([trial.losses[one] for one in order])
    ends = np.cumsum([RUN_FOLDS * trial.seconds[one] + OVERHEAD for one in order])
    done = np.searchsorted(ends, SECONDS, side="right")
    in_time = [float(least[count - 1]) if count else 1.0 for count in done]
    return [*(float(least[min(one, len(least)) - 1]) for one in SHOWN), *in_time]


def without(experience: Experience, name: str) -> Experience:
    """Return the experience without a table, with few or many of its rows."""
    table = name.removesuffix(LARGE)
    others = {
        other: trial
        for other, trial in experience.trials.items()
        if other.removesuffix(LARGE) != table
    }
    return Experience(experience.pipelines, others)


if __name__ == "__main__":
    main()
