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
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from primitives import Choice, Features, NullableFeatures, Traits, default_catalogue
from primitives import space as spaces
from primitives.encoders import ENCODERS, build_encoder, encoder
from primitives.high_cardinality import MinHashEncoder
from primitives.treatments import TREATMENTS
from tests.tables import clean, cleaner_of

TEXT = {
    "numbers": "median",
    "texts": "read",
    "n_grams": "words",
    "alpha": 1.0,
    "statistics": False,
}
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


def test_texts_are_categories_of_many_values_too() -> None:
    X, y = reviews(100)
    table = clean(X.assign(sort=["plain", "fancy"] * 50))
    values = {**TEXT, "target_type": "binary", "min_frequency": 1, "categories": "ordinal"}
    for many, texts, columns in (
        ("none", "none", ["number", "sort"]),
        ("frequency", "none", ["number", "sort", "rows with review"]),
        ("frequency", "read", ["number", "sort", "rows with review", "said by review"]),
    ):
        treatments = {"high_cardinality": many, "texts": texts}
        assert build(random_state=0, **{**values, **treatments}).fit_transform(table, y).shape == (
            100,
            len(columns),
        )


def many_codes(rows: int) -> pd.DataFrame:
    """Return a column of 60 codes beside one of two words."""
    codes = [f"code {number % 60}" for number in range(rows)]
    return pd.DataFrame({"code": codes, "word": ["plain", "fancy"] * (rows // 2)})


def test_categories_of_few_and_of_many_values_are_treated_differently() -> None:
    table = clean(many_codes(240))
    both = {"categories": "one_hot", "max_categories": 64, "high_cardinality": "frequency"}
    encoded = build(random_state=0, **both).fit(table).transform(table)
    assert encoded.shape == (240, 3)
    np.testing.assert_allclose(encoded[:, 2], np.log1p(4))
    alike = build(random_state=0, **{name: both[name] for name in ("categories", "max_categories")})
    assert alike.fit_transform(table).shape == (240, 62)


def test_columns_have_few_or_many_values_whatever_rows_a_fold_has() -> None:
    table = clean(many_codes(240))
    both = {"categories": "one_hot", "max_categories": 64, "high_cardinality": "frequency"}
    assert build(random_state=0, **both).fit_transform(table[:20]).shape == (20, 3)


def kinds_of_tables() -> list[tuple[int, int, int, int]]:
    """Return numbers of columns of numbers, categories, texts and categories of many values."""
    columns = product([0, 2], [0, 2, 4], [0, 2], [0, 2])
    return [one for one in columns if any(one) and one[3] <= one[1]]


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize(("numbers", "categories", "texts", "many"), kinds_of_tables())
def test_an_encoder_has_a_parameter_for_each_role_of_a_table(
    task: str, numbers: int, categories: int, texts: int, many: int
) -> None:
    traits = Traits(
        task, 100, numbers, categories, smallest_class=20, texts=texts, high_cardinality=many
    )
    space = default_catalogue().select(task, traits)["Encoder"].fixed_space
    choices = {role: space[role].choices for role in space}  # type: ignore[attr-defined]
    expected: dict[str, tuple[str, ...]] = {"numbers": ("median",)}
    if categories > many:
        expected["categories"] = ("ordinal", "one_hot", "target")
    treated = ("target", "read", "one_hot", "frequency", "min_hash", "ordinal")
    if many:
        expected["high_cardinality"] = treated
    elif texts and numbers + categories:
        expected["high_cardinality"] = ("none", *treated)
    if texts:
        expected["texts"] = ("read", "none") if numbers + categories else ("read",)
    assert choices == expected
    assert all(isinstance(distribution, Choice) for distribution in space.values())


def test_a_table_without_categories_and_gaps_has_nothing_to_choose() -> None:
    space = default_catalogue().select("binary", Traits("binary", 100, 5, 0))["Encoder"].fixed_space
    assert spaces.sample(space, np.random.default_rng(0)) == {"numbers": "median"}
    assert spaces.combinations(space) == 1


@pytest.mark.parametrize(("numbers", "categories", "texts", "many"), kinds_of_tables())
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("may_split", [False, True])
def test_an_encoder_is_as_heavy_as_its_treatments_are_many_up_to_a_limit(
    numbers: int, categories: int, texts: int, many: int, gaps: bool, may_split: bool
) -> None:
    traits = Traits(
        "binary",
        100,
        numbers,
        categories,
        gaps,
        texts=texts,
        may_split=may_split,
        high_cardinality=many,
    )
    for primitive in ENCODERS:
        if primitive.suits(traits):
            settled = primitive.resolve(traits)
            ways = spaces.combinations(settled.fixed_space)
            assert settled.fixed_weight == min(15.0, ways)


def test_growth_draws_other_steps_than_encoders_on_a_table_of_all_roles() -> None:
    traits = Traits("binary", 2_000, 5, 5, True, 50, texts=1, dates=2, high_cardinality=2)
    others = default_catalogue().select("binary", traits)
    weights = {one.name: one.fixed_weight for one in others.producing(Features)}
    assert spaces.combinations(others["Encoder"].fixed_space) > 300
    assert weights["Encoder"] < sum(weights.values()) / 2


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
    assert space["high_cardinality"].choices == (  # type: ignore[attr-defined]
        *("none", "one_hot", "frequency", "min_hash", "ordinal"),
    )
    assert space["texts"].choices == ("topics", "none")  # type: ignore[attr-defined]
    reading = {"numbers": "median", "categories": "ordinal", "texts": "topics"}
    own = {"min_frequency", "n_components", "n_grams", "statistics"}
    assert spaces.settled(space, reading).keys() == own


def test_an_encoder_of_fewer_treatments_is_left_out_where_none_suits() -> None:
    few = encoder("Few", Features, {**TREATMENTS, "numbers": TREATMENTS["numbers"].only("mean")})
    assert few.suits(Traits("binary", 100, 5, 2, gaps=True))
    assert not few.suits(Traits("binary", 100, 5, 2))
    space = few.resolve(Traits("binary", 100, 5, 2, gaps=True)).fixed_space
    assert space["numbers"].choices == ("mean",)  # type: ignore[attr-defined]


@pytest.mark.parametrize("gaps", [False, True])
def test_columns_are_treated_as_their_parameters_say(gaps: bool) -> None:
    """Every combination fits, each role by the transformer of its treatment."""
    X, y = reviews(120)
    X = X.assign(sort=["plain", "fancy"] * 60, code=many_codes(120)["code"])
    if gaps:
        X.loc[::7, ["number", "code", "review"]] = None
    table = clean(X)
    traits = Traits("binary", 120, 1, 2, gaps, 40, texts=1, high_cardinality=1)
    rng = np.random.default_rng(0)
    for primitive in ENCODERS:
        if not primitive.suits(traits):
            continue
        space = primitive.resolve(traits).fixed_space
        for _ in range(40):
            values = spaces.sample(space, rng)
            built = primitive.build(random_state=0, **values)
            names = [name for name, _, _ in built.transformers]
            roles = ["numbers", "categories", "high_cardinality", "texts"]
            assert names == roles[: 3 + (values["texts"] == "read")]
            encoded = built.fit_transform(table, y)
            assert np.isnan(encoded).any() == (gaps and primitive.output is NullableFeatures)


@pytest.mark.parametrize("treatment", ["target", "read"])
def test_codes_that_tell_nothing_of_new_rows_tell_nothing_of_the_training_rows(
    treatment: str,
) -> None:
    """Features that held the own target of a row would be as sure as the target is."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=600)
    table = clean(pd.DataFrame({"code": [f"code {number}" for number in rng.permutation(300)] * 2}))
    values = {"high_smooth": 0.5, "high_alpha": 0.5, "high_target_type": "binary"}
    encoder = build(random_state=0, high_cardinality=treatment, **values)
    own = encoder.fit_transform(table, y)
    for feature in own.T:
        assert abs(np.corrcoef(feature, y)[0, 1]) < 0.2
    # The same features of the same rows by an encoder that has seen their targets are sure.
    for feature in encoder.transform(table).T:
        assert np.corrcoef(feature, y)[0, 1] > 0.5


def test_counts_of_rows_do_not_tell_training_rows_from_new_ones() -> None:
    table = clean(pd.DataFrame({"code": [f"code {number}" for number in range(200)]}))
    encoder = build(random_state=0, high_cardinality="frequency")
    own = encoder.fit_transform(table[:100])
    np.testing.assert_array_equal(own, encoder.transform(table[100:]))
    np.testing.assert_array_equal(own, 0.0)


def test_names_that_are_spelt_alike_have_numbers_alike() -> None:
    names = ["Miss Kate Connolly", "Miss Kate Conolly", "Mr John Smith", "MISS KATE CONNOLLY"]
    encoder = build(random_state=0, high_cardinality="min_hash", high_n_components=100)
    first, alike, other, same = encoder.fit_transform(pd.DataFrame({"name": names}).astype(object))
    assert np.mean(first == alike) > 0.5
    assert np.mean(first == other) < 0.2
    np.testing.assert_array_equal(first, same)
    assert first.min() >= 0
    assert first.max() < 1


@given(st.lists(st.text(max_size=8) | st.none(), min_size=1, max_size=30))
def test_the_numbers_of_a_name_do_not_depend_on_the_others(names: list[str | None]) -> None:
    table = pd.DataFrame({"name": names}, dtype=object)
    encoder = MinHashEncoder(3).fit(table)
    alone = [encoder.transform(table[row : row + 1]) for row in range(len(names))]
    np.testing.assert_array_equal(encoder.transform(table), np.vstack(alone))


def test_real_messages_are_told_from_spam(datasets: Path) -> None:
    table = pd.read_parquet(datasets / "sms-spam.parquet")
    reading = build(random_state=0, **TEXT, target_type="binary")
    X, y = table.drop(columns="target"), table["target"] == "spam"
    model = make_pipeline(cleaner_of(X), reading, LogisticRegression())
    assert cross_val_score(model, X, y, cv=3, scoring="roc_auc").min() > 0.98
