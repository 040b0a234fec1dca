"""An isolated step gives the same results, and changes nothing that others see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evolver.export.source_file import to_source
from primitives.isolation import Isolated, private_copy
from tests.tables import small_table


def numbers(task: str) -> tuple[np.ndarray, np.ndarray]:
    table, y = small_table(task)
    return table[["second", "third", "fourth"]].to_numpy(copy=True), y


@pytest.mark.parametrize(
    "values", [np.arange(12.0).reshape(3, 4), np.arange(12).reshape(3, 4).T, np.array(["a", None])]
)
def test_a_copy_has_the_layout_and_none_of_the_memory(values: np.ndarray) -> None:
    values.setflags(write=False)
    copy = private_copy(values)
    np.testing.assert_array_equal(copy, values, strict=True)
    assert copy.strides == values.strides
    assert copy.flags.writeable
    assert not np.shares_memory(copy, values)


def test_what_is_inside_says_what_it_is() -> None:
    X, y = numbers("binary")
    model = Isolated(LogisticRegression()).fit(X, y)
    assert is_classifier(model)
    assert is_regressor(Isolated(Ridge()))
    assert list(model.classes_) == list(np.unique(y))
    assert hasattr(Isolated(StandardScaler()), "fit_transform")
    assert not hasattr(model, "transform")
    assert not hasattr(Isolated(Ridge()), "predict_proba")


def test_weights_reach_it() -> None:
    X, y = numbers("regression")
    weights = np.linspace(0.1, 5.0, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        inner: list[Any] = [
            StandardScaler().set_fit_request(sample_weight=True),
            SelectKBest(k=2),
            Ridge().set_fit_request(sample_weight=True),
        ]
        plain = make_pipeline(*map(clone, inner)).fit(X, y, sample_weight=weights)
        isolated = make_pipeline(*map(Isolated, inner)).fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(isolated.predict(X), plain.predict(X))


def test_it_is_exported() -> None:
    X, y = numbers("regression")
    model = make_pipeline(Isolated(StandardScaler()), Ridge()).fit(X, y)
    module: dict[str, Any] = {"__name__": "exported"}
    exec(to_source(model), module)
    again = module["make_pipeline"]().fit(X, y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
