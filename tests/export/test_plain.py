"""A specialised estimator is fitted, predicts the same, and is made of the classes of libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from evolver.evaluation.fold import fit
from evolver.export.fit_facts import Fit
from evolver.export.plain import plain
from evolver.genome.pipeline import to_estimator
from evolver.schema import learn
from evolver.schema.as_written import as_written
from evolver.task import TASKS
from tests.genome.strategies import CATALOGUES, random_tree
from tests.tables import small_table


def hostile(X: pd.DataFrame) -> pd.DataFrame:
    """Return rows with gaps in every column, and with categories that are not in `X`."""
    number = np.arange(len(X))
    rows = {
        name: X[name].mask(number % 3 == place % 3)
        for place, name in enumerate(X)
        if name != "flag"
    }
    rows["category"] = rows["category"].mask(number % 4 == 0, "never seen")
    return X.assign(**rows)


def predictions(model: Any, X: pd.DataFrame) -> np.ndarray:
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    return np.asarray(getattr(model, method)(X))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("seed", range(8))
def test_a_specialised_pipeline_predicts_the_same_also_when_it_is_fitted_again(
    task: str, seed: int
) -> None:
    X, y = small_table(task)
    schema = learn(X)
    model = fit(to_estimator(random_tree(CATALOGUES[task], seed), schema.columns), X, y, None)
    facts = Fit(*as_written(X, schema), rows=len(X))
    assert set(facts.as_written) == set(schema.learned)
    specialised = plain(model, facts)
    again = clone(specialised).fit(X, y)
    rows = pd.concat([X, hostile(X)])
    expected = predictions(model, rows)
    for other in (specialised, again):
        np.testing.assert_allclose(predictions(other, rows), expected, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(other.predict(rows), model.predict(rows))
    assert "TableCleaner" not in repr(specialised)
    assert "EarlyStopped" not in repr(specialised)


@pytest.mark.parametrize("labels", [["a", "b"], [False, True], [1, 2], [0, 1]], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_labels_of_every_type_come_back_from_averages_and_boosting(
    labels: list[Any], seed: int
) -> None:
    X, y = small_table("binary")
    y = np.array(labels)[(np.asarray(y) == np.unique(y)[1]).astype(int)]
    boosted = ["LGBMClassifier", "XGBClassifier", "CatBoostClassifier"][seed]
    catalogue = CATALOGUES["binary"].only(boosted, "GapKeepingEncoder", "Encoder")
    model = fit(to_estimator(random_tree(catalogue, seed)), X, y, None)
    task = TASKS["classification"].of(y)
    facts = Fit(frozenset(X), rows=len(X))
    for one in (model, task.averaged([task.repeated([model, model]), model], [0.7, 0.3])):
        specialised = plain(one, facts)
        np.testing.assert_array_equal(specialised.predict(X), one.predict(X))
        np.testing.assert_allclose(specialised.predict_proba(X), one.predict_proba(X), atol=1e-12)
        assert specialised.predict(X).dtype == one.predict(X).dtype
