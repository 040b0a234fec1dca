"""Samplers compared on recorded structures of real tables.

    python -m benchmarks refinement.samplers --datasets FOLDER [--names ...] [--samplers ...]

Each sampler and seed begins with the candidates that a search had of one structure of each table
(`recorded.json`, by `refinement.record`) and proposes `PROPOSALS` more of it, `LAG` of them always
under way. Each is evaluated on three of five folds. "tpe" is the package's, "tpe from 10" has
Optuna's ten proposals at random, "tpe of a quarter" takes a quarter for good ones instead of a
tenth; "perturbation" moves a value of the best as evolution does. "gp" needs torch, which the
package does not install. Saves `samplers.json`, with every score, and `samplers.md`.
"""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial
from threadpoolctl import threadpool_limits

from benchmarks import markdown
from benchmarks.errors import won_lost
from benchmarks.options import add_datasets, parser_of
from benchmarks.problems import problem_of
from benchmarks.records import Records, publish
from benchmarks.refinement.record import TABLES, outcome_of, recorded
from evolver.checks import selected_catalogue
from evolver.evaluation.fold import Evaluator, FoldScore, Request
from evolver.genome.candidate import Candidate, Origin
from evolver.genome.codec import decode, encode
from evolver.genome.structure import Values, split_structure
from evolver.outcome import Failed, Failure, Outcome, Scored
from evolver.search.refinement import SAMPLERS, STARTUP, Study
from primitives import space as spaces

PROPOSALS = 16
FOLDS = 3
LAG = 4
SHOWN = (4, 8, 16)
SEEDS = range(10)


class Perturbation(RandomSampler):
    """Operator of evolution: the best pipeline so far with one value moved a little."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._steps = np.random.default_rng(seed)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return dict(study.best_trial.distributions)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare on the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=TABLES, seeds=SEEDS, workers=2)
    add_datasets(parser)
    parser.add_argument("--samplers", nargs="+", choices=list(RIVALS), default=list(RIVALS))
    options = parser.parse_args(arguments)
    file = options.out / "samplers.json"
    records = Records(file, "name", "sampler", "seed", repeat=options.repeat)
    if options.datasets is not None:
        runs = list(records.missing(options.names, options.samplers, options.seeds))
        one_thread = {"initializer": threadpool_limits, "initargs": (1,)}
        with ProcessPoolExecutor(options.workers, **one_thread) as pool:
            for done in as_completed(pool.submit(propose, options.datasets, *run) for run in runs):
                records.add(done.result())
    if records:
        publish(options.out / "samplers.md", table_of(records))


def propose(datasets: Path, name: str, sampler: str, seed: int) -> dict[str, Any]:
    """Return the scores of the proposals of a sampler, None for those that failed."""
    warnings.simplefilter("ignore")
    problem = problem_of(datasets, name)
    catalogue = selected_catalogue(None, problem, grouped=False)
    evaluator = Evaluator(problem, catalogue)
    origin = Origin("evolution", "recorded")
    known = [
        (Candidate(decode(one["tree"], catalogue), origin), outcome_of(one, FOLDS))
        for one in recorded(name)
    ]
    study = Study(split_structure(known[0][0].tree)[0], RIVALS[sampler], seed, costs_vary=False)
    for one, outcome in known:
        study.tell(one, split_structure(one.tree)[1], outcome)
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
    return Scored(tuple(scores), (0.0,), 0.0)


def table_of(records: list[dict[str, Any]]) -> str:
    """Return the share of the possible gain that each sampler had reached.

    The possible gain is from the best score known at the start to the best that any sampler found.
    """
    samplers = [one for one in RIVALS if any(record["sampler"] == one for record in records)]
    runs = Counter(one["name"] for one in records)
    names = [name for name, count in runs.items() if count == len(samplers) * len(SEEDS)]
    rows: list[list[object]] = []
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
            seconds = fmean(one["seconds_asking"] for one in ours)
            rows.append([name, sampler, *cells, f"{1000 * seconds / PROPOSALS:.0f}"])
    for sampler in samplers if names else ():  # no table has all samplers and seeds yet
        means = [fmean(fmean(gains[name, sampler][place]) for name in names) for place in range(3)]
        rows.append(["**all**", sampler, *(f"{one:.0%}" for one in means), ""])
    header = ["table", "sampler", *(f"after {n}" for n in SHOWN), "ms for one proposal"]
    lines = [
        *markdown.table(header, rows),
        "",
        "Wins over random search, of all tables and seeds, after all proposals:",
        "",
    ]
    for sampler in samplers if "random" in samplers else ():
        differences = [
            ours - others
            for name in names
            for ours, others in zip(
                gains[name, sampler][-1], gains[name, "random"][-1], strict=True
            )
        ]
        won, lost = won_lost(differences)
        equal = len(differences) - won - lost
        lines.append(f"- {sampler}: better {won}, equal {equal}, worse {lost}")
    return "\n".join(lines) + "\n"


def best(record: dict[str, Any], proposals: int) -> float:
    """Return the best score known after so many proposals."""
    scores = [score for score in record["scores"][:proposals] if score is not None]
    return float(max([record["known"], *scores]))


if __name__ == "__main__":
    main()
