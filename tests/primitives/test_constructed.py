"""Constructed columns: their values, their choice, and that nothing leaks."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict

from evolver.genome.codec import decode, encode, parse
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Node, Step, Tree, check, draw, grow
from evolver.genome.tree import X as TABLE
from evolver.report.native_importances import native_importances
from evolver.search.variation import insert_step, shrink
from primitives import Catalogue, Features, Prediction, Table
from primitives.cleaning import TableCleaner
from primitives.constructed import FormulaColumns, GroupColumns, TargetColumns
from primitives.constructors import CONSTRUCTORS
from primitives.importance import CrossedTargets, GroupStatistics, PairFormulas, SubsetTargets
from primitives.transformers import UngroupedTargetEncoder
from tests.pipelines import catalogue

NAMES = [one.name for one in CONSTRUCTORS]
ENCODER = UngroupedTargetEncoder("auto", "continuous", 10.0, KFold(5, shuffle=True, random_state=0))


def table(n_rows: int = 200, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            **{name: rng.normal(size=n_rows) for name in ("a", "b", "c", "d")},
            "town": pd.Categorical(rng.choice(list("tuvwx"), n_rows)),
            "kind": pd.Categorical(rng.choice(list("klmno"), n_rows)),
        }
    )


def test_formulas_are_named_and_composed_and_infinite_results_are_gaps() -> None:
    X = pd.DataFrame({"rooms": [1.0, 2.0, np.nan], "age": [2.0, 0.0, 1.0], "town": list("abc")})
    one = FormulaColumns([("rooms", "/", "age"), ("rooms", "-", "age")]).fit(X)
    found = one.transform(X)
    assert list(found) == ["rooms", "age", "town", "rooms / age", "rooms - age"]
    np.testing.assert_array_equal(found["rooms / age"], [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(found["rooms - age"], [-1.0, 2.0, np.nan])
    assert one.get_feature_names_out().tolist() == list(found)
    again = FormulaColumns([("", "*", "age")]).fit(found).transform(found)
    np.testing.assert_array_equal(again["rooms - age * age"], [-2.0, 0.0, np.nan])


def test_a_column_that_has_the_name_already_stays() -> None:
    X = pd.DataFrame({"a": [1.0], "b": [2.0], "a + b": [7.0]})
    found = FormulaColumns([("a", "+", "b")]).fit(X).transform(X)
    pd.testing.assert_frame_equal(found, X)


def test_results_are_within_the_limits_of_cleaned_numbers() -> None:
    """Trees compute in float32, which has no numbers above 3.4e38."""
    X = pd.DataFrame({"a": [1e30, -1e30], "b": [1e20, 1e20]})
    found = FormulaColumns([("a", "*", "b")]).fit(X).transform(X)["a * b"]
    np.testing.assert_array_equal(found, [1e30, -1e30])


def test_a_column_may_have_the_name_of_a_combination() -> None:
    X = table(100).assign(both=lambda frame: frame["kind"]).rename(columns={"both": "town & kind"})
    one = TargetColumns([("town", "kind"), ("town & kind",)], ENCODER)
    found = one.fit_transform(X, X["a"].to_numpy())
    assert found.columns.is_unique
    assert one.get_feature_names_out().tolist() == list(found)
    assert list(one.transform(X)) == list(found)


def test_means_of_groups_are_smoothed_and_unknown_ones_are_that_of_all_rows() -> None:
    X = pd.DataFrame({"a": [1.0, 3.0, 8.0], "town": pd.Categorical(["t", "t", "u"])})
    one = GroupColumns(["a"], ["town"], smooth=2.0).fit(X)
    new = pd.DataFrame({"a": [5.0, 5.0, 5.0], "town": pd.Categorical(["t", "u", None])})
    found = one.transform(new)
    np.testing.assert_allclose(found["mean of a by town"], [3.0, 6.0 - 2 / 3, 4.0])
    np.testing.assert_allclose(found["a - mean by town"], [2.0, -1 / 3, 1.0])


def test_combinations_are_encoded_by_the_target_of_other_rows() -> None:
    X, rng = table(300), np.random.default_rng(1)
    y = ((X["town"] == "t") ^ (X["kind"] == "k")).to_numpy(float) + rng.normal(0, 0.1, 300)
    one = TargetColumns([("town", "kind")], ENCODER)
    told = one.fit_transform(X, y)["target of town & kind"]
    assert np.corrcoef(told, y)[0, 1] > 0.8
    new = table(300, seed=2)
    truth = ((new["town"] == "t") ^ (new["kind"] == "k")).to_numpy(float)
    assert np.corrcoef(one.transform(new)["target of town & kind"], truth)[0, 1] > 0.95
    # A row's own target is no part of its value.
    changed = y.copy()
    changed[0] += 100.0
    again = TargetColumns([("town", "kind")], ENCODER).fit_transform(X, changed)
    assert again["target of town & kind"][0] == told[0]
    assert (again["target of town & kind"] != told).any()


def test_important_columns_are_chosen() -> None:
    X = table(400)
    y = (X["b"] / (2 + X["d"].abs())).to_numpy() + 3.0 * (X["kind"] == "k").to_numpy()
    pairs = PairFormulas(2, "/-", random_state=0).fit(X, y)
    assert {formula[0] for formula in pairs.transformer_.formulas} <= {"b", "d"}
    groups = GroupStatistics(1, 1, random_state=0).fit(X, y)
    assert (groups.transformer_.numbers, groups.transformer_.groups) == (["b"], ["kind"])
    crossed = CrossedTargets(2, random_state=0).fit(X, y)
    assert set(crossed.transformer_.combinations) == {("kind",), ("town",), ("kind", "town")}
    subsets = SubsetTargets(3, size=2, random_state=0).fit(X, y)
    assert len(subsets.transformer_.combinations) == 3
    assert all(len(one) == 2 for one in subsets.transformer_.combinations)
    for one in (pairs, groups, crossed, subsets):
        assert one.transform(X).columns.tolist() == one.get_feature_names_out().tolist()


def test_weights_count_as_rows() -> None:
    X, y = table(100), np.random.default_rng(0).normal(size=100)
    weights = np.r_[np.ones(50), np.zeros(50)]
    one = TargetColumns([("town",)], ENCODER).fit(X, y, sample_weight=weights)
    other = TargetColumns([("town",)], ENCODER).fit(X[:50], y[:50])
    found, expected = one.transform(X), other.transform(X)
    np.testing.assert_allclose(found["target of town"], expected["target of town"])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("name", NAMES)
def test_a_target_of_noise_is_predicted_at_chance(name: str, task: str) -> None:
    X, rng = table(600), np.random.default_rng(3)
    # Categories of few rows each are where an encoding of a row's own target would tell it.
    X["code"] = pd.Categorical(rng.integers(0, 120, 600).astype(str))
    y = rng.normal(size=600) if task == "regression" else rng.integers(0, 2, 600)
    y = rng.integers(0, 3, 600) if task == "multiclass" else y
    space = catalogue(task, numbers=4, categories=3, number_names=("a", "b", "c", "d"), classes=3)
    constructor = draw(space[name], np.random.default_rng(0))
    encoder = draw(space["Encoder"], np.random.default_rng(0))
    plain = "Ridge" if task == "regression" else "LogisticRegression"
    model = to_estimator(
        Tree([draw(space[plain], np.random.default_rng(0)), encoder, constructor, TABLE])
    )
    folds: KFold = KFold(5) if task == "regression" else StratifiedKFold(5)
    if task == "regression":
        assert r2_score(y, cross_val_predict(model, X, y, cv=folds)) < 0.03
    else:
        shares = cross_val_predict(model, X, y, cv=folds, method="predict_proba")
        told = roc_auc_score(y == 1, shares[:, 1])
        assert abs(told - 0.5) < 0.07


def test_a_ratio_is_learned_by_a_linear_model() -> None:
    X = table(300).assign(b=lambda frame: frame["b"].abs() + 0.5)
    y = (X["a"] / X["b"]).to_numpy()
    plain = Ridge().fit(X[["a", "b"]], y).score(X[["a", "b"]], y)
    new = FormulaColumns([("a", "/", "b")]).fit(X).transform(X)
    assert plain < 0.9
    assert Ridge().fit(new[["a / b"]], y).score(new[["a / b"]], y) > 0.99


def space_of(task: str = "regression") -> Catalogue:
    return catalogue(task, numbers=4, categories=2, number_names=("a", "b", "c", "d"))


def test_growth_and_variation_put_constructors_before_encoders() -> None:
    space, rng = space_of(), np.random.default_rng(0)
    grown = [grow(Prediction, space, rng, 8) for _ in range(200)]
    counts = [sum(step.name in NAMES for step in tree.steps) for tree in grown]
    assert 0 < np.mean([count > 0 for count in counts]) < 0.6
    for tree in grown:
        check(tree, space)
    plain = Tree([draw(space["Ridge"], rng), draw(space["Encoder"], rng), TABLE])
    children = [insert_step([plain], space, rng) for _ in range(100)]
    constructed = [child for child in children if child.steps[-1].name in NAMES]
    assert constructed
    shrunk = [shrink([constructed[0]], space, rng) for _ in range(20)]
    assert str(plain) in map(str, shrunk)
    deeper = [insert_step([constructed[0]], space, rng) for _ in range(200)]
    assert any([step.name in NAMES for step in tree.steps].count(True) == 2 for tree in deeper)
    for tree in (*children, *shrunk, *deeper):
        check(tree, space)


def decoded(node: Any, space: Catalogue) -> Node:
    """Return the node of a part of an expression."""
    return TABLE if node is None else Step(space[node[0]], node[1])


def test_an_expression_with_formulas_is_read_and_fitted() -> None:
    X, space = table(100), space_of()
    inner = "Formula(X, first='a', operation='/', second='b')"
    composed = f"Formula({inner}, first='', operation='*', second='c')"
    branch = [decoded(one, space) for one in parse(composed)]
    rng = np.random.default_rng(0)
    tree = Tree([draw(space["Ridge"], rng), draw(space["Encoder"], rng), *branch])
    check(decode(encode(tree), space), space)
    model = to_estimator(tree).fit(X, X["a"].to_numpy())
    added = model[:-1].get_feature_names_out()
    assert any("a / b * c" in name for name in added)


def test_importances_of_features_of_two_columns_are_refused_by_their_names() -> None:
    X, space, rng = table(100), space_of(), np.random.default_rng(0)
    formula = Step(space["Formula"], {"first": "a", "operation": "/", "second": "b"})
    nodes = [draw(space["DecisionTreeRegressor"], rng), draw(space["Encoder"], rng), formula, TABLE]
    model = to_estimator(Tree(nodes)).fit(X, (X["a"] / X["b"]).to_numpy())
    with pytest.raises(AttributeError, match="got 'numbers__a / b'"):
        native_importances(model, list(X))


def test_large_tables_have_single_formulas_alone() -> None:
    names = tuple("abcd")
    for changes in ({"rows": 200_000}, {"numbers": 2_000}):
        space = catalogue("regression", **{"numbers": 4, "number_names": names, **changes})
        assert [name for name in NAMES if name in space] == ["Formula"]
    many = catalogue("regression", numbers=100, number_names=tuple(map(str, range(100))))
    assert "Formula" not in many
    assert "PairFormulas" in many


@pytest.mark.parametrize("output", [Features, Table])
def test_a_step_to_a_table_reads_one_table(output: type) -> None:
    make = partial(type(CONSTRUCTORS[0]), "Joined", (Table, Table), output, FormulaColumns)
    if output is Features:
        assert make().output is Features
    else:
        with pytest.raises(ValueError, match="`inputs` of Joined must be one table"):
            make()


def test_a_cleaned_table_keeps_its_columns() -> None:
    X = TableCleaner().fit_transform(table(50))
    found = PairFormulas(3, "*", random_state=0).fit_transform(X, X["a"].to_numpy())
    pd.testing.assert_frame_equal(found[list(X)], X)
    assert len(found.columns) == len(X.columns) + 3
