"""Samplers compared on recorded structures of real tables.

    python -m benchmarks.refinement.samplers --datasets FOLDER [--names ...] [--samplers ...]

Each sampler and seed begins with what a search knew of one structure of each table
(`recorded.json`, by `record.py`) and proposes `PROPOSALS` more of it, `LAG` of them always under
way. Each is evaluated on three of five folds. "tpe" is the package's, "tpe from 10" has Optuna's
ten proposals at random, "tpe of a quarter" takes a quarter for good ones instead of a tenth;
"perturbation" moves a value of the best as evolution does. "gp" needs torch, which the package does
not install. Saves `results/samplers.json`, which holds every score, and `results/samplers.md`; what
is there is not repeated.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial
from threadpoolctl import threadpool_limits

from benchmarks.engine.problems import problem_of
from benchmarks.records import Records
from benchmarks.refinement.record import RECORDED, outcome_of
from evolver.checks import selected_catalogue
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.genome.candidate import Candidate, Origin
from evolver.genome.codec import decode, encode
from evolver.genome.structure import Values, split_structure
from evolver.outcome import Failed, Failure, Outcome, Scored
from evolver.search.refinement import SAMPLERS, STARTUP, Study
from primitives import Space
from primitives import space as spaces

PROPOSALS = 16
FOLDS = 3
LAG = 4
SHOWN = (4, 8, 16)
SEEDS = range(10)
RESULTS = Path(__file__).parent / "results"


class Perturbation(RandomSampler):
    """Evolution's own operator: the best pipeline so far with one value moved a little."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._steps = np.random.default_rng(seed)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> Space:
        return dict(study.best_trial.distributions)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: Space
    ) -> Values:
        return spaces.perturb(search_space, study.best_trial.params, self._steps)


RIVALS: dict[str, Callable[[int], BaseSampler]] = {
    **SAMPLERS,
    "perturbation": Perturbation,
    "tpe of a quarter": lambda seed: TPESampler(
        seed=seed, n_startup_trials=STARTUP, gamma=lambda n: 1 + n // 4
    ),
    "tpe from 10": lambda seed: TPESampler(seed=seed, n_startup_trials=10),
}


def main() -> None:
    """Compare on every table; save records and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--names", nargs="+", default=list(json.loads(RECORDED.read_text())))
    parser.add_argument("--samplers", nargs="+", choices=list(RIVALS), default=list(RIVALS))
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    records = Records(RESULTS / "samplers.json", "name", "sampler", "seed")
    tasks = [
        task
        for task in itertools.product(options.names, options.samplers, SEEDS)
        if not records.has(*task)
    ]
    with ProcessPoolExecutor(options.workers, initializer=threadpool_limits, initargs=(1,)) as pool:
        for done in as_completed(pool.submit(propose, options.datasets, *task) for task in tasks):
            records.add(done.result())
    table = table_of(records)
    print(table)
    (RESULTS / "samplers.md").write_text(table)


def propose(datasets: Path, name: str, sampler: str, seed: int) -> dict[str, Any]:
    """Return the scores of what a sampler proposes, None for what failed."""
    warnings.simplefilter("ignore")
    problem = problem_of(datasets, name)
    catalogue = selected_catalogue(None, problem, grouped=False)
    evaluator = Evaluator(problem, catalogue)
    origin = Origin("evolution", "recorded")
    known = [
        (Candidate(decode(one["tree"], catalogue), origin), outcome_of(one, FOLDS))
        for one in json.loads(RECORDED.read_text())[name]
    ]
    study = Study(split_structure(known[0][0].tree)[0], RIVALS[sampler], seed, varies=False)
    for candidate, outcome in known:
        study.tell(candidate, split_structure(candidate.tree)[1], outcome)
    seen = {candidate.digest for candidate, _ in known}
    asked: list[Candidate] = []
    outcomes: list[Outcome] = []
    seconds = 0.0
    while len(outcomes) < PROPOSALS:
        start = time.perf_counter()
        candidate = study.ask(seen) if len(asked) < PROPOSALS else None
        seconds += time.perf_counter() - start
        if candidate is not None:
            seen.add(candidate.digest)
            asked.append(candidate)
        elif len(outcomes) == len(asked):
            break
        if candidate is None or len(asked) - len(outcomes) == LAG:
            one = asked[len(outcomes)]
            outcomes.append(evaluate(evaluator, one))
            study.tell(one, split_structure(one.tree)[1], outcomes[-1])
    return {
        "name": name,
        "sampler": sampler,
        "seed": seed,
        "known": max(one.score for _, one in known if isinstance(one, Scored)),
        "scores": [one.score if isinstance(one, Scored) else None for one in outcomes],
        "seconds_asking": round(seconds, 2),
    }


def evaluate(evaluator: Evaluator, candidate: Candidate) -> Outcome:
    """Evaluate a candidate on the first folds."""
    scores = []
    for fold in range(FOLDS):
        try:
            result = evaluator(Request(encode(candidate.tree), fold))
        except Exception as error:  # whatever an estimator raises is its outcome
            return Failed(Failure.ERROR, repr(error), 0.0)
        assert isinstance(result, FoldScore)
        scores.append(result.score)
    return Scored(tuple(scores), 0.0, 0.0)


def table_of(records: list[dict[str, Any]]) -> str:
    """Return how much of what there is to gain each sampler had gained.

    What there is to gain is from the best score known at the start to the best that any sampler
    found.
    """
    lines = [
        f"| table | sampler | {' | '.join(f'after {n}' for n in SHOWN)} | ms for one proposal |",
        f"|{' --- |' * (3 + len(SHOWN))}",
    ]
    samplers = [one for one in RIVALS if any(record["sampler"] == one for record in records)]
    runs = Counter(one["name"] for one in records)
    names = [name for name, count in runs.items() if count == len(samplers) * len(SEEDS)]
    gains: dict[tuple[str, str], list[list[float]]] = {}
    for name in names:
        mine = [one for one in records if one["name"] == name]
        top = max(best(one, PROPOSALS) for one in mine)
        for sampler in samplers:
            ours = [one for one in mine if one["sampler"] == sampler]
            gains[name, sampler] = [
                [(best(one, n) - one["known"]) / (top - one["known"]) for one in ours]
                for n in SHOWN
            ]
            cells = [f"{fmean(gain):.0%}" for gain in gains[name, sampler]]
            lines.append(
                f"| {name} | {sampler} | {' | '.join(cells)} |"
                f" {1000 * fmean(one['seconds_asking'] for one in ours) / PROPOSALS:.0f} |"
            )
    for sampler in samplers:
        means = [fmean(fmean(gains[name, sampler][place]) for name in names) for place in range(3)]
        lines.append(f"| **all** | {sampler} | {' | '.join(f'{one:.0%}' for one in means)} | |")
    lines += ["", "Wins over random search, of all tables and seeds, after all proposals:", ""]
    for sampler in samplers:
        differences = [
            ours - theirs
            for name in names
            for ours, theirs in zip(
                gains[name, sampler][-1], gains[name, "random"][-1], strict=True
            )
        ]
        won, lost = (sum(np.sign(differences) == sign) for sign in (1, -1))
        lines.append(
            f"- {sampler}: better {won}, equal {len(differences) - won - lost}, worse {lost}"
        )
    return "\n".join([*lines, ""])


def best(record: dict[str, Any], proposals: int) -> float:
    """Return the best score known after so many proposals."""
    scores = [score for score in record["scores"][:proposals] if score is not None]
    return float(max([record["known"], *scores]))


if __name__ == "__main__":
    main()
