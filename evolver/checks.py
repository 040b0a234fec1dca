"""The door: what a caller gives is checked and put in order before any work starts.

Every complaint names the argument, the rule and the value.
"""

from __future__ import annotations

import inspect
import tempfile
import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import get_scorer, get_scorer_names, log_loss, make_scorer
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from evolver.errors import InputError, InputTypeError
from evolver.evaluation.fold import score_of
from evolver.evaluation.folds import make_folds, make_ladder
from evolver.evaluation.objectives import COMPLEXITIES
from evolver.genome.codec import Encoded, encode
from evolver.problem import Fold, Problem, Scorer
from evolver.record import MODEL_FILE
from evolver.search.portfolio import experience_of
from primitives import Catalogue, Traits, default_catalogue
from primitives.transformers import TableCleaner, as_frame

DEFAULT_SCORING = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "neg_root_mean_squared_error",
}
MIN_ROWS = 2
"""Fewer cannot be split into a training and a validation part."""


def check_table(X: Any, min_rows: int = 1) -> pd.DataFrame:
    """Return a table as a DataFrame with unique names.

    Raises
    ------
    InputError, InputTypeError
        When it is sparse, complex or not two-dimensional, has too few rows or no column, or bad
        column names.
    """
    if scipy.sparse.issparse(X):
        raise InputTypeError(
            "`X` must be dense: sparse input is not supported, call toarray() first."
        )
    if not isinstance(X, pd.DataFrame):
        try:
            X = check_array(
                X, dtype=None, ensure_all_finite=False, ensure_min_samples=0, ensure_min_features=0
            )
        except ValueError as error:
            raise InputError(f"`X` must be a table: {error}") from None
        except TypeError as error:
            raise InputTypeError(f"`X` must be a table: {error}") from None
    for axis, noun, least in ((0, "sample(s)", min_rows), (1, "feature(s)", 1)):
        if X.shape[axis] < least:
            raise InputError(
                f"`X` must have enough rows and columns: {X.shape[axis]} {noun} (shape={X.shape})"
                f" while a minimum of {least} is required."
            )
    frame: pd.DataFrame = as_frame(X)
    strange = [name for name in frame.columns if not isinstance(name, str)]
    if strange:
        raise InputTypeError(f"`X` must have column names that are strings, got {strange[:5]}.")
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    if twice:
        raise InputError(f"`X` must have unique column names, got duplicates of {twice[:5]}.")
    return frame


def check_target(y: Any, *, classification: bool) -> np.ndarray:
    """Return a target as an array of shape (n_samples,): labels as they are, numbers as float64.

    Raises
    ------
    InputError
        When it is missing, not one-dimensional, has NaN or infinite values, or is continuous where
        classes are wanted.
    """
    if y is None:
        raise InputError(
            "`y` must be given: this estimator requires y to be passed, but the target y is None."
        )
    try:
        target: np.ndarray = column_or_1d(y, warn=True)
    except ValueError as error:
        raise InputError(f"`y` must be one column: {error}") from None
    missing = np.flatnonzero(pd.isna(target))
    if len(missing):
        raise InputError(
            f"`y` must have no missing values: Input y contains NaN, first in row {missing[0]}."
        )
    if not classification:
        return _numeric_target(target)
    try:
        check_classification_targets(target)
    except ValueError as error:
        raise InputError(f"`y` must be class labels: {error}") from None
    except TypeError:
        kinds = sorted({type(label).__name__ for label in target})
        raise InputTypeError(f"`y` must have labels of one type, got {', '.join(kinds)}.") from None
    return target


def _numeric_target(target: np.ndarray) -> np.ndarray:
    try:
        numbers = np.asarray(target, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"`y` must be numbers for regression: {error}") from None
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        raise InputError(
            f"`y` must be finite: Input y contains infinity, first in row {infinite[0]}."
        )
    return numbers


def check_rows(X: pd.DataFrame, y: np.ndarray, sample_weight: Any, groups: Any) -> tuple[Any, Any]:
    """Return weights and groups as arrays, all of one length with X and y.

    Raises
    ------
    InputError
        When lengths differ, weights are negative, all zero or not finite, or a group is missing.
    """
    try:
        check_consistent_length(X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if groups is not None:
            groups = column_or_1d(groups)
            check_consistent_length(X, groups)
    except ValueError as error:
        raise InputError(
            f"`X`, `y`, `sample_weight` and `groups` must have a row each: {error}"
        ) from None
    if sample_weight is not None and ((sample_weight < 0).any() or not sample_weight.any()):
        raise InputError(
            "`sample_weight` must be at least 0 and not all 0, got a minimum of"
            f" {sample_weight.min()}."
        )
    if groups is not None and pd.isna(groups).any():
        raise InputError("`groups` must name a group for every row, got missing values.")
    return sample_weight, groups


def check_classes(y: np.ndarray, sample_weight: np.ndarray | None) -> None:
    """Raise unless there are two classes or more among the rows that have a weight."""
    classes = np.unique(y if sample_weight is None else y[sample_weight > 0])
    if len(classes) < 2:
        raise InputError(
            f"`y` must have at least 2 classes, got one class: {classes[:1].tolist()}."
        )


def check_scorer(scoring: Any, task: str, y: np.ndarray) -> Scorer:
    """Return the scorer that `scoring` stands for.

    Raises
    ------
    InputError, InputTypeError
        When the name is unknown, or it is a metric where a scorer belongs, or neither.
    """
    scoring = DEFAULT_SCORING[task] if scoring is None else scoring
    if scoring == "neg_log_loss" and task != "regression":
        # A fold may lack a rare class; the labels make the loss defined there.
        scorer: Scorer = make_scorer(
            log_loss, greater_is_better=False, response_method="predict_proba", labels=np.unique(y)
        )
        return scorer
    if isinstance(scoring, str):
        if scoring not in get_scorer_names():
            raise InputError(
                f"`scoring` must be the name of a scorer ({', '.join(get_scorer_names())}), got"
                f" {scoring!r}."
            )
        scorer = get_scorer(scoring)
        return scorer
    if not callable(scoring):
        raise InputTypeError(f"`scoring` must be a scorer, its name or None, got {scoring!r}.")
    names = list(inspect.signature(scoring).parameters)
    if len(names) < 3 or names[0] in ("y_true", "labels_true", "y"):
        raise InputError(
            "`scoring` must be a scorer, called with (estimator, X, y); got a metric"
            f" {getattr(scoring, '__name__', scoring)!r}: wrap it with sklearn.metrics.make_scorer."
        )
    scorer = scoring
    return scorer


def check_complexity(complexity: Any) -> str | Callable[[Any], float]:
    """Return the second objective; InputError when it is neither a known name nor callable."""
    if callable(complexity) or complexity in COMPLEXITIES:
        return complexity  # type: ignore[no-any-return]  # one of the two, as just checked
    raise InputError(
        f"`complexity` must be one of {sorted(COMPLEXITIES)} or a callable, got {complexity!r}."
    )


def check_positive(name: str, value: Any) -> None:
    """Raise unless `value` is None or a finite number above 0."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputTypeError(f"`{name}` must be a number or None, got {value!r}.")
    if not 0 < float(value) < float("inf"):
        raise InputError(f"`{name}` must be finite and above 0, got {value!r}.")


def check_at_least(least: int, name: str, value: Any) -> None:
    """Raise unless `value` is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InputTypeError(f"`{name}` must be an integer, got {value!r}.")
    if int(value) < least:
        raise InputError(f"`{name}` must be at least {least}, got {value!r}.")


def check_workers(n_jobs: Any) -> int:
    """Return a number of workers: None is 1, -1 is one for each core that may be used."""
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise InputTypeError(f"`n_jobs` must be an integer or None, got {n_jobs!r}.")
    jobs = 1 if n_jobs is None else int(n_jobs)
    if jobs == 0:
        raise InputError(
            "`n_jobs` must be at least 1, or negative to count from the number of cores, got 0."
        )
    return jobs if jobs > 0 else max(1, joblib.cpu_count() + 1 + jobs)


def check_generator(random_state: Any) -> np.random.Generator:
    """Return the Generator that a seed, a RandomState or None stands for."""
    if isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state.integers(2**32, size=4).tolist())
    if random_state is None:
        return np.random.default_rng()
    try:
        return np.random.default_rng(check_random_state(random_state).randint(2**31))
    except ValueError as error:
        raise InputError(f"`random_state` must be a seed: {error}") from None


def check_folder(name: str, folder: Any) -> Path:
    """Return a folder, made where it does not exist; InputError when it cannot be written to."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise InputError(
            f"`{name}` must be a folder that can be written to, got {str(folder)!r}: {error}"
        ) from None


def check_warm_start(warm_start: Any) -> tuple[Encoded, ...]:
    """Return the pipelines of the fronts of finished runs, given by their folders.

    Raises
    ------
    InputError, InputTypeError
        When one of them is no such thing.
    """
    if warm_start is None or warm_start is False:  # as scikit-learn's own estimators have it
        return ()
    folders = warm_start if isinstance(warm_start, list | tuple) else [warm_start]
    return tuple(tree for folder in folders for tree in _front_of(folder))


def check_portfolio(folder: str | Path | None, task: str) -> None:
    """Raise an InputError where a folder holds nothing that was learned for a task."""
    if folder is None:
        return
    try:
        experience_of(task, folder)
    except Exception as error:  # whatever a file that is no such thing raises
        raise InputError(
            "`settings.portfolio` must be a folder as benchmarks/portfolio/learn.py writes it, got"
            f" {str(folder)!r}: {error}"
        ) from error


def _front_of(folder: Any) -> list[Encoded]:
    if not isinstance(folder, str | Path):
        raise InputTypeError(
            f"`warm_start` must be a folder of a finished run, a list of them or None, got"
            f" {folder!r}."
        )
    try:
        return [encode(one.candidate.tree) for one in joblib.load(Path(folder) / MODEL_FILE)._front]
    except Exception as error:  # whatever a file that is no model raises
        raise InputError(
            f"`warm_start` must name folders of finished runs, got {str(folder)!r}: {error}"
        ) from error


def scorable_folds(
    X: pd.DataFrame,
    y: np.ndarray,
    cv: Any,
    scorer: Scorer,
    *,
    classification: bool,
    sample_weight: np.ndarray | None,
    groups: np.ndarray | None,
    rng: np.random.Generator,
) -> list[Fold]:
    """Return folds on each of which the constant prediction can be scored.

    Where a class has fewer members than there are folds, a warning says so; if then a fold cannot
    be scored, there are only as many folds as the rarest class has members.

    Raises
    ------
    InputError, InputTypeError
        When `cv` is no splitter or out of range, or `scoring` cannot score these data; the message
        says why.
    """
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        check_at_least(2, "cv", cv)
        cv = int(cv)
        if cv > len(y):
            raise InputError(f"`cv` must be at most the number of rows, {len(y)}, got {cv}.")
    elif isinstance(cv, bool | str) or not (hasattr(cv, "split") or hasattr(cv, "__iter__")):
        raise InputTypeError(f"`cv` must be a number of folds or a splitter, got {cv!r}.")
    attempts = [cv]
    if classification and isinstance(cv, int):
        labels, counts = np.unique(y, return_counts=True)
        fewest = int(counts.min())
        if fewest < cv:
            label = labels[counts.argmin()]
            message = f"Class {label!r} has {fewest} rows, fewer than the {cv} folds of `cv`."
            warnings.warn(message, UserWarning, stacklevel=6)
            attempts.append(max(2, fewest))
    for attempt in attempts:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                folds = make_folds(
                    X, y, attempt, classification=classification, groups=groups, rng=rng
                )
        except ValueError as error:
            failure = f"`cv` must be able to split these {len(y)} rows, got {cv!r}: {error}"
            continue
        failure = _why_not_scorable(folds, X, y, scorer, classification, sample_weight)
        if not failure:
            return folds
    raise InputError(failure)


def scorable_ladder(
    X: pd.DataFrame,
    y: np.ndarray,
    folds: Sequence[Fold],
    scorer: Scorer,
    *,
    classification: bool,
    sample_weight: np.ndarray | None,
    rng: np.random.Generator,
) -> list[Fold]:
    """Return folds of fewer rows on each of which the constant prediction can be scored, or
    none."""
    ladder = make_ladder(folds, y, classification=classification, rng=rng)
    failure = _why_not_scorable(ladder, X, y, scorer, classification, sample_weight)
    return [] if failure else ladder


def _why_not_scorable(
    folds: Sequence[Fold],
    X: pd.DataFrame,
    y: np.ndarray,
    scorer: Scorer,
    classification: bool,
    sample_weight: np.ndarray | None,
) -> str:
    """Return why the constant prediction cannot be scored on some fold; empty where it can on
    all."""
    for number, (train, valid) in enumerate(folds):
        if not len(train) or not len(valid):
            return f"`cv` must leave rows to fit and to validate, got fold {number} without."
        dummy = DummyClassifier(strategy="prior") if classification else DummyRegressor()
        weights = None if sample_weight is None else sample_weight[valid]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dummy.fit(X.iloc[train], y[train])
                score_of(scorer, dummy, X.iloc[valid], y[valid], weights)
        except Exception as error:
            return (
                "`scoring` must be able to score a constant prediction on every fold, got"
                f" {scorer} on fold {number}:"
                f" {type(error).__name__}: {error}"
            )
    return ""


def traits_of(problem: Problem) -> Traits:
    """Return what a catalogue may know of a problem."""
    cleaned = TableCleaner().fit_transform(problem.X)
    numbers = cleaned.select_dtypes("number")
    smallest_class = 0
    if problem.task != "regression":
        classes = len(np.unique(problem.y))
        counts = [np.unique(problem.y[train], return_counts=True)[1] for train, _ in problem.folds]
        smallest_class = min(int(count.min()) if len(count) == classes else 0 for count in counts)
    return Traits(
        task=problem.task,
        rows=min(len(train) for train, _ in problem.folds),
        numbers=numbers.shape[1],
        categories=cleaned.shape[1] - numbers.shape[1],
        gaps=bool(numbers.isna().any(axis=None)),
        smallest_class=smallest_class,
        target_min=float(problem.y.min()) if problem.task == "regression" else float("nan"),
    )


def selected_catalogue(search_space: Any, problem: Problem, *, grouped: bool) -> Catalogue:
    """Return what of a search space suits a problem; None stands for the default catalogue.

    Raises
    ------
    InputError, InputTypeError
        When it is no catalogue, or holds no complete pipeline for the task.
    """
    catalogue = default_catalogue() if search_space is None else search_space
    if not isinstance(catalogue, Catalogue):
        raise InputTypeError(
            f"`search_space` must be a primitives.Catalogue or None, got {search_space!r}."
        )
    if grouped:  # inner folds would not keep groups together
        catalogue = catalogue.without(*(one.name for one in catalogue if one.cross_fits))
    try:
        return catalogue.select(problem.task, traits_of(problem))
    except ValueError as error:
        raise InputError(str(error)) from None
