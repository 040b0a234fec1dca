"""The members of a front, fitted on all rows: the winner and the ensemble at once, any other when
it is asked for."""

from __future__ import annotations

from typing import Any

from threadpoolctl import threadpool_limits

from evolver.errors import InputError
from evolver.evaluation.fold import fit
from evolver.genome.pipeline import to_estimator
from evolver.problem import Problem
from evolver.run.fitted_ensemble import ENSEMBLE
from evolver.run.result import Result
from evolver.search.selection import CHOICES

FALLBACK = "fallback"
"""Stands for the digest of a model that is no candidate."""


class Members:
    """What can be chosen of what a run found. Pickles keep no data.

    Parameters
    ----------
    problem : Problem
    result : Result

    Attributes
    ----------
    front : tuple of Member
        Non-dominated, best score first.
    winner : str
        Digest.
    """

    def __init__(self, problem: Problem, result: Result) -> None:
        self.front = tuple(result.front)
        self.winner = FALLBACK if result.winner is None else result.winner.digest
        self._problem: Problem | None = problem
        self._fitted: dict[str, Any] = {self.winner: result.pipeline}
        if result.ensemble is not None:
            self._fitted[ENSEMBLE] = result.ensemble.estimator

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_problem": None}

    def digest_of(self, member: str | None) -> str:
        """Return the digest of the winner, of a choice from the front, or a member's own; for None
        that of what predicts. Where nothing is on the front, every choice is the winner.

        Raises
        ------
        InputError
            When there is no such member.
        """
        if member is None:
            return ENSEMBLE if ENSEMBLE in self._fitted else self.winner
        if member == "best" or (member in CHOICES and not self.front):
            return self.winner
        if member in CHOICES:
            return CHOICES[member](self.front).candidate.digest
        if member in {*self._fitted, *(one.candidate.digest for one in self.front)}:
            return member
        raise InputError(
            f"`member` must be one of {sorted(CHOICES)} or a digest of `pareto_front_`, got"
            f" {member!r}."
        )

    def fitted(self, member: str) -> Any:
        """Return a member, fitted.

        Raises
        ------
        InputError
            When there is no such member, or it would have to be fitted now, without data.
        """
        digest = self.digest_of(member)
        if digest not in self._fitted:
            problem = self._problem
            if problem is None:
                raise InputError(
                    "`member` must have been fitted before pickling, which keeps no data, got"
                    f" {member!r}."
                )
            tree = next(one.candidate.tree for one in self.front if one.candidate.digest == digest)
            pipeline = to_estimator(tree)
            with threadpool_limits(limits=1):  # as workers and exported files fit
                self._fitted[digest] = fit(pipeline, problem.X, problem.y, problem.sample_weight)
        return self._fitted[digest]
