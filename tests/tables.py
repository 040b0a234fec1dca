"""Small real tables for tests: data sets of scikit-learn, given gaps and other kinds of columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from evolver.schema import learn
from primitives.cleaning import TableCleaner

LOADERS = {"binary": load_breast_cancer, "multiclass": load_wine, "regression": load_diabetes}


def small_table(task: str, rows: int = 120) -> tuple[pd.DataFrame, np.ndarray]:
    """Return six columns of a real table, one with gaps, and categories, flags and dates."""
    data = LOADERS[task](as_frame=True).frame.sample(rows, random_state=0).reset_index(drop=True)
    y = data.pop("target").to_numpy()
    X = data.iloc[:, :6].rename(columns=str)
    X.columns = ["first", "second", "third", "fourth", "fifth", "sixth"]
    X["first"] = X["first"].mask(np.arange(rows) % 7 == 0)
    X["category"] = pd.qcut(data.iloc[:, 6], 5, duplicates="drop").astype(str)
    X["category"] = X["category"].mask(np.arange(rows) % 11 == 0)
    X["flag"] = data.iloc[:, 7] > data.iloc[:, 7].median()
    X["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) % 60, unit="D")
    if task == "regression":
        return X, y.astype(float)
    return X, np.asarray([f"class {label}" for label in y], dtype=object)


def with_text(X: pd.DataFrame) -> pd.DataFrame:
    """Return a table with a column of texts more, some missing, of what other columns say."""
    second, third = X["second"].round(2).astype(str), X["third"].round(4).astype(str)
    texts = "first we measured about " + second + ", and after a while " + third
    return X.assign(text=texts.mask(np.arange(len(X)) % 13 == 0))


def with_many_values(X: pd.DataFrame) -> pd.DataFrame:
    """Return a table with a column of 40 categories more, some missing, and a column of dates."""
    numbers = X["second"].rank(method="first").astype(int) % 40
    codes = "street " + numbers.map(lambda number: f"{chr(97 + number % 26)}{number}")
    later = X["day"] + pd.to_timedelta(numbers, unit="h")
    return X.assign(street=codes.mask(np.arange(len(X)) % 17 == 0), later=later)


def cleaner_of(X: pd.DataFrame) -> TableCleaner:
    """Return an unfitted cleaner that reads a table by its schema."""
    return TableCleaner(learn(X).not_plain)


def clean(X: pd.DataFrame) -> pd.DataFrame:
    """Return a table cleaned by its schema."""
    table: pd.DataFrame = cleaner_of(X).fit_transform(X)
    return table


def by_age(board: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a leaderboard in the order in which the candidates were asked for."""
    return board.sort_values("number", ignore_index=True)
