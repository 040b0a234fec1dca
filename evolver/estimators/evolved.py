"""Base of the classifier and the regressor: fit, refine, predict, select, export.

Modules that a call needs are imported inside its method, so that importing the package is quick.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted, validate_data

from evolver.budget import Budget
from evolver.errors import InputError
from evolver.estimators.decided import Decided, with_lines
from evolver.estimators.deployed import Deployed
from evolver.estimators.keywords import check_keywords
from evolver.estimators.reported import Reported

if TYPE_CHECKING:
    from evolver.problem import Problem
    from evolver.schema import Schema
    from evolver.session import FitRequest
    from evolver.settings import Settings
    from evolver.storage.journal import History
    from evolver.task import Task
    from primitives import Catalogue


class Evolved(Decided, Deployed, Reported):
    """Base of both estimators.

    It must come before the bases of scikit-learn, because its `score` replaces theirs.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Keep the parameters of `__init__` as the signature of a class, in place of `__new__`."""
        super().__init_subclass__(**options)
        _, *parameters = inspect.signature(cls.__init__).parameters.values()
        cls.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # inspect's

    def __new__(cls, *arguments: Any, **keywords: Any) -> Self:
        """Return an estimator, or raise an InputTypeError that names an unknown keyword."""
        check_keywords(cls, keywords)
        return super().__new__(cls)

    _csv_options: str | None = ""
    """Arguments of `pandas.read_csv` for the training table; None if these are not enough."""

    def __init__(
        self,
        time_budget: float | None = 300.0,
        max_evaluations: int | None = None,
        scoring: Any = None,
        complexity: Any = "operators",
        cv: Any = None,
        population_size: int | None = None,
        search_space: Catalogue | None = None,
        n_jobs: int | None = -1,
        random_state: Any = None,
        run_dir: str | Path | None = None,
        verbose: int = 1,
        settings: Settings | None = None,
        warm_start: Any = None,
        columns: Mapping[str, Any] | None = None,
        time: str | int | None = None,
        preset: str | None = None,
        estimators: str | Sequence[str] | None = None,
        template: str | None = None,
        max_predict_seconds: Any = None,
        max_model_bytes: float | None = None,
        interpretable: bool = False,
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
        self.columns = columns
        self.time = time
        self.preset = preset
        self.estimators = estimators
        self.template = template
        self.max_predict_seconds = max_predict_seconds
        self.max_model_bytes = max_model_bytes
        self.interpretable = interpretable

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Evolve pipelines, and fit the best of them on all rows.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Table of numbers, strings, categories, booleans and dates; values may be missing. It may
            be of pandas, polars or pyarrow, an array, a sparse matrix, or a list of dictionaries.
            Strings are read as what they stand for, see `columns_`.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Target: class labels or numbers, of any type of numpy, pandas, Polars or Arrow. Several
            columns are numbers for a regressor, and labels of 0 and 1 for a classifier. Rows
            without a target are left out, with a warning.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; an integer weight counts as that many equal rows. They are passed
            to every step and metric that can use them, and to the fit of the ensemble's pool.
        groups : array-like of shape (n_samples,), default=None
            Group of each row. Rows of one group are never divided between a training and a
            validation part. Pipelines do not divide them inside their fits either: stacks, target
            encoders and calibrated support vector machines are not used, the number of boosting
            rounds is a parameter instead of found by early stopping, and texts are encoded without
            the target.

        Returns
        -------
        self : estimator
            Fitted estimator.

        Raises
        ------
        InputError, InputTypeError
            If an argument breaks its rule. They are a ValueError and a TypeError too.
        NoPipelineError
            If every candidate failed; the message lists the commonest reasons.
        """
        request = self._request(self.time_budget, self.max_evaluations, self.run_dir)
        return self._search(request, X, y, sample_weight, groups)

    def _fit(
        self, X: Any, y: Any, begun: Callable[[], object], sample_weight: Any, groups: Any
    ) -> Self:
        """Fit, and call `begun` once the run folder belongs to this run, for the command line."""
        request = self._request(self.time_budget, self.max_evaluations, self.run_dir)
        return self._search(replace(request, begun=begun), X, y, sample_weight, groups)

    def refine(
        self,
        X: Any,
        y: Any,
        time_budget: float | None = 60.0,
        max_evaluations: int | None = None,
        sample_weight: Any = None,
        groups: Any = None,
    ) -> Self:
        """Continue a finished run by refining the parameter values of the pipelines on its front.

        A pickle of an estimator does not hold its out-of-fold predictions. If there is no `run_dir`
        that holds them, an ensemble is chosen from new candidates alone, with a warning.

        Parameters
        ----------
        X, y, sample_weight, groups
            Arguments of `fit`, the same data.
        time_budget : float or None, default=60.0
            Seconds in addition to those of the run so far; None: no limit.
        max_evaluations : int, default=None
            Number of candidates in addition to those of the run so far; None: no limit.

        Returns
        -------
        self : estimator
            Fitted estimator.

        Raises
        ------
        InputError, InputTypeError
            If an argument breaks its rule, or if data or settings are not those of the run.
        """
        check_is_fitted(self)
        given, kept_in = self._kept_in
        # A relative `run_dir` still means the folder of `fit` after the working directory changed.
        folder = kept_in if self.run_dir == given else self.run_dir
        request = self._request(time_budget, max_evaluations, folder)
        return self._search(request, X, y, sample_weight, groups, self._history)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions of the ensemble, or of `best_pipeline_` if there is none.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Table with the columns of `fit`, of any type and with more columns beside them. They are
            read as in `fit`, see `columns_`. Columns with names may be in any order.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Class labels or numbers; of several labels 1 for each that is more probable than not.

        Raises
        ------
        InputError
            If `X` is not a table with the columns of `fit`.
        """
        table = self._read(X)
        if not len(table):
            return self._fitted_task.decided(np.empty((0, *self._fitted_task.output_shape)))
        predictions: np.ndarray = self._model.predict(table)
        return predictions

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the score of the predictions by `scoring`; greater is better.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Table with the columns of `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True class labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, if the scorer takes any.

        Returns
        -------
        float
            Score of the model that `predict` uses.
        """
        check_is_fitted(self)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.scorer_(self, X, self._scored_target(y), **weights))

    def _scored_target(self, y: Any) -> np.ndarray:
        """Return true labels or numbers as `fit` reads them."""
        from evolver.checks import check_target

        values, known = check_target(y, self._family, [])
        if not known.all():
            raise InputError(
                f"`y` must have a value in every row to score, got {(~known).sum()} rows without:"
                " leave them out."
            )
        return values

    @property
    def _family(self) -> type[Task]:
        """Kind of the target, of one or several columns."""
        from evolver.task import TASKS

        return TASKS["classification" if is_classifier(self) else "regression"]

    @property
    def _model(self) -> Any:
        """Estimator that `predict` uses."""
        check_is_fitted(self)
        return self._members.fitted(self._members.digest_of(None))

    def select(self, member: str = "best") -> Any:
        """Return a member of the Pareto front, fitted on all rows.

        Parameters
        ----------
        member : str, default="best"
            Rule or digest. ``"best"``: `best_pipeline_`. ``"ensemble"``: the ensemble, if there is
            one. ``"one_se"``: the simplest pipeline whose score is within one standard error of the
            best. ``"simplest"``: the simplest candidate, with the fewest settings off their
            defaults, that loses no more to the best than the standard error of the loss over the
            folds; it may not be on the front. ``"knee"``: the pipeline after which more complexity
            gains little. Otherwise a digest of `pareto_front_`, or its first characters if no other
            digest has them.

        Returns
        -------
        estimator
            Fitted pipeline or ensemble. Of two classes it may be inside a `PlattScaledClassifier`,
            which calibrates its probabilities, and a `FixedThresholdClassifier`.

        Raises
        ------
        InputError
            If there is no such member, or if it was not fitted before the estimator was pickled:
            a pickle holds no data.
        """
        check_is_fitted(self)
        return self._members.fitted(member)

    @property
    def feature_importances_(self) -> np.ndarray:
        """Importances of the columns that the last model of `best_pipeline_` has learned."""
        from evolver.report.native_importances import native_importances

        check_is_fitted(self)
        return native_importances(self.best_pipeline_, list(self._schema.profiles))

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for a pickle, without the data and the out-of-fold predictions."""
        if getattr(self, "_finished", None) is not None:
            self._facts  # noqa: B018  # the problem and the result are not in the pickle
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[call-overload]  # BaseEstimator's
        if "_history" in state:
            state["_history"] = replace(self._history, predictions={})
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]  # BaseEstimator has it
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        tags.non_deterministic = False
        tags.target_tags.multi_output = True
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = True
        return tags

    def _request(
        self,
        time_budget: float | None,
        max_evaluations: int | None,
        run_dir: str | Path | None,
    ) -> FitRequest:
        """Return the arguments of a call; all that do not depend on the data are checked."""
        start = monotonic()  # the budget covers the imports and the checks
        from evolver import checks
        from evolver.presets import check_preset
        from evolver.session import FitRequest

        preset = check_preset(self.preset, self.interpretable)
        estimators = self.estimators
        if estimators is not None:
            estimators = checks.check_estimators(estimators)
        checks.check_positive("time_budget", time_budget)
        if max_evaluations is not None:
            checks.check_at_least(1, "max_evaluations", max_evaluations)
        if self.population_size is not None:
            checks.check_at_least(2, "population_size", self.population_size)
        return FitRequest(
            task=self._family,
            budget=Budget(time_budget, max_evaluations),
            settings=preset.settings_beside(checks.check_settings(self.settings)),
            workers=checks.check_workers(self.n_jobs),
            scoring=self.scoring,
            objectives=checks.check_complexity(self.complexity),
            cv=preset.cv if self.cv is None else self.cv,
            time=self.time,
            population_size=self.population_size or preset.population_size,
            search_space=preset.space_of(self.search_space, estimators, self._family.family),
            random_state=self.random_state,
            run_dir=None if run_dir is None else checks.check_folder("run_dir", run_dir),
            verbose=self.verbose,
            columns=self.columns,
            estimators=estimators,
            template=None if self.template is None else checks.check_template(self.template),
            earlier=checks.check_warm_start(self.warm_start),
            limits=checks.check_limits(self.max_predict_seconds, self.max_model_bytes),
            start=start,
            threshold=getattr(self, "threshold", None),
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
        """Run a search, and set its results as attributes.

        Parameters
        ----------
        request : FitRequest
            Arguments of the call without the data.
        X, y, sample_weight, groups
            Data of `fit`.
        so_far : History, optional
            State of the run to refine.
        """
        # Modules that are needed after the search are imported before it. Afterwards memory may be
        # short or files may be gone.
        from evolver import checks
        from evolver.estimators.program import fit_facts
        from evolver.front_members import Members
        from evolver.report import frames
        from evolver.report.families import best_by_family
        from evolver.report.run_folder import keep
        from evolver.report.sentences import summary
        from evolver.run.interrupt import first_interrupt_noted, stops_raised
        from evolver.run.progress import say_summary
        from evolver.session import search

        # A signal ends the search, which then returns the best so far. The first signal after that
        # is only noted, so that all attributes are set.
        given, X = X, checks.as_table(X)
        with stops_raised():
            problem, result, self._history = search(request, X, y, sample_weight, groups, so_far)
            with first_interrupt_noted():
                assert problem.schema is not None  # `search` has learned it
                self._schema: Schema = problem.schema
                # This sets `n_features_in_` and `feature_names_in_`.
                validate_data(self, given if self._schema.is_sparse else X, skip_check_array=True)
                self.columns_ = self._schema.table()
                self._fitted_task: Task = problem.task
                self._n_folds = len(problem.folds)
                self._is_weighted = problem.sample_weight is not None
                self._fit_facts = fit_facts(problem, X)
                self._date = date.today().isoformat()
                self.target_name_ = checks.target_name(y)
                self._target_is_text = checks.needs_reading(y, is_classifier(self))
                self._set_scorers(problem)
                rule = checks.check_threshold(
                    request.threshold, problem.task, problem.y, self.scorer_
                )
                result = with_lines(problem, result, rule)
                self._members = Members(problem, result, rule)
                problem = self._learn_decisions(problem)
                self.warnings_ = list(problem.findings)
                self.best_pipeline_ = result.pipeline
                self.best_score_ = result.best_score
                self.honest_score_ = result.honest
                costs, names = problem.objectives, list(problem.reported)
                self.leaderboard_ = frames.leaderboard(result.records, costs, names)
                usage = result.usage if problem.limits.are_set else None
                self.pareto_front_ = frames.pareto_front(
                    result.front, result.ensemble, costs, names, usage
                )
                self.best_by_family_ = best_by_family(result.records)
                self.statistics_ = frames.statistics(result, problem.folds)
                self.ensemble_ = None if result.ensemble is None else result.ensemble.estimator
                self._kept_in = self.run_dir, request.run_dir
                self._kept_facts, self._finished = None, (problem, result)
                if request.run_dir is not None:
                    keep(self, request.run_dir)
                if request.verbose and self._facts is not None:
                    folder = None if self.run_dir is None else str(self.run_dir)
                    say_summary(monotonic() - request.start, summary(self._facts, folder))
        return self

    def _set_scorers(self, problem: Problem) -> None:
        """Set the scorers of a problem as they score the model, the optimised one first."""
        from evolver.checks import leading_name
        from evolver.evaluation.thresholds import undecided

        first = leading_name(self.scoring, problem.task)
        scorers = {first: problem.scorer, **problem.reported}
        self.scorers_ = {name: undecided(scorer) for name, scorer in scorers.items()}
        self.scorer_ = self.scorers_[first]

    def _read(self, X: Any) -> pd.DataFrame:
        """Return a table with the columns that pipelines learn from, read by the schema of fit.

        A warning is issued for each finding in the table.
        """
        from evolver import checks
        from evolver.warned import warn_of

        check_is_fitted(self)
        table = checks.as_table(X, as_sparse=self._schema.is_sparse)
        by_name = hasattr(self, "feature_names_in_") and checks.has_names(table)
        if by_name and set(self._schema.learned) <= set(table.columns):
            table, findings = checks.columns_of_fit(self._schema, table)
        else:
            try:
                matrix = table if not self._schema.is_sparse else table.iloc[:, 0].array.matrix
                validate_data(self, matrix, reset=False, skip_check_array=True)
            except ValueError as error:
                raise InputError(f"`X` must have the columns of fit: {error}") from None
            table, findings = table.set_axis(list(self._schema.profiles), axis=1), []
        read, more = checks.read_to_predict(self._schema, checks.check_table(table, min_rows=0))
        for finding in (*findings, *more):
            warn_of(finding, stacklevel=3)  # the line that calls `predict`
        return read
