"""Encoders: from a table to a numeric matrix.

Every encoder treats the columns that hold numbers in one way and all others in another, so the
table below is the product of the two. Which of them are worth trying depends on the table: gaps to
fill, categories to encode.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from primitives.base import Features, NullableFeatures, Primitive, Space, Table, Traits
from primitives.transformers import UngroupedTargetEncoder


def simple_imputer(strategy: str, add_indicator: bool = False) -> SimpleImputer:
    return SimpleImputer(strategy=strategy, add_indicator=add_indicator, keep_empty_features=True)


def nearest_imputer(n_neighbors: int, weights: str) -> KNNImputer:
    return KNNImputer(n_neighbors=n_neighbors, weights=weights, keep_empty_features=True)


def pass_through() -> str:
    return "passthrough"


def one_hot(max_categories: int) -> OneHotEncoder:
    return OneHotEncoder(
        max_categories=max_categories, handle_unknown="infrequent_if_exist", sparse_output=False
    )


def ordinal(min_frequency: int) -> OrdinalEncoder:
    return OrdinalEncoder(
        min_frequency=min_frequency,
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-2,
    )


def target(smooth: float, target_type: str, random_state: int) -> UngroupedTargetEncoder:
    splitter = KFold if target_type == "continuous" else StratifiedKFold
    cv = splitter(5, shuffle=True, random_state=random_state)
    return UngroupedTargetEncoder(smooth=smooth, target_type=target_type, cv=cv)


NUMBERS: dict[str, Callable[..., Any]] = {
    "Median": partial(simple_imputer, "median"),
    "Mean": partial(simple_imputer, "mean"),
    "MostFrequent": partial(simple_imputer, "most_frequent"),
    "Constant": partial(simple_imputer, "constant", True),
    "Nearest": nearest_imputer,
    "Numbers": pass_through,
}
CATEGORIES: dict[str, Callable[..., Any] | None] = {
    "": None,
    "OneHot": one_hot,
    "Ordinal": ordinal,
    "Target": target,
}

NUMBER_SPACES: dict[str, Space] = {
    "Median": {"add_indicator": CategoricalDistribution((False, True))},
    "Mean": {"add_indicator": CategoricalDistribution((False, True))},
    "MostFrequent": {"add_indicator": CategoricalDistribution((False, True))},
    "Constant": {},
    "Nearest": {
        "n_neighbors": IntDistribution(1, 20, log=True),
        "weights": CategoricalDistribution(("uniform", "distance")),
    },
    "Numbers": {},
}
CATEGORY_SPACES: dict[str, Space] = {
    "": {},
    "OneHot": {"max_categories": IntDistribution(4, 64, log=True)},
    "Ordinal": {"min_frequency": IntDistribution(1, 20, log=True)},
    "Target": {"smooth": FloatDistribution(0.5, 100.0, log=True)},
}
TARGET_TYPES = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}


def build_encoder(
    numbers: str, categories: str, random_state: int, **values: Any
) -> ColumnTransformer:
    """Join the two treatments, each with its own parameter values."""
    steps = {"numbers": NUMBERS[numbers], "categories": CATEGORIES[categories]}
    selectors = {
        "numbers": make_column_selector(dtype_include="number"),
        "categories": make_column_selector(dtype_exclude="number"),
    }
    values["random_state"] = random_state
    transformers = []
    for role, step in steps.items():
        if step is not None:
            own = {
                name: value for name, value in values.items() if name in signature(step).parameters
            }
            transformers.append((role, step(**own), selectors[role]))
    return ColumnTransformer(transformers)


def space_of(numbers: str, categories: str, traits: Traits) -> Space:
    space = {**CATEGORY_SPACES[categories], **(NUMBER_SPACES[numbers] if traits.gaps else {})}
    if categories == "Target":
        space["target_type"] = CategoricalDistribution((TARGET_TYPES[traits.task],))
    return space


def suits(numbers: str, categories: str, traits: Traits) -> bool:
    """Imputers differ only where there are gaps, and a category encoder needs categories."""
    if numbers == "Nearest" and traits.rows > 5_000:
        return False
    if categories == "Target" and 0 < traits.smallest_class < 2:
        return False
    return (numbers == "Median" or traits.gaps) and (categories != "") == (traits.categories > 0)


ENCODERS = tuple(
    Primitive(
        numbers + categories,
        inputs=(Table,),
        output=NullableFeatures if numbers == "Numbers" else Features,
        build=partial(build_encoder, numbers, categories),
        space=partial(space_of, numbers, categories),
        suits=partial(suits, numbers, categories),
    )
    for numbers in NUMBERS
    for categories in CATEGORIES
)


def substitutes(name: str) -> tuple[str, ...]:
    """Return what may stand in for an encoder on a table that it does not suit, the nearest first;
    nothing for any other primitive."""
    for numbers in NUMBERS:
        categories = name.removeprefix(numbers)
        if name.startswith(numbers) and categories in CATEGORIES:
            return f"Median{categories}", numbers, "Median", "MedianOrdinal"
    return ()
