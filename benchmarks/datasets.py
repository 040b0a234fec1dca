"""Real tables: how one is read and split, and the models that fit its target."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import train_test_split

from evolver import EvolvedClassifier, EvolvedRegressor

TARGET = "target"
TEST_SHARE = 0.3
DIVERSE = (
    "credit-g",
    "segment",
    "adult",
    "ames-housing",
    "abalone",
    "arcene",
    "arrhythmia",
    "bike-sharing",
    "covertype-20k",
    "nyc-flights",
)
"""Tables of many kinds: mixed columns, many classes, gaps, 10,000 columns, tiny classes, dates."""


def read(folder: Path, name: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return the columns and the target of a table."""
    return columns_and_target(pd.read_parquet(folder / f"{name}.parquet"))


def read_split(
    folder: Path, name: str, seed: int
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    """Return columns and target of the rows to fit on, and of the rows to score on."""
    train, test = split(pd.read_parquet(folder / f"{name}.parquet"), seed)
    return *columns_and_target(train), *columns_and_target(test)


def columns_and_target(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the columns of a table and its target."""
    return table.drop(columns=TARGET), table[TARGET]


def split(table: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return 70 % of the rows of a table to fit on, and 30 % to score on.

    Classes have equal shares in both parts where each has two rows or more.
    """
    target = table[TARGET]
    classification = is_classification(target)
    stratify = target if classification and target.value_counts().min() >= 2 else None
    train, test = train_test_split(
        table, test_size=TEST_SHARE, random_state=seed, stratify=stratify
    )
    if classification:
        # A class that is in the test rows alone can be neither learned nor scored.
        test = test[test[TARGET].isin(train[TARGET].unique())]
    return train, test


def is_classification(target: pd.Series) -> bool:
    """Say whether a target holds classes."""
    return not pd.api.types.is_float_dtype(target)


def estimator_for(target: pd.Series) -> type[EvolvedClassifier] | type[EvolvedRegressor]:
    """Return the estimator that fits a target."""
    return EvolvedClassifier if is_classification(target) else EvolvedRegressor


def constant_for(target: pd.Series) -> DummyClassifier | DummyRegressor:
    """Return the constant predictor of a target: the shares of its classes, or its mean."""
    return DummyClassifier() if is_classification(target) else DummyRegressor()
