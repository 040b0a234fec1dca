"""Treatments: ways to encode the columns of a table, by the role of the columns.

`TREATMENTS` says what there is: for each role (numbers, categories, texts) the columns that have
it, and the treatments that an encoder chooses from, with their spaces and the tables they suit. A
further treatment is one more entry of a role, a further kind of column is one more role.

A text is a category too, for it may come again, and texts that begin alike are often of one sort.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.compose import make_column_selector
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from primitives.base import Choice, Space, Traits, always
from primitives.dates import DateParts
from primitives.text import N_GRAMS, read_texts
from primitives.transformers import UngroupedTargetEncoder

MAX_NEIGHBOUR_ROWS = 5_000
"""Number of rows up to which gaps are filled from the nearest rows; more take too long."""

TARGET_TYPES = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}
"""Types of target by task, in the words of scikit-learn's target encoder."""


@dataclass(frozen=True)
class Treatment:
    """A way to encode the columns of one role.

    Parameters
    ----------
    name : str
        Name of the treatment, a value of the encoder's parameter for the role.
    build : callable or None
        Function from parameter values, by name, to a transformer; a parameter ``random_state`` is
        given a seed. None: the columns are left out.
    space : mapping or callable, default={}
        Hyperparameter space, or a function from `Traits` to one.
    suits : callable, optional
        Function from `Traits` to True if it is worth trying on such a table.
    """

    name: str
    build: Callable[..., Any] | None
    space: Space | Callable[[Traits], Space] = field(default_factory=dict)
    suits: Callable[[Traits], bool] = always


@dataclass(frozen=True)
class Role:
    """A kind of column and its treatments.

    Parameters
    ----------
    columns : callable
        Selector of the columns.
    treatments : tuple of Treatment
        Treatments in order of preference: where a table does not allow the wanted one, the first
        that suits stands in.
    is_in : callable, optional
        Function from `Traits` to True if a table has such columns.
    """

    columns: make_column_selector
    treatments: tuple[Treatment, ...]
    is_in: Callable[[Traits], bool] = always

    def only(self, *names: str) -> Role:
        """Return the role with the treatments of these names alone."""
        return replace(self, treatments=tuple(one for one in self.treatments if one.name in names))

    def choice(self, traits: Traits) -> Choice:
        """Return the parameter that stands for the role on a table that some treatment suits."""
        return Choice(
            {
                one.name: one.space(traits) if callable(one.space) else one.space
                for one in self.treatments
                if one.suits(traits)
            }
        )


def simple_imputer(strategy: str, add_indicator: bool = False) -> SimpleImputer:
    """Return an imputer by a statistic of each column."""
    return SimpleImputer(strategy=strategy, add_indicator=add_indicator, keep_empty_features=True)


def nearest_imputer(n_neighbors: int, weights: str) -> KNNImputer:
    """Return an imputer by the nearest rows."""
    return KNNImputer(n_neighbors=n_neighbors, weights=weights, keep_empty_features=True)


def pass_through() -> str:
    """Return the word by which a `ColumnTransformer` leaves columns as they are."""
    return "passthrough"


def one_hot(max_categories: int) -> OneHotEncoder:
    """Return an encoder of one column for each frequent category."""
    return OneHotEncoder(
        max_categories=max_categories, handle_unknown="infrequent_if_exist", sparse_output=False
    )


def ordinal(min_frequency: int) -> OrdinalEncoder:
    """Return an encoder of categories by numbers, rare ones by the same number."""
    return OrdinalEncoder(
        min_frequency=min_frequency,
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-2,
    )


def target(smooth: float, target_type: str, random_state: int) -> UngroupedTargetEncoder:
    """Return an encoder of categories by the mean of the target, out of fold."""
    splitter = KFold if target_type == "continuous" else StratifiedKFold
    cv = splitter(5, shuffle=True, random_state=random_state)
    return UngroupedTargetEncoder(smooth=smooth, target_type=target_type, cv=cv)


def target_space(traits: Traits) -> Space:
    """Return the space of target encoding."""
    return {"smooth": FloatDistribution(0.5, 100.0, log=True), "target_type": target_type(traits)}


def text_space(traits: Traits) -> Space:
    """Return the space of reading texts.

    Where no rows may be set aside, texts are encoded by their subjects instead of by the target.
    """
    n_grams = CategoricalDistribution(tuple(N_GRAMS))
    if not traits.may_split:
        return {"n_grams": n_grams, "n_components": IntDistribution(10, 100, log=True)}
    return {
        "n_grams": n_grams,
        "alpha": FloatDistribution(0.5, 20.0, log=True),
        "target_type": target_type(traits),
    }


def target_type(traits: Traits) -> CategoricalDistribution:
    """Return the single type of target that a table allows."""
    return CategoricalDistribution((TARGET_TYPES[traits.task],))


def has_gaps(traits: Traits) -> bool:
    """Say that a table has gaps among its numbers: without any, all imputers are the same."""
    return traits.gaps


def has_gaps_and_few_rows(traits: Traits) -> bool:
    """Say that a table has gaps, and few enough rows to look for the nearest of each."""
    return traits.gaps and traits.rows <= MAX_NEIGHBOUR_ROWS


def has_no_categories(traits: Traits) -> bool:
    """Say that a table has no columns of categories: these are never left out."""
    return traits.categories == 0


def may_split_classes(traits: Traits) -> bool:
    """Say that rows may be split at random, and that no class has a single row."""
    return traits.may_split and traits.smallest_class != 1


def has_columns_but_texts(traits: Traits) -> bool:
    """Say that texts can be left out: a table has other columns."""
    return traits.columns > 0


def reads_categories(traits: Traits) -> bool:
    """Say that a table has categories, or texts beside other columns, which are categories too."""
    return traits.columns > 0 and traits.categories + traits.texts > 0


def has_texts(traits: Traits) -> bool:
    """Say that a table has columns of texts."""
    return traits.texts > 0


def has_dates(traits: Traits) -> bool:
    """Say that a table has columns of dates."""
    return traits.dates > 0


def date_parts() -> Pipeline:
    """Return a transformer of dates into numbers without gaps."""
    return make_pipeline(DateParts(), simple_imputer("median"))


INDICATOR: Space = {"add_indicator": CategoricalDistribution((False, True))}
"""Space of an imputer where there are gaps to indicate."""


def indicator_space(traits: Traits) -> Space:
    """Return the space of an imputer: without gaps it has nothing to choose."""
    return INDICATOR if traits.gaps else {}


TREATMENTS: dict[str, Role] = {
    "numbers": Role(
        make_column_selector(dtype_include="number"),
        (
            Treatment("median", partial(simple_imputer, "median"), indicator_space),
            Treatment("mean", partial(simple_imputer, "mean"), INDICATOR, has_gaps),
            Treatment(
                "most_frequent", partial(simple_imputer, "most_frequent"), INDICATOR, has_gaps
            ),
            Treatment("constant", partial(simple_imputer, "constant", True), suits=has_gaps),
            Treatment(
                "nearest",
                nearest_imputer,
                {
                    "n_neighbors": IntDistribution(1, 20, log=True),
                    "weights": CategoricalDistribution(("uniform", "distance")),
                },
                has_gaps_and_few_rows,
            ),
        ),
    ),
    "dates": Role(
        make_column_selector(dtype_include="datetime"),
        (Treatment("parts", date_parts),),
        has_dates,
    ),
    "categories": Role(
        make_column_selector(dtype_exclude=["number", "datetime"]),
        (
            Treatment("none", None, suits=has_no_categories),
            Treatment("ordinal", ordinal, {"min_frequency": IntDistribution(1, 20, log=True)}),
            Treatment("one_hot", one_hot, {"max_categories": IntDistribution(4, 64, log=True)}),
            Treatment("target", target, target_space, may_split_classes),
        ),
        reads_categories,
    ),
    "texts": Role(
        make_column_selector(dtype_exclude=["number", "datetime", "category"]),
        (
            Treatment("none", None, suits=has_columns_but_texts),
            Treatment("read", read_texts, text_space),
        ),
        has_texts,
    ),
}
"""Treatments of the columns of a table by role, in the order of the encoded columns."""

PASSING_GAPS = {
    "numbers": replace(
        TREATMENTS["numbers"],
        treatments=(Treatment("passthrough", pass_through, suits=has_gaps),),
    ),
    "dates": replace(TREATMENTS["dates"], treatments=(Treatment("parts", DateParts),)),
}
"""Treatments that leave gaps to the model, by role."""
