"""Behaviour that the classifier and the regressor share: fit, refine, predict, select, export."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted, validate_data

from evolver.budget import Budget
from evolver.errors import InputError

if TYPE_CHECKING:
    from evolver.session import FitRequest
    from evolver.settings import Settings
    from evolver.storage.journal import History
    from primitives import Catalogue


class Evolved:
    """Base of both estimators. scikit-learn's own bases come after it in the order of bases."""

    def __init__(
        self,
        time_budget: float | None = 300.0,
        max_evaluations: int | None = None,
        scoring: str | Callable[..., float] | None = None,
        complexity: Any = "operators",
        cv: Any = 5,
        population_size: int = 50,
        search_space: Catalogue | None = None,
        n_jobs: int | None = -1,
        random_state: Any = None,
        run_dir: str | Path | None = None,
        verbose: int = 1,
        settings: Settings | None = None,
        warm_start: Any = None,
    ) -> None:
        self.time_budget = time_budget
        self.max_evaluations = max_evaluations
        self.scoring = scoring
        self.complexity = complexity
        self.cv = cv
        self.population_size = population_size
        self.search_space = search_space
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.run_dir = run_dir
        self.verbose = verbose
        self.settings = settings
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Evolve pipelines, and fit the best on all rows.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Table of numbers, strings, categories, booleans and dates; values may be missing.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. They reach every step and the metric where these can use them.
        groups : array-like of shape (n_samples,), default=None
            Group of each row. Rows of one group are never split over a training and a validation
            part. Nor does a pipeline split them inside its fit: no primitive that does is tried
            (stacks, target encoders, calibrated machines), the number of boosting rounds is one
            more parameter, and texts are read without the target.

        Returns
        -------
        self : estimator
            Fitted estimator.

        Raises
        ------
        InputError, InputTypeError
            When an argument breaks its rule; also a ValueError or TypeError.
        NoPipelineError
            When no candidate succeeded; the message lists the commonest reasons.
        """
        request = self._request(self.time_budget, self.max_evaluations, self.run_dir)
        return self._search(request, X, y, sample_weight, groups)

    def _fit(self, X: Any, y: Any, begun: Callable[[], object]) -> Self:
        """Fit, and call `begun` once the run folder is this run's: for the command line."""
        request = self._request(self.time_budget, self.max_evaluations, self.run_dir)
        return self._search(replace(request, begun=begun), X, y, None, None)

    def refine(
        self,
        X: Any,
        y: Any,
        time_budget: float | None = 60.0,
        max_evaluations: int | None = None,
        sample_weight: Any = None,
        groups: Any = None,
    ) -> Self:
        """Continue a finished run with refinement alone.

        An estimator that was pickled has out-of-fold predictions only in its `run_dir`; without
        them an ensemble is chosen from new candidates alone.

        Parameters
        ----------
        X, y, sample_weight, groups
            Arguments of `fit`.
        time_budget : float or None, default=60.0
            Seconds, in addition to those of the run so far; None: no limit.
        max_evaluations : int, default=None
            Number of candidates, in addition to those of the run so far.

        Returns
        -------
        self : estimator
            Fitted estimator.

        Raises
        ------
        InputError, InputTypeError
            When an argument breaks its rule, or data or settings are not those of the run.
        """
        check_is_fitted(self)
        given, kept_in = self._kept_in
        folder = kept_in if self.run_dir == given else self.run_dir
        request = self._request(time_budget, max_evaluations, folder)
        return self._search(request, X, y, sample_weight, groups, self._history)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions of the ensemble, or of `best_pipeline_` where there is none.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Table with the columns of `fit`; they are taken by name, in any order.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels or numbers.

        Raises
        ------
        InputError
            When `X` is not a table with the columns of `fit`.
        """
        table = self._check_columns(X)
        predictions: np.ndarray = self._model.predict(table)
        return predictions

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the score of the predictions by `scoring`; greater is better."""
        check_is_fitted(self)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.scorer_(self, X, y, **weights))

    @property
    def _model(self) -> Any:
        """Estimator that `predict` uses."""
        check_is_fitted(self)
        return self.best_pipeline_ if self.ensemble_ is None else self.ensemble_

    def select(self, member: str = "best") -> Any:
        """Return a member of the Pareto front, fitted on all rows.

        Parameters
        ----------
        member : str, default="best"
            ``"best"``: the pipeline with the best score. ``"ensemble"``: the ensemble, where there
            is one. ``"one_se"``: the simplest within one standard error of the best. ``"knee"``:
            the member after which more complexity gains little. Or a digest of `pareto_front_`.

        Returns
        -------
        estimator
            Fitted pipeline or ensemble.

        Raises
        ------
        InputError
            When there is no such member, or it was not fitted before the estimator was pickled:
            a pickle holds no data.
        """
        check_is_fitted(self)
        return self._members.fitted(member)

    def export(self, path: str | Path, member: str | None = None) -> None:
        """Write a model as a Python file that runs without this package.

        The file has a function `make_pipeline`, which returns the unfitted pipeline, and is a
        program that fits it on a table and predicts another. The program knows no sample weights:
        where the model was fitted with some, its predictions differ.

        Parameters
        ----------
        path : str or Path
            File to write.
        member : str, default=None
            Member of the front, as in `select`; None: the model that `predict` uses.

        Raises
        ------
        InputError
            When there is no such member, the file cannot be written, or a part cannot be written as
            source.
        """
        from evolver.export.source_file import to_source
        from evolver.files import replacing_named
        from evolver.report.frames import title

        check_is_fitted(self)
        digest = self._members.digest_of(member)
        what = title(self.pareto_front_, digest, self._n_folds)
        try:
            source = to_source(self._members.fitted(digest), self.target_name_, what)
            with replacing_named(Path(path)) as part:
                part.write_text(source, encoding="utf-8")
        except (OSError, ValueError) as error:
            raise InputError(
                f"`path` must be a file that can be written, got {str(path)!r}: {error}"
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for a pickle, without out-of-fold predictions."""
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[call-overload]  # BaseEstimator's
        if "_history" in state:
            state["_history"] = replace(self._history, predictions={})
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]  # BaseEstimator has it
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.non_deterministic = False
        return tags

    def _request(
        self,
        time_budget: float | None,
        max_evaluations: int | None,
        run_dir: str | Path | None,
    ) -> FitRequest:
        """Return the arguments of a call, checked as far as they do not depend on the data."""
        start = time.monotonic()
        from evolver import checks
        from evolver.session import FitRequest
        from evolver.task import TASKS

        checks.check_positive("time_budget", time_budget)
        if max_evaluations is not None:
            checks.check_at_least(1, "max_evaluations", max_evaluations)
        checks.check_at_least(2, "population_size", self.population_size)
        return FitRequest(
            task=TASKS["classification" if is_classifier(self) else "regression"],
            budget=Budget(time_budget, max_evaluations),
            settings=checks.check_settings(self.settings),
            workers=checks.check_workers(self.n_jobs),
            scoring=self.scoring,
            objectives=checks.check_complexity(self.complexity),
            cv=self.cv,
            population_size=self.population_size,
            search_space=self.search_space,
            random_state=self.random_state,
            run_dir=None if run_dir is None else checks.check_folder("run_dir", run_dir),
            verbose=self.verbose,
            earlier=checks.check_warm_start(self.warm_start),
            start=start,
        )

    def _search(
        self,
        request: FitRequest,
        X: Any,
        y: Any,
        sample_weight: Any,
        groups: Any,
        so_far: History | None = None,
    ) -> Self:
        """Search, and set the results as attributes."""
        # Everything that is needed after the search is imported before it: memory or files may be
        # gone by then.
        from evolver.front_members import Members
        from evolver.report import frames
        from evolver.report.run_folder import keep
        from evolver.run.interrupt import first_interrupt_noted, stops_raised
        from evolver.session import search

        with stops_raised():
            problem, result, self._history = search(request, X, y, sample_weight, groups, so_far)
            with first_interrupt_noted():
                validate_data(self, X, skip_check_array=True)
                self._columns = list(problem.X.columns)
                self._n_folds = len(problem.folds)
                self.target_name_ = _name_of(y)
                self.scorer_ = problem.scorer
                self.best_pipeline_ = result.pipeline
                self.best_score_ = result.best_score
                costs = problem.objectives
                self.leaderboard_ = frames.leaderboard(result.records, costs)
                self.pareto_front_ = frames.pareto_front(result.front, result.ensemble, costs)
                self.statistics_ = frames.statistics(result)
                self.ensemble_ = None if result.ensemble is None else result.ensemble.estimator
                self._members = Members(problem, result)
                self._kept_in = self.run_dir, request.run_dir
                if request.run_dir is not None:
                    keep(self, request.run_dir)
        return self

    def _check_columns(self, X: Any) -> pd.DataFrame:
        """Return a table to predict with the columns of `fit`, in their order."""
        from evolver import checks

        check_is_fitted(self)
        table = checks.check_table(X)
        named = isinstance(X, pd.DataFrame) and hasattr(self, "feature_names_in_")
        is_ordered = self._columns == list(table.columns)  # taking all of many columns is slow
        if named and not is_ordered and set(self._columns) == set(table.columns):
            X = table = table[self._columns]
        try:
            validate_data(self, X, reset=False, skip_check_array=True)
        except ValueError as error:
            raise InputError(f"`X` must have the columns of fit: {error}") from None
        return table.set_axis(self._columns, axis=1)


def _name_of(y: Any) -> str:
    """Return the name of a target; "target" where it has none."""
    name: Any = y.name if isinstance(y, pd.Series) else None
    is_missing = name is None or (pd.api.types.is_scalar(name) and pd.isna(name)) or name == ""
    return "target" if is_missing else str(name)
