"""The scikit-learn estimators: what most users see of the package."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.utils.validation import check_is_fitted, validate_data

from evolver.errors import InputError
from evolver.problem import Budget

if TYPE_CHECKING:
    from evolver.problem import Settings
    from evolver.session import FitRequest
    from evolver.storage.journal import History
    from primitives import Catalogue

PARAMETERS = """
    Parameters
    ----------
    time_budget : float or None, default=300.0
        Seconds for all of `fit`, the final fit included; None: no limit.
    max_evaluations : int, default=None
        Candidates to try. With a seed, ``time_budget=None`` and ``Settings(lag=16)`` a run finds
        and predicts the same on any number of workers; where a limit of time decides all the same,
        that is logged, and said in `statistics_`.
    scoring : str or callable, default=None
        scikit-learn scorer; None: {scoring}.
    complexity : {{"operators", "fit_time", "predict_time", "size"}} or callable,
    default="operators"
        The second objective, less is better: steps, seconds to fit or to predict a fold, bytes of
        the pickled pipeline, or a function of the fitted pipeline. Measured times differ from run
        to run, and so does a search on them.
    cv : int, splitter or iterable of splits, default=5
        Number of shuffled{stratified} folds, or a scikit-learn splitter, which is taken at its
        word. Where every fold validates on later rows than it fits on, rows are in an order of
        time, and nothing splits them at random inside a fit, as with `groups`.{unknown}
    population_size : int, default=50
    search_space : primitives.Catalogue, default=None
        Primitives that pipelines are made of; None: `primitives.default_catalogue`.
    n_jobs : int, default=-1
        Worker processes; -1: one for each core.
    random_state : int, RandomState, Generator or None, default=None
    run_dir : str or Path, default=None
        Folder that keeps a run: its journal and out-of-fold predictions, the fitted model, the
        leaderboard, the front and the exported winner. It must be new, empty, or hold a run; where
        that is on the same data and settings, it goes on. None: nothing is kept.
    verbose : int, default=1
        0 is silent; 1 says how the search goes on, on standard error.
    settings : evolver.Settings, default=None
        What an expert may turn.
    warm_start : str, Path or list of them, default=None
        Folders of runs, on any table: the pipelines of their fronts are tried first. They are read
        from the journals, so the runs may have been killed or still go on.

    Attributes
    ----------
    best_pipeline_ : Pipeline
        The winner, fitted on all rows.
    best_score_ : float
        Its mean score over the folds that it was chosen on; NaN where no candidate had all its
        folds scored.
    ensemble_ : VotingClassifier, VotingRegressor, a classifier around one, or None
        A weighted average of a few candidates, fitted, where such an average does better than the
        best candidate on folds that neither was chosen on: it is what predicts then. Where the
        scorer is the log loss, its probabilities are scaled by a temperature, and averaged with a
        logarithmic pool, if that does better. None: `best_pipeline_` predicts.
    pareto_front_ : DataFrame
        rank, score, std, complexity, pipeline and digest of the non-dominated candidates, best
        score first. `std` is the sample standard deviation over the folds (by n - 1). The ensemble
        is the first, as it predicts; its digest is "ensemble". Its score is of folds that it was
        not chosen on, so it may be below that of a pipeline, which the best of many owes to luck.
    leaderboard_ : DataFrame
        A row for every candidate in the order asked: number, digest, pipeline, outcome, failure,
        reason, score, std, complexity, seconds, proposer, operator, parents.
    statistics_ : dict
        Candidates by outcome; of the folds that this call has run, all workers together, their
        seconds, and the seconds and the share of lookups that the cache saved; what ended the
        search: "time", "evaluations", "patience", "interrupt", or "error" where the system failed.
        "decided_by_time" lists the parts of the result that more or less time might have changed,
        such as "the members of the ensemble"; with a seed and where it is empty, the same call
        finds the same. "failed_fits" has digest and reason of each fit on all rows that failed.
    scorer_ : callable
    target_name_ : str
        Name of the target, "target" where it has none.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where `X` had column names.
"""


CLASSIFIER_SCORING = '"roc_auc" for two classes, else "neg_log_loss"'


UNKNOWN = """
        Rows to validate whose class is in no row to fit on are not scored, and a warning says so.
        Of shuffled folds without groups there are none: a row alone in its class is always fitted
        on."""


class _Evolved:
    """What the classifier and the regressor share; scikit-learn's own bases come after it."""

    def __init__(
        self,
        time_budget: float | None = 300.0,
        max_evaluations: int | None = None,
        scoring: str | Callable[..., float] | None = None,
        complexity: str | Callable[[Any], float] = "operators",
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
            Numbers, strings, categories, booleans and dates, with gaps where need be.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Reach every step that can use them, and the metric if it can.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group are never split over a training and a validation part. Nor does a
            pipeline split them inside its fit: no primitive that does is tried (stacks, target
            encoders, calibrated machines), boosting takes its number of rounds as one more value
            to choose, and texts are read without the target.

        Raises
        ------
        InputError, InputTypeError
            When an argument breaks its rule; also a ValueError or TypeError.
        NoPipelineError
            When no candidate succeeded; the message lists the commonest reasons.
        """
        call = self._call(self.time_budget, self.max_evaluations, self.run_dir)
        return self._search(call, X, y, sample_weight, groups)

    def _fit(self, X: Any, y: Any, begun: Callable[[], object]) -> Self:
        """Fit, and call `begun` once the run folder is this run's: for the command line."""
        call = self._call(self.time_budget, self.max_evaluations, self.run_dir)
        return self._search(replace(call, begun=begun), X, y, None, None)

    def refine(
        self,
        X: Any,
        y: Any,
        time_budget: float | None = 60.0,
        max_evaluations: int | None = None,
        sample_weight: Any = None,
        groups: Any = None,
    ) -> Self:
        """Go on with a finished run, with refinement alone.

        An estimator that was pickled has out-of-fold predictions only in its `run_dir`; without
        them an ensemble is chosen from new candidates alone.

        Parameters
        ----------
        X, y, sample_weight, groups
            Those of `fit`.
        time_budget : float or None, default=60.0
            Seconds, on top of those of the run so far; None: no limit.
        max_evaluations : int, default=None
            Candidates, on top of those so far.

        Raises
        ------
        InputError, InputTypeError
            When an argument breaks its rule, or data or settings are not those of the run.
        """
        check_is_fitted(self)
        given, kept_in = self._kept_in
        folder = kept_in if self.run_dir == given else self.run_dir
        call = self._call(time_budget, max_evaluations, folder)
        return self._search(call, X, y, sample_weight, groups, self._history)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions of the ensemble, or of `best_pipeline_` where there is none.

        Of shape (n_samples,).

        Raises
        ------
        InputError
            When `X` is no table with the columns of `fit`; they are taken by name, in any order.
        """
        table = self._check_columns(X)
        predictions: np.ndarray = self._model.predict(table)
        return predictions

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the score of the predictions by `scoring`, greater is better."""
        check_is_fitted(self)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.scorer_(self, X, y, **weights))

    @property
    def _model(self) -> Any:
        """What predicts."""
        check_is_fitted(self)
        return self.best_pipeline_ if self.ensemble_ is None else self.ensemble_

    def select(self, member: str = "best") -> Any:
        """Return a member of the Pareto front, fitted on all rows.

        Parameters
        ----------
        member : str, default="best"
            ``"best"``: the pipeline of the best score. ``"ensemble"``: the ensemble, where there is
            one. ``"one_se"``: the simplest within one standard error of the best. ``"knee"``: where
            more complexity begins to buy little. Or a digest of `pareto_front_`.

        Raises
        ------
        InputError
            When there is no such member, or it was not fitted before the estimator was pickled:
            data are not kept.
        """
        check_is_fitted(self)
        return self._members.fitted(member)

    def export(self, path: str | Path, member: str | None = None) -> None:
        """Write what predicts, or a member of the front, as a Python file that runs without us.

        The file has `make_pipeline`, which returns the unfitted pipeline, and is a program that
        fits on a table and predicts another. It has no sample weights: to a model that was fitted
        with some it gives the pipeline, not the same predictions.

        Parameters
        ----------
        path : str or Path
        member : str, default=None
            As in `select`; None: what `predict` uses.

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
        """Leave predictions out of pickles; what else knows data leaves those out itself."""
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

    def _call(
        self,
        time_budget: float | None,
        max_evaluations: int | None,
        run_dir: str | Path | None,
    ) -> FitRequest:
        """Check what does not depend on the data."""
        start = time.monotonic()
        from evolver import checks
        from evolver.session import FitRequest

        checks.check_positive("time_budget", time_budget)
        if max_evaluations is not None:
            checks.check_at_least(1, "max_evaluations", max_evaluations)
        checks.check_at_least(2, "population_size", self.population_size)
        checks.check_complexity(self.complexity)
        return FitRequest(
            is_classifier(self),
            Budget(time_budget, max_evaluations),
            checks.check_settings(self.settings),
            checks.check_workers(self.n_jobs),
            self.scoring,
            self.complexity,
            self.cv,
            self.population_size,
            self.search_space,
            self.random_state,
            None if run_dir is None else checks.check_folder("run_dir", run_dir),
            self.verbose,
            checks.check_warm_start(self.warm_start),
            start,
        )

    def _search(
        self,
        call: FitRequest,
        X: Any,
        y: Any,
        sample_weight: Any,
        groups: Any,
        so_far: History | None = None,
    ) -> Self:
        """Search, and set what was found as attributes."""
        # All that is needed after the search is imported before it: nothing may be loadable then.
        from evolver.front_members import Members
        from evolver.report import frames
        from evolver.report.run_folder import keep
        from evolver.run.interrupt import first_interrupt_noted, stops_raised
        from evolver.session import search

        with stops_raised():
            problem, result, self._history = search(call, X, y, sample_weight, groups, so_far)
            with first_interrupt_noted():
                validate_data(self, X, skip_check_array=True)
                self._columns = list(problem.X.columns)
                self._n_folds = len(problem.folds)
                self.target_name_ = _name_of(y)
                self.scorer_ = problem.scorer
                self.best_pipeline_ = result.pipeline
                self.best_score_ = result.best_score
                self.leaderboard_ = frames.leaderboard(result.records)
                self.pareto_front_ = frames.pareto_front(result.front, result.ensemble)
                self.statistics_ = frames.statistics(result)
                self.ensemble_ = None if result.ensemble is None else result.ensemble.estimator
                self._members = Members(problem, result)
                self._kept_in = self.run_dir, call.run_dir
                if call.run_dir is not None:
                    keep(self, call.run_dir)
        return self

    def _check_columns(self, X: Any) -> pd.DataFrame:
        """Return a table to predict with the columns of `fit`, in their order."""
        from evolver import checks

        check_is_fitted(self)
        table = checks.check_table(X)
        named = isinstance(X, pd.DataFrame) and hasattr(self, "feature_names_in_")
        is_ordered = self._columns == list(table.columns)  # to take all of many columns is slow
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


class EvolvedClassifier(_Evolved, ClassifierMixin, BaseEstimator):
    __doc__ = f"""Evolves classification pipelines within a budget, and predicts with the best.

    {PARAMETERS.format(scoring=CLASSIFIER_SCORING, stratified=" and stratified", unknown=UNKNOWN)}
    classes_ : ndarray of shape (n_classes,)

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from evolver import EvolvedClassifier
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = EvolvedClassifier(max_evaluations=4, random_state=0, verbose=0).fit(X, y)
    >>> model.predict_proba(X).shape
    (150, 3)
    """

    @property
    def classes_(self) -> np.ndarray:
        """The class labels, in the order of the columns of `predict_proba`."""
        check_is_fitted(self, "best_pipeline_")
        classes: np.ndarray = self.best_pipeline_.classes_
        return classes

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, of whom `predict` says, of shape (n_samples, n_classes)."""
        table = self._check_columns(X)
        probabilities: np.ndarray = self._model.predict_proba(table)
        return probabilities


class EvolvedRegressor(_Evolved, RegressorMixin, BaseEstimator):
    __doc__ = f"""Evolves regression pipelines within a budget, and predicts with the best.

    {PARAMETERS.format(scoring='"neg_root_mean_squared_error"', stratified="", unknown="")}
    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from evolver import EvolvedRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = EvolvedRegressor(max_evaluations=4, random_state=0, verbose=0).fit(X, y)
    >>> model.predict(X).shape
    (442,)
    """
