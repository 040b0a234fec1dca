"""Encoders read texts, encode them as categories or leave them out, and have substitutes."""

from __future__ import annotations

import pickle
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from primitives import Traits, default_catalogue
from primitives.cleaning import TableCleaner
from primitives.encoders import ENCODERS, build_encoder, reading_texts, substitutes

TEXT = {"n_grams": "words", "alpha": 1.0}
NAMES = {one.name for one in ENCODERS}


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
    clean = TableCleaner().fit_transform(X)
    values = {**TEXT, "n_grams": n_grams, "target_type": "binary"}
    encoder = build_encoder("Median", "", "Text", random_state=0, **values)
    encoder.fit(clean[:200], y[:200])
    encoded = encoder.transform(clean[200:])
    assert encoded.shape == (100, 2)
    known = clean["review"][200:].notna().to_numpy()
    assert np.mean((encoded[known, 1] > 0.5) == (y[200:][known] == 1)) > 0.95
    assert np.ptp(encoded[~known, 1]) == 0.0


def test_a_fitted_encoder_is_as_large_as_its_texts() -> None:
    X, y = reviews(300)
    values = {**TEXT, "target_type": "binary"}
    encoder = build_encoder("Median", "", "Text", random_state=0, **values)
    encoder.fit(TableCleaner().fit_transform(X), y)
    assert len(pickle.dumps(encoder)) < 200_000


def test_texts_are_categories_too_where_these_are_encoded() -> None:
    X, y = reviews(100)
    clean = TableCleaner().fit_transform(X.assign(sort="plain"))
    values = {**TEXT, "target_type": "binary", "min_frequency": 1}
    for categories, texts, columns in (
        ("", "", ["number"]),
        ("Ordinal", "", ["number", "review", "sort"]),
        ("Ordinal", "Text", ["number", "review", "sort", "said by review"]),
    ):
        encoder = build_encoder("Median", categories, texts, random_state=0, **values)
        assert encoder.fit_transform(clean, y).shape == (100, len(columns))


def test_what_looks_like_a_category_in_a_part_of_the_rows_is_read_all_the_same() -> None:
    X, y = reviews(300)
    clean = TableCleaner().fit_transform(X[["review"]][:15])
    assert clean["review"].dtype == "str"
    values = {**TEXT, "target_type": "binary"}
    encoder = build_encoder("Median", "", "Text", random_state=0, **values)
    assert encoder.fit_transform(clean, y[:15]).shape == (15, 1)


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize(
    ("numbers", "categories", "texts"),
    [columns for columns in product([0, 2], repeat=3) if any(columns)],
)
def test_something_is_read_of_every_table(
    task: str, numbers: int, categories: int, texts: int
) -> None:
    traits = Traits(task, 100, numbers, categories, smallest_class=20, texts=texts)
    chosen = {one.name for one in default_catalogue().select(task, traits)} & NAMES
    assert chosen
    assert any(name.endswith("Text") for name in chosen) == (texts > 0)
    if traits.columns == 0:
        assert all(name.endswith("Text") for name in chosen)
    for name in NAMES:
        stand_in = next(one for one in (name, *substitutes(name)) if one in chosen)
        if texts and name.endswith("Text"):
            assert stand_in.endswith("Text")


def test_only_encoders_have_one_that_reads_texts() -> None:
    assert reading_texts("MeanOrdinal") == reading_texts("MeanOrdinalText") == "MeanOrdinalText"
    assert reading_texts("StandardScaler") == "StandardScaler"
    assert substitutes("StandardScaler") == ()


def test_real_messages_are_told_from_spam(datasets: Path) -> None:
    table = pd.read_parquet(datasets / "sms-spam.parquet")
    encoder = build_encoder("Median", "", "Text", random_state=0, **TEXT, target_type="binary")
    model = make_pipeline(TableCleaner(), encoder, LogisticRegression())
    X, y = table.drop(columns="target"), table["target"] == "spam"
    assert cross_val_score(model, X, y, cv=3, scoring="roc_auc").min() > 0.98
