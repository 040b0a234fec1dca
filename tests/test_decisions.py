"""Thresholds, intervals and sets of fitted estimators, their exported files and their warnings."""

from __future__ import annotations

import pickle
import runpy
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import f1_score, get_scorer, log_loss, roc_auc_score
from sklearn.model_selection import FixedThresholdClassifier

from evolver import (
    DataWarning,
    EvolvedClassifier,
    EvolvedRegressor,
    InputError,
    InputTypeError,
    Settings,
)
from evolver.command import Command
from evolver.report.explanations import EXPLANATIONS
from primitives import default_catalogue
from tests.tables import small_table
from tests.test_cli import evolver
from tests.test_targets import QUICK

HERE: dict[str, Any] = {**QUICK, "settings": Settings(in_process=True)}
"""Parameters of a quick fit without worker processes."""


def unequal(n_rows: int = 400, rate: float = 0.1, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a table with a rare class that two columns tell of, and labels "no" and "yes"."""
    rng = np.random.default_rng(seed)
    rare = rng.random(n_rows) < rate
    X = pd.DataFrame({"a": rng.normal(size=n_rows) + 1.2 * rare, "b": rng.normal(size=n_rows)})
    return X, np.where(rare, "yes", "no")


def quiet(estimator: Any, X: Any, y: Any, **arguments: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, y, **arguments)


@pytest.fixture(scope="module")
def by_f1() -> Any:
    return quiet(EvolvedClassifier(**HERE, scoring="f1"), *unequal())


def test_a_scorer_of_labels_has_a_threshold_that_is_better_on_new_rows(by_f1: Any) -> None:
    X, y = unequal(4_000, seed=1)
    assert 0 < by_f1.threshold_ < 0.5
    plain = by_f1.best_pipeline_ if by_f1.ensemble_ is None else by_f1.ensemble_
    at_half = f1_score(y, plain.predict(X), pos_label="yes")
    assert by_f1.score(X, y) == f1_score(y, by_f1.predict(X), pos_label="yes")
    assert by_f1.score(X, y) > at_half + 0.03
    shares = by_f1.predict_proba(X)
    assert np.array_equal(shares, plain.predict_proba(X))
    labels = np.where(shares[:, 1] >= by_f1.threshold_, "yes", "no")
    assert np.array_equal(by_f1.predict(X), labels)


def test_the_threshold_is_a_part_of_what_is_selected_pickled_and_exported(
    by_f1: Any, tmp_path: Path
) -> None:
    X, y = unequal(200, seed=2)
    expected = by_f1.predict(X)
    chosen = by_f1.select(by_f1.pareto_front_["digest"].iloc[0])
    assert isinstance(chosen, FixedThresholdClassifier)
    assert np.array_equal(chosen.predict(X), expected)
    again = pickle.loads(pickle.dumps(by_f1))
    assert again.threshold_ == by_f1.threshold_
    assert np.array_equal(again.predict(X), expected)
    train, y_train = unequal()
    train.assign(target=y_train).to_csv(tmp_path / "train.csv", index=False)
    X.assign(target=y).to_csv(tmp_path / "new.csv", index=False)
    by_f1.export(tmp_path / "model.py")
    source = (tmp_path / "model.py").read_text(encoding="utf-8")
    assert "from sklearn.model_selection import FixedThresholdClassifier" in source
    command = [*("train.csv", "--target", "target"), *("--predict", "new.csv", "--out", "out.csv")]
    subprocess.run([sys.executable, "model.py", *command], cwd=tmp_path, check=True, timeout=120)
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["prediction"].tolist() == expected.tolist()
    assert np.allclose(found[["probability_no", "probability_yes"]], by_f1.predict_proba(X))


def test_members_that_were_not_fitted_have_a_threshold_of_their_own(by_f1: Any) -> None:
    X, _ = unequal(50, seed=3)
    for digest in by_f1.pareto_front_["digest"]:
        member = by_f1.select(digest)
        threshold = by_f1._members.thresholds[by_f1._members.digest_of(digest)]
        labels = np.where(member.predict_proba(X)[:, 1] >= threshold, "yes", "no")
        assert np.array_equal(member.predict(X), labels)


def test_an_evaluation_on_new_rows_is_by_the_thresholds(by_f1: Any) -> None:
    X, y = unequal(300, seed=4)
    found = pickle.loads(pickle.dumps(by_f1)).evaluate(X, y).set_index("digest")
    first = by_f1.pareto_front_["digest"].iloc[0]
    assert found.loc[first, "f1"] == pytest.approx(by_f1.score(X, y))
    assert found.loc[first, "accuracy"] == pytest.approx(np.mean(by_f1.predict(X) == y))


def test_scores_of_probabilities_leave_the_threshold_at_one_half() -> None:
    model = quiet(EvolvedClassifier(**HERE), *unequal(150))
    assert model.threshold_ == 0.5
    assert model.select("best") is model.best_pipeline_
    assert model.scorer_ is model.scorers_["roc_auc"]


def test_a_threshold_may_be_a_number_a_name_or_costs() -> None:
    X, y = unequal(300)
    found = {}
    for name, threshold in {
        "number": 0.2,
        "name": "balanced_accuracy",
        "scorer": get_scorer("matthews_corrcoef"),
        "costs": [[0, 1], [9, 0]],
    }.items():
        model = quiet(EvolvedClassifier(**HERE, threshold=threshold), X, y)
        found[name] = model.threshold_
        assert model.leaderboard_["score"].max() > 0.6  # areas under the ROC curve, as before
        assert clone(model).threshold is not None
    assert found["number"] == 0.2
    assert 0.02 < found["name"] < 0.3
    assert 0.03 < found["costs"] < 0.3  # 0.1 for probabilities without an error
    assert 0 < found["scorer"] < 1


def test_further_scorers_of_labels_are_decided_alike() -> None:
    X, y = unequal(300)
    model = quiet(EvolvedClassifier(**HERE, scoring=["roc_auc", "recall"], threshold=0.02), X, y)
    half = quiet(EvolvedClassifier(**HERE, scoring=["roc_auc", "recall"]), X, y)
    assert model.pareto_front_["recall"].iloc[0] > half.pareto_front_["recall"].iloc[0]
    assert np.array_equal(model.pareto_front_["score"], half.pareto_front_["score"])


def test_weights_reach_the_threshold_and_the_exported_program() -> None:
    X, y = unequal(300)
    weights = np.where(y == "yes", 5.0, 1.0)
    scoring = "accuracy"
    plain = quiet(EvolvedClassifier(**HERE, scoring=scoring), X, y)
    model = quiet(EvolvedClassifier(**HERE, scoring=scoring), X, y, sample_weight=weights)
    assert (model.predict(X) == "yes").sum() > (plain.predict(X) == "yes").sum()
    assert "fit_with_weights" in model.export()


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        (0, "must be above 0 and below 1, got 0"),
        (1.5, "must be above 0 and below 1, got 1.5"),
        ("roc_auc", "must name a scorer of labels"),
        ("recall", "must name a scorer that counts both kinds of errors"),
        ("f2", "must be None, a number .* got 'f2'"),
        ([[0, 1, 2], [1, 0, 2], [1, 1, 0]], "2 x 2 matrix of finite costs"),
        ([[1, 0], [5, 0]], "each error costs more than a right prediction"),
    ],
)
def test_a_threshold_that_means_nothing_is_an_error(threshold: Any, message: str) -> None:
    model = EvolvedClassifier(**HERE, threshold=threshold)
    with pytest.raises(InputError, match=f"`threshold` .*{message}"):
        model.fit(*unequal(60))


def test_a_threshold_needs_two_classes_and_a_classifier() -> None:
    X, y = small_table("multiclass")
    with pytest.raises(InputError, match="`threshold` must be None unless the target has two"):
        EvolvedClassifier(**HERE, threshold=0.3).fit(X, y)
    with pytest.raises(InputTypeError, match="EvolvedRegressor has the parameters"):
        EvolvedRegressor(threshold=0.3)
    assert quiet(EvolvedClassifier(**HERE, scoring="accuracy"), X, y).threshold_ is None


def test_intervals_hold_new_rows_and_survive_a_pickle() -> None:
    X, y = small_table("regression")
    half = len(y) // 2
    model = quiet(EvolvedRegressor(**HERE), X[:half], y[:half])
    again = pickle.loads(pickle.dumps(model))
    found = again.predict_interval(X[half:])
    assert np.array_equal(found, model.predict_interval(X[half:]))
    assert found.shape == (len(y) - half, 2)
    inside = (found[:, 0] <= y[half:]) & (y[half:] <= found[:, 1])
    assert 0.8 < inside.mean() < 0.98
    narrow = model.predict_interval(X[half:], coverage=0.5)
    assert (np.diff(narrow) < np.diff(found)).all()


def test_several_targets_have_an_interval_each() -> None:
    X, y = small_table("regression")
    targets = np.column_stack([y, 100 * np.asarray(y)])
    model = quiet(EvolvedRegressor(**HERE), X, targets)
    found = model.predict_interval(X[:7])
    assert found.shape == (7, 2, 2)
    assert (found[:, 1, 1] - found[:, 1, 0] > 20 * (found[:, 0, 1] - found[:, 0, 0])).all()


def test_sets_of_classes_hold_new_rows() -> None:
    X, y = small_table("multiclass")
    model = quiet(EvolvedClassifier(**HERE), X[::2], y[::2])
    model = pickle.loads(pickle.dumps(model))
    found = model.predict_set(X[1::2])
    assert found.shape == (len(y[1::2]), len(model.classes_))
    true = np.asarray(y[1::2])[:, None] == model.classes_
    assert 0.8 < (found & true).any(axis=1).mean() <= 1
    larger = model.predict_set(X[1::2], by_class=True)
    assert larger.shape == found.shape
    with pytest.raises(InputError, match=r"`coverage` must be above 0 and below 1, got 1\.2"):
        model.predict_set(X, coverage=1.2)
    with pytest.raises(InputTypeError, match="`coverage` must be a number, got '90 %'"):
        model.predict_set(X, coverage="90 %")


def test_several_labels_have_no_sets() -> None:
    X, y = small_table("binary")
    labels = np.column_stack([y == "class 0", X.iloc[:, 0] > X.iloc[:, 0].median()]).astype(int)
    model = quiet(EvolvedClassifier(**HERE), X, labels)
    assert model.threshold_ is None
    with pytest.raises(InputError, match="`predict_set` needs a target of one column"):
        model.predict_set(X)


def test_one_class_for_every_row_is_a_warning_with_an_explanation() -> None:
    X, y = unequal(300, rate=0.04)
    linear = default_catalogue().only("Encoder", "LinearDiscriminantAnalysis")
    with pytest.warns(DataWarning, match="`predict` gives the class 'no' for every row"):
        model = EvolvedClassifier(**{**HERE, "search_space": linear}).fit(X[["b"]], y)
    codes = [one.code for one in model.warnings_]
    assert "predicts-one-class" in codes
    assert set(codes) <= set(EXPLANATIONS)
    assert "predicts-one-class" in [one["code"] for one in model._facts["warnings"]]


BALANCED: dict[str, Any] = {
    **HERE,
    "search_space": default_catalogue().only("Encoder", "LogisticRegression"),
    "warm_start": ["LogisticRegression(Encoder(X), class_weight='balanced')"],
    "max_evaluations": 1,
}
"""Parameters of a fit of one model, whose probabilities balanced weights shift."""


@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_probabilities_of_balanced_weights_are_calibrated(rate: float, tmp_path: Path) -> None:
    X, y = unequal(3_000, rate)
    X_new, y_new = unequal(20_000, rate, seed=1)
    truth = y_new == "yes"
    model = EvolvedClassifier(**BALANCED).fit(X, y)
    assert [one.code for one in model.warnings_ if "probabilities" in one.code] == []
    shares, before = model.predict_proba(X_new), model.best_pipeline_.predict_proba(X_new)
    assert before[:, 1].mean() > 2 * truth.mean()
    assert abs(shares[:, 1].mean() / truth.mean() - 1) < 0.25
    assert log_loss(truth, shares) < 0.8 * log_loss(truth, before)
    # The order of the rows is the same, and so is each score of it.
    assert np.array_equal(np.argsort(shares[:, 1]), np.argsort(before[:, 1]))
    assert model.score(X_new, y_new) == roc_auc_score(truth, before[:, 1])
    assert np.array_equal(model.predict(X_new) == "yes", shares[:, 1] >= 0.5)
    assert model.predict_set(X_new, by_class=True)[truth, 1].mean() > 0.8
    model.export(tmp_path / "model.py")
    model.export(tmp_path / "exact.py", style="exact")
    for name in ("model.py", "exact.py"):
        built = runpy.run_path(str(tmp_path / name))["make_pipeline"]()
        assert np.allclose(built.fit(X, y).predict_proba(X_new), shares, rtol=0, atol=1e-9)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(X_new), shares)


def test_probabilities_stay_as_they_are_where_the_score_depends_on_them() -> None:
    X, y = unequal(300, rate=0.04)
    model = EvolvedClassifier(**BALANCED, scoring="f1", threshold=0.4)
    with pytest.warns(DataWarning, match="Probabilities of the class 'yes' are 0.* in the mean"):
        model.fit(X, y)
    assert "shifted-probabilities" in [one.code for one in model.warnings_]
    assert "shifted-probabilities" in EXPLANATIONS
    assert np.array_equal(model.predict_proba(X), model.best_pipeline_.predict_proba(X))
    chosen = quiet(EvolvedClassifier(**BALANCED, scoring="f1"), X, y)
    assert chosen.predict_proba(X)[:, 1].mean() < model.predict_proba(X)[:, 1].mean() / 2


def test_the_command_line_takes_a_threshold(tmp_path: Path) -> None:
    X, y = unequal(60, rate=0.3)
    X.assign(y=y, n=X["a"] * 1.5).to_csv(tmp_path / "table.csv", index=False)
    options = ["--time", "none", "--evaluations", "1", "--jobs", "1", "--out", tmp_path / "run"]
    for given, message in {
        "f9": "must be None, a number",
        "1,2": "four costs such as 0,1,5,0",
        "7": "above 0 and below 1, got 7.0",
    }.items():
        table = (tmp_path / "table.csv", "--target", "y", "--threshold", given)
        result = evolver("fit", *table, *options)
        assert result.exit_code != 0
        assert message in result.output.replace("\n", " ")
    result = evolver("fit", tmp_path / "table.csv", "--target", "n", "--threshold", "f1", *options)
    assert "but not `threshold`" in result.output
    assert result.exit_code == 2


def test_a_command_keeps_the_threshold_of_a_run() -> None:
    command = Command("t", ["y"], None, "auto", 1, 0, None, {}, threshold=[[0, 1], [5, 0]])
    assert command.parameters()["threshold"] == [[0, 1], [5, 0]]
    assert "threshold" not in replace(command, threshold=None).parameters()
