"""Encoders: from a table to a numeric matrix.

Every encoder treats the columns that hold numbers in one way and all others in another, and may
read those of texts besides, so the table below is the product of the three. Which of them are worth
trying depends on the table: gaps to fill, categories to encode, texts to read. A text is a category
too, for it may come again, and those that begin alike are often of one sort.
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
from primitives.text import N_GRAMS, read_texts
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
TEXTS: dict[str, Callable[..., Any] | None] = {"": None, "Text": read_texts}

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
N_GRAMS_SPACE: Space = {"n_grams": CategoricalDistribution(tuple(N_GRAMS))}
TEXT_SPACES: dict[str, Space] = {
    "": {},
    "Text": {**N_GRAMS_SPACE, "alpha": FloatDistribution(0.5, 20.0, log=True)},
}
UNSPLIT_TEXT_SPACES: dict[str, Space] = {
    "": {},
    "Text": {**N_GRAMS_SPACE, "n_components": IntDistribution(10, 100, log=True)},
}
"""Without rows set aside, a text says what it is about instead of what it says of the target."""

TARGET_TYPES = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}


def build_encoder(
    numbers: str, categories: str, texts: str, random_state: int, **values: Any
) -> ColumnTransformer:
    """Join the treatments, each with its own parameter values.

    Where no categories are expected, what a part of the rows makes look like one is read as a text.
    """
    no_text = ["number", "str"] if categories else "number"
    steps = {
        "numbers": (NUMBERS[numbers], make_column_selector(dtype_include="number")),
        "categories": (CATEGORIES[categories], make_column_selector(dtype_exclude="number")),
        "texts": (TEXTS[texts], make_column_selector(dtype_exclude=no_text)),
    }
    values["random_state"] = random_state
    transformers = []
    for role, (step, selector) in steps.items():
        if step is not None:
            own = {
                name: value for name, value in values.items() if name in signature(step).parameters
            }
            transformers.append((role, step(**own), selector))
    return ColumnTransformer(transformers)


def space_of(numbers: str, categories: str, texts: str, traits: Traits) -> Space:
    text_spaces = TEXT_SPACES if traits.may_split else UNSPLIT_TEXT_SPACES
    space = {
        **CATEGORY_SPACES[categories],
        **text_spaces[texts],
        **(NUMBER_SPACES[numbers] if traits.gaps else {}),
    }
    if categories == "Target" or (texts and traits.may_split):
        space["target_type"] = CategoricalDistribution((TARGET_TYPES[traits.task],))
    return space


def suits(numbers: str, categories: str, texts: str, traits: Traits) -> bool:
    """Imputers differ only where there are gaps, an encoder of categories or texts needs some, and
    texts alone are not categories."""
    if numbers == "Nearest" and traits.rows > 5_000:
        return False
    if categories == "Target" and (0 < traits.smallest_class < 2 or not traits.may_split):
        return False
    if not (traits.texts if texts else traits.columns):
        return False
    if categories:
        needed = traits.columns and traits.categories + traits.texts
    else:
        needed = traits.categories == 0
    return bool(needed) and (numbers == "Median" or traits.gaps)


PARTS = {
    numbers + categories + texts: (numbers, categories, texts)
    for numbers in NUMBERS
    for categories in CATEGORIES
    for texts in TEXTS
}
"""Names of encoders, and how each treats numbers, categories and texts."""

ENCODERS = tuple(
    Primitive(
        name,
        inputs=(Table,),
        output=NullableFeatures if parts[0] == "Numbers" else Features,
        build=partial(build_encoder, *parts),
        space=partial(space_of, *parts),
        suits=partial(suits, *parts),
    )
    for name, parts in PARTS.items()
)


def substitutes(name: str) -> tuple[str, ...]:
    """Return what may stand in for an encoder on a table that it does not suit, the nearest first;
    nothing for any other primitive."""
    if name not in PARTS:
        return ()
    numbers, categories, texts = PARTS[name]
    nearest = (numbers + categories, f"Median{categories}", numbers, "Median", "MedianOrdinal")
    return tuple(one + part for part in sorted(TEXTS, key=texts.__ne__) for one in nearest)


def reading_texts(name: str) -> str:
    """Return the name of an encoder that reads texts too; of another primitive its own."""
    return "".join(PARTS[name][:2]) + "Text" if name in PARTS else name
