"""A list of pipelines that start a run, learned from how they did on other tables.

    Experience    pipelines, and what each lost and took on each of some tables
    ranked        that -> an order for a new table: the nearest tables count most, and next is what
                  gains most a second on what is before it
    opening       what starts a run: the quickest, then the others in that order
    adapt_to_catalogue   a pipeline -> what is nearest to it in a catalogue
    Portfolio     the proposer that begins with them

What is learned is complementary strength: a pipeline that is good where those before it are not
comes before a second good one of the same sort (greedy selection, as in auto-sklearn 2.0, Feurer et
al. 2022, and AutoGluon's portfolios, Salinas and Erickson 2024).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from evolver.genome.candidate import Candidate, Origin
from evolver.genome.codec import Encoded, decode, parse
from evolver.genome.tree import Tree
from evolver.outcome import Outcome
from evolver.search.metafeatures import MetaFeatures
from evolver.search.proposer import Proposer
from primitives import Catalogue
from primitives import space as spaces
from primitives.encoders import FORMER_ENCODERS, STAND_INS

NEIGHBOURHOOD = 0.7
"""Distance of meta-features at which a table counts 0.6 of one that is the same."""

LEAST_WEIGHT = 0.1
"""Of the farthest table."""

OVERHEAD = 0.3
"""Seconds on top of those that a pipeline takes: of two cheap ones the better is first."""

GROWTH = 0.8
"""Power of the number of rows by which seconds grow from a table to one of about its size."""

SIZE_COUNTS = 2.0
"""How much more the size of a table counts for seconds than for what is good."""

READING = 0.05
READING_MILLION = 0.2
"""Seconds of a fold for texts, and for each million of their characters."""

LEAST_SECONDS = 0.005
"""Of a trial: less says nothing."""

LEARNED = Origin("portfolio", "learned")
EARLIER = Origin("portfolio", "warm start")


@dataclass(frozen=True)
class Trial:
    """How some pipelines did on one table.

    Parameters
    ----------
    meta : MetaFeatures
    losses : sequence of float
        From 0, the best of all, to 1, no better than the middle one, or failed.
    seconds : sequence of float
        Of one fold, on as many rows as `meta` says.
    """

    meta: MetaFeatures
    losses: Sequence[float]
    seconds: Sequence[float]


@dataclass(frozen=True)
class Experience:
    """Pipelines, as expressions, and their trials by the name of the table."""

    pipelines: Sequence[str]
    trials: dict[str, Trial]

    @classmethod
    def read(cls, text: str) -> Experience:
        """Read what `write` wrote."""
        content = json.loads(text)
        trials = {
            name: Trial(MetaFeatures(**one["meta"]), one["losses"], one["seconds"])
            for name, one in content["trials"].items()
        }
        return cls(content["pipelines"], trials)

    def write(self) -> str:
        """Return all of it as JSON, a line for each pipeline and each table."""
        pipelines = ",\n".join(json.dumps(one) for one in self.pipelines)
        trials = ",\n".join(
            json.dumps(name)
            + ": "
            + json.dumps(
                {
                    "meta": {key: round(value, 3) for key, value in one.meta.values.items()},
                    "losses": [round(loss, 3) for loss in one.losses],
                    "seconds": [round(seconds, 3) for seconds in one.seconds],
                }
            )
            for name, one in self.trials.items()
        )
        return f'{{"pipelines": [\n{pipelines}\n],\n"trials": {{\n{trials}\n}}}}\n'


def experience_of(task: str, folder: str | Path | None = None) -> Experience:
    """Return what is known for a task, of the package or in a folder like its own.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        When the folder holds no such thing.
    """
    kind = "regression" if task == "regression" else "classification"
    place = files("evolver.search").joinpath("experience") if folder is None else Path(folder)
    return Experience.read(place.joinpath(f"{kind}.json").read_text("utf-8"))


def ranked(experience: Experience, meta: MetaFeatures, usable: Sequence[int]) -> list[int]:
    """Return the numbers of pipelines in the order in which a new table should try them.

    Parameters
    ----------
    experience : Experience
    meta : MetaFeatures
        Of the new table.
    usable : sequence of int
        Numbers of the pipelines that can be used.
    """
    trials = list(experience.trials.values())
    left = list(usable)
    weights = _weights(experience, meta)
    losses = np.array([trial.losses for trial in trials])
    seconds = expected_seconds(experience, meta) + OVERHEAD
    mean = weights @ losses
    so_far = np.ones(len(trials))
    order: list[int] = []
    while left:
        gains = weights @ np.maximum(so_far[:, None] - losses[:, left], 0.0) / seconds[left]
        best = left[min(range(len(left)), key=lambda at: (-gains[at], mean[left[at]], left[at]))]
        order.append(best)
        left.remove(best)
        so_far = np.minimum(so_far, losses[:, best])
    return order


def expected_seconds(experience: Experience, meta: MetaFeatures) -> np.ndarray:
    """Return the seconds that a fold of each pipeline should take on a new table, by the machine
    that the pipelines were tried on: their geometric mean, tables of about its size counting most,
    and what reading texts takes.
    """
    trials = experience.trials.values()
    closeness = _closeness(experience, meta, SIZE_COUNTS)
    growth = np.array([math.log(10) * GROWTH * (meta.rows - trial.meta.rows) for trial in trials])
    tried = np.log(np.maximum(LEAST_SECONDS, [trial.seconds for trial in trials]))
    seconds: np.ndarray = np.exp(closeness / closeness.sum() @ (tried + growth[:, None]))
    return seconds + (READING + READING_MILLION * meta.texts if meta.texts else 0.0)


def adapt_to_catalogue(encoded: Encoded, catalogue: Catalogue) -> Tree | None:
    """Return the pipeline of a catalogue that is nearest to another.

    Values are moved into their spaces; an encoder has the treatments that the table allows, and
    another stands in for one that the table does not suit. None if a primitive is missing.
    """
    nodes: list[tuple[str, dict[str, spaces.Value]] | None] = []
    for node in encoded:
        if node is None:
            nodes.append(None)
            continue
        name, values = node
        if name not in catalogue and name in FORMER_ENCODERS:
            name, treatments = FORMER_ENCODERS[name]
            values = {**treatments, **values}
        if name not in catalogue:
            name = STAND_INS.get(name, name)
        if name not in catalogue:
            return None
        nodes.append((name, spaces.nearest(catalogue[name].fixed_space, values)))
    try:
        return decode(nodes, catalogue)
    except ValueError:
        return None


def opening(
    experience: Experience,
    meta: MetaFeatures,
    catalogue: Catalogue,
    size: int,
    earlier: Iterable[Encoded] = (),
) -> list[Candidate]:
    """Return the candidates that start a run.

    Parameters
    ----------
    experience : Experience
        Of the task.
    meta : MetaFeatures
    catalogue : Catalogue
        Selected for the problem.
    size : int
        Number of learned ones at the most.
    earlier : iterable of Encoded
        Pipelines of the user's own runs, which come first.
    """
    own = [adapt_to_catalogue(encoded, catalogue) for encoded in earlier]
    first = [Candidate(tree, EARLIER) for tree in own if tree is not None]
    others = _learned(experience, meta, catalogue) if size else []
    distinct: dict[str, Candidate] = {}
    for one in [*first, *others]:
        distinct.setdefault(one.digest, one)
    return list(distinct.values())[: len(first) + size]


def _learned(experience: Experience, meta: MetaFeatures, catalogue: Catalogue) -> list[Candidate]:
    """Return the pipelines in their order for a table, but for the quickest, which is first: where
    the others take too long, there is a model."""
    trees = {
        number: tree
        for number, text in enumerate(experience.pipelines)
        if (tree := adapt_to_catalogue(parse(text), catalogue)) is not None
    }
    order = ranked(experience, meta, list(trees))
    seconds = expected_seconds(experience, meta)
    quickest = min(order, key=lambda number: seconds[number], default=None)
    order.sort(key=lambda number: number != quickest)
    return [Candidate(trees[number], LEARNED, float(seconds[number])) for number in order]


class Portfolio:
    """Asks for a list of candidates, then asks another proposer, which is told everything.

    Parameters
    ----------
    candidates : sequence of Candidate
        Distinct.
    then : Proposer
    """

    def __init__(self, candidates: Sequence[Candidate], then: Proposer) -> None:
        self._left = list(reversed(candidates))
        self._then = then

    def ask(self) -> Candidate | None:
        return self._left.pop() if self._left else self._then.ask()

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        self._then.tell(candidate, outcome)


def _weights(experience: Experience, meta: MetaFeatures) -> np.ndarray:
    """Return how much each table counts for a new one; they add up to 1."""
    weights = np.maximum(LEAST_WEIGHT, _closeness(experience, meta))
    shares: np.ndarray = weights / weights.sum()
    return shares


def _closeness(experience: Experience, meta: MetaFeatures, size: float = 1.0) -> np.ndarray:
    """Return how near each table is to a new one: 1 where it is the same."""
    distances = [meta.distance(trial.meta, size) for trial in experience.trials.values()]
    closeness: np.ndarray = np.exp(-0.5 * np.square(np.array(distances) / NEIGHBOURHOOD))
    return closeness
