"""Part of both estimators that reports on a fitted one: report, scores on new rows, notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from evolver.problem import Problem
    from evolver.report.facts import Facts
    from evolver.run.result import Result


class Reported:
    """Base of `Evolved` with the methods that tell of a finished run."""

    _kept_facts: Facts | None
    _finished: tuple[Problem, Result] | None
    _history: Any
    _members: Any
    _request: Any

    def _attach(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> None:
        """Give an estimator that was pickled its data again, for reports and further fits.

        Raises
        ------
        InputError
            If the data are not those of `fit`.
        """
        from evolver import checks
        from evolver.session import problem_again

        check_is_fitted(self)
        request = self._request(None, 1, None)
        table = checks.as_table(X)
        problem = problem_again(request, self._history, table, y, sample_weight, groups)
        self._members.attach(problem)

    def report(self, path: str | Path, seconds: float = 30.0) -> None:
        """Write a report of the run: what was learned, how sure it is, and how it was found.

        A page needs no network and no other file. Right after `fit`, plain models, the worth of
        each step of the winner and the importance of columns are computed on the folds of the run,
        as far as the time allows; a pickle holds no table, so that it has only those that were
        computed before.

        Parameters
        ----------
        path : str or Path
            File to write: ``.html`` for a page, ``.json`` for the same as data.
        seconds : float, default=30.0
            Seconds in which further models may be fitted; 0: none is.

        Raises
        ------
        InputError
            If the ending is another, or if the file cannot be written.
        """
        from evolver.estimators.reports import write_report

        check_is_fitted(self)
        write_report(self, Path(path), seconds)

    def evaluate(self, X: Any, y: Any, sample_weight: Any = None) -> pd.DataFrame:
        """Return the scores of the members of the front on new rows, best first.

        Members that were not fitted are fitted, where the table of `fit` is at hand. A report that
        is written later shows the table too.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Table with the columns of `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True class labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for the scorers that take any.

        Returns
        -------
        DataFrame
            One row for each member: short name, the scores by `scorers_`, greater is better, common
            metrics, the score of cross-validation, and the digest.
        """
        from evolver.estimators.reports import evaluate

        check_is_fitted(self)
        return evaluate(self, X, y, sample_weight)

    def _html_repr(self) -> str:
        """Return the HTML of an estimator in a notebook; scikit-learn calls it."""
        if not hasattr(self, "pareto_front_"):
            unfitted: str = super()._html_repr()  # type: ignore[misc]  # BaseEstimator has it
            return unfitted
        from evolver.report.notebook import notebook_html

        return notebook_html(self)

    @property
    def _facts(self) -> Facts | None:
        """Facts of the run for its report, gathered when they are first asked for."""
        if self._finished is not None:
            from evolver.estimators.reports import facts_at_end

            self._kept_facts, self._finished = facts_at_end(self, *self._finished), None
        return self._kept_facts
