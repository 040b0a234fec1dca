"""Tasks: everything that depends on what is predicted.

A task says how a target is scored, split and averaged, and which estimators stand in where there is
nothing better. A new kind of target is one more class with the members of `Task`; the rest of the
package asks the task and names none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from primitives.wrappers import (
    RepeatedClassifier,
    RepeatedRegressor,
    SubsampledClassifier,
    SubsampledRegressor,
)

Folds = Sequence[tuple[np.ndarray, np.ndarray]]


class Task(Protocol):
    """Kind of target that a run learns to predict."""

    family: ClassVar[str]
    """Name of the kind; what was learned on other tables is kept by it."""

    @classmethod
    def of(cls, y: np.ndarray) -> Self:
        """Return the task of predicting a checked target."""

    @property
    def name(self) -> str:
        """Name by which primitives know the task, one of `primitives.base.TASKS`."""

    @property
    def default_scoring(self) -> str:
        """Name of the scorer where the caller names none."""

    @property
    def classes(self) -> np.ndarray | None:
        """Class labels in the order of the columns of probabilities; None where there are none."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the prediction of one row, as it is scored and averaged."""

    def class_counts(self, y: np.ndarray) -> np.ndarray:
        """Return the number of rows of each class; without classes, of all together."""

    def target_traits(self, y: np.ndarray, folds: Folds) -> Mapping[str, Any]:
        """Return the fields of `primitives.Traits` that depend on the target."""

    def splitter(self, n_splits: int, *, grouped: bool, seed: int) -> Any:
        """Return the splitter that a number of folds stands for."""

    def constant(self) -> Any:
        """Return the unfitted estimator of the constant prediction."""

    def small_tree(self, max_depth: int) -> Any:
        """Return an unfitted decision tree."""

    def subsampled(self, estimator: Any, max_rows: int) -> Any:
        """Return an unfitted estimator that fits another on so many rows at most."""

    def repeated(self, pipelines: Sequence[Pipeline]) -> Any:
        """Return the fitted estimator that averages fits of one pipeline that differ in seeds."""

    def averaged(self, fitted: Sequence[Any], weights: Sequence[float]) -> Any:
        """Return the fitted estimator of a weighted average of fitted estimators."""


@dataclass(frozen=True, eq=False)
class Classification:
    """Prediction of classes, by their probabilities.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Labels, sorted.
    """

    classes: np.ndarray
    family: ClassVar[str] = "classification"

    @classmethod
    def of(cls, y: np.ndarray) -> Self:
        return cls(np.unique(y))

    @property
    def name(self) -> str:
        return "binary" if len(self.classes) == 2 else "multiclass"

    @property
    def default_scoring(self) -> str:
        return "roc_auc" if len(self.classes) == 2 else "neg_log_loss"

    @property
    def output_shape(self) -> tuple[int, ...]:
        return (len(self.classes),)

    def class_counts(self, y: np.ndarray) -> np.ndarray:
        return np.unique(y, return_counts=True)[1]

    def target_traits(self, y: np.ndarray, folds: Folds) -> Mapping[str, Any]:
        counts = [self.class_counts(y[train]) for train, _ in folds]
        return {
            "smallest_class": min(
                int(count.min()) if len(count) == len(self.classes) else 0 for count in counts
            ),
            "numeral_classes": all(_is_numeral(label) for label in self.classes),
        }

    def splitter(self, n_splits: int, *, grouped: bool, seed: int) -> Any:
        kind = StratifiedGroupKFold if grouped else StratifiedKFold
        return kind(n_splits, shuffle=True, random_state=seed)

    def constant(self) -> Any:
        return DummyClassifier(strategy="prior")

    def small_tree(self, max_depth: int) -> Any:
        return DecisionTreeClassifier(max_depth=max_depth, random_state=0)

    def subsampled(self, estimator: Any, max_rows: int) -> Any:
        return SubsampledClassifier(estimator, max_rows=max_rows)

    def repeated(self, pipelines: Sequence[Pipeline]) -> Any:
        return _repeated(RepeatedClassifier, pipelines)

    def averaged(self, fitted: Sequence[Any], weights: Sequence[float]) -> Any:
        estimator = VotingClassifier(_named(fitted), voting="soft", weights=list(weights))
        estimator.le_ = LabelEncoder().fit(self.classes)
        estimator.classes_ = estimator.le_.classes_
        return _as_if_fitted(estimator)


@dataclass(frozen=True, eq=False)
class Regression:
    """Prediction of numbers."""

    family: ClassVar[str] = "regression"
    name: ClassVar[str] = "regression"
    default_scoring: ClassVar[str] = "neg_root_mean_squared_error"
    classes: ClassVar[None] = None
    output_shape: ClassVar[tuple[int, ...]] = ()

    @classmethod
    def of(cls, y: np.ndarray) -> Self:
        return cls()

    def class_counts(self, y: np.ndarray) -> np.ndarray:
        return np.array([len(y)])

    def target_traits(self, y: np.ndarray, folds: Folds) -> Mapping[str, Any]:
        return {"target_min": float(y.min())}

    def splitter(self, n_splits: int, *, grouped: bool, seed: int) -> Any:
        kind = GroupKFold if grouped else KFold
        return kind(n_splits, shuffle=True, random_state=seed)

    def constant(self) -> Any:
        return DummyRegressor()

    def small_tree(self, max_depth: int) -> Any:
        return DecisionTreeRegressor(max_depth=max_depth, random_state=0)

    def subsampled(self, estimator: Any, max_rows: int) -> Any:
        return SubsampledRegressor(estimator, max_rows=max_rows)

    def repeated(self, pipelines: Sequence[Pipeline]) -> Any:
        return _repeated(RepeatedRegressor, pipelines)

    def averaged(self, fitted: Sequence[Any], weights: Sequence[float]) -> Any:
        return _as_if_fitted(VotingRegressor(_named(fitted), weights=list(weights)))


TASKS: dict[str, type[Task]] = {kind.family: kind for kind in (Classification, Regression)}
"""Kinds of tasks by their names."""


def _is_numeral(label: Any) -> bool:
    """Say whether a class is a string that reads as a number."""
    try:
        return isinstance(label, str) and np.isfinite(float(label))
    except ValueError:
        return False


def _repeated(kind: Any, pipelines: Sequence[Pipeline]) -> Any:
    model = kind(clone(pipelines[0]), len(pipelines))
    model.estimators_ = list(pipelines)
    return model


def _named(fitted: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(f"pipeline_{number}", one) for number, one in enumerate(fitted, 1)]


def _as_if_fitted(estimator: Any) -> Any:
    """Give a voting estimator the attributes that its `fit` would set.

    Its `fit` would fit the members once more.
    """
    estimator.estimators_ = [one for _, one in estimator.estimators]
    estimator.named_estimators_ = dict(estimator.estimators)
    return estimator
