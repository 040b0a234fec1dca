"""Estimators: errors for bad input, and the documented behaviour."""

from __future__ import annotations

import inspect
import os
import pickle
import signal
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from optuna.distributions import FloatDistribution
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, roc_auc_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    ShuffleSplit,
    cross_val_score,
)
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import evolver
from evolver import (
    DataWarning,
    EvolvedClassifier,
    EvolvedRegressor,
    InputError,
    InputTypeError,
    Settings,
)
from evolver.budget import Budget
from evolver.run.ranking import MAX_PER_PREDICTOR
from evolver.search.metafeatures import MetaFeatures
from evolver.search.portfolio import Experience, Trial
from evolver.storage.journal import Journal
from primitives import REGRESSION, Catalogue, Features, Prediction, Primitive, default_catalogue
from primitives.wrappers import RepeatedRegressor, random_states
from tests.evaluation.test_fold import problem
from tests.tables import by_age, small_table

CHEAP = default_catalogue().only(
    "Encoder",
    "StandardScaler",
    "PCA",
    "Union",
    "Stack",
    "GaussianNB",
    "LinearDiscriminantAnalysis",
    "DecisionTreeClassifier",
    "Ridge",
    "BayesianRidge",
    "DecisionTreeRegressor",
    "QuantileTarget",
)
IN_PROCESS = Settings(in_process=True)


def classifier(**changes: Any) -> EvolvedClassifier:
    return EvolvedClassifier(**{**QUICK, **changes})


def regressor(**changes: Any) -> EvolvedRegressor:
    return EvolvedRegressor(**{**QUICK, **changes})


QUICK: dict[str, Any] = {
    "time_budget": None,
    "max_evaluations": 6,
    "cv": 3,
    "search_space": CHEAP,
    "n_jobs": 1,
    "random_state": 0,
    "verbose": 0,
    "settings": IN_PROCESS,
}


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def fitted(request: pytest.FixtureRequest) -> tuple[Any, pd.DataFrame, np.ndarray]:
    X, y = small_table(request.param)
    make = regressor if request.param == "regression" else classifier
    return make(max_evaluations=25).fit(X[:90], y[:90]), X[90:], y[90:]


class TestFitted:
    def test_predictions_are_those_of_the_ensemble_or_else_the_winner(self, fitted: Any) -> None:
        model, X, _ = fitted
        member = "best" if model.ensemble_ is None else "ensemble"
        np.testing.assert_array_equal(model.predict(X), model.select(member).predict(X))
        if isinstance(model, EvolvedClassifier):
            assert model.predict_proba(X).shape == (len(X), len(model.classes_))
            assert set(model.predict(X)) <= set(model.classes_)

    def test_the_score_is_that_of_the_metric(self, fitted: Any) -> None:
        model, X, y = fitted
        if not hasattr(model, "classes_"):
            expected = -np.sqrt(np.mean((model.predict(X) - y) ** 2))
        elif len(model.classes_) == 2:
            expected = roc_auc_score(y, model.predict_proba(X)[:, 1])
        else:
            expected = -log_loss(y, model.predict_proba(X), labels=model.classes_)
        assert model.score(X, y) == pytest.approx(expected)

    def test_the_front_is_sorted_by_score(self, fitted: Any) -> None:
        front = fitted[0].pareto_front_
        assert list(front) == [
            "rank",
            "score",
            "std",
            "complexity",
            "pipeline",
            "expression",
            "digest",
        ]
        pipelines = front[front["digest"] != "ensemble"]
        assert pipelines["score"].is_monotonic_decreasing
        assert pipelines["complexity"].is_monotonic_decreasing
        assert pipelines["score"].iloc[0] == fitted[0].best_score_
        assert (fitted[0].ensemble_ is None) == (len(pipelines) == len(front))

    def test_score_and_std_are_mean_and_sample_deviation_over_the_folds(self, fitted: Any) -> None:
        model = fitted[0]
        front = model.pareto_front_.set_index("digest")
        winner, problem = model._members.winner[:8], model._members._problem
        scores = cross_val_score(
            clone(model.best_pipeline_),
            problem.X,
            problem.y,
            cv=problem.folds,
            scoring=model.scorer_,
        )
        assert front["score"][winner] == pytest.approx(scores.mean())
        assert front["std"][winner] == pytest.approx(scores.std(ddof=1))

    def test_the_leaderboard_has_a_row_for_each_candidate_best_first(self, fitted: Any) -> None:
        board = fitted[0].leaderboard_
        assert list(board) == [
            "score",
            "std",
            "score_so_far",
            "folds",
            "complexity",
            "pipeline",
            "outcome",
            "failure",
            "reason",
            "seconds",
            "proposer",
            "operator",
            "parents",
            "expression",
            "number",
            "digest",
        ]
        assert sorted(board["number"]) == list(range(25))
        scored = board[board["outcome"] == "scored"]
        assert scored["score"].is_monotonic_decreasing
        assert (scored["score_so_far"] == scored["score"]).all()
        assert (scored["folds"] == fitted[0]._n_folds).all()
        order = {"scored": 0, "stopped": 1, "failed": 2}
        assert board["outcome"].map(order).is_monotonic_increasing
        assert board["digest"].is_unique
        assert "evolution" in set(board["proposer"]) <= {"portfolio", "evolution"}
        assert (board["seconds"] > 0).all()

    def test_selected_members_are_fitted(self, fitted: Any) -> None:
        model, X, _ = fitted
        assert model.select("best") is model.best_pipeline_
        for member in ("one_se", "knee", *model.pareto_front_["digest"]):
            pipeline = model.select(member)
            check_is_fitted(pipeline)
            assert pipeline.predict(X).shape == (len(X),)
        allowed = "'best', 'ensemble'," if model.ensemble_ is not None else "'best', 'knee',"
        for wrong in ("second", "", 3):
            with pytest.raises(InputError, match="`member` must be one of") as raised:
                model.select(wrong)
            assert allowed in str(raised.value)

    def test_columns_are_taken_by_name(self, fitted: Any) -> None:
        model, X, _ = fitted
        np.testing.assert_array_equal(model.predict(X[X.columns[::-1]]), model.predict(X))
        with pytest.raises(InputError, match=r"now missing:\n- first"):
            model.predict(X.drop(columns="first"))
        with pytest.warns(DataWarning, match="which are ignored"):
            more = model.predict(X.assign(more=1.0))
        np.testing.assert_array_equal(more, model.predict(X))

    def test_missing_values_may_appear_at_predict_alone(self, fitted: Any) -> None:
        model, X, _ = fitted
        assert np.isfinite(
            np.asarray(model.predict(X.assign(second=np.nan)) == 0, dtype=float)
        ).all()

    def test_a_pickle_predicts_the_same_and_holds_no_data(self, fitted: Any) -> None:
        model, X, _ = fitted
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert again._members._problem is None
        assert again.select("best").predict(X).shape == (len(X),)


@pytest.fixture(scope="module")
def several() -> tuple[Any, bytes]:
    """Return a model with several members on its front, and its pickle with the winner alone."""
    model = regressor(max_evaluations=25, random_state=2).fit(*small_table("regression"))
    return model, pickle.dumps(model)


def test_a_member_not_fitted_before_pickling_is_refused(several: Any) -> None:
    model, pickled = several
    kept = {model._members.winner[:8], "ensemble"}
    others = [digest for digest in model.pareto_front_["digest"] if digest not in kept]
    assert others
    with pytest.raises(InputError, match="`member` must have been fitted before pickling"):
        pickle.loads(pickled).select(others[0])


def test_every_member_is_exported_from_a_pickle_as_from_the_fitted_model(
    several: Any, tmp_path: Path
) -> None:
    model, pickled = several
    again = pickle.loads(pickled)
    for digest in model.pareto_front_["digest"]:
        model.select(digest)
        model.export(tmp_path / "fitted.py", digest, "exact")
        again.export(tmp_path / "loaded.py", digest, "exact")
        assert (tmp_path / "loaded.py").read_text() == (tmp_path / "fitted.py").read_text()


def test_a_digest_is_accepted_by_its_beginning_alone(
    several: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = several
    digests = [digest for digest in model.pareto_front_["digest"] if digest != "ensemble"]
    for digest in digests:
        assert model.select(digest[:8]) is model.select(digest)
    members = model._members
    alike = {"abcdef01": "one", "abcdef02": "two"}
    monkeypatch.setattr(members, "_fitted", members._fitted | alike)
    assert model.select("abcdef01") == "one"
    with pytest.raises(InputError, match=r"the beginning of one digest.*abcdef02.*got 'abcdef0'"):
        model.select("abcdef0")


def test_the_source_of_a_model_is_returned_where_no_path_is_given(
    fitted: Any, tmp_path: Path
) -> None:
    model = fitted[0]
    assert model.export(tmp_path / "model.py", member="best") is None
    source = model.export(member="best")
    assert source == (tmp_path / "model.py").read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "model.py", "exec"), names)
    assert isinstance(names["make_pipeline"](), Pipeline)


def test_importances_are_those_of_the_columns_of_fit() -> None:
    X, y = small_table("regression")
    X = X.assign(constant=1)
    trees = default_catalogue().only("Encoder", "DecisionTreeRegressor")
    model = regressor(search_space=trees).fit(X, y)
    importances = pd.Series(model.feature_importances_, model.feature_names_in_)
    assert importances.sum() == pytest.approx(1.0)
    assert importances["constant"] == 0
    assert (importances > 0).sum() >= 2
    chosen = SelectFromModel(model, prefit=True, max_features=2).get_support()
    assert set(X.columns[chosen]) == set(importances.nlargest(2).index)


def test_a_model_without_importances_has_no_such_attribute() -> None:
    X, y = small_table("regression")
    model = regressor(search_space=default_catalogue().only("Encoder", "Ridge"))
    with pytest.raises(NotFittedError):
        model.feature_importances_  # noqa: B018
    assert not hasattr(model.fit(X, y), "feature_importances_")


class TestRefine:
    """Refinement of a finished run, from memory or from its folder."""

    @pytest.mark.parametrize("kept", [False, True])
    def test_the_front_is_refined_and_the_search_is_replayed(
        self, tmp_path: Path, kept: bool
    ) -> None:
        X, y = small_table("binary")
        model = classifier(max_evaluations=20, run_dir=tmp_path if kept else None).fit(X, y)
        before, score = by_age(model.leaderboard_), model.best_score_
        model = pickle.loads(pickle.dumps(model))
        model.refine(X, y, time_budget=None, max_evaluations=12)
        after = by_age(model.leaderboard_)
        assert after["digest"][:20].tolist() == before["digest"].tolist()
        assert (after["proposer"][20:] == "refinement").all()
        assert len(after) == 32
        assert model.best_score_ >= score
        model.refine(X, y, time_budget=None, max_evaluations=3)
        assert by_age(model.leaderboard_)["digest"][:32].tolist() == after["digest"].tolist()
        assert len(model.leaderboard_) == 35

    def test_other_data_and_bad_budgets_are_refused(self) -> None:
        X, y = small_table("binary")
        model = classifier().fit(X, y)
        with pytest.raises(InputError, match=r"must be those of `fit`.*differs in X"):
            model.refine(X.iloc[:, ::-1], y, max_evaluations=2)
        with pytest.raises(InputError, match="`time_budget` must be"):
            model.refine(X, y, time_budget=-1)
        with pytest.raises(NotFittedError):
            classifier().refine(X, y)

    def test_a_folder_that_lost_its_journal_is_refused(self, tmp_path: Path) -> None:
        X, y = small_table("binary")
        model = classifier(run_dir=tmp_path).fit(X, y)
        (tmp_path / "journal.sqlite").unlink()
        with pytest.raises(
            InputError, match=r"`run_dir` must be .* which holds no journal\.sqlite"
        ):
            model.refine(X, y, max_evaluations=2)
        model.set_params(run_dir=tmp_path / "another")
        with pytest.raises(InputError, match="must hold the journal of the run to refine"):
            model.refine(X, y, max_evaluations=2)

    def test_the_budget_is_added_to_that_of_the_run_so_far(self) -> None:
        assert Budget(5.0, 7).extended_by(60.0, 30) == Budget(65.0, 37)
        assert Budget(None, 7).extended_by(60.0, 30) == Budget(None, 37)
        assert Budget(5.0).extended_by(60.0, 30) == Budget(65.0)


class TestNesting:
    def test_clone_keeps_every_parameter(self) -> None:
        model = classifier(scoring="accuracy", complexity="size", run_dir="somewhere")
        changed = {"search_space", "settings"}  # deep copies
        before, after = model.get_params(), clone(model).get_params()
        assert {name: before[name] for name in before.keys() - changed} == {
            name: after[name] for name in after.keys() - changed
        }


class TestInputs:
    """Types of tables, targets, weights and scorers."""

    def test_arrays_lists_and_frames_without_names_are_accepted(self) -> None:
        X, y = small_table("binary")
        numbers = X[["second", "third"]].to_numpy()
        model = classifier(max_evaluations=3).fit(numbers, list(y))
        expected = model.predict(numbers)
        np.testing.assert_array_equal(model.predict(numbers.tolist()), expected)
        np.testing.assert_array_equal(model.predict(pd.DataFrame(numbers)), expected)
        assert not hasattr(model, "feature_names_in_")

    @pytest.mark.parametrize(
        "labels",
        [
            np.array([0, 1]),
            np.array([True, False]),
            np.array(["no", "yes"]),
            pd.Categorical(["no", "yes"]),
            pd.Series(["no", "yes"], dtype="str"),
            np.array([3.0, 7.0]),
        ],
        ids=lambda labels: str(labels.dtype),
    )
    def test_labels_of_any_type_are_predicted_in_that_type(self, labels: Any) -> None:
        X, _ = small_table("binary")
        y = pd.Series(labels).iloc[np.arange(len(X)) % 2].reset_index(drop=True)
        model = classifier(max_evaluations=3).fit(X, y)
        assert set(model.predict(X)) <= set(np.asarray(labels).tolist())

    def test_groups_stay_together_and_stacks_are_left_out(self) -> None:
        X, y = small_table("binary")
        groups = np.arange(len(X)) // 3
        model = classifier(max_evaluations=12).fit(X, y, groups=groups)
        assert not model.leaderboard_["pipeline"].str.contains("Stack").any()
        for train, valid in model._members._problem.folds:
            assert not set(groups[train]) & set(groups[valid])
        assert classifier(cv=GroupKFold(3)).fit(X, y, groups=groups).best_score_ > 0

    def test_weights_change_the_model(self) -> None:
        X, y = small_table("regression")
        weights = np.where(y > np.median(y), 50.0, 1.0)
        plain = regressor().fit(X, y).predict(X).mean()
        heavy = regressor().fit(X, y, sample_weight=weights).predict(X).mean()
        assert heavy > plain + 5

    @pytest.mark.parametrize("scoring", [None, "accuracy", "balanced_accuracy"])
    def test_rows_of_a_class_without_training_rows_are_not_scored(self, scoring: Any) -> None:
        """All rows of a class are in the same group, so they are never in both parts of a fold."""
        table, y = small_table("multiclass")
        groups = np.arange(len(y)) // 6
        y[:5] = "of one group"
        message = "no training row has: 5 of class 'of one group'"
        with pytest.warns(UserWarning, match=message) as warned:
            model = classifier(cv=4, scoring=scoring).fit(table, y, groups=groups)
        files = [one.filename for one in warned if "no training row" in str(one.message)]
        assert files == [__file__]
        scored = model.leaderboard_[model.leaderboard_["outcome"] == "scored"]
        assert len(scored) >= 4
        if scoring is None:
            assert scored["score"].max() > -1.5
        assert all(kept.shape[1] == 4 for kept in model._history.predictions.values())
        assert model.predict_proba(table).shape == (len(y), 4)

    def test_a_rare_class_gives_a_warning_and_every_fold_is_scored(self) -> None:
        X, y = small_table("multiclass")
        y = y.copy()
        y[:2], y[2:3] = "rare", "single"
        with pytest.warns(UserWarning, match=r"Class 'single' has 1 rows, fewer than") as warned:
            model = classifier().fit(X, y)
        assert warned[0].filename == __file__
        assert [(one.code, one.message) for one in model.warnings_] == [
            ("rare-class", str(warned[0].message))
        ]
        assert set(model.classes_) >= {"rare", "single"}
        assert (model.leaderboard_["outcome"] == "scored").any()

    def test_custom_scorers_and_names_of_scorers_are_accepted(self) -> None:
        X, y = small_table("binary")
        model = classifier(scoring=lambda estimator, X, y: accuracy_score(y, estimator.predict(X)))
        assert model.fit(X, y).score(X, y) == accuracy_score(y, model.predict(X))
        X, y = small_table("regression")
        model = regressor(scoring="neg_mean_absolute_error").fit(X, y)
        assert model.score(X, y) == -mean_absolute_error(y, model.predict(X))


X, Y = small_table("binary")
NUMBERS = small_table("regression")[1]
BAD = {
    "no rows": ({}, X[:0], Y[:0], "`X` must have enough rows.*0 sample"),
    "one row": ({}, X[:1], Y[:1], "`X` must have enough rows.*1 sample"),
    "no columns": ({}, X[[]], Y, "`X` must have enough rows and columns: 0 feature"),
    "one dimension": ({}, np.arange(9.0), Y[:9], "`X` must be a table.*2D"),
    "sparse": (
        {"search_space": Catalogue([default_catalogue()["GaussianNB"]])},
        csr_matrix((120, 10**9)),
        Y,
        "takes 960000000000 bytes",
    ),
    "lengths": ({}, X, Y[:-1], r"`X`, `y`.*inconsistent numbers of samples: \[120, 119\]"),
    "no target": ({}, X, None, "`y` must be given"),
    "no label": ({}, X, [None] * 120, "`y` must have a value in some rows: Input y contains NaN"),
    "one class": ({}, X, np.full(120, "a"), r"`y` must have at least 2 classes.*\['a'\]"),
    "labels of two types": ({}, X, np.array(["a", 1] * 60, dtype=object), "`y` must"),
    "continuous labels": (
        {},
        X,
        np.linspace(0, 1, 120),
        "`y` must be class labels, got continuous",
    ),
    "duplicate names": ({}, X.set_axis(["a"] * 9, axis=1), Y, r"unique column names.*\['a'\]"),
    "number as name": ({}, X.rename(columns={"first": 7}), Y, r"names that are strings, got \[7\]"),
    "negative weights": (
        {"fit": {"sample_weight": -np.ones(120)}},
        X,
        Y,
        "`sample_weight`.*at least 0",
    ),
    "few weights": ({"fit": {"sample_weight": np.ones(3)}}, X, Y, "`sample_weight`"),
    "few groups": ({"fit": {"groups": np.ones(3)}}, X, Y, "`groups`"),
    "unknown scorer": ({"scoring": "cleverness"}, X, Y, "`scoring` must be the name.*'cleverness'"),
    "metric as scorer": ({"scoring": accuracy_score}, X, Y, "`scoring`.*metric 'accuracy_score'"),
    "score of another task": ({"scoring": "r2"}, X, Y, "`scoring` must be able to score"),
    "scorer without number": (
        {"scoring": lambda e, X, y: "good"},
        X,
        Y,
        "`scoring`.*finite number",
    ),
    "no scorer": ({"scoring": 3}, X, Y, "`scoring` must be a scorer"),
    "cv 1": ({"cv": 1}, X, Y, "`cv` must be at least 2, got 1"),
    "cv above rows": ({"cv": 500}, X, Y, "`cv` must be at most the number of rows, 120, got 500"),
    "cv text": ({"cv": "five"}, X, Y, "`cv` must be a number of folds or a splitter"),
    "n_jobs 0": ({"n_jobs": 0}, X, Y, "`n_jobs` must be at least 1.*got 0"),
    "n_jobs text": ({"n_jobs": "all"}, X, Y, "`n_jobs` must be an integer"),
    "no time": ({"time_budget": 0}, X, Y, "`time_budget` must be finite and above 0, got 0"),
    "negative time": ({"time_budget": -5.0}, X, Y, "`time_budget`.*got -5.0"),
    "time as text": ({"time_budget": "5m"}, X, Y, "`time_budget` must be a number"),
    "no limit": ({"max_evaluations": None}, X, Y, "`time_budget` must be set where"),
    "no candidates": ({"max_evaluations": 0}, X, Y, "`max_evaluations` must be at least 1, got 0"),
    "population": ({"population_size": 1}, X, Y, "`population_size` must be at least 2, got 1"),
    "complexity": ({"complexity": "depth"}, X, Y, "`complexity` must be one of.*'depth'"),
    "complexities": (
        {"complexity": ["size", "depth"]},
        X,
        Y,
        r"`complexity` must be one of.*, or two of these, got \['size', 'depth'\]",
    ),
    "complexity twice": (
        {"complexity": ["size", "size"]},
        X,
        Y,
        "`complexity` must be one objective or 2 of different names",
    ),
    "no complexity": ({"complexity": []}, X, Y, "`complexity` must be one objective or 2"),
    "number of a folder": ({"run_dir": 3}, X, Y, "`run_dir` must be a folder, got 3"),
    "no catalogue": (
        {"search_space": ["PCA"]},
        X,
        Y,
        "`search_space` must be a primitives.Catalogue",
    ),
    "empty catalogue": (
        {"search_space": Catalogue()},
        X,
        Y,
        "`search_space` must hold a primitive",
    ),
    "no model": ({"search_space": CHEAP.only("Encoder")}, X, Y, "`search_space` must hold"),
    "no settings": ({"settings": {"lag": 3}}, X, Y, "`settings` must be an evolver.Settings"),
    "seed": ({"random_state": "lucky"}, X, Y, "`random_state` must be a seed"),
    "no run to begin with": (
        {"warm_start": "/nowhere"},
        X,
        Y,
        "`warm_start` must name folders of runs, got '/nowhere'",
    ),
    "a portfolio that is not there": (
        {"settings": Settings(in_process=True, portfolio="/nowhere")},
        X,
        Y,
        "`settings.portfolio` must be a folder.*got '/nowhere'",
    ),
    "a flag to begin with": ({"warm_start": True}, X, Y, "`warm_start` must be a folder.*got True"),
    "folder": (
        {"run_dir": "/proc/nowhere"},
        X,
        Y,
        "`run_dir` must be a folder that can be written",
    ),
}


SURROGATE = "a\udc80"
"""Text that is not valid Unicode, as Python decodes a file name that is not UTF-8."""

INVALID_TEXTS = np.where(np.arange(120) % 2, SURROGATE, "b").astype(object)
BAD |= {
    "surrogate in a name": (
        {},
        X.set_axis(pd.Index([SURROGATE, *X.columns[1:]], dtype=object), axis=1),
        Y,
        r"`X` must have column names of valid Unicode.*'a\\udc80'",
    ),
    "surrogate in a category": (
        {},
        X.assign(category=pd.Series(INVALID_TEXTS, dtype=object)),
        Y,
        r"`X` must hold valid Unicode text, got 'a\\udc80' in column 'category'",
    ),
    "surrogate in a declared category": (
        {},
        X.assign(
            category=pd.Categorical.from_codes(
                np.arange(120) % 2, pd.Index([SURROGATE, "b"], dtype=object)
            )
        ),
        Y,
        r"`X` must hold valid Unicode text, got 'a\\udc80' in column 'category'",
    ),
    "surrogate among numbers": (
        {},
        X.assign(category=pd.Series([1, 2.5, None, SURROGATE] * 30, dtype=object)),
        Y,
        "`X` must hold valid Unicode text.*'category'",
    ),
    "surrogate in an array": (
        {},
        np.column_stack([INVALID_TEXTS, np.arange(120.0)]),
        Y,
        r"`X` must hold valid Unicode text, got 'a\\udc80'",
    ),
    "surrogate in a class": ({}, X, INVALID_TEXTS, r"`y` must hold valid Unicode text.*'a\\udc80'"),
    "surrogate in a class of fixed length": (
        {},
        X,
        INVALID_TEXTS.astype(str),
        r"`y` must hold valid Unicode text.*'a\\udc80'",
    ),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_input_is_an_error_that_names_argument_rule_and_value(case: str) -> None:
    changes, table, target, message = BAD[case]
    changes = dict(changes)
    arguments = changes.pop("fit", {})
    with pytest.raises((InputError, InputTypeError), match=message):
        classifier(**changes).fit(table, target, **arguments)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (np.where(NUMBERS > 300, np.inf, NUMBERS), "`y` must be finite.*infinity"),
        (np.full(120, np.nan), "`y` must have a value in some rows: Input y contains NaN"),
        (np.full(120, "a"), "`y` must be numbers"),
    ],
)
def test_a_bad_numeric_target_is_an_error(target: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        regressor().fit(X, target)


def test_the_name_of_the_target_may_be_invalid_unicode(tmp_path: Path) -> None:
    model = classifier(run_dir=tmp_path / "run").fit(X, pd.Series(Y, name=SURROGATE))
    assert model.target_name_ == SURROGATE
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile((tmp_path / "run" / "winner.py").read_text(), "winner.py", "exec"), names)
    assert names["make_pipeline"]().fit(X, Y).predict(X).shape == Y.shape


def test_invalid_unicode_at_predict_is_an_error() -> None:
    model = classifier().fit(X, Y)
    with pytest.raises(InputError, match="`X` must hold valid Unicode text"):
        model.predict(X.assign(category=pd.Series(INVALID_TEXTS, dtype=object)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lag": 0}, "`settings.lag` must be an integer of at least 1 or None"),
        ({"max_steps": 1}, "`settings.max_steps`"),
        ({"initial_steps": 99}, "`settings.initial_steps`"),
        ({"portfolio_size": -1}, "`settings.portfolio_size` must be an integer of at least 0"),
        ({"ensemble_size": -1}, "`settings.ensemble_size` must be an integer of at least 0"),
        (
            {"ensemble_size": 8.0},
            "`settings.ensemble_size` must be an integer.*got 8.0",
        ),
        (
            {"patience": "long"},
            "`settings.patience` must be an integer.*or None, got 'long'",
        ),
        ({"fold_timeout": 0}, "`settings.fold_timeout`"),
        ({"operator_rates": {"leap": 1.0}}, "`settings.operator_rates`"),
        ({"operator_rates": {"crossover": 0.0}}, "`settings.operator_rates`"),
    ],
)
def test_bad_settings_are_errors_that_name_the_setting(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Settings(**changes)


def test_errors_are_also_value_errors_and_type_errors() -> None:
    assert issubclass(evolver.InputError, (evolver.EvolverError, ValueError))
    assert issubclass(evolver.InputTypeError, TypeError)


def test_progress_is_printed_only_if_verbose(capfd: pytest.CaptureFixture[str]) -> None:
    classifier(verbose=0).fit(X, Y)
    assert capfd.readouterr() == ("", "")
    classifier(verbose=1).fit(X, Y)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "[evolver" in captured.err


def test_a_run_folder_continues_the_same_run_and_refuses_another(tmp_path: Any) -> None:
    before = by_age(classifier(run_dir=tmp_path).fit(X, Y).leaderboard_)
    more = classifier(run_dir=tmp_path, max_evaluations=9, n_jobs=2).fit(X, Y)
    after = by_age(more.leaderboard_)
    pd.testing.assert_frame_equal(after[:6], before)
    assert len(after) == 9
    others: list[tuple[dict[str, Any], Any, str]] = [
        ({"cv": 4}, X, "cv"),
        ({"scoring": "accuracy"}, X, "scoring"),
        ({"random_state": 1}, X, "cv, random_state"),
        ({"search_space": CHEAP.without("PCA")}, X, "search_space"),
        ({}, X.assign(second=0.0), "X"),
    ]
    for changes, table, differs in others:
        with pytest.raises(InputError, match=f"differs in {differs}"):
            classifier(run_dir=tmp_path, **changes).fit(table, Y)


def test_a_run_without_a_seed_is_continued_with_its_random_state(tmp_path: Any) -> None:
    before = classifier(run_dir=tmp_path, random_state=None).fit(X, Y).leaderboard_
    again = classifier(run_dir=tmp_path, random_state=None).fit(X, Y).leaderboard_
    pd.testing.assert_frame_equal(again, before)


def test_a_warm_start_begins_with_the_front_of_an_earlier_run(tmp_path: Any) -> None:
    earlier = classifier(run_dir=tmp_path, max_evaluations=12).fit(X, Y)
    front = earlier.pareto_front_["digest"]
    front = front[front != "ensemble"].tolist()
    board = by_age(classifier(warm_start=str(tmp_path), random_state=5).fit(X, Y).leaderboard_)
    assert board["digest"][: len(front)].tolist() == front
    assert set(board["operator"][: len(front)]) == {"warm start"}
    other = small_table("multiclass")
    assert len(classifier(warm_start=[tmp_path]).fit(*other).leaderboard_) == 6


def test_a_warm_start_reads_the_journal_and_unpickles_nothing(tmp_path: Path) -> None:
    """The earlier run may still be running, or may have been killed."""
    folder, trap = tmp_path / "run", tmp_path / "sprung"
    front = classifier(run_dir=folder, max_evaluations=12).fit(X, Y).pareto_front_["digest"]
    front = front[front != "ensemble"].tolist()
    (folder / "model.joblib").write_bytes(pickle.dumps(Trap(trap)))
    with closing(Journal(folder)) as journal:  # open, as while the run is running
        journal.refine()
        board = by_age(classifier(warm_start=folder, random_state=5).fit(X, Y).leaderboard_)
    assert board["digest"][: len(front)].tolist() == front
    assert set(board["operator"][: len(front)]) == {"warm start"}
    assert not trap.exists()


class Trap:
    """Object that creates a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("where", ["start", "middle"])
def test_a_warm_start_from_a_damaged_journal_is_an_error(tmp_path: Path, where: str) -> None:
    classifier(run_dir=tmp_path).fit(X, Y)
    file = tmp_path / "journal.sqlite"
    content = bytearray(file.read_bytes())
    place = 0 if where == "start" else len(content) // 2
    content[place : place + 4096] = b"x" * 4096
    file.write_bytes(content)
    with pytest.raises(InputError, match="`warm_start` must name folders of runs, got"):
        classifier(warm_start=tmp_path).fit(X, Y)


def test_a_run_begins_with_the_portfolio_of_a_folder(tmp_path: Path) -> None:
    meta = MetaFeatures(**dict.fromkeys(MetaFeatures.of(problem()).values, 0.5))
    own = Experience(
        ["GaussianNB(Encoder(X))", "DecisionTreeClassifier(Encoder(X))"],
        {"one": Trial(meta, [1.0, 0.0], [0.1, 0.1])},
    )
    (tmp_path / "classification.json").write_text(own.write())
    settings = Settings(in_process=True, portfolio=tmp_path)
    board = by_age(classifier(settings=settings).fit(X, Y).leaderboard_)
    names = board["expression"].str.partition("(")[0].tolist()
    assert names[:2] == ["DecisionTreeClassifier", "GaussianNB"]
    assert board["proposer"].tolist()[:3] == ["portfolio", "portfolio", "evolution"]


@pytest.fixture(scope="module")
def table() -> tuple[pd.DataFrame, np.ndarray]:
    X, y = small_table("regression")
    return X[:90], y[:90]


@pytest.fixture(scope="module")
def model(table: Any) -> EvolvedRegressor:
    return regressor(max_evaluations=25).fit(*table)


class FailingOnAllRows(ExtraTreesRegressor):
    """Model that fails when it is fitted on all rows of the table."""

    def fit(self, X: Any, y: Any) -> Any:
        if len(y) == 90:
            raise ValueError("too many rows")
        return super().fit(X, y)


class Interrupting(ExtraTreesRegressor):
    """Model that interrupts the process while the fit number `at` on all rows runs."""

    at = 0
    fitted = 0

    def fit(self, X: Any, y: Any) -> Any:
        if len(y) == 90:
            type(self).fitted += 1
            if self.fitted == self.at:
                signal.raise_signal(signal.SIGINT)
        return super().fit(X, y)


class TestEnsemble:
    """Ensembles, on a table where several of the quick models are better than one."""

    def test_it_predicts_and_is_first_on_the_front(self, model: Any, table: Any) -> None:
        first = model.pareto_front_.iloc[0]
        assert first["digest"] == "ensemble"
        assert first["complexity"] > 2
        assert len(model.ensemble_.estimators_) >= 2
        np.testing.assert_array_equal(model.predict(table[0]), model.ensemble_.predict(table[0]))

    def test_it_is_the_average_of_its_members_each_fitted_on_all_rows(
        self, model: Any, table: Any
    ) -> None:
        members = [clone(one).fit(*table).predict(table[0]) for one in model.ensemble_.estimators_]
        expected = np.average(members, axis=0, weights=model.ensemble_.weights)
        np.testing.assert_allclose(model.predict(table[0]), expected)

    def test_the_exported_file_predicts_the_same(
        self, model: Any, table: Any, tmp_path: Path
    ) -> None:
        model.export(tmp_path / "ensemble.py")
        source = (tmp_path / "ensemble.py").read_text()
        assert "evolver import" not in source
        score = f"{model.pareto_front_['score'][0]:.6g} over 3 folds that it was not chosen on"
        assert score in " ".join(source.split())
        names: dict[str, Any] = {"__name__": "exported"}
        exec(compile(source, "ensemble.py", "exec"), names)
        again = names["make_pipeline"]().fit(*table)
        np.testing.assert_array_equal(again.predict(table[0]), model.predict(table[0]))

    def test_no_more_than_three_members_have_the_same_last_step(self, table: Any) -> None:
        space = CHEAP.only("Encoder", "StandardScaler", "PCA", "DecisionTreeRegressor")
        model = regressor(max_evaluations=40, search_space=space).fit(*table)
        assert (model.leaderboard_["outcome"] == "scored").sum() > MAX_PER_PREDICTOR
        assert 2 <= len(model.ensemble_.estimators_) <= MAX_PER_PREDICTOR

    def test_members_with_random_states_are_fitted_three_times_without_a_time_limit(
        self, table: Any, tmp_path: Path
    ) -> None:
        space = CHEAP.only("Encoder", "StandardScaler", "Ridge", "DecisionTreeRegressor")
        model = regressor(max_evaluations=40, search_space=space).fit(*table)
        n_repeated = 0
        for member in model.ensemble_.estimators_:
            is_repeated = isinstance(member, RepeatedRegressor)
            pipeline = member.estimators_[0] if is_repeated else member
            assert is_repeated == bool(random_states(pipeline))
            assert not is_repeated or len(member.estimators_) == 3
            n_repeated += is_repeated
        assert n_repeated > 0
        text = model.pareto_front_["expression"][0]
        assert text.count("repeated(") == n_repeated
        model.export(tmp_path / "ensemble.py")
        names: dict[str, Any] = {"__name__": "exported"}
        exec(compile((tmp_path / "ensemble.py").read_text(), "ensemble.py", "exec"), names)
        again = names["make_pipeline"]().fit(*table)
        np.testing.assert_array_equal(again.predict(table[0]), model.predict(table[0]))

    def test_it_can_be_switched_off(self, table: Any) -> None:
        settings = Settings(in_process=True, ensemble_size=1)
        alone = regressor(max_evaluations=12, settings=settings).fit(*table)
        assert alone.ensemble_ is None
        assert "ensemble" not in set(alone.pareto_front_["digest"])
        np.testing.assert_array_equal(
            alone.predict(table[0]), alone.best_pipeline_.predict(table[0])
        )

    def test_the_file_of_an_earlier_ensemble_is_removed(self, table: Any, tmp_path: Path) -> None:
        for size in (8, 1):
            settings = Settings(in_process=True, ensemble_size=size)
            model = regressor(max_evaluations=12, settings=settings, run_dir=tmp_path).fit(*table)
            assert (
                (tmp_path / "ensemble.py").exists() == (model.ensemble_ is not None) == (size > 1)
            )

    def test_a_member_that_cannot_be_fitted_on_all_rows_is_left_out(self, table: Any) -> None:
        """The same model is a member if it can be fitted."""
        quick = default_catalogue().only(
            "Encoder", "StandardScaler", "DecisionTreeRegressor", "KNeighborsRegressor"
        )
        members = []
        for build in (ExtraTreesRegressor, FailingOnAllRows):
            one = Primitive("Forest", (Features,), Prediction, build, {}, REGRESSION)
            model = regressor(max_evaluations=12, search_space=quick.add(one)).fit(*table)
            members.append(model.pareto_front_.set_index("digest")["expression"]["ensemble"])
        assert "Forest" in members[0]
        assert "Forest" not in members[1]

    @pytest.mark.parametrize("at", [1, 2])
    def test_an_interrupt_during_the_final_fits_leaves_no_ensemble(
        self, table: Any, at: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Interrupting, "at", at)
        monkeypatch.setattr(Interrupting, "fitted", 0)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        space = {"max_features": FloatDistribution(0.2, 1.0)}
        forest = Primitive("Forest", (Features,), Prediction, Interrupting, space, REGRESSION)
        quick = default_catalogue().only("Encoder", "StandardScaler", "RobustScaler")
        try:
            model = regressor(search_space=quick.add(forest), max_evaluations=12).fit(*table)
        finally:
            signal.signal(signal.SIGINT, before)
        assert Interrupting.fitted == at
        assert model.ensemble_ is None
        check_is_fitted(model.best_pipeline_)
        assert model.statistics_["ended_by"] == "evaluations"

    def test_the_seconds_of_a_run_are_told_by_their_use(self, table: Any) -> None:
        model = regressor(max_evaluations=30).fit(*table)
        spent = model.statistics_["seconds_by_use"]
        assert {"before the search", "idle", "final fits"} <= set(spent)
        assert set(model.leaderboard_["proposer"]) <= set(spent)
        assert all(seconds >= 0 for seconds in spent.values())
        board = model.leaderboard_.groupby("proposer")["seconds"].sum()
        for proposer, seconds in board.items():
            assert spent[proposer] == pytest.approx(seconds, rel=0.01)

    def test_a_function_of_pipelines_measures_each_member(self, table: Any) -> None:
        def steps(pipeline: Pipeline) -> float:
            return float(len(pipeline.steps))

        model = regressor(max_evaluations=12, complexity=steps).fit(*table)
        front = model.pareto_front_.set_index("digest")
        assert front.loc["ensemble", "complexity"] >= 2 * len(model.ensemble_.estimators_)

    def test_a_scorer_that_needs_more_than_predictions_prevents_the_ensemble_alone(
        self, table: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        def explained(model: Any, X: Any, y: Any) -> float:
            return float(model.score(X, y)) - 1e-3 * len(model.steps)

        model = regressor(max_evaluations=12, scoring=explained).fit(*table)
        assert model.ensemble_ is None
        np.testing.assert_array_equal(
            model.predict(table[0]), model.best_pipeline_.predict(table[0])
        )
        assert "No ensemble: AttributeError" in caplog.text

    def test_refining_after_pickling_warns_of_missing_predictions(
        self, model: Any, table: Any
    ) -> None:
        again = pickle.loads(pickle.dumps(model))
        with pytest.warns(UserWarning, match="chosen from new candidates alone"):
            again.refine(*table, time_budget=None, max_evaluations=4)

    @pytest.mark.slow
    def test_refining_gives_the_same_ensemble_with_and_without_a_folder(
        self, table: Any, tmp_path: Path
    ) -> None:
        one = regressor(max_evaluations=25).fit(*table)
        other = regressor(max_evaluations=25, run_dir=tmp_path).fit(*table)
        for model in (one, other):
            model.refine(*table, time_budget=None, max_evaluations=6)
        assert one.ensemble_ is not None
        pd.testing.assert_frame_equal(one.pareto_front_, other.pareto_front_)
        assert (tmp_path / "ensemble.py").exists()


class TestEnd:
    """Reasons for the end of a search."""

    def test_patience_ends_a_search_on_a_small_table(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings = Settings(in_process=True, patience=3)
        changes = {"time_budget": 600, "max_evaluations": None, "population_size": 8}
        changes["random_state"] = 3
        model = classifier(settings=settings, run_dir=tmp_path, verbose=1, **changes).fit(X, Y)
        assert model.statistics_["ended_by"] == "patience"
        assert "ended early" in capsys.readouterr().err
        board = model.leaderboard_
        scored = board[board["outcome"] == "scored"]
        order = ["score", "complexity", "number"]
        best = scored.sort_values(order, ascending=[False, True, True])["number"].iloc[0]
        assert (scored["number"] > best).sum() >= 3

        again = classifier(settings=settings, run_dir=tmp_path, **changes).fit(X, Y)
        assert again.statistics_["ended_by"] == "patience"
        assert len(again.leaderboard_) > len(board)

    @pytest.mark.slow
    def test_patience_counts_candidates_that_were_raced_out(self) -> None:
        settings = Settings(in_process=True, patience=40)
        model = classifier(settings=settings, time_budget=600, max_evaluations=None).fit(X, Y)
        assert model.statistics_["ended_by"] == "patience"
        board = model.leaderboard_
        scored = board[board["outcome"] == "scored"]
        order = ["score", "complexity", "number"]
        best = scored.sort_values(order, ascending=[False, True, True])["number"].iloc[0]
        after = board[board["number"] > best]["outcome"].value_counts()
        assert after["scored"] < 40
        assert after["scored"] + after["stopped"] >= 40

    def test_a_search_without_patience_ends_by_time(self) -> None:
        settings = Settings(in_process=True, patience=None)
        model = classifier(settings=settings, time_budget=1.5, max_evaluations=None).fit(X, Y)
        assert model.statistics_["ended_by"] == "time"

    def test_patience_has_no_effect_with_a_number_of_candidates(self) -> None:
        settings = Settings(in_process=True, patience=1)
        model = classifier(settings=settings, max_evaluations=20, time_budget=600).fit(X, Y)
        assert model.statistics_["ended_by"] == "evaluations"
        assert len(model.leaderboard_) == 20


@pytest.mark.slow
def test_a_run_whose_time_is_over_gives_its_model_when_it_is_fitted_again(tmp_path: Path) -> None:
    """Replaying the journal and starting workers must leave time for the final fits."""
    options: dict[str, Any] = {"max_evaluations": None, "n_jobs": 2, "run_dir": tmp_path}
    space = default_catalogue().only("Encoder", "StandardScaler", "LogisticRegression")
    settings = Settings(patience=None)
    one, other = (
        classifier(time_budget=seconds, search_space=space, settings=settings, **options).fit(X, Y)
        for seconds in (12, 6)
    )
    assert len(other.leaderboard_) >= 3  # there is something to replay
    assert other._members.winner == other._members.front[0].candidate.digest
    assert other.best_score_ >= one.best_score_
    assert (other.ensemble_ is None) == (one.ensemble_ is None)


def test_the_best_score_is_that_of_the_best_pipeline() -> None:
    """The candidate with the best score fails when it is fitted on all rows."""
    table, y = small_table("regression")
    failing = Primitive("Failing", (Features,), Prediction, FailingOnAllRows, {}, REGRESSION)
    constant = Primitive("Constant", (Features,), Prediction, DummyRegressor, {}, REGRESSION)
    quick = default_catalogue().only("Encoder").add(failing, constant)
    model = regressor(search_space=quick, max_evaluations=12).fit(table[:90], y[:90])
    board = model.leaderboard_.set_index("digest")
    assert board["score"].idxmax() != model._members.winner[:8]
    assert board["expression"][board["score"].idxmax()].startswith("Failing")
    assert model.best_score_ == board["score"][model._members.winner[:8]]


def test_a_single_fold_gives_no_std_and_members_can_still_be_selected() -> None:
    table, y = small_table("binary")
    model = classifier(cv=ShuffleSplit(1, random_state=0), max_evaluations=12).fit(table, y)
    assert (model.leaderboard_["outcome"] == "scored").any()
    assert model.leaderboard_["std"].isna().all()
    assert model.ensemble_ is None
    assert model.select("one_se") is model.best_pipeline_


def test_columns_that_are_added_after_fit_are_ignored_by_later_fits() -> None:
    table = X.copy()
    space = CHEAP.add(default_catalogue()["LogisticRegression"])
    model = classifier(search_space=space, max_evaluations=25, random_state=1).fit(table, Y)
    table["prediction"] = model.predict(table)
    digests = set(model.pareto_front_["digest"]) - {"ensemble"}
    assert len(digests) > 1
    for digest in digests:
        member = model.select(digest)
        pipeline = getattr(member, "estimator_", member)  # inside of its calibration
        assert "prediction" not in pipeline[0].feature_names_in_


def test_a_target_may_be_a_table_of_one_column() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataConversionWarning)
        model = classifier().fit(X, pd.DataFrame({"name": Y}))
    assert model.target_name_ == "name"
    with pytest.warns(DataConversionWarning):
        classifier().fit(X, Y[:, np.newaxis])


def test_a_model_that_cannot_be_pickled_loses_only_its_pickle(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    splits = KFold(3).split(X)  # a generator, which no pickle takes
    model = classifier(cv=splits, run_dir=tmp_path).fit(X, Y)
    check_is_fitted(model.best_pipeline_)
    assert "its model is not kept" in caplog.text
    assert {"winner.py", "leaderboard.csv", "pareto_front.csv"} <= set(os.listdir(tmp_path))
    assert not list(tmp_path.glob("model.*"))


def test_a_complexity_that_is_no_number_is_a_failure_of_the_candidate() -> None:
    with pytest.raises(evolver.NoPipelineError, match="complexity must be a finite number"):
        classifier(complexity=lambda _: float("nan")).fit(X, Y)


def test_a_run_folder_has_all_its_files(tmp_path: Any) -> None:
    model = classifier(run_dir=tmp_path / "run").fit(X, Y)
    kept = {file.name for file in (tmp_path / "run").iterdir()}
    assert ("ensemble.py" in kept) == (model.ensemble_ is not None)
    assert kept - {"ensemble.py"} == {
        "model.joblib",
        "leaderboard.csv",
        "pareto_front.csv",
        "pareto_front.svg",
        "report.html",
        "report.json",
        "winner.py",
        "columns.csv",
        "journal.sqlite",
        "journal.sqlite-count",
        "predictions",
    }
    front = pd.read_csv(tmp_path / "run" / "pareto_front.csv")
    assert front["digest"].tolist() == model.pareto_front_["digest"].tolist()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("three")
    settings = Settings(in_process=True, lag=4, racing_error=0.2)
    options: dict[str, Any] = {"max_evaluations": 30, "population_size": 8}
    complexity = ["operators", "size"]
    table, y = small_table("binary")
    return classifier(complexity=complexity, run_dir=folder, settings=settings, **options).fit(
        table, y
    )


class TestThreeObjectives:
    """Searches on two complexities beside the score."""

    def test_the_front_has_the_candidates_that_none_dominates(self, three: Any) -> None:
        board = three.leaderboard_[three.leaderboard_["outcome"] == "scored"]
        values = board[["score", "complexity", "size"]].to_numpy() * [1, -1, -1]
        dominated = [any((a >= b).all() and (a > b).any() for a in values) for b in values]
        digests = set(board["digest"][~np.array(dominated)])
        front = three.pareto_front_[three.pareto_front_["digest"] != "ensemble"]
        assert set(front["digest"]) <= digests
        assert len(front) == len({tuple(one) for one in values[~np.array(dominated)]})

    def test_some_candidates_are_refined_and_some_raced_out(self, three: Any) -> None:
        assert "refinement" in set(three.leaderboard_["proposer"])
        assert "stopped" in set(three.leaderboard_["outcome"])

    def test_members_are_selected_and_the_picture_shows_the_third_objective(
        self, three: Any
    ) -> None:
        for choice in ("best", "one_se", "knee"):
            check_is_fitted(three.select(choice))
        assert "size of a dot: size" in (Path(three.run_dir) / "pareto_front.svg").read_text()

    def test_a_run_is_resumed_and_used_as_a_warm_start(self, three: Any) -> None:
        table, y = small_table("binary")
        again = clone(three).set_params(max_evaluations=33).fit(table, y)
        pd.testing.assert_frame_equal(
            by_age(again.leaderboard_)[:30].drop(columns="seconds"),
            by_age(three.leaderboard_).drop(columns="seconds"),
        )
        other = classifier(warm_start=three.run_dir, max_evaluations=4).fit(table, y)
        assert "warm start" in set(other.leaderboard_["operator"])
        with pytest.raises(InputError, match="differs in complexity"):
            clone(three).set_params(complexity="operators").fit(table, y)


@pytest.mark.parametrize(
    ("keyword", "hint"),
    [
        ("generations", "did you mean `max_evaluations`?"),
        ("populationsize", "did you mean `population_size`?"),
        ("zzz", "not `zzz`."),
    ],
)
def test_an_unknown_keyword_is_an_error_that_names_the_public_class(
    keyword: str, hint: str
) -> None:
    for kind in (EvolvedClassifier, EvolvedRegressor):
        with pytest.raises(InputTypeError, match=f"{kind.__name__} has the parameters") as raised:
            kind(**{keyword: 5})
        assert str(raised.value).endswith(hint)


def test_the_signature_of_a_class_is_that_of_its_parameters() -> None:
    class Mine(EvolvedClassifier):
        def __init__(self, cv: int = 3, *, more: int = 1) -> None:
            super().__init__(cv=cv)
            self.more = more

    assert list(inspect.signature(EvolvedClassifier).parameters)[:2] == [
        "time_budget",
        "max_evaluations",
    ]
    assert list(inspect.signature(Mine).parameters) == ["cv", "more"]
    assert clone(Mine(more=2)).more == 2
