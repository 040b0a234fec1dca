"""Boosted classifiers may weight classes where one is rare, and only there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution
from sklearn.metrics import recall_score

from evolver.search.portfolio import adapt_to_catalogue
from tests.pipelines import catalogue

MODELS = {"LGBMClassifier": "class_weight", "CatBoostClassifier": "auto_class_weights"}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_weights_are_a_choice_where_a_class_is_rare(name: str) -> None:
    weights = catalogue("binary", rarity=0.1)[name].fixed_space[MODELS[name]]
    assert isinstance(weights, CategoricalDistribution)
    assert weights.choices[0] is None
    assert MODELS[name] not in catalogue("binary", rarity=0.9)[name].fixed_space
    regressor = name.replace("Classifier", "Regressor")
    assert MODELS[name] not in catalogue("regression", rarity=0.1)[regressor].fixed_space


@pytest.mark.parametrize("name", sorted(MODELS))
def test_balanced_weights_find_more_rows_of_a_rare_class(name: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = np.where(X[:, 0] + rng.normal(size=600) > 2.2, "rare", "common")
    primitive = catalogue("binary", rarity=0.1)[name]
    known: dict[str, Any] = {
        "LGBMClassifier": {"n_estimators": 60, "num_leaves": 4},
        "CatBoostClassifier": {"iterations": 60, "depth": 3},
    }[name]
    plain, balanced = (
        primitive.build(random_state=0, patience=None, **known, **{MODELS[name]: weights})
        .fit(X, y)
        .predict(X)
        for weights in primitive.fixed_space[MODELS[name]].choices  # type: ignore[attr-defined]
    )
    found = [recall_score(y, one, pos_label="rare") for one in (plain, balanced)]
    assert found[1] > found[0] + 0.05


@pytest.mark.parametrize("name", sorted(MODELS))
def test_pipelines_of_earlier_runs_have_equal_weights(name: str) -> None:
    """Earlier runs knew no such parameter; equal weights are what they had."""
    rare, other = catalogue("binary", rarity=0.1), catalogue("binary")
    values = {
        key: one.choices[0] if isinstance(one, CategoricalDistribution) else one.low
        for key, one in other[name].fixed_space.items()
    }
    tree = adapt_to_catalogue([(name, values), ("GapKeepingEncoder", {}), None], rare)
    assert tree is not None
    assert tree[0].values == {**values, MODELS[name]: None}
