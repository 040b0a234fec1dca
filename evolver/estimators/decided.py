"""Parts of the estimators that say how sure a prediction is, and how it is decided."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evolver.evaluation.conformal import Conformities, Residuals
    from evolver.evaluation.thresholds import Rule
    from evolver.front_members import Members
    from evolver.problem import Problem
    from evolver.run.result import Result
    from evolver.task import Task


def with_lines(problem: Problem, result: Result, rule: Rule | None) -> Result:
    """Return a result with the lines of its models, and its out-of-fold predictions on them.

    Parameters
    ----------
    problem : Problem
    result : Result
    rule : Rule or None
        Rule by which the threshold is set.
    """
    from evolver.evaluation.decisions import lines_of

    lines = lines_of(problem, rule, result.out_of_fold)
    changed = {
        digest: [line(one) for one in result.out_of_fold[digest]] for digest, line in lines.items()
    }
    return replace(result, lines=lines, out_of_fold={**result.out_of_fold, **changed})


class Decided:
    """Base of `Evolved` with what is learned from the out-of-fold predictions of its model."""

    _members: Members
    _fitted_task: Task
    _conformal: Sequence[Residuals] | Conformities | None

    def _learn_decisions(self, problem: Problem) -> Problem:
        """Keep how wrong the model is, and return the problem with what was found out about it."""
        from evolver.evaluation.conformal import conformal_of
        from evolver.evaluation.decisions import findings_of_decisions
        from evolver.warned import warn_of

        digest = self._members.digest_of(None)
        by_fold = self._members.out_of_fold.get(digest)
        self._conformal = None if by_fold is None else conformal_of(problem, by_fold)
        if by_fold is None:
            return problem
        found = findings_of_decisions(problem, by_fold, self._members.thresholds[digest])
        for finding in found:
            warn_of(finding, stacklevel=4)  # the line of the caller that calls `fit`
        return replace(problem, findings=(*problem.findings, *found))

    def _known_errors(self) -> Any:
        """Return what is known of the errors of the model.

        Raises
        ------
        InputError
            If there is nothing.
        """
        from evolver.errors import InputError

        check_is_fitted(self)
        if self._conformal is None:
            raise InputError(
                "The model must have out-of-fold predictions, by which its errors are known, but"
                " it has none: give `fit` more time, or a larger `store_limit`."
            )
        return self._conformal


class DecidedClassifier:
    """Base of `EvolvedClassifier` with its threshold and its sets of classes."""

    _members: Members
    _fitted_task: Task
    _known_errors: Any
    _read: Any
    predict_proba: Any

    @property
    def threshold_(self) -> float | None:
        """Least probability of the second class from which `predict` gives it."""
        check_is_fitted(self)
        return self._members.thresholds[self._members.digest_of(None)]

    def predict_set(self, X: Any, coverage: float = 0.9, *, by_class: bool = False) -> np.ndarray:
        """Return the classes that each row may have: few where the model is sure.

        A set holds each class whose probability is as large as that of the true class is in the
        share `coverage` of out-of-fold predictions, and always the most probable one. These are the
        smallest sets of their coverage (least ambiguous sets, Sadinle, Lei and Wasserman 2019),
        with errors of out-of-fold predictions (cross-conformal, Vovk 2015).

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Table with the columns of `fit`. Its rows should come from where those of `fit` come
            from; rows of new groups or of a later time may be covered less often.
        coverage : float, default=0.9
            Share of rows whose true class is in their set, above 0 and below 1.
        by_class : bool, default=False
            True: `coverage` holds for the rows of each class, so that a rare class is not missed.
            The sets are larger. A class of too few rows is in every set.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_classes)
            True for each of `classes_` that is in the set of a row.

        Raises
        ------
        InputError, InputTypeError
            If `X` is not a table with the columns of `fit`, if `coverage` is out of range, if the
            target is several labels, or if the model has no out-of-fold predictions.
        """
        from evolver.checks import check_coverage
        from evolver.errors import InputError

        check_coverage(coverage)
        check_is_fitted(self)
        if self._fitted_task.classes is None:
            raise InputError(
                "`predict_set` needs a target of one column, got several labels: decide each by"
                " `predict_proba`."
            )
        errors: Conformities = self._known_errors()
        return errors.sets(self.predict_proba(X), coverage, by_class=by_class)


class DecidedRegressor:
    """Base of `EvolvedRegressor` with its intervals."""

    _known_errors: Any
    predict: Any

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Return an interval for each row that holds its true number with a given coverage.

        The interval reaches as far from the prediction as errors of out-of-fold predictions do
        (cross-conformal, Vovk 2015; the "CV" method of Barber, Candès, Ramdas and Tibshirani 2021).
        It is wider for predictions whose like have larger errors (Papadopoulos et al. 2002). The
        coverage holds in the mean over rows, not for each kind of row. Weights of `fit` count: a
        weight of 2 counts as two rows.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Table with the columns of `fit`. Its rows should come from where those of `fit` come
            from; rows of new groups or of a later time may be covered less often.
        coverage : float, default=0.9
            Share of rows whose true number is in their interval, above 0 and below 1.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, n_targets, 2)
            Lower and upper end. Of several targets, each interval has the coverage by itself.

        Raises
        ------
        InputError, InputTypeError
            If `X` is not a table with the columns of `fit`, if `coverage` is out of range or larger
            than so few rows allow, or if the model has no out-of-fold predictions.
        """
        from evolver.checks import check_coverage

        check_coverage(coverage)
        errors: Sequence[Residuals] = self._known_errors()
        predictions = self.predict(X)
        if predictions.ndim == 1:
            return errors[0].intervals(predictions, coverage)
        columns = zip(errors, predictions.T, strict=True)
        return np.stack([one.intervals(column, coverage) for one, column in columns], axis=1)
