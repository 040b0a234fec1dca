"""Tasks: everything that depends on the kind of target.

A task defines how a target is scored, split and averaged, and which simple estimators replace a
pipeline that is missing. A new kind of target needs one more class with the members of `Task`. The
rest of the package uses these members and does not distinguish the kinds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from primitives.several_targets import (
    LABEL,
    MultilabelClassifier,
    MultilabelVoting,
    MultioutputVoting,
    RepeatedMultilabel,
    SubsampledMultilabel,
    labels_of,
)
from primitives.wrappers import (
    RepeatedClassifier,
    RepeatedRegressor,
    SubsampledClassifier,
    SubsampledRegressor,
)

Folds = Sequence[tuple[np.ndarray, np.ndarray]]
"""Pairs of row numbers: those to fit on and those to validate on."""


class Task(Protocol):
    """Kind of target that a run learns to predict."""

    family: ClassVar[str]
    """Name of the kind of target; a portfolio has a file for each."""

    @classmethod
    def of(cls, y: np.ndarray) -> Task:
        """Return the task of predicting a checked target, or several of them."""

    @property
    def name(self) -> str:
        """Name by which primitives know the task, one of `primitives.base.TASKS`."""

    @property
    def kind(self) -> str:
        """What is predicted, in words."""

    @property
    def default_scoring(self) -> str:
        """Name of the scorer that is used if the caller names none."""

    @property
    def classes(self) -> np.ndarray | None:
        """Class labels in the order of the columns of probabilities; None unless one is true."""

    @property
    def model_classes(self) -> Any:
        """Attribute `classes_` of a fitted model; None if it predicts numbers."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the prediction of one row that is scored and averaged."""

    def decided(self, predictions: np.ndarray) -> np.ndarray:
        """Return the labels or numbers that predictions of the shape of the output stand for."""

    def single(self, y: np.ndarray) -> Sequence[tuple[Task, np.ndarray]]:
        """Return each target with a task of its own."""

    def class_counts(self, y: np.ndarray) -> np.ndarray:
        """Return the number of rows of each class in a target, or of all rows if it has none."""

    def target_traits(self, y: np.ndarray, folds: Folds) -> Mapping[str, Any]:
        """Return the fields of `primitives.Traits` that depend on the target."""

    def splitter(self, n_splits: int, *, grouped: bool, seed: int) -> Any:
        """Return the splitter of scikit-learn that makes a number of shuffled folds."""

    def constant(self) -> Any:
        """Return an unfitted estimator that predicts the same for every row."""

    def small_tree(self, max_depth: int) -> Any:
        """Return an unfitted decision tree of limited depth."""

    def subsampled(self, estimator: Any, max_rows: int) -> Any:
        """Return an unfitted estimator that fits another one on at most `max_rows` rows."""

    def repeated(self, pipelines: Sequence[Pipeline]) -> Any:
        """Return a fitted estimator that averages fits of one pipeline with different seeds."""

    def averaged(self, fitted: Sequence[Any], weights: Sequence[float]) -> Any:
        """Return a fitted estimator that predicts the weighted average of fitted estimators."""


@dataclass(frozen=True, eq=False)
class Classification:
    """Prediction of classes and their probabilities.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Class labels, sorted.
    """

    classes: np.ndarray
    family: ClassVar[str] = "classification"

    @classmethod
    def of(cls, y: np.ndarray) -> Task:
        """Return the task of predicting the classes in a checked target, or several labels."""
        return cls(np.sort(_distinct(y))) if y.ndim == 1 else Multilabel(y.shape[1])

    @property
    def name(self) -> str:
        """Name by which primitives know the task."""
        return "binary" if len(self.classes) == 2 else "multiclass"

    @property
    def kind(self) -> str:
        """What is predicted, in words."""
        return f"one of {len(self.classes)} classes"

    @property
    def default_scoring(self) -> str:
        """Name of the scorer that is used if the caller names none."""
        return "roc_auc" if len(self.classes) == 2 else "neg_log_loss"

    @property
    def model_classes(self) -> np.ndarray:
        """Class labels, as a fitted classifier has them."""
        return self.classes

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the prediction of one row: a probability for each class."""
        return (len(self.classes),)

    def decided(self, predictions: np.ndarray) -> np.ndarray:
        """Return the labels of the largest probabilities."""
        labels: np.ndarray = self.classes[np.argmax(predictions, axis=1)]
        return labels

    def single(self, y: np.ndarray) -> Sequence[tuple[Task, np.ndarray]]:
        """Return the target with its task."""
        return [(self, y)]

    def class_counts(self, y: np.ndarray) -> np.ndarray:
        """Return the number of rows of each class that occurs in a target."""
        distinct = _distinct(y)
        return np.bincount(pd.factorize(y)[0])[np.argsort(distinct, kind="stable")]

    def target_traits(self, y: np.ndarray, folds: Folds) -> Mapping[str, Any]:
        """Return the traits of the rarest class and of the labels."""
        counts = [self.class_counts(y[train]) for train, _ in folds]
        of_all = self.class_counts(y)
        return {
            "classes": len(of_all),
            "rarity": float(of_all.min() * len(of_all) / len(y)),
            # A training part may lack a class, which then has no count.
            "smallest_class": min(
                int(count.min()) if len(count) == len(self.classes) else 0 for count in counts
            ),
            "numeral_classes": all(_is_numeral(label) for label in self.classes),
        }

    def splitter(self, n_splits: int, *, grouped: bool, seed: int) -> Any:
        """Return a splitter that keeps the shares of the classes, and groups together."""
        kind = StratifiedGroupKFold if grouped else StratifiedKFold
        return kind(n_splits, shuffle=True, random_state=seed)

    def constant(self) -> Any:
        """Return an unfitted estimator that predicts the shares of the classes."""
        return DummyClassifier(strategy="prior")

    def small_tree(self, max_depth: int) -> Any:
        """Return an unfitted decision tree of limited depth."""
        return DecisionTreeClassifier(max_depth=max_depth, random_state=0)

    def subsampled(self, estimator: Any, max_rows: int) -> Any:
        """Return an unfitted classifier that fits another one on about `max_rows` rows."""
        return SubsampledClassifier(estimator, max_rows=max_rows)

    def repeated(self, pipelines: Sequence[Pipeline]) -> Any:
        """Return a fitted classifier that averages the probabilities of fitted pipelines."""
        return _repeated(RepeatedClassifier, pipelines)

    def averaged(self, fitted: Sequence[Any], weights: Sequence[float]) -> Any:
        """Return a fitted classifier that averages probabilities with weights."""
        estimator = VotingClassifier(_named(fitted), voting="soft", weights=list(weights))
        # `predict` translates the most probable column to its label by this encoder.
        estimator.le_ = LabelEncoder().fit(self.classes)
        estimator.classes_ = estimator.le_.classes_
        return as_if_fitted(estimator)


@dataclass(frozen=True, eq=False)
class Regression:
    """Prediction of numbers."""

    family: ClassVar[str] = "regression"
    name: ClassVar[str] = "regression"
    kind: ClassVar[str] = "a number"
    default_scoring: ClassVar[str] = "neg_root_mean_squared_error"
    classes: ClassVar[None] = None
    model_classes: ClassVar[None] = None
    output_shape: ClassVar[tuple[int, ...]] = ()

    @classmethod
    def of(cls, y: np.ndarray) -> Task:
        """Return the task of predicting a number, or several of them."""
        return cls() if y.ndim == 1 else MultioutputRegression(y.shape[1])

    def decided(self, predictions: np.ndarray) -> np.ndarray:
        """Return the predictions, which are numbers."""
        return predictions

    def single(self, y: np.ndarray) -> Sequence[tuple[Task, np.ndarray]]:
        """Return the target with its task."""
        return [(self, y)]

    def class_counts(self, y: np.ndarray) -> np.ndarray:
        """Return the number of all rows, of shape (1,)."""
        return np.array([len(y)])

    def target_traits(self, y: np.ndarray, folds: Folds) -> Mapping[str, Any]:
        """Return the trait of the smallest target."""
        return {"target_min": float(y.min())}

    def splitter(self, n_splits: int, *, grouped: bool, seed: int) -> Any:
        """Return a splitter that shuffles rows, and keeps groups together."""
        kind = GroupKFold if grouped else KFold
        return kind(n_splits, shuffle=True, random_state=seed)

    def constant(self) -> Any:
        """Return an unfitted estimator that predicts the mean of the target."""
        return DummyRegressor()

    def small_tree(self, max_depth: int) -> Any:
        """Return an unfitted decision tree of limited depth."""
        return DecisionTreeRegressor(max_depth=max_depth, random_state=0)

    def subsampled(self, estimator: Any, max_rows: int) -> Any:
        """Return an unfitted regressor that fits another one on at most `max_rows` rows."""
        return SubsampledRegressor(estimator, max_rows=max_rows)

    def repeated(self, pipelines: Sequence[Pipeline]) -> Any:
        """Return a fitted regressor that averages the predictions of fitted pipelines."""
        return _repeated(RepeatedRegressor, pipelines)

    def averaged(self, fitted: Sequence[Any], weights: Sequence[float]) -> Any:
        """Return a fitted regressor that averages predictions with weights."""
        return as_if_fitted(VotingRegressor(_named(fitted), weights=list(weights)))


@dataclass(frozen=True, eq=False)
class MultioutputRegression(Regression):
    """Prediction of several numbers.

    Parameters
    ----------
    n_targets : int
    """

    n_targets: int = 2
    name: ClassVar[str] = "multioutput"
    kind: ClassVar[str] = "several numbers"
    # Unlike errors, it is the same whatever the units of the targets.
    default_scoring: ClassVar[str] = "r2"

    @property
    def output_shape(self) -> tuple[int, ...]:  # type: ignore[override]  # a constant there
        """Shape of the prediction of one row: a number for each target."""
        return (self.n_targets,)

    def single(self, y: np.ndarray) -> Sequence[tuple[Task, np.ndarray]]:
        """Return each target with a task of its own."""
        return [(Regression(), column) for column in y.T]

    def averaged(self, fitted: Sequence[Any], weights: Sequence[float]) -> Any:
        """Return a fitted regressor that averages predictions with weights."""
        return as_if_fitted(MultioutputVoting(_named(fitted), weights=list(weights)))


@dataclass(frozen=True, eq=False)
class Multilabel:
    """Prediction of several labels, of which any number may be true.

    Parameters
    ----------
    n_labels : int
    """

    n_labels: int
    family: ClassVar[str] = "classification"
    name: ClassVar[str] = "multilabel"
    kind: ClassVar[str] = "several labels of 0 and 1"
    # Unlike the area under the ROC curve, it is defined where a label is true in no row.
    default_scoring: ClassVar[str] = "average_precision"
    classes: ClassVar[None] = None

    @classmethod
    def of(cls, y: np.ndarray) -> Task:
        """Return the task of predicting the labels of a checked target."""
        return Classification.of(y)

    @property
    def model_classes(self) -> list[np.ndarray]:
        """Classes of each label, as a fitted classifier of several labels has them."""
        return [LABEL] * self.n_labels

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the prediction of one row: a probability for each label."""
        return (self.n_labels,)

    def decided(self, predictions: np.ndarray) -> np.ndarray:
        """Return 1 for each label that is more probable than not, else 0."""
        labels: np.ndarray = labels_of(predictions)
        return labels

    def single(self, y: np.ndarray) -> Sequence[tuple[Task, np.ndarray]]:
        """Return each label with a task of its own."""
        return [(Classification(LABEL), column) for column in y.T]

    def class_counts(self, y: np.ndarray) -> np.ndarray:
        """Return the number of all rows, of shape (1,)."""
        return np.array([len(y)])

    def target_traits(self, y: np.ndarray, folds: Folds) -> Mapping[str, Any]:
        """Return the traits of the rarest value of any label."""
        return {
            "rarity": _fewest(y) * 2 / len(y),
            "smallest_class": min(_fewest(y[train]) for train, _ in folds),
        }

    def splitter(self, n_splits: int, *, grouped: bool, seed: int) -> Any:
        """Return a splitter that shuffles rows, and keeps groups together."""
        return Regression().splitter(n_splits, grouped=grouped, seed=seed)

    def constant(self) -> Any:
        """Return an unfitted estimator that predicts the share of each label."""
        return MultilabelClassifier(DummyClassifier(strategy="prior"))

    def small_tree(self, max_depth: int) -> Any:
        """Return an unfitted decision tree of limited depth for each label."""
        return MultilabelClassifier(DecisionTreeClassifier(max_depth=max_depth, random_state=0))

    def subsampled(self, estimator: Any, max_rows: int) -> Any:
        """Return an unfitted classifier that fits another one on at most `max_rows` rows."""
        return SubsampledMultilabel(estimator, max_rows=max_rows)

    def repeated(self, pipelines: Sequence[Pipeline]) -> Any:
        """Return a fitted classifier that averages the probabilities of fitted pipelines."""
        return _repeated(RepeatedMultilabel, pipelines)

    def averaged(self, fitted: Sequence[Any], weights: Sequence[float]) -> Any:
        """Return a fitted classifier that averages probabilities with weights."""
        estimator = MultilabelVoting(_named(fitted), voting="soft", weights=list(weights))
        estimator.classes_ = self.model_classes
        return as_if_fitted(estimator)


TASKS: dict[str, type[Task]] = {kind.family: kind for kind in (Classification, Regression)}
"""Classes of tasks by the name of their kind."""


def _fewest(labels: np.ndarray) -> int:
    """Return the least number of rows in which some label is true, or false."""
    trues = labels.sum(axis=0)
    return int(min(trues.min(), (len(labels) - trues).min()))


def _distinct(y: np.ndarray) -> np.ndarray:
    """Return the classes of a target in the order in which they occur; sorting it would be slow."""
    return y[~pd.Series(y).duplicated().to_numpy()]


def _is_numeral(label: Any) -> bool:
    """Return True if a class label is a string that reads as a finite number."""
    try:
        return isinstance(label, str) and np.isfinite(float(label))
    except ValueError:
        return False


def _repeated(kind: Any, pipelines: Sequence[Pipeline]) -> Any:
    """Return a fitted `RepeatedClassifier` or `RepeatedRegressor` of fitted pipelines."""
    model = kind(clone(pipelines[0]), len(pipelines))
    model.estimators_ = list(pipelines)
    return model


def _named(fitted: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return estimators with names, which a voting estimator requires."""
    return [(f"pipeline_{number}", estimator) for number, estimator in enumerate(fitted, 1)]


def as_if_fitted(estimator: Any) -> Any:
    """Set the attributes of a voting estimator that its `fit` would set, and return it.

    Calling `fit` would fit the members once more.
    """
    estimator.estimators_ = [member for _, member in estimator.estimators]
    estimator.named_estimators_ = dict(estimator.estimators)
    return estimator
