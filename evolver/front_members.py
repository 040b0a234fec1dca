"""Members of a Pareto front, fitted on all rows.

The winner and the ensemble are fitted by the run. Any other member is fitted when it is requested.
"""

from __future__ import annotations

from typing import Any

from threadpoolctl import threadpool_limits

from evolver.errors import InputError
from evolver.evaluation.fold import fit
from evolver.genome.pipeline import to_estimator
from evolver.outcome import Scored
from evolver.problem import Problem
from evolver.run.fitted_ensemble import ENSEMBLE
from evolver.run.result import Result
from evolver.search.selection import CHOICES

FALLBACK = "fallback"
"""Name that replaces the digest of a winner that is no candidate."""


class Members:
    """Fitted models that can be selected after a run. Pickles hold no data of the problem.

    Parameters
    ----------
    problem : Problem
        Problem of the run, on whose rows members are fitted.
    result : Result
        Result of the run.

    Attributes
    ----------
    front : tuple of Member
        Non-dominated candidates, best score first.
    winner : str
        Digest of the winner.
    fold_scores : dict of str to tuple of float
        Scores of the folds of each scored candidate, by digest.
    out_of_fold : dict of str to sequence of ndarray
        Out-of-fold predictions of the front, by digest and fold; empty after pickling.
    """

    def __init__(self, problem: Problem, result: Result) -> None:
        self.front = tuple(result.front)
        self.winner = FALLBACK if result.winner is None else result.winner.digest
        self.fold_scores = {
            record.candidate.digest: record.outcome.fold_scores
            for record in result.records
            if isinstance(record.outcome, Scored)
        }
        self._problem: Problem | None = problem
        self.out_of_fold = dict(result.out_of_fold)
        self._columns = problem.columns
        self._fitted: dict[str, Any] = {self.winner: result.pipeline}
        if result.ensemble is not None:
            self._fitted[ENSEMBLE] = result.ensemble.estimator

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_problem": None, "out_of_fold": {}}

    def attach(self, problem: Problem) -> None:
        """Give the members the problem of their run again, which a pickle does not hold."""
        self._problem = problem

    def can_fit(self, digest: str) -> bool:
        """Return True if a member is fitted, or can be because the data are there."""
        return digest in self._fitted or self._problem is not None

    def digest_of(self, member: str | None) -> str:
        """Return the digest of a member.

        Parameters
        ----------
        member : str or None
            Name of a rule of `CHOICES`, a digest or the beginning of one, or the name of the
            ensemble; None: the model that predicts. Every rule gives the winner if the front is
            empty.

        Raises
        ------
        InputError
            If there is no such member, or if several digests have this beginning.
        """
        if member is None:
            return ENSEMBLE if ENSEMBLE in self._fitted else self.winner
        # The best of the front is not the winner if it could not be fitted on all rows.
        if member == "best" or (member in CHOICES and not self.front):
            return self.winner
        if member in CHOICES:
            return CHOICES[member](self.front).candidate.digest
        names = {*self._fitted, *(scored.candidate.digest for scored in self.front)}
        if member in names:
            return member
        begun = [
            name for name in sorted(names - {ENSEMBLE, FALLBACK}) if name.startswith(str(member))
        ]
        if len(begun) == 1 and member:
            return begun[0]
        choices = sorted({*CHOICES, *(names & {ENSEMBLE})})
        rule = f"one of {choices} or a digest of `pareto_front_`, or the beginning of one"
        if begun and member:
            rule = f"the beginning of one digest alone, not of {len(begun)} ({', '.join(begun)})"
        raise InputError(f"`member` must be {rule}, got {member!r}.")

    def fitted(self, member: str | None) -> Any:
        """Return a member, fitted on all rows.

        Raises
        ------
        InputError
            If there is no such member, or if it is not fitted and the data are gone.
        """
        digest = self.digest_of(member)
        if digest not in self._fitted:
            problem = self._problem
            if problem is None:
                raise InputError(
                    "`member` must have been fitted before pickling, because a pickle holds no"
                    f" data, got {member!r}. Call `fit` with the same data and then `select`, or"
                    " `export` the member, which needs no data."
                )
            pipeline = self._unfitted(digest)
            with threadpool_limits(limits=1):  # workers and exported files fit with one thread too
                self._fitted[digest] = fit(pipeline, problem.X, problem.y, problem.sample_weight)
        return self._fitted[digest]

    def estimator(self, member: str | None) -> Any:
        """Return a member as it is: fitted if it has been, otherwise its unfitted pipeline.

        Both have the same parameters, so that their source is the same.

        Raises
        ------
        InputError
            If there is no such member.
        """
        digest = self.digest_of(member)
        return self._fitted[digest] if digest in self._fitted else self._unfitted(digest)

    def _unfitted(self, digest: str) -> Any:
        """Return the unfitted pipeline of a digest on the front."""
        trees = {scored.candidate.digest: scored.candidate.tree for scored in self.front}
        return to_estimator(trees[digest], self._columns)
