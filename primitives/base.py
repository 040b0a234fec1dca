"""Primitives, the kinds that they connect, and their hyperparameter spaces.

A `Primitive` is one building block of a pipeline, a named factory of a scikit-learn compatible
object. It takes inputs of certain kinds and gives an output of one kind, so a pipeline is a typed
expression: ``RandomForestClassifier(StandardScaler(Encoder(X)))`` leads from the raw table ``X`` to
predictions. Nothing here knows how pipelines are searched, fitted or exported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from inspect import signature
from math import inf
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution

Space = Mapping[str, BaseDistribution]
"""Mapping of hyperparameter names to Optuna distributions."""


class Choice(CategoricalDistribution):
    """A categorical parameter whose choices bring parameters of their own.

    These have a value only while their choice is made: a space with a choice is conditional.
    ``{"kernel": Choice({"linear": {}, "rbf": {"gamma": FloatDistribution(1e-3, 1e3, log=True)}})}``
    allows ``{"kernel": "linear"}`` and ``{"kernel": "rbf", "gamma": 0.1}``.

    Parameters
    ----------
    spaces : mapping of scalar to Space
        Space of each choice, in their order. A space may hold choices in turn. A parameter that is
        also in the space of another parameter's choice must have the same distribution there.
    """

    def __init__(self, spaces: Mapping[Any, Space]) -> None:
        super().__init__(tuple(spaces))
        self.spaces = dict(spaces)

    def __hash__(self) -> int:
        return hash((type(self), self.choices))


TASKS = frozenset({"binary", "multiclass", "multilabel", "multioutput", "regression"})
CLASSIFICATION = frozenset({"binary", "multiclass"})
REGRESSION = frozenset({"regression"})
ONE_TARGET = CLASSIFICATION | REGRESSION
SEVERAL_TARGETS = TASKS - ONE_TARGET
OF_CLASSES = CLASSIFICATION | {"multilabel"}
OF_NUMBERS = REGRESSION | {"multioutput"}


class Kind:
    """Kind of the data between two primitives; a subclass may stand wherever its base may."""


class Table(Kind):
    """The columns of a table: numbers, dates, categories and texts, each with gaps.

    It is a DataFrame; a step from a table to a table adds columns.
    """


class NullableFeatures(Kind):
    """A numeric matrix of shape (n_samples, n_features) that may hold NaN."""


class Features(NullableFeatures):
    """A numeric matrix of shape (n_samples, n_features) without NaN."""


class Prediction(Kind):
    """Class labels with probabilities, or numbers: the output of a fitted model for each row."""


@dataclass(frozen=True)
class Traits:
    """Facts of a table that spaces and the choice of primitives may depend on.

    The traits of the target are those of all targets together if there are several.

    Parameters
    ----------
    task : str
        One of `TASKS`.
    rows : int
        Rows a pipeline is fitted on.
    numbers, categories : int
        Columns that hold numbers, and those that hold categories.
    gaps : bool
        True if a number or a date is missing anywhere.
    smallest_class : int
        Rows of the rarest class; 0 for regression.
    target_min : float
        Smallest target; NaN for classification.
    rarity : float
        Share of the rarest class divided by the share that it would have among equal classes; 1 for
        regression.
    numeral_classes : bool
        True if the classes are strings that read as numbers.
    texts : int
        Columns that hold texts.
    dates : int
        Columns that hold dates.
    high_cardinality : int
        Columns of categories with many values.
    sparse : int
        1 if the table is a sparse matrix, which has no other columns.
    number_names : tuple of str
        Names of the columns of numbers.
    classes : int
        Number of classes; 0 for regression.
    may_split : bool
        True if a fit may split its rows at random. Rows of groups, or in an order of time, must
        stay together: neighbours of the rows that are set aside would tell their targets.
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
    dates: int = 0
    may_split: bool = True
    rarity: float = 1.0
    high_cardinality: int = 0
    sparse: int = 0
    number_names: tuple[str, ...] = ()
    classes: int = 0

    @property
    def columns(self) -> int:
        """Number of columns without those of texts, which an encoder may leave out."""
        return self.numbers + self.categories + self.dates

    @property
    def may_encode_by_target(self) -> bool:
        """True if features may be learned from the target, out of fold: there is only one."""
        return self.may_split and self.task in ONE_TARGET


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
    """Say that a primitive of targets from 0 suits a table."""
    return traits.target_min >= 0


def target_positive(traits: Traits) -> bool:
    """Say that a primitive of targets above 0 suits a table."""
    return traits.target_min > 0


@dataclass(frozen=True, eq=False)
class Primitive:
    """One building block a pipeline may contain.

    Parameters
    ----------
    name : str
        A Python identifier, unique within a catalogue.
    inputs : tuple of kinds
        Kinds of its inputs. One matrix (or the table) makes it a step after its input; predictions
        or several inputs make it a wrapper, whose `build` gets the estimators of its inputs as
        positional arguments.
    output : kind
        Kind of its output.
    build : callable
        Function from parameter values, by name, to an unfitted scikit-learn compatible object. A
        parameter ``random_state`` is given a seed.
    space : mapping or callable, default={}
        Hyperparameter space, or a function from `Traits` to one. Every combination must be valid. A
        `Choice` in it brings parameters that exist only while it is made.
    tasks : collection of str, default=all
        Any of ``"binary"``, ``"multiclass"``, ``"regression"``, ``"multilabel"`` (several targets
        of 0 and 1) and ``"multioutput"`` (several targets of numbers).
    library : str, optional
        Importable name of an optional library that it needs.
    suits : callable, optional
        Function from `Traits` to True if it is worth trying on such a table. A primitive that
        splits its rows says no where it may not: `primitives.base.may_split`.
    commutative : bool, default=False
        True if the order of the inputs does not matter and equal inputs are one.
    associative : bool, default=False
        True if nested uses are one use with all the inputs.
    cross_fits : bool, default=False
        True if it fits its inputs on inner folds, so that nothing they learn may be shared with
        steps outside of it.
    keeps_inputs : bool, default=False
        True if it writes to nothing that it is given. Any other primitive is given copies: in a
        pipeline, all but the last step are wrapped in `primitives.isolation.Isolated`.
    cost : float, default=1.0
        Milliseconds to fit about 2,000 rows, roughly: cheap candidates come first in a run.
    weight : float or callable, default=1.0
        Frequency of being drawn, relative to the other primitives that fit a place, or a function
        from `Traits` to it.
    build_for_several : callable, optional
        Function that takes the place of `build` where there are several targets.
    group : str, default=""
        Name of the primitives of its sort, such as ``"scaler"``; a template may use it as a word.

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
    weight: float | Callable[[Traits], float] = 1.0
    build_for_several: Callable[..., Any] | None = None
    group: str = ""

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
        reads_table = len(self.inputs) == 1 and issubclass(self.inputs[0], Table)
        if issubclass(self.output, Table) and not reads_table:
            raise ValueError(
                f"`inputs` of {self.name} must be one table, as its output is a table, got"
                f" {self.inputs}."
            )
        if not callable(self.build):
            raise TypeError(f"`build` of {self.name} must be callable, got {self.build!r}.")
        if isinstance(self.tasks, str) or not self.tasks or not TASKS.issuperset(self.tasks):
            raise ValueError(
                f"`tasks` of {self.name} must be some of {sorted(TASKS)}, got {self.tasks!r}."
            )
        if not callable(self.space):
            check_space(self.name, self.space)
        if not callable(self.weight):
            check_weight(self.name, self.weight)
        object.__setattr__(self, "tasks", tuple(sorted(set(self.tasks))))

    @property
    def wraps(self) -> bool:
        """True if `build` takes the estimators of the inputs, False if it is a step after one."""
        return len(self.inputs) > 1 or issubclass(self.inputs[0], Prediction)

    @property
    def encodes(self) -> bool:
        """True if it is an encoder: a step from a table to features."""
        return issubclass(self.inputs[0], Table) and not issubclass(self.output, Table)

    @property
    def seeded(self) -> bool:
        """True if `build` takes a ``random_state``."""
        return "random_state" in signature(self.build).parameters

    @property
    def fixed_space(self) -> Space:
        """Space that no longer depends on traits.

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

    @property
    def fixed_weight(self) -> float:
        """Weight that no longer depends on traits.

        Raises
        ------
        ValueError
            When it still does: `resolve` comes first.
        """
        if callable(self.weight):
            raise ValueError(
                f"The weight of {self.name} depends on the data: select() the catalogue for a"
                " table first."
            )
        return self.weight

    def resolve(self, traits: Traits) -> Primitive:
        """Return this primitive with its space, weight and build settled for a table."""
        several = self.build_for_several if traits.task in SEVERAL_TARGETS else None
        if not (callable(self.space) or callable(self.weight) or several):
            return self
        space = self.space(traits) if callable(self.space) else self.space
        weight = self.weight(traits) if callable(self.weight) else self.weight
        return replace(self, space=space, weight=weight, build=several or self.build)


def check_weight(name: str, weight: object) -> None:
    """Raise ValueError unless `weight` is a positive finite number."""
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < inf:
        raise ValueError(f"`weight` of {name} must be a positive number, got {weight!r}.")


def check_space(name: str, space: object) -> None:
    """Check a space and those of its choices.

    Raises
    ------
    TypeError
        When it does not map names to Optuna distributions.
    ValueError
        When two choices give one parameter different distributions.
    """
    if not isinstance(space, Mapping):
        raise TypeError(f"`space` of {name} must map names to Optuna distributions, got {space!r}.")
    for parameter, distribution in space.items():
        if not (isinstance(parameter, str) and isinstance(distribution, BaseDistribution)):
            raise TypeError(
                f"`space` of {name} must map names to Optuna distributions, got {parameter!r}:"
                f" {distribution!r}."
            )
    known = list(space.items())
    for distribution in space.values():
        brought = list(_brought_by(name, distribution))
        for parameter, found in brought:
            # Both may exist at once, and then they are one parameter.
            if any(parameter == other and found != earlier for other, earlier in known):
                raise ValueError(
                    f"`space` of {name} must give {parameter!r} one distribution wherever two"
                    f" choices bring it, got {found} as one of several."
                )
        known += brought


def _brought_by(
    name: str, distribution: BaseDistribution
) -> Iterator[tuple[str, BaseDistribution]]:
    """Return the parameters of a choice's spaces, at any depth, after a check of each space."""
    for space in distribution.spaces.values() if isinstance(distribution, Choice) else ():
        check_space(name, space)
        for parameter, found in space.items():
            yield parameter, found
            yield from _brought_by(name, found)
