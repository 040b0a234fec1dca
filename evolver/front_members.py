"""Members of a Pareto front, fitted on all rows.

The winner and the ensemble are fitted by the run. Any other member is fitted when it is requested.
"""

from __future__ import annotations

from typing import Any

from threadpoolctl import threadpool_limits

from evolver.errors import InputError
from evolver.evaluation.decisions import as_decided, threshold_by
from evolver.evaluation.fold import fit
from evolver.evaluation.thresholds import Rule
from evolver.genome.names import short_name
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Tree
from evolver.outcome import Scored
from evolver.problem import Problem
from evolver.run.fitted_ensemble import ENSEMBLE
from evolver.run.result import Result
from evolver.search.selection import CHOICES
from evolver.search.simplification import simplest

SIMPLEST = "simplest"
"""Name of the rule that chooses among all scored candidates, not among those of the front."""

RULES = (*CHOICES, SIMPLEST)
"""Names of the rules by which a member can be selected."""

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
    rule : Rule, optional
        Rule by which each member decides between two classes; None: by the largest probability.

    Attributes
    ----------
    front : tuple of Member
        Non-dominated candidates, best score first.
    simplest : Member or None
        Simplest candidate within one standard error of the best, which may not be on the front;
        None if no candidate was scored.
    winner : str
        Digest of the winner.
    fold_scores : dict of str to tuple of float
        Scores of the folds of each scored candidate, by digest.
    names_of_members : tuple of str
        Short names of the members of the ensemble.
    out_of_fold : dict of str to sequence of ndarray
        Out-of-fold predictions of winner, front and ensemble, by digest and fold; empty after
        pickling.
    thresholds : dict of str to float or None
        Least probability of the second of two classes from which a member predicts it, by digest;
        None for other targets.
    """

    def __init__(self, problem: Problem, result: Result, rule: Rule | None = None) -> None:
        self.front = tuple(result.front)
        scored = [one.member for one in result.records if isinstance(one.outcome, Scored)]
        self.simplest = simplest(scored) if scored else None
        self.winner = FALLBACK if result.winner is None else result.winner.digest
        self.fold_scores = {
            record.candidate.digest: record.outcome.fold_scores
            for record in result.records
            if isinstance(record.outcome, Scored)
        }
        self._problem: Problem | None = problem
        self.out_of_fold = dict(result.out_of_fold)
        self._lines = dict(result.lines)
        names = {self.winner, *(one.candidate.digest for one in self.front), *self.out_of_fold}
        self.thresholds = {
            name: threshold_by(problem, rule, self.out_of_fold.get(name)) for name in names
        }
        self._columns = problem.columns
        self._fitted: dict[str, Any] = {self.winner: result.pipeline}
        self.names_of_members: tuple[str, ...] = ()
        if result.ensemble is not None:
            self._fitted[ENSEMBLE] = result.ensemble.estimator
            self.names_of_members = tuple(map(short_name, result.ensemble.trees))

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
            Name of a rule of `RULES`, a digest or the beginning of one, or the name of the
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
        if member == "best" or (member in RULES and not self.front):
            return self.winner
        if member == SIMPLEST and self.simplest is not None:
            return self.simplest.candidate.digest
        if member in CHOICES:
            return CHOICES[member](self.front).candidate.digest
        names = {*self._fitted, *self._trees}
        if member in names:
            return member
        begun = [
            name for name in sorted(names - {ENSEMBLE, FALLBACK}) if name.startswith(str(member))
        ]
        if len(begun) == 1 and member:
            return begun[0]
        choices = sorted({*RULES, *(names & {ENSEMBLE})})
        rule = f"one of {choices} or a digest of `pareto_front_`, or the beginning of one"
        if begun and member:
            rule = f"the beginning of one digest alone, not of {len(begun)} ({', '.join(begun)})"
        raise InputError(f"`member` must be {rule}, got {member!r}.")

    def fitted(self, member: str | None) -> Any:
        """Return a member, fitted on all rows, with its line and its threshold.

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
        return self._decided(digest, self._fitted[digest])

    def estimator(self, member: str | None) -> Any:
        """Return a member as it is: fitted if it has been, otherwise its unfitted pipeline.

        Both have the same parameters, so that their source is the same.

        Raises
        ------
        InputError
            If there is no such member.
        """
        digest = self.digest_of(member)
        found = self._fitted[digest] if digest in self._fitted else self._unfitted(digest)
        return self._decided(digest, found)

    def _decided(self, digest: str, model: Any) -> Any:
        """Return a model with the line and the threshold of a member."""
        return as_decided(model, self._lines.get(digest), self.thresholds.get(digest))

    def _unfitted(self, digest: str) -> Any:
        """Return the unfitted pipeline of a digest on the front, or of the simplest candidate."""
        return to_estimator(self._trees[digest], self._columns)

    @property
    def _trees(self) -> dict[str, Tree]:
        """Pipelines that can be selected, by digest."""
        members = self.front if self.simplest is None else (*self.front, self.simplest)
        return {one.candidate.digest: one.candidate.tree for one in members}
