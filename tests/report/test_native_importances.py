"""Importances of the columns are those of the features that are made of them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from evolver.genome.codec import decode, parse
from evolver.genome.pipeline import to_estimator
from evolver.report.native_importances import native_importances
from evolver.schema import learn
from primitives import space as spaces
from tests.pipelines import catalogue

ROWS = 120
RNG = np.random.default_rng(0)
CITIES = np.array(["b", "b_c", "d"])[np.arange(ROWS) % 3]
X = pd.DataFrame(
    {
        "noise": RNG.normal(size=ROWS),
        "a": CITIES,
        "constant": 1.0,
        "a_b": np.array(["c", "e"])[RNG.integers(0, 2, ROWS)],
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 90, ROWS), unit="D"),
    }
)
X["later"] = X["day"] + pd.to_timedelta(RNG.integers(0, 90, ROWS), unit="D")
Y = np.where(CITIES == "d", 10.0, np.where(CITIES == "b", 5.0, 1.0))


def fitted(text: str) -> Pipeline:
    """Return a fitted pipeline; missing values of parameters are the lowest or first."""
    schema = learn(X)
    space = catalogue("regression", dates=2, gaps=False, categories=2, numbers=2)
    nodes = [
        None if node is None else (node[0], spaces.nearest(space[node[0]].fixed_space, node[1]))
        for node in parse(text)
    ]
    return to_estimator(decode(nodes, space), schema.not_plain).fit(schema.read(X)[0], Y)


@pytest.mark.parametrize(
    "text",
    [
        "RandomForestRegressor(Encoder(X, categories='one_hot', differences=False))",
        "DecisionTreeRegressor(SelectFromTreesRegression(StandardScaler(Encoder(X))))",
        "LGBMRegressor(Union(Encoder(X, differences=False),"
        " Encoder(X, categories='target', differences=False)))",
        "LogTarget(RandomForestRegressor(Splines("
        "Encoder(X, categories='target', differences=False)), max_features=1.0))",
        "QuantileTarget(XGBRegressor(Encoder(X, dates='cyclic', differences=False)))",
    ],
)
def test_the_column_that_decides_is_the_most_important(text: str) -> None:
    importances = native_importances(fitted(text), list(X))
    assert importances.shape == (X.shape[1],)
    assert importances.sum() == pytest.approx(1.0)
    assert (importances >= 0).all()
    assert list(X)[importances.argmax()] == "a"
    assert importances[list(X).index("constant")] == 0


def test_features_of_a_column_add_up_although_names_of_columns_overlap() -> None:
    pipeline = fitted("RandomForestRegressor(Encoder(X, categories='one_hot', differences=False))")
    names = list(pipeline[:-1].get_feature_names_out())
    # The category "b_c" of the column "a" has the name of the category "c" of the column "a_b".
    own = pipeline[-1].feature_importances_
    of_first = [place for place, name in enumerate(names) if name.startswith("categories__a_")]
    expected = own[of_first[:3]].sum()
    assert native_importances(pipeline, list(X))[1] == pytest.approx(expected / own.sum())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ridge(Encoder(X))", "importances of its own, got Ridge"),
        ("Average(Ridge(Encoder(X)), RandomForestRegressor(Encoder(X)))", "got VotingRegressor"),
        ("RandomForestRegressor(PCA(Encoder(X)))", "each made of one column, got 'pca0'"),
        ("RandomForestRegressor(Encoder(X))", "got 'dates__later - day (days)'"),
        (
            "RandomForestRegressor(Polynomials("
            "Encoder(X, categories='target', differences=False)))",
            "each made of one column, got 'numbers__noise ",
        ),
    ],
)
def test_where_there_are_none_the_error_says_why(text: str, message: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(message)):
        native_importances(fitted(text), list(X))
