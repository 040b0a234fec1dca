"""Treatments: ways to encode the columns of a table, by the role of the columns.

`TREATMENTS` says what there is: for each role the columns that have it, and the treatments that an
encoder chooses from, with their spaces and the tables they suit. A further treatment is one more
entry of a role, a further kind of column is one more role.

A text is a category of many values too, for it may come again, and texts that begin alike are often
of one sort.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.compose import make_column_selector
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from primitives.base import Space, Traits
from primitives.dates import DateParts
from primitives.high_cardinality import CategoryColumns, FrequencyEncoder, MinHashEncoder
from primitives.roles import Role, Treatment
from primitives.sparse import (
    read_sparse,
    read_sparse_and_topics,
    sparse_columns,
    sparse_topics,
)
from primitives.text import N_GRAMS, read_texts, topics_of_texts
from primitives.transformers import UngroupedTargetEncoder

MAX_NEIGHBOUR_ROWS = 5_000
"""Number of rows up to which gaps are filled from the nearest rows; more take too long."""

MAX_DATES = 8
"""Number of columns of dates up to which the days between each two are features."""

MANY_SMOOTH = 5.0
"""Least smoothing of target encoding of many values, most of which have few rows."""

TARGET_TYPES = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}
"""Types of target by task, in the words of scikit-learn's target encoder."""


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


def target_and_spelling(
    smooth: float, alpha: float, target_type: str, random_state: int
) -> FeatureUnion:
    """Return an encoder of categories by the target, and by that of others that are spelt alike."""
    return make_union(
        target(smooth, target_type, random_state),
        read_texts("characters", alpha, target_type, random_state),
    )


def target_space(least: float, traits: Traits) -> Space:
    """Return the space of target encoding, from the least smoothing on; for `partial`."""
    return {
        "smooth": FloatDistribution(least, 100.0, log=True),
        "target_type": target_type(traits),
    }


def spelling_space(traits: Traits) -> Space:
    """Return the space of target encoding beside the reading of names."""
    return {**target_space(MANY_SMOOTH, traits), "alpha": FloatDistribution(0.5, 20.0, log=True)}


def text_space(traits: Traits) -> Space:
    """Return the space of reading texts."""
    return {
        **TEXTS,
        "alpha": FloatDistribution(0.5, 20.0, log=True),
        "target_type": target_type(traits),
    }


def target_type(traits: Traits) -> CategoricalDistribution:
    """Return the single type of target that a table allows."""
    return CategoricalDistribution((TARGET_TYPES[traits.task],))


def may_encode_by_target(traits: Traits) -> bool:
    """Say that texts may be encoded by the target."""
    return traits.may_encode_by_target


def may_not_encode_by_target(traits: Traits) -> bool:
    """Say that texts cannot be encoded by the target."""
    return not traits.may_encode_by_target


def has_gaps(traits: Traits) -> bool:
    """Say that a table has gaps among its numbers: without any, all imputers are the same."""
    return traits.gaps


def has_gaps_and_few_rows(traits: Traits) -> bool:
    """Say that a table has gaps, and few enough rows to look for the nearest of each."""
    return traits.gaps and traits.rows <= MAX_NEIGHBOUR_ROWS


def may_split_classes(traits: Traits) -> bool:
    """Say that categories may be encoded by the target, and that no class has a single row."""
    return traits.may_encode_by_target and traits.smallest_class != 1


def has_columns_but_texts(traits: Traits) -> bool:
    """Say that texts can be left out: a table has other columns."""
    return traits.columns > 0


def has_few_values(traits: Traits) -> bool:
    """Say that a table has categories of few values."""
    return traits.categories > traits.high_cardinality


def has_many_values(traits: Traits) -> bool:
    """Say that a table has categories of many values; texts beside other columns are some too."""
    return traits.high_cardinality > 0 or (traits.texts > 0 and traits.columns > 0)


def has_texts(traits: Traits) -> bool:
    """Say that a table has columns of texts."""
    return traits.texts > 0


def has_texts_alone(traits: Traits) -> bool:
    """Say that texts are the only categories of many values: these can be left out."""
    return traits.texts > 0 and traits.high_cardinality == 0


def has_dates(traits: Traits) -> bool:
    """Say that a table has columns of dates."""
    return traits.dates > 0


def is_sparse(traits: Traits) -> bool:
    """Say that a table is a sparse matrix."""
    return traits.sparse > 0


def is_no_matrix(traits: Traits) -> bool:
    """Say that a table has columns of its own."""
    return traits.sparse == 0


def sparse_space(traits: Traits) -> Space:
    """Return the space of reading a sparse matrix by the target."""
    return {
        **SCALED,
        "alpha": FloatDistribution(0.5, 50.0, log=True),
        "target_type": target_type(traits),
    }


def sparse_space_of_both(traits: Traits) -> Space:
    """Return the space of reading a sparse matrix by the target, and its components."""
    return {**sparse_space(traits), **COMPONENTS}


def date_parts(cyclic: bool, differences: bool = False) -> Pipeline:
    """Return a transformer of dates into numbers without gaps."""
    return make_pipeline(DateParts(cyclic, differences), simple_imputer("median"))


def date_space(traits: Traits) -> Space:
    """Return the space of the parts of dates: differences need a second column."""
    if not 2 <= traits.dates <= MAX_DATES:
        return {}
    return {"differences": CategoricalDistribution((True, False))}


INDICATOR: Space = {"add_indicator": CategoricalDistribution((False, True))}
"""Space of an imputer where there are gaps to indicate."""

TEXTS: Space = {
    "n_grams": CategoricalDistribution(tuple(N_GRAMS)),
    "statistics": CategoricalDistribution((True, False)),
}
"""Space of all treatments of texts."""

SCALED: Space = {"scaled": CategoricalDistribution((True, False))}
"""Space of all treatments of a sparse matrix."""

COMPONENTS: Space = {"n_components": IntDistribution(10, 100, log=True)}
"""Space of a treatment with a number of components."""


def indicator_space(traits: Traits) -> Space:
    """Return the space of an imputer: without gaps it has nothing to choose."""
    return INDICATOR if traits.gaps else {}


CATEGORIES = make_column_selector(dtype_exclude=["number", "datetime"])
"""Selector of the columns of categories, and of texts, which are categories too."""

MIN_FREQUENCY: Space = {"min_frequency": IntDistribution(1, 20, log=True)}
"""Space of encoding by numbers."""

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
        is_no_matrix,
    ),
    "dates": Role(
        make_column_selector(dtype_include="datetime"),
        (
            Treatment("parts", partial(date_parts, False), date_space),
            Treatment("cyclic", partial(date_parts, True), date_space),
        ),
        has_dates,
    ),
    "categories": Role(
        CategoryColumns(many=False),
        (
            Treatment("ordinal", ordinal, MIN_FREQUENCY),
            Treatment("one_hot", one_hot, {"max_categories": IntDistribution(4, 64, log=True)}),
            Treatment("target", target, partial(target_space, 0.5), may_split_classes),
        ),
        has_few_values,
        sibling="high_cardinality",
        shared=CATEGORIES,
    ),
    "high_cardinality": Role(
        CategoryColumns(many=True),
        (
            Treatment("none", None, suits=has_texts_alone),
            Treatment("target", target, partial(target_space, MANY_SMOOTH), may_split_classes),
            Treatment("read", target_and_spelling, spelling_space, may_split_classes),
            Treatment("one_hot", one_hot, {"max_categories": IntDistribution(32, 256, log=True)}),
            Treatment("frequency", FrequencyEncoder),
            Treatment("min_hash", MinHashEncoder, COMPONENTS),
            Treatment("ordinal", ordinal, MIN_FREQUENCY),
        ),
        has_many_values,
        prefix="high_",
        sibling="categories",
        shared=CATEGORIES,
    ),
    "texts": Role(
        make_column_selector(dtype_exclude=["number", "datetime", "category"]),
        (
            Treatment("read", read_texts, text_space, may_encode_by_target),
            Treatment("topics", topics_of_texts, {**TEXTS, **COMPONENTS}, may_not_encode_by_target),
            Treatment("none", None, suits=has_columns_but_texts),
        ),
        has_texts,
    ),
    "sparse": Role(
        sparse_columns,
        (
            Treatment("read", read_sparse, sparse_space, may_encode_by_target),
            Treatment("both", read_sparse_and_topics, sparse_space_of_both, may_encode_by_target),
            Treatment("topics", sparse_topics, {**SCALED, **COMPONENTS}),
        ),
        is_sparse,
        prefix="sparse_",
    ),
}
"""Treatments of the columns of a table by role, in the order of the encoded columns."""

PASSING_GAPS = {
    "numbers": replace(
        TREATMENTS["numbers"],
        treatments=(Treatment("passthrough", pass_through, suits=has_gaps),),
    ),
    "dates": replace(
        TREATMENTS["dates"],
        treatments=(
            Treatment("parts", partial(DateParts, False), date_space),
            Treatment("cyclic", partial(DateParts, True), date_space),
        ),
    ),
}
"""Treatments that leave gaps to the model, by role."""
