"""What a pipeline is made of: primitives, the kinds they connect, and their hyperparameter spaces.

A `Primitive` is one building block, a named factory of a scikit-learn compatible object. It takes
inputs of certain kinds and gives an output of one kind, so a pipeline is a typed expression:
``RandomForestClassifier(StandardScaler( MedianOneHot(X)))`` reads as the data flows, from the raw
table ``X`` to predictions. Nothing here knows how pipelines are searched, fitted or exported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any

from optuna.distributions import BaseDistribution

Space = Mapping[str, BaseDistribution]
"""Hyperparameter name to Optuna distribution."""

TASKS = frozenset({"binary", "multiclass", "regression"})
CLASSIFICATION = frozenset({"binary", "multiclass"})
REGRESSION = frozenset({"regression"})


class Kind:
    """What flows between two primitives. A subclass may be used wherever its base is wanted."""


class Table(Kind):
    """The columns of a table: numbers, categories and texts, each with gaps."""


class NullableFeatures(Kind):
    """A numeric matrix of shape (n_samples, n_features) that may hold NaN."""


class Features(NullableFeatures):
    """A numeric matrix of shape (n_samples, n_features) without NaN."""


class Prediction(Kind):
    """Class labels with probabilities, or numbers: what a fitted model says of each row."""


@dataclass(frozen=True)
class Traits:
    """What is known of a table before a search; spaces and the choice of primitives may depend on
    it.

    Parameters
    ----------
    task : str
        ``"binary"``, ``"multiclass"`` or ``"regression"``.
    rows : int
        Rows a pipeline is fitted on.
    numbers, categories : int
        Columns that hold numbers, and those that hold categories.
    gaps : bool
        Whether a number is missing anywhere.
    smallest_class : int
        Rows of the rarest class; 0 for regression.
    target_min : float
        Smallest target; NaN for classification.
    numeral_classes : bool
        Whether the classes are strings that read as numbers.
    texts : int
        Columns that hold texts.
    may_split : bool
        Whether a fit may split its rows at random. It may not where rows belong to groups or to an
        order in time: rows that are set aside would be told by their neighbours.
    """

    task: str
    rows: int
    numbers: int
    categories: int
    gaps: bool = False
    smallest_class: int = 0
    target_min: float = float("nan")
    numeral_classes: bool = False
    texts: int = 0
    may_split: bool = True

    @property
    def columns(self) -> int:
        """Columns but for texts, which some encoders leave out."""
        return self.numbers + self.categories


def always(traits: Traits) -> bool:
    """Say that a primitive suits every table."""
    return True


def rows_at_most(limit: int, traits: Traits) -> bool:
    """Say that a primitive suits tables of few rows; for `partial`."""
    return traits.rows <= limit


def columns_at_most(limit: int, traits: Traits) -> bool:
    """Say that a primitive suits tables of few columns; for `partial`."""
    return traits.columns <= limit


def smallest_class_at_least(limit: int, traits: Traits) -> bool:
    """Say that a primitive suits tables without rare classes; for `partial`."""
    return traits.smallest_class >= limit


def may_split(traits: Traits) -> bool:
    """Say that a primitive that splits its rows suits a table."""
    return traits.may_split


def target_never_negative(traits: Traits) -> bool:
    return traits.target_min >= 0


def target_positive(traits: Traits) -> bool:
    return traits.target_min > 0


@dataclass(frozen=True, eq=False)
class Primitive:
    """One building block a pipeline may contain.

    Parameters
    ----------
    name : str
        A Python identifier, unique within a catalogue.
    inputs : tuple of kinds
        What it consumes. One matrix (or the table) makes it a step after its input; predictions or
        several inputs make it a wrapper, whose `build` gets the estimators of its inputs as
        positional arguments.
    output : kind
        What it gives.
    build : callable
        Returns an unfitted scikit-learn compatible object from parameter values, by name. Where it
        has a parameter ``random_state``, that is given a seed.
    space : mapping or callable, default={}
        Hyperparameter space, or a function from `Traits` to one. Every combination must be valid.
    tasks : collection of str, default=all
        Any of ``"binary"``, ``"multiclass"``, ``"regression"``.
    library : str, optional
        Importable name of an optional library that it needs.
    suits : callable, optional
        From `Traits` to whether it is worth trying on such a table. One that splits its rows says
        no where it may not: `primitives.base.may_split`.
    commutative : bool, default=False
        The order of the inputs does not matter and equal inputs are one.
    associative : bool, default=False
        Nested uses are one use with all the inputs.
    cross_fits : bool, default=False
        Fits its inputs on inner folds, so nothing they learn may be shared with what is outside.
    keeps_inputs : bool, default=False
        Writes to nothing that it is given. Any other primitive is given copies: in a pipeline, all
        but the last step are wrapped in `primitives.isolation.Isolated`.
    cost : float, default=1.0
        Milliseconds to fit about 2,000 rows, roughly: cheap candidates come first in a run.

    Raises
    ------
    TypeError, ValueError
        When a field breaks its rule; the message names field, rule and value.
    """

    name: str
    inputs: tuple[type[Kind], ...]
    output: type[Kind]
    build: Callable[..., Any]
    space: Space | Callable[[Traits], Space] = field(default_factory=dict)
    tasks: Iterable[str] = TASKS
    library: str | None = None
    suits: Callable[[Traits], bool] = always
    commutative: bool = False
    associative: bool = False
    cross_fits: bool = False
    keeps_inputs: bool = False
    cost: float = 1.0

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name.isidentifier()):
            raise ValueError(
                f"`name` of a primitive must be a Python identifier, got {self.name!r}."
            )
        kinds = (*self.inputs, self.output)
        if not self.inputs or not all(
            isinstance(kind, type) and issubclass(kind, Kind) for kind in kinds
        ):
            raise TypeError(
                f"`inputs` and `output` of {self.name} must be kinds, got {self.inputs} and"
                f" {self.output}."
            )
        if self.output is Table:
            raise ValueError(
                f"`output` of {self.name} must be features or a prediction, got Table."
            )
        if not callable(self.build):
            raise TypeError(f"`build` of {self.name} must be callable, got {self.build!r}.")
        if isinstance(self.tasks, str) or not self.tasks or not TASKS.issuperset(self.tasks):
            raise ValueError(
                f"`tasks` of {self.name} must be some of {sorted(TASKS)}, got {self.tasks!r}."
            )
        if not callable(self.space):
            check_space(self.name, self.space)
        object.__setattr__(self, "tasks", tuple(sorted(set(self.tasks))))

    @property
    def wraps(self) -> bool:
        """Whether `build` takes the estimators of the inputs, instead of being a step after one."""
        return len(self.inputs) > 1 or issubclass(self.inputs[0], Prediction)

    @property
    def seeded(self) -> bool:
        """Whether `build` takes a ``random_state``."""
        return "random_state" in signature(self.build).parameters

    @property
    def fixed_space(self) -> Space:
        """The space, once it no longer depends on traits.

        Raises
        ------
        ValueError
            When it still does: `resolve` comes first.
        """
        if callable(self.space):
            raise ValueError(
                f"The space of {self.name} depends on the data: select() the catalogue for a"
                " table first."
            )
        return self.space

    def resolve(self, traits: Traits) -> Primitive:
        """Return this primitive with its space settled for a table."""
        if not callable(self.space):
            return self
        space = self.space(traits)
        check_space(self.name, space)
        return replace(self, space=space)


def check_space(name: str, space: object) -> None:
    """Raise TypeError unless `space` maps names to Optuna distributions."""
    if not isinstance(space, Mapping):
        raise TypeError(f"`space` of {name} must map names to Optuna distributions, got {space!r}.")
    for parameter, distribution in space.items():
        if not (isinstance(parameter, str) and isinstance(distribution, BaseDistribution)):
            raise TypeError(
                f"`space` of {name} must map names to Optuna distributions, got {parameter!r}:"
                f" {distribution!r}."
            )
