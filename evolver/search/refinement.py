"""Refinement: Bayesian optimisation of the parameter values of the pipelines on the front.

    study    known outcomes of the pipelines of one structure, whichever proposer asked for them,
             and an optimiser of the parameter values (Optuna, Akiba et al. 2019)
    ask      choose the structure on the front whose next pipeline has the greatest expected gain in
             hypervolume, and ask its study for the values
    tell     add the outcome of a candidate to the study of its structure

The default optimiser is the tree-structured Parzen estimator of all values together (Bergstra et
al. 2011; Falkner et al. 2018 for the joint form). A proposal without an outcome yet counts as a bad
one, so that proposals that are under way together differ. Only this module uses Optuna's studies.
"""

from __future__ import annotations

import logging
import warnings
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from evolver.genome.candidate import Candidate, Origin
from evolver.genome.structure import Structure, Values, split_structure
from evolver.outcome import Outcome, Scored, Stopped
from evolver.search.hypervolume import Costs, expected_gain
from evolver.search.selection import Member, front
from primitives import Space
from primitives import space as spaces

MAX_TRIES = 20
"""Number of known proposals in a row after which a study draws values at random.

After as many random draws that are known too, its space counts as exhausted.
"""

FLAT = 8
"""Number of equal scores of a structure from which its values count as irrelevant."""

PRIOR = 1.0
"""Weight of the spread of other structures, in scores of the structure itself."""

BEYOND = 1.0
"""Distance of the reference point from the greatest cost, as a share of the range of the cost.

At 1, half of the costs up to the reference point are beyond the greatest cost, where only a new
best score gains.
"""

STARTUP = 2
"""Number of known pipelines from which "tpe" learns instead of drawing at random.

Optuna's default is ten. Fewer are enough here, because they come from a search and not from random
draws.
"""


def _tpe(seed: int) -> BaseSampler:
    """Return the sampler by which Optuna 5 optimises one score."""
    with warnings.catch_warnings():
        # Both options are experimental in Optuna 4.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=STARTUP, multivariate=True, constant_liar=True
        )


SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": _tpe,
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}
"""Optimisers by name, each made from a seed; "gp" needs torch."""


class Refinement:
    """Proposer of new parameter values for the structures on the front. Only a run calls it.

    Parameters
    ----------
    rng : numpy.random.Generator
    sampler : str, default="tpe"
        Name of the optimiser, a key of `SAMPLERS`.
    costs_vary : bool, default=False
        True if parameter values change the costs of a pipeline. Then all objectives are optimised,
        not only the score.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        sampler: str = "tpe",
        costs_vary: bool = False,
    ) -> None:
        self._rng = rng
        self._seen: set[str] = set()
        self._sampler = SAMPLERS[sampler]
        self._costs_vary = costs_vary
        self._studies: dict[str, Study] = {}
        self._keys: dict[str, str] = {}
        self._spreads: dict[str, float] = {}
        self._front: list[Member] = []

    def ask(self) -> Candidate | None:
        """Return a new candidate; None if no structure on the front has anything left to find."""
        while studies := self._open():
            spread = float(np.median(list(self._spreads.values()))) if self._spreads else 0.0
            study = max(studies, key=lambda study: self._gain(study, spread))
            # A study that returns None is no longer open, so the loop ends.
            candidate = study.ask(self._seen)
            if candidate is not None:
                self._seen.add(candidate.digest)
                return candidate
        return None

    def avoid(self, digest: str) -> None:
        """Never ask for the pipeline of a digest."""
        self._seen.add(digest)

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        """Add the outcome of a candidate of any proposer to the study of its structure."""
        self._seen.add(candidate.digest)
        structure, values = split_structure(candidate.tree)
        key = self._keys[candidate.digest] = structure.key
        if key not in self._studies:
            seed = int(self._rng.integers(2**31))
            self._studies[key] = Study(structure, self._sampler, seed, self._costs_vary)
        study = self._studies[key]
        study.tell(candidate, values, outcome)
        if isinstance(outcome, Scored):
            if study.n_scored > 1:
                self._spreads[key] = study.deviation
            self._front = front([*self._front, Member(candidate, outcome)])

    def _open(self) -> list[Study]:
        """Return the studies of the structures on the front that have anything left to find."""
        # A dictionary keeps the order of the front, and so the choice between equal gains.
        keys = dict.fromkeys(self._keys[member.candidate.digest] for member in self._front)
        return [study for key in keys if (study := self._studies[key]).is_open]

    def _gain(self, study: Study, spread: float) -> float:
        """Return the expected gain in hypervolume by the next proposal of a study."""
        points = [(member.outcome.score, member.outcome.costs) for member in self._front]
        limits = tuple(
            max(costs) + BEYOND * (float(np.ptp(costs)) or 1.0)
            for costs in zip(*(costs for _, costs in points), strict=True)
        )
        mean, deviation = study.expected(spread)
        return study.chance * expected_gain(points, limits, study.costs, mean, deviation)


class Study:
    """Known outcomes of the pipelines of one structure, and the optimiser of its values.

    Parameters
    ----------
    structure : Structure
    sampler : callable
        Function of a seed that returns an optimiser.
    seed : int
    costs_vary : bool
        True if all objectives are optimised, not only the score.
    """

    def __init__(
        self,
        structure: Structure,
        sampler: Callable[[int], BaseSampler],
        seed: int,
        costs_vary: bool,
    ) -> None:
        self._structure = structure
        self._make_sampler = sampler
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._costs_vary = costs_vary
        self._study: optuna.Study | None = None
        self._known: list[tuple[Values, Outcome]] = []
        self._asked: dict[str, Trial] = {}
        self._scores: list[float] = []
        self._costs: list[Costs] = []
        self._n_told = 0
        self._best: tuple[float, Candidate, Values] | None = None
        self._is_exhausted = False

    @property
    def n_scored(self) -> int:
        """Number of scored pipelines of this structure."""
        return len(self._scores)

    @property
    def is_open(self) -> bool:
        """True if there may be anything left to find.

        There is not if the structure has no values to choose, all of them were asked for, or
        `FLAT` scores or more are all equal.
        """
        is_flat = self.n_scored >= FLAT and self._scores[0] == self._scores[-1]
        return bool(self._space) and not (self._is_exhausted or is_flat)

    @property
    def costs(self) -> Costs:
        """Median costs of the pipelines of this structure."""
        return tuple(float(cost) for cost in np.median(self._costs, axis=0))

    @property
    def chance(self) -> float:
        """Estimated probability that a proposal is scored, by Laplace's rule of succession."""
        return (self.n_scored + 1) / (self._n_told + 1)

    @property
    def deviation(self) -> float:
        """Standard deviation of the better half of the scores."""
        return float(np.std(self._better))

    def expected(self, spread: float) -> tuple[float, float]:
        """Return the expected mean and standard deviation of the score of a scored proposal.

        Parameters
        ----------
        spread : float
            Standard deviation of the scores within other structures. It counts the less, the more
            pipelines of this structure are scored.
        """
        weight = PRIOR / (PRIOR + self.n_scored)
        deviation = weight * spread + (1 - weight) * self.deviation
        return float(np.mean(self._better)), deviation

    def ask(self, seen: set[str]) -> Candidate | None:
        """Return a new candidate; None, and close the study, if its space is exhausted.

        Parameters
        ----------
        seen : set of str
            Digests of the pipelines that were asked for before.
        """
        assert self._best is not None
        # Most structures are never refined, so the optimiser is made when it is first needed.
        if self._study is None:
            n_objectives = 1 + (len(self._costs[0]) if self._costs_vary else 0)
            self._study = _new_study(self._make_sampler(self._seed), n_objectives)
            self._study.add_trials([self._frozen(*known) for known in self._known])
        _, parent, fixed = self._best
        # An optimiser may propose the same values again and again: then values are drawn.
        for turn in range(2 * MAX_TRIES):
            if turn >= MAX_TRIES:
                self._study.enqueue_trial(spaces.sample(self._space, self._rng))
            trial = self._study.ask(dict(self._space))
            values = {
                name: spaces.rounded(self._space[name], value)
                for name, value in trial.params.items()
            }
            origin = Origin("refinement", "values", (parent.digest,))
            candidate = Candidate(self._structure.tree({**fixed, **values}), origin)
            if candidate.digest not in seen:
                self._asked[candidate.digest] = trial
                return candidate
            self._study.tell(trial, state=TrialState.FAIL)
        self._is_exhausted = True
        return None

    def tell(self, candidate: Candidate, values: Values, outcome: Outcome) -> None:
        """Add the outcome of a pipeline of this structure, whichever proposer asked for it."""
        self._n_told += 1
        if isinstance(outcome, Scored):
            if self._best is None or outcome.score > self._best[0]:
                self._best = outcome.score, candidate, values
            insort(self._scores, outcome.score)
            self._costs.append(outcome.costs)
        if self._study is None:
            self._known.append((values, outcome))
            return
        # The values of a trial were rounded after it was asked for. So it is closed as failed, and
        # the outcome is added with the values that were evaluated.
        asked = self._asked.pop(candidate.digest, None)
        if asked is not None:
            self._study.tell(asked, state=TrialState.FAIL)
        self._study.add_trial(self._frozen(values, outcome))

    @cached_property
    def _space(self) -> Space:
        """Parameters with more than one value to choose from."""
        space = self._structure.space
        return {name: domain for name, domain in space.items() if not domain.single()}

    @property
    def _better(self) -> list[float]:
        """Better half of the scores."""
        return self._scores[len(self._scores) // 2 :]

    def _frozen(self, values: Values, outcome: Outcome) -> FrozenTrial:
        """Return an outcome as a finished trial of Optuna.

        Optuna has no intermediate values for several objectives. So if all objectives are
        optimised, a pipeline that was raced out counts as failed.
        """
        known: dict[str, Any] = {
            "params": {name: values[name] for name in self._space},
            "distributions": self._space,
        }
        if isinstance(outcome, Scored):
            costs = [-cost for cost in outcome.costs] if self._costs_vary else []
            return create_trial(values=[outcome.score, *costs], **known)
        if isinstance(outcome, Stopped) and not self._costs_vary:
            so_far = {outcome.stages: outcome.score}
            return create_trial(state=TrialState.PRUNED, intermediate_values=so_far, **known)
        return create_trial(state=TrialState.FAIL, **known)


def _new_study(sampler: BaseSampler, objectives: int) -> optuna.Study:
    """Return an empty study in memory, which maximises each objective; Optuna logs nothing."""
    with _silent(logging.getLogger("optuna.storages._in_memory")):
        return optuna.create_study(directions=["maximize"] * objectives, sampler=sampler)


@contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Drop all records of a logger in the context, without a change of its level or handlers."""

    def nothing(record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)
