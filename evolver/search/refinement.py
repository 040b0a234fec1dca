"""Refinement as a proposer: the parameter values of the pipelines on the front, by Bayesian
optimisation.

    study    one for each structure: what is known of its pipelines, whoever proposed them, and an
             optimiser over its values (Optuna's, Akiba et al. 2019)
    ask      of the structures on the front, the one that should raise the hypervolume most is
             asked for the values of one more pipeline
    tell     whatever became of a candidate joins the study of its structure

The optimiser is the tree-structured Parzen estimator over all values at once (Bergstra et al.
2011; Falkner et al. 2018 for the joint form). A proposal whose outcome is not told yet counts as a
bad one, so that several may be under way without repeating each other. This module is the only one
that knows Optuna's studies.
"""

from __future__ import annotations

import logging
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
"""Proposals in a row that were asked for before, after which a study draws at random; after as many
draws that were, its space counts as exhausted."""

FLAT = 8
"""So many equal scores of a structure say that its values do not matter."""

PRIOR = 1.0
"""How many scores the spread of other structures counts for."""

BEYOND = 1.0
"""Share of the range of a cost by which the reference point is beyond the greatest.

At 1 the best score counts for half of what there is to gain."""

STARTUP = 2
"""Pipelines of a structure that must be known before "tpe" learns from them instead of drawing at
random: what is known came from a search, so few say more than Optuna's ten at random."""

SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP),
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}
"""Optimisers by name; "gp" needs torch."""


class Refinement:
    """Proposes new values for the structures on the front. Only a run calls it.

    Parameters
    ----------
    rng : numpy.random.Generator
    sampler : str, default="tpe"
        One of `SAMPLERS`.
    costs_vary : bool, default=False
        True if parameter values change the costs of a pipeline: then all objectives are optimised.
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
        while studies := self._open():
            spread = float(np.median(list(self._spreads.values()))) if self._spreads else 0.0
            study = max(studies, key=lambda one: self._gain(one, spread))
            candidate = study.ask(self._seen)
            if candidate is not None:
                self._seen.add(candidate.digest)
                return candidate
        return None

    def avoid(self, digest: str) -> None:
        """Never ask for a pipeline of this digest."""
        self._seen.add(digest)

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
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
        """Return the studies of the front in which there is anything left to find."""
        keys = dict.fromkeys(self._keys[one.candidate.digest] for one in self._front)
        return [study for key in keys if (study := self._studies[key]).is_open]

    def _gain(self, study: Study, spread: float) -> float:
        """Return by how much a proposal of a study should raise the hypervolume."""
        points = [(one.outcome.score, one.outcome.costs) for one in self._front]
        limits = tuple(
            max(costs) + BEYOND * (float(np.ptp(costs)) or 1.0)
            for costs in zip(*(costs for _, costs in points), strict=True)
        )
        mean, deviation = study.expected(spread)
        return study.chance * expected_gain(points, limits, study.costs, mean, deviation)


class Study:
    """What is known of the pipelines of one structure, and the optimiser of its values.

    Parameters
    ----------
    structure : Structure
    sampler : callable
        Takes a seed.
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
        """How many pipelines of this structure were scored."""
        return len(self._scores)

    @property
    def is_open(self) -> bool:
        """Whether there is anything left to find: the space is not exhausted, nor the score
        flat."""
        is_flat = self.n_scored >= FLAT and self._scores[0] == self._scores[-1]
        return bool(self._space) and not (self._is_exhausted or is_flat)

    @property
    def costs(self) -> Costs:
        """Median costs of the pipelines of this structure."""
        return tuple(float(cost) for cost in np.median(self._costs, axis=0))

    @property
    def chance(self) -> float:
        """How likely a proposal is to be scored."""
        return (self.n_scored + 1) / (self._n_told + 1)

    @property
    def deviation(self) -> float:
        """Of the better half of the scores."""
        return float(np.std(self._better))

    def expected(self, spread: float) -> tuple[float, float]:
        """Return mean and standard deviation of the score of a proposal that is scored.

        Parameters
        ----------
        spread : float
            Standard deviation within other structures, for as long as little is known of this one.
        """
        weight = PRIOR / (PRIOR + self.n_scored)
        deviation = weight * spread + (1 - weight) * self.deviation
        return float(np.mean(self._better)), deviation

    def ask(self, seen: set[str]) -> Candidate | None:
        """Return a candidate that is new; None where the space is exhausted."""
        assert self._best is not None
        if self._study is None:
            n_objectives = 1 + (len(self._costs[0]) if self._costs_vary else 0)
            self._study = _new_study(self._make_sampler(self._seed), n_objectives)
            self._study.add_trials([self._frozen(*known) for known in self._known])
        _, parent, fixed = self._best
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
        """Take in what became of a pipeline of this structure."""
        self._n_told += 1
        if isinstance(outcome, Scored):
            if self._best is None or outcome.score > self._best[0]:
                self._best = outcome.score, candidate, values
            insort(self._scores, outcome.score)
            self._costs.append(outcome.costs)
        if self._study is None:
            self._known.append((values, outcome))
            return
        asked = self._asked.pop(candidate.digest, None)
        if asked is not None:
            self._study.tell(asked, state=TrialState.FAIL)
        self._study.add_trial(self._frozen(values, outcome))

    @cached_property
    def _space(self) -> Space:
        """What is to be chosen."""
        space = self._structure.space
        return {name: one for name, one in space.items() if not one.single()}

    @property
    def _better(self) -> list[float]:
        return self._scores[len(self._scores) // 2 :]

    def _frozen(self, values: Values, outcome: Outcome) -> FrozenTrial:
        """Return what became of a pipeline as Optuna has it; where all objectives are optimised,
        what was raced out counts as failed, as no part of a score can be told."""
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
    with _silent(logging.getLogger("optuna.storages._in_memory")):
        return optuna.create_study(directions=["maximize"] * objectives, sampler=sampler)


@contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Let nothing through a logger for as long as the context lasts."""

    def nothing(record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)
