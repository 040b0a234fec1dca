"""Portfolio: a list of pipelines with which a run begins, learned from other tables.

    Experience           pipelines, with losses and seconds of each on some tables
    ranked               order of the pipelines for a new table, by experience
    opening              candidates with which a run begins: the quickest, then that order
    adapt_to_catalogue   nearest pipeline that can be built from a catalogue
    Portfolio            proposer that asks for these candidates first

The order is that of greedy selection, as in auto-sklearn 2.0 (Feurer et al. 2022) and AutoGluon's
portfolios (Salinas and Erickson 2024): the next pipeline is the one that, on similar tables, lowers
the best loss of those before it most for each second. So a pipeline that is good where the others
are bad comes before a second good pipeline of the same kind.
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
"""Distance of meta-features at which a table has 0.6 of the weight of an identical one."""

LEAST_WEIGHT = 0.1
"""Smallest weight of a table before the weights are normalised; an identical one has 1."""

OVERHEAD = 0.3
"""Seconds that are added to those of a pipeline, so that of two cheap ones the better is first."""

GROWTH = 0.8
"""Power of the number of rows by which seconds grow between tables of similar size."""

SIZE_COUNTS = 2.0
"""Weight of rows, columns and classes in the distance of tables, when seconds are expected."""

READING = 0.05
"""Seconds of a fold to read texts, however short they are."""

READING_MILLION = 0.2
"""Seconds of a fold to read a million characters of text."""

LEAST_SECONDS = 0.005
"""Smallest seconds of a trial that differ from noise; less counts as this."""

LEARNED = Origin("portfolio", "learned")
"""Origin of a pipeline that was learned on other tables."""

EARLIER = Origin("portfolio", "warm start")
"""Origin of a pipeline of a run of the user."""


@dataclass(frozen=True)
class Trial:
    """Losses and seconds of some pipelines on one table.

    Parameters
    ----------
    meta : MetaFeatures
        Meta-features of the table.
    losses : sequence of float
        Losses by pipeline: 0 is the best of all, 1 is no better than the median, or failed.
    seconds : sequence of float
        Seconds of one fold by pipeline, on as many rows as `meta` says.
    """

    meta: MetaFeatures
    losses: Sequence[float]
    seconds: Sequence[float]


@dataclass(frozen=True)
class Experience:
    """Pipelines and their trials on some tables.

    Parameters
    ----------
    pipelines : sequence of str
        Pipelines as expressions.
    trials : dict of str to Trial
        Trials by name of the table.
    """

    pipelines: Sequence[str]
    trials: dict[str, Trial]

    @classmethod
    def read(cls, text: str) -> Experience:
        """Return the experience from text that `write` has returned."""
        content = json.loads(text)
        trials = {
            name: Trial(MetaFeatures(**one["meta"]), one["losses"], one["seconds"])
            for name, one in content["trials"].items()
        }
        return cls(content["pipelines"], trials)

    def write(self) -> str:
        """Return the experience as JSON text, with a line for each pipeline and each table."""
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


def experience_of(family: str, folder: str | Path | None = None) -> Experience:
    """Return the experience with a family of tasks.

    Parameters
    ----------
    family : str
        `Task.family`.
    folder : str or Path, optional
        Folder with files like those of the package; default those of the package.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        When the folder has no readable file for the family.
    """
    place = files("evolver.search").joinpath("experience") if folder is None else Path(folder)
    return Experience.read(place.joinpath(f"{family}.json").read_text("utf-8"))


def ranked(experience: Experience, meta: MetaFeatures, usable: Sequence[int]) -> list[int]:
    """Return the numbers of pipelines in the order in which to try them on a new table.

    Parameters
    ----------
    experience : Experience
    meta : MetaFeatures
        Meta-features of the new table.
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
        # Of equal gains, as when nothing gains any more, the least mean loss counts.
        best = left[min(range(len(left)), key=lambda at: (-gains[at], mean[left[at]], left[at]))]
        order.append(best)
        left.remove(best)
        so_far = np.minimum(so_far, losses[:, best])
    return order


def expected_seconds(experience: Experience, meta: MetaFeatures) -> np.ndarray:
    """Return the expected seconds of a fold of each pipeline on a new table, shape (n_pipelines,).

    They are seconds of the machine that the pipelines were tried on: the geometric mean of the
    seconds on known tables, in which tables of similar size have most weight, and the seconds to
    read texts.
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
    """Return the candidates with which a run begins, without duplicates.

    Parameters
    ----------
    experience : Experience
        Experience with the family of the task.
    meta : MetaFeatures
        Meta-features of the table.
    catalogue : Catalogue
        Primitives that suit the problem.
    size : int
        Largest number of learned pipelines.
    earlier : iterable of Encoded
        Pipelines of runs of the user, which come first.
    """
    own = [adapt_to_catalogue(encoded, catalogue) for encoded in earlier]
    first = [Candidate(tree, EARLIER) for tree in own if tree is not None]
    others = _learned(experience, meta, catalogue) if size else []
    distinct: dict[str, Candidate] = {}
    for candidate in [*first, *others]:
        distinct.setdefault(candidate.digest, candidate)
    return list(distinct.values())[: len(first) + size]


def _learned(experience: Experience, meta: MetaFeatures, catalogue: Catalogue) -> list[Candidate]:
    """Return the quickest pipeline, then the others in their order for a table.

    If all others take too long, there is still a model.
    """
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
    """Proposer that asks for a list of candidates, and then lets another proposer ask.

    Parameters
    ----------
    candidates : sequence of Candidate
        Candidates without duplicates.
    then : Proposer
        Proposer that asks when the list is empty. It is told all outcomes.
    """

    def __init__(self, candidates: Sequence[Candidate], then: Proposer) -> None:
        self._left = list(reversed(candidates))
        self._then = then
        for candidate in candidates:
            then.avoid(candidate.digest)

    def ask(self) -> Candidate | None:
        """Return the next candidate of the list, then those of the other proposer."""
        return self._left.pop() if self._left else self._then.ask()

    def avoid(self, digest: str) -> None:
        """Never ask for the pipeline of a digest."""
        self._left = [candidate for candidate in self._left if candidate.digest != digest]
        self._then.avoid(digest)

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        """Tell the other proposer the outcome of a candidate."""
        self._then.tell(candidate, outcome)


def _weights(experience: Experience, meta: MetaFeatures) -> np.ndarray:
    """Return the weight of each table for a new one; the weights add up to 1."""
    weights = np.maximum(LEAST_WEIGHT, _closeness(experience, meta))
    shares: np.ndarray = weights / weights.sum()
    return shares


def _closeness(experience: Experience, meta: MetaFeatures, size: float = 1.0) -> np.ndarray:
    """Return the similarity of each table to a new one, at most 1.

    Parameters
    ----------
    experience : Experience
    meta : MetaFeatures
        Meta-features of the new table.
    size : float, default=1.0
        Weight of rows, columns and classes in the distance.
    """
    distances = [meta.distance(trial.meta, size) for trial in experience.trials.values()]
    closeness: np.ndarray = np.exp(-0.5 * np.square(np.array(distances) / NEIGHBOURHOOD))
    return closeness
