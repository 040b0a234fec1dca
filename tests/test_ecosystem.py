"""Estimators in the hands of scikit-learn and of libraries that build on it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from evolver import EvolvedClassifier, EvolvedRegressor, Settings
from evolver.export.source_file import to_source
from evolver.genome.pipeline import to_estimator
from primitives import Catalogue, default_catalogue
from primitives.encoders import ENCODERS
from tests.alone import run_without_us
from tests.pipelines import encoder_with, traits, tree_with
from tests.tables import small_table, with_text

THREE = default_catalogue().only("Encoder", "GaussianNB", "DecisionTreeClassifier")
SMALL: dict[str, Any] = {
    "time_budget": None,
    "max_evaluations": 3,
    "cv": 2,
    "search_space": THREE,
    "n_jobs": 1,
    "random_state": 0,
    "verbose": 0,
    "settings": Settings(in_process=True),
}


def small_classifier(**changes: Any) -> EvolvedClassifier:
    return EvolvedClassifier(**{**SMALL, **changes})


@pytest.fixture(scope="module")
def fitted() -> EvolvedClassifier:
    X, y = small_table("binary")
    return small_classifier().fit(X[:80], y[:80])


class TestModelSelection:
    """Tools of scikit-learn that fit copies of an estimator."""

    def test_grid_search_tries_its_arguments_and_refits_the_best(self) -> None:
        X, y = small_table("binary")
        grid = {"max_evaluations": [1, 2]}
        search = GridSearchCV(small_classifier(), grid, cv=2, error_score="raise").fit(X, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        found = search.best_estimator_
        assert len(found.leaderboard_) == search.best_params_["max_evaluations"]
        assert search.score(X, y) == found.score(X, y)

    @pytest.mark.slow
    def test_scores_are_the_same_in_two_processes(self) -> None:
        X, y = small_table("binary")
        one, two = (
            cross_val_score(small_classifier(), X, y, cv=2, n_jobs=n_jobs, error_score="raise")
            for n_jobs in (1, 2)
        )
        np.testing.assert_array_equal(one, two)

    def test_scoring_means_what_it_means_in_scikit_learn(self) -> None:
        X, y = small_table("binary")
        for scoring in ("accuracy", "neg_log_loss"):
            model = small_classifier(scoring=scoring).fit(X[:80], y[:80])
            expected = get_scorer(scoring)(model, X[80:], y[80:])
            assert model.score(X[80:], y[80:]) == expected

    def test_it_is_a_member_of_a_stack(self) -> None:
        X, y = small_table("binary")
        stack = StackingClassifier([("one", small_classifier())], LogisticRegression(), cv=2)
        assert stack.fit(X[:80], y[:80]).score(X[80:], y[80:]) > 0.8

    @pytest.mark.parametrize("ensemble", [False, True])
    def test_its_probabilities_can_be_calibrated(self, ensemble: bool) -> None:
        X, y = small_table("binary")
        model = CalibratedClassifierCV(small_classifier(), cv=2, ensemble=ensemble)
        shares = model.fit(X[:80], y[:80]).predict_proba(X[80:])
        np.testing.assert_allclose(shares.sum(axis=1), 1.0)
        assert model.score(X[80:], y[80:]) > 0.8


class TestMetadataRouting:
    """Weights and groups that reach `fit` through other estimators."""

    @pytest.fixture(autouse=True)
    def routing(self) -> Any:
        with sklearn.config_context(enable_metadata_routing=True):
            yield

    def test_weights_reach_it_through_a_pipeline(self) -> None:
        X, y = small_table("binary")
        X, weights = X[["second", "third", "fourth"]], np.where(np.arange(len(y)) < 40, 20.0, 0.1)
        scaler = (
            StandardScaler().set_output(transform="pandas").set_fit_request(sample_weight=False)
        )
        model = small_classifier().set_fit_request(sample_weight=True)
        plain = make_pipeline(scaler, clone(model).set_fit_request(sample_weight=False))
        got = make_pipeline(scaler, model).fit(X, y, sample_weight=weights)
        expected = small_classifier().fit(scaler.fit_transform(X), y, sample_weight=weights)
        shares = got.predict_proba(X)
        np.testing.assert_array_equal(shares, expected.predict_proba(scaler.transform(X)))
        assert not np.array_equal(shares, plain.fit(X, y).predict_proba(X))

    def test_groups_reach_it_and_the_folds_around_it(self) -> None:
        X, y = small_table("binary")
        groups = np.arange(len(y)) // 4
        model = small_classifier().set_fit_request(groups=True, sample_weight=True)
        model = model.set_score_request(sample_weight=True)
        params = {"groups": groups, "sample_weight": np.ones(len(y))}
        found = cross_validate(
            model, X, y, cv=2, params=params, return_estimator=True, error_score="raise"
        )
        for one in found["estimator"]:
            assert np.isfinite(one.best_score_)

    def test_it_searches_by_weights_through_a_grid_search(self) -> None:
        X, y = small_table("binary")
        model = small_classifier().set_fit_request(sample_weight=True)
        model = model.set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"max_evaluations": [1, 2]}, cv=2, error_score="raise")
        search.fit(X, y, sample_weight=np.linspace(0.1, 2.0, len(y)))
        assert np.isfinite(search.best_score_)


def space_with_texts(task: str) -> Catalogue:
    """Return the default catalogue with one encoder, which reads texts."""
    encoder = encoder_with(numbers="median", categories="one_hot", texts="read")
    plain = default_catalogue().without(*(one.name for one in ENCODERS)).add(encoder)
    return plain.select(task, traits(task, texts=1))


def pipelines(task: str) -> dict[str, Pipeline]:
    """Return an unfitted pipeline for each way in which steps pass a matrix on."""
    space, rng = space_with_texts(task), np.random.default_rng(0)
    boosted = f"HistGradientBoosting{'Regressor' if task == 'regression' else 'Classifier'}"
    names = [boosted, "PCA", "Stack", "Union", "Nystroem", *BOOSTED[task]]
    return {name: to_estimator(tree_with(space[name], space, task, rng)) for name in names}


BOOSTED = {
    "binary": ("LGBMClassifier", "XGBClassifier", "CatBoostClassifier"),
    "regression": ("LGBMRegressor", "XGBRegressor", "CatBoostRegressor", "LogTarget"),
}


def response(model: Any, X: pd.DataFrame) -> np.ndarray:
    found: np.ndarray = getattr(model, "predict_proba", model.predict)(X)
    return found


@contextmanager
def output(kind: str) -> Iterator[None]:
    """Configure the output of transformers, and turn every warning into an error."""
    if kind == "polars":
        pytest.importorskip("polars")
    with sklearn.config_context(transform_output=kind), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)  # the tables are small
        yield


class TestOutput:
    """Transformers whose output is configured to be a data frame."""

    @pytest.mark.parametrize(
        ("task", "kind"),
        [
            ("binary", "pandas"),
            pytest.param("binary", "polars", marks=pytest.mark.slow),
            pytest.param("regression", "pandas", marks=pytest.mark.slow),
            ("regression", "polars"),
        ],
    )
    def test_a_model_is_the_same_and_silent(self, task: str, kind: str) -> None:
        if kind == "polars":
            pytest.importorskip("polars")
        X, y = small_table(task)
        X = with_text(X)
        models = {
            "binary": ("GaussianNB", "HistGradientBoostingClassifier"),
            "regression": ("Ridge", "HistGradientBoostingRegressor"),
        }
        space = space_with_texts(task).only("Encoder", "PCA", *models[task])
        make = EvolvedRegressor if task == "regression" else EvolvedClassifier
        model = make(**{**SMALL, "search_space": space, "max_evaluations": 2})
        expected = response(clone(model).fit(X[:80], y[:80]), X[80:])
        with output(kind):
            np.testing.assert_array_equal(response(model.fit(X[:80], y[:80]), X[80:]), expected)
            best = model.best_pipeline_
            again = response(clone(best).fit(X[:80], y[:80]), X[80:])
            np.testing.assert_array_equal(response(best, X[80:]), again)

    @pytest.mark.parametrize("kind", ["pandas", "polars"])
    def test_a_model_fitted_before_predicts_the_same_and_silently(
        self, fitted: EvolvedClassifier, kind: str
    ) -> None:
        X, _ = small_table("binary")
        expected = fitted.predict_proba(X), fitted.best_pipeline_.predict_proba(X)
        with output(kind):
            np.testing.assert_array_equal(fitted.predict_proba(X), expected[0])
            np.testing.assert_array_equal(fitted.best_pipeline_.predict_proba(X), expected[1])

    @pytest.mark.parametrize(
        ("task", "name"), [(task, name) for task in BOOSTED for name in pipelines(task)]
    )
    def test_a_pipeline_of_its_own_is_the_same_and_silent(self, task: str, name: str) -> None:
        X, y = small_table(task)
        X, pipeline = with_text(X), pipelines(task)[name]
        expected = response(clone(pipeline).fit(X[:80], y[:80]), X[80:])
        with output("pandas"):
            found = response(pipeline.fit(X[:80], y[:80]), X[80:])
        np.testing.assert_allclose(found, expected)

    def test_an_exported_file_is_the_same_and_silent(self, tmp_path: Path) -> None:
        X, y = small_table("binary")
        X = with_text(X)
        X[:80].assign(target=y[:80]).to_parquet(tmp_path / "train.parquet")
        X[80:].to_parquet(tmp_path / "test.parquet")
        made = pipelines("binary")
        for name, pipeline in made.items():
            (tmp_path / f"{name}.py").write_text(to_source(pipeline), encoding="utf-8")
        run_without_us(EXPORTED, tmp_path, cwd=tmp_path)
        for name, pipeline in made.items():
            found = pd.read_parquet(tmp_path / f"{name}.out.parquet").iloc[:, 1:].to_numpy()
            expected = response(pipeline.fit(X[:80], y[:80]), X[80:])
            np.testing.assert_allclose(found, expected, err_msg=name)


EXPORTED = """
import warnings
from pathlib import Path
import sklearn
from sklearn.exceptions import ConvergenceWarning

warnings.simplefilter("error")
warnings.simplefilter("ignore", ConvergenceWarning)
sklearn.set_config(transform_output="pandas")
folder = Path(sys.argv[1])
for file in sorted(folder.glob("*.py")):
    sys.argv = [str(file), str(folder / "train.parquet"), "--predict", str(folder / "test.parquet")]
    sys.argv += ["--out", str(file.with_suffix(".out.parquet"))]
    runpy.run_path(str(file), run_name="__main__")
"""


class TestExplanations:
    """Tools that ask a fitted model for predictions of changed tables."""

    def test_permutation_finds_the_column_that_decides(self) -> None:
        X, _ = small_table("binary")
        y = np.where(X["second"] > X["second"].median(), "high", "low")
        model = small_classifier().fit(X[:80], y[:80])
        found = permutation_importance(model, X[80:], y[80:], n_repeats=3, random_state=0)
        assert X.columns[np.argmax(found["importances_mean"])] == "second"

    def test_shap_explains_the_probability_of_a_row(self) -> None:
        shap = pytest.importorskip("shap")
        X, y = small_table("binary")
        X = X[["second", "third", "fourth"]]
        model = small_classifier().fit(X[:80], y[:80])

        def share(rows: np.ndarray) -> np.ndarray:
            shares: np.ndarray = model.predict_proba(pd.DataFrame(rows, columns=X.columns))
            return shares[:, 1]

        rows, background = X[80:83].to_numpy(), X[:20].to_numpy()
        for explainer in (
            shap.PermutationExplainer(share, background, seed=0),
            shap.KernelExplainer(share, background),
        ):
            found = explainer(rows)
            sums = found.values.sum(axis=1) + found.base_values
            np.testing.assert_allclose(sums, share(rows), atol=1e-6)

    def test_skore_reports_its_metrics(self) -> None:
        skore = pytest.importorskip("skore")
        X, y = small_table("binary")
        report = skore.EstimatorReport(
            small_classifier(), X_train=X[:80], y_train=y[:80], X_test=X[80:], y_test=y[80:]
        )
        expected = small_classifier().fit(X[:80], y[:80]).score(X[80:], y[80:])
        assert report.metrics.roc_auc() == pytest.approx(expected)
