"""Encoders: each role of a table has its treatments, which are parameters; texts are read."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from primitives import Choice, Features, NullableFeatures, Traits, default_catalogue
from primitives import space as spaces
from primitives.encoders import ENCODERS, build_encoder, encoder
from primitives.treatments import TREATMENTS
from tests.tables import clean, cleaner_of

TEXT = {"numbers": "median", "texts": "read", "n_grams": "words", "alpha": 1.0}
build = partial(build_encoder, TREATMENTS)


def reviews(rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return texts with a word that tells the class, beside a number that is noise."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=rows)
    words = rng.choice([f"word{number}" for number in range(50)], size=(rows, 9))
    words[:, 3] = np.where(y == 1, "delicious", "stale")
    texts = [" ".join(row) for row in words]
    return pd.DataFrame({"number": rng.normal(size=rows), "review": texts}), y


@pytest.mark.parametrize("n_grams", ["words", "characters"])
def test_what_a_word_tells_is_read(n_grams: str) -> None:
    X, y = reviews(300)
    X.loc[::10, "review"] = None
    table = clean(X)
    values = {**TEXT, "n_grams": n_grams, "target_type": "binary"}
    model = build(random_state=0, **values)
    model.fit(table[:200], y[:200])
    encoded = model.transform(table[200:])
    assert encoded.shape == (100, 2)
    known = table["review"][200:].notna().to_numpy()
    assert np.mean((encoded[known, 1] > 0.5) == (y[200:][known] == 1)) > 0.95
    assert np.ptp(encoded[~known, 1]) == 0.0


def test_a_fitted_encoder_is_as_large_as_its_texts() -> None:
    X, y = reviews(300)
    values = {**TEXT, "target_type": "binary"}
    model = build(random_state=0, **values)
    model.fit(clean(X), y)
    assert len(pickle.dumps(model)) < 200_000


def test_texts_are_categories_too_where_these_are_encoded() -> None:
    X, y = reviews(100)
    table = clean(X.assign(sort=["plain", "fancy"] * 50))
    values = {**TEXT, "target_type": "binary", "min_frequency": 1}
    for categories, texts, columns in (
        ("none", "none", ["number"]),
        ("ordinal", "none", ["number", "review", "sort"]),
        ("ordinal", "read", ["number", "review", "sort", "said by review"]),
    ):
        treatments = {"categories": categories, "texts": texts}
        assert build(random_state=0, **{**values, **treatments}).fit_transform(table, y).shape == (
            100,
            len(columns),
        )


def kinds_of_tables() -> list[tuple[int, int, int]]:
    """Return numbers of columns of numbers, categories and texts."""
    return [columns for columns in product([0, 2], repeat=3) if any(columns)]


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize(("numbers", "categories", "texts"), kinds_of_tables())
def test_an_encoder_has_a_parameter_for_each_role_of_a_table(
    task: str, numbers: int, categories: int, texts: int
) -> None:
    traits = Traits(task, 100, numbers, categories, smallest_class=20, texts=texts)
    space = default_catalogue().select(task, traits)["Encoder"].fixed_space
    choices = {role: space[role].choices for role in space}  # type: ignore[attr-defined]
    expected = {"numbers": ("median",)}
    if numbers + categories and categories + texts:
        treated = ("ordinal", "one_hot", "target")
        expected["categories"] = treated if categories else ("none", *treated)
    if texts:
        expected["texts"] = ("none", "read") if numbers + categories else ("read",)
    assert choices == expected
    assert all(isinstance(distribution, Choice) for distribution in space.values())


def test_a_table_without_categories_and_gaps_has_nothing_to_choose() -> None:
    space = default_catalogue().select("binary", Traits("binary", 100, 5, 0))["Encoder"].fixed_space
    assert spaces.sample(space, np.random.default_rng(0)) == {"numbers": "median"}
    assert spaces.combinations(space) == 1


@pytest.mark.parametrize(("numbers", "categories", "texts"), kinds_of_tables())
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("may_split", [False, True])
def test_an_encoder_is_as_heavy_as_its_treatments_are_many(
    numbers: int, categories: int, texts: int, gaps: bool, may_split: bool
) -> None:
    traits = Traits("binary", 100, numbers, categories, gaps, texts=texts, may_split=may_split)
    for primitive in ENCODERS:
        if primitive.suits(traits):
            settled = primitive.resolve(traits)
            assert settled.fixed_weight == spaces.combinations(settled.fixed_space)


def test_gaps_are_kept_where_there_are_some_and_by_one_encoder_alone() -> None:
    with_gaps = Traits("binary", 100, 5, 2, gaps=True)
    catalogue = default_catalogue().select("binary", with_gaps)
    keeping = catalogue["GapKeepingEncoder"]
    assert keeping.output is NullableFeatures
    assert keeping.fixed_space["numbers"].choices == ("passthrough",)  # type: ignore[attr-defined]
    filling = catalogue["Encoder"].fixed_space["numbers"]
    assert set(filling.choices) == {"median", "mean", "most_frequent", "constant", "nearest"}  # type: ignore[attr-defined]
    without = default_catalogue().select("binary", replace(with_gaps, gaps=False))
    assert "GapKeepingEncoder" not in without


def test_treatments_are_those_that_suit_a_table() -> None:
    many = Traits("binary", 100_000, 5, 2, gaps=True, smallest_class=1)
    space = default_catalogue().select("binary", many)["Encoder"].fixed_space
    assert "nearest" not in space["numbers"].choices  # type: ignore[attr-defined]
    assert space["categories"].choices == ("ordinal", "one_hot")  # type: ignore[attr-defined]
    split = Traits("binary", 100, 5, 2, texts=1, may_split=False)
    space = default_catalogue().select("binary", split)["Encoder"].fixed_space
    assert space["categories"].choices == ("ordinal", "one_hot")  # type: ignore[attr-defined]
    reading = {"numbers": "median", "categories": "ordinal", "texts": "read"}
    assert spaces.settled(space, reading).keys() == {"min_frequency", "n_components", "n_grams"}


def test_an_encoder_of_fewer_treatments_is_left_out_where_none_suits() -> None:
    few = encoder("Few", Features, {**TREATMENTS, "numbers": TREATMENTS["numbers"].only("mean")})
    assert few.suits(Traits("binary", 100, 5, 2, gaps=True))
    assert not few.suits(Traits("binary", 100, 5, 2))
    space = few.resolve(Traits("binary", 100, 5, 2, gaps=True)).fixed_space
    assert space["numbers"].choices == ("mean",)  # type: ignore[attr-defined]


@pytest.mark.parametrize("gaps", [False, True])
def test_columns_are_treated_as_their_parameters_say(gaps: bool) -> None:
    """Every combination fits, each role by the transformer of its treatment."""
    X, y = reviews(60)
    X = X.assign(sort=["plain", "fancy"] * 30)
    if gaps:
        X.loc[::7, "number"] = None
    table = clean(X)
    traits = Traits("binary", 60, 1, 1, gaps, 20, texts=1)
    rng = np.random.default_rng(0)
    for primitive in ENCODERS:
        if not primitive.suits(traits):
            continue
        space = primitive.resolve(traits).fixed_space
        for _ in range(40):
            values = spaces.sample(space, rng)
            built = primitive.build(random_state=0, **values)
            names = [name for name, _, _ in built.transformers]
            assert names == ["numbers", "categories", "texts"][: 2 + (values["texts"] == "read")]
            encoded = built.fit_transform(table, y)
            assert np.isnan(encoded).any() == (gaps and primitive.output is NullableFeatures)


def test_real_messages_are_told_from_spam(datasets: Path) -> None:
    table = pd.read_parquet(datasets / "sms-spam.parquet")
    reading = build(random_state=0, **TEXT, target_type="binary")
    X, y = table.drop(columns="target"), table["target"] == "spam"
    model = make_pipeline(cleaner_of(X), reading, LogisticRegression())
    assert cross_val_score(model, X, y, cv=3, scoring="roc_auc").min() > 0.98
