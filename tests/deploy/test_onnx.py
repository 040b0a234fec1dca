"""A model for ONNX runtimes predicts what the model predicts, or is not written, with a reason."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnxruntime import InferenceSession
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline

from evolver.deploy.folder import response
from evolver.deploy.onnx_file import OnnxOutcome, onnx_inputs, write_onnx
from evolver.export.fit_facts import Fit
from evolver.export.plain import plain
from evolver.genome.pipeline import to_estimator
from evolver.schema import learn
from evolver.schema.as_written import as_written
from primitives import default_catalogue
from primitives.calibration import PlattScaledClassifier
from primitives.wrappers import OpinionPoolClassifier, TemperatureScaledClassifier
from tests.pipelines import PLAIN, catalogue, encoder_with, task_of, traits, tree_with
from tests.tables import small_table, with_many_values

FLOAT32 = {"XGBClassifier": 1e-6, "XGBRegressor": 1e-6, "BernoulliNB": 1e-7, "MultinomialNB": 1e-7}
"""Differences of models that compute in float32 themselves, or whose operators do."""

NO_FORM = {
    *("AdaBoostClassifier", "AdaBoostRegressor", "NMF", "QuantileTarget", "QuantileTransformer"),
    *("GaussianProcessClassifier", "GaussianProcessRegressor", "RandomTreesEmbedding", "Splines"),
    *("KNeighborsClassifier", "KNeighborsRegressor"),
    *("GroupStatistics", "CrossedTargets", "SubsetTargets"),
}
"""Primitives without an ONNX form."""

NO_FORM_OF_MANY_CLASSES = {"SVC", "SGDClassifier"}
"""Primitives without an ONNX form of more than two classes, or with probabilities of NaN."""

QUICK = {
    "binary": [
        *("LGBMClassifier", "XGBClassifier", "CatBoostClassifier", "RandomForestClassifier"),
        *("HistGradientBoostingClassifier", "LogisticRegression", "MLPClassifier", "SVC", "PCA"),
        *("GradientBoostingClassifier", "GaussianNB", "Stack", "PowerTransformer", "Polynomials"),
        *("Formula", "PairFormulas"),
    ],
    "multiclass": ["LGBMClassifier", "CatBoostClassifier", "ExtraTreesClassifier", "LinearSVC"],
    "regression": ["XGBRegressor", "CatBoostRegressor", "LogTarget", "GammaRegressor", "Bins"],
}
"""Primitives whose conversion is always tested; the option --slow tests all."""


def table_of(task: str) -> tuple[pd.DataFrame, np.ndarray]:
    X, y = small_table(task)
    return X.drop(columns="day"), y


def shuffled(X: pd.DataFrame) -> pd.DataFrame:
    """Return rows of values that are drawn one by one, with gaps and an unseen category."""
    rng = np.random.default_rng(0)
    rows = X.apply(lambda column: column.to_numpy()[rng.permutation(len(X))])
    for name in rows.columns.drop("flag", errors="ignore"):
        rows[name] = rows[name].mask(rng.random(len(X)) < 0.1)
    rows.loc[3, "category"] = "never seen"
    return pd.concat([X, rows], ignore_index=True).infer_objects()


def written(
    model: Any, task: str, X: pd.DataFrame, y: np.ndarray, file: Path, shift: float = 0.0
) -> OnnxOutcome:
    rows = shuffled(X)
    truth = response(model, rows) + shift
    return write_onnx(model, learn(X), task_of(task, y), rows, truth, file)


def fitted(task: str, name: str, X: pd.DataFrame, y: np.ndarray) -> Any:
    space = catalogue(task, dates=0, gaps=False)
    tree = tree_with(space[name], space, task, np.random.default_rng(1))
    schema = learn(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = to_estimator(tree, schema.not_plain).fit(X, y)
    return plain(model, Fit(*as_written(X, schema), rows=len(X)))


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, names in QUICK.items() for name in names]
)
def test_a_runtime_predicts_the_same(task: str, name: str, tmp_path: Path) -> None:
    X, y = table_of(task)
    found = written(fitted(task, name, X, y), task, X, y, tmp_path / "model.onnx")
    assert found.note == ""
    assert found.difference is not None
    assert found.difference <= FLOAT32.get(name, 1e-9)


def test_columns_that_are_read_by_a_few_lines_are_read_before(tmp_path: Path) -> None:
    X, y = table_of("binary")
    X["flag"] = X["flag"].map({True: "yes", False: "no"})
    X["second"] = [f"{value:.2f} mm" for value in X["second"]]
    X["category"] = X["category"].fillna("?")
    X["third"] = X["third"].convert_dtypes()
    model = fitted("binary", "LGBMClassifier", X, y)
    found = written(model, "binary", X, y, tmp_path / "model.onnx")
    assert found.note == ""
    assert found.difference is not None
    assert found.difference <= 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_all_primitives_but_some_have_an_onnx_form(task: str, tmp_path: Path) -> None:
    X, y = table_of(task)
    differences, refused = {}, set()
    for one in catalogue(task, dates=0, gaps=False):
        found = written(fitted(task, one.name, X, y), task, X, y, tmp_path / "model.onnx")
        if found.difference is None:
            refused.add(one.name)
        else:
            differences[one.name] = found.difference
    known = {one.name for one in catalogue(task)}
    beyond = NO_FORM_OF_MANY_CLASSES if task == "multiclass" else set()
    assert refused == (NO_FORM | beyond) & known
    assert {name: gap for name, gap in differences.items() if gap > FLOAT32.get(name, 1e-8)} == {}


def with_encoder(task: str, X: pd.DataFrame, y: np.ndarray, **treatments: str) -> Any:
    """Return a fitted pipeline whose encoder has these treatments."""
    many = "high_cardinality" in treatments
    table = traits(task, dates=0, categories=1 + many, high_cardinality=int(many))
    encoder = encoder_with(**treatments)
    space = default_catalogue().only(PLAIN[task]).add(encoder).select(task, table)
    tree = tree_with(space[encoder.name], space, task, np.random.default_rng(0))
    return to_estimator(tree, learn(X).not_plain).fit(X, y)


def test_values_that_a_model_reads_as_they_are_written_are_read_before_a_graph(
    tmp_path: Path,
) -> None:
    X, y = table_of("binary")
    X["category"] = X["category"].fillna("?")
    X["price"] = ["$" + format(1000 * value, ",.2f") for value in X["second"]]
    model = fitted("binary", "LogisticRegression", X, y)
    functions = [step.func.__name__ for _, step in model.steps if hasattr(step, "func")]
    assert functions == ["to_numbers", "with_gaps"]
    found = written(model, "binary", X, y, tmp_path / "model.onnx")
    assert found.difference is not None, found.note
    assert found.difference <= 1e-12


@pytest.mark.parametrize("treatment", ["ordinal", "one_hot", "target"])
def test_categories_are_looked_up(treatment: str, tmp_path: Path) -> None:
    X, y = table_of("multiclass")
    X["other"] = X["category"].str[:3]
    model = with_encoder("multiclass", X, y, numbers="median", categories=treatment)
    assert written(model, "multiclass", X, y, tmp_path / "model.onnx").difference <= 1e-12


@pytest.mark.parametrize(
    ("treatment", "reason"), [("frequency", ""), ("min_hash", "MinHashEncoder"), ("read", "spelt")]
)
def test_categories_of_many_values_are_looked_up_unless_their_letters_count(
    treatment: str, reason: str, tmp_path: Path
) -> None:
    X, y = small_table("binary")
    X = with_many_values(X).drop(columns=["day", "later"])
    chosen = {"numbers": "median", "categories": "ordinal", "high_cardinality": treatment}
    model = with_encoder("binary", X, y, **chosen)
    found = written(model, "binary", X, y, tmp_path / "model.onnx")
    assert (found.note == "") == (reason == "")
    if reason == "spelt":
        assert "has no ONNX form" in found.note
    else:
        assert reason in found.note


def test_ensembles_repeats_and_pools_are_converted(tmp_path: Path) -> None:
    X, y = table_of("multiclass")
    task = task_of("multiclass", y)
    names = ("LGBMClassifier", "LogisticRegression")
    members = [fitted("multiclass", name, X, y) for name in names]
    repeated = task.repeated(members)
    averaged = task.averaged([repeated, members[1]], [0.7, 0.3])
    pool = OpinionPoolClassifier(averaged, 1.3, [0.4, 0.5], [0.1, 0.0, -0.1])
    scaled = TemperatureScaledClassifier(averaged, 0.8)
    pool.estimator_ = scaled.estimator_ = averaged
    for model in (averaged, pool, scaled, plain(pool, Fit(rows=len(X)))):
        found = written(model, "multiclass", X, y, tmp_path / "model.onnx")
        assert found.difference is not None, found.note
        assert found.difference <= 1e-9


def test_calibrated_probabilities_are_converted(tmp_path: Path) -> None:
    X, y = table_of("binary")
    inner = fitted("binary", "LogisticRegression", X, y)
    model = PlattScaledClassifier(inner, 0.7, [0.0, -2.0], 0.01)
    model.estimator_, model.classes_ = inner, inner.classes_
    found = written(model, "binary", X, y, tmp_path / "model.onnx")
    assert found.difference is not None, found.note
    assert found.difference <= 1e-12


@pytest.mark.parametrize("labels", [["a", "b"], [1, 7], [False, True]], ids=str)
def test_the_label_follows_the_threshold(labels: list[Any], tmp_path: Path) -> None:
    X, y = table_of("binary")
    y = np.array(labels)[(y == "class 1").astype(int)]
    model = FixedThresholdClassifier(
        fitted("binary", "LogisticRegression", X, y), threshold=0.8, pos_label=labels[1]
    ).fit(X, y)
    assert written(model, "binary", X, y, tmp_path / "model.onnx").note == ""
    session = InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    assert names == list(X)
    shares, found = session.run(None, onnx_inputs(learn(X), X, names))
    np.testing.assert_array_equal(np.asarray(found).astype(y.dtype), model.predict(X))
    np.testing.assert_allclose(shares, model.predict_proba(X), rtol=0, atol=1e-12)


def test_a_runtime_that_disagrees_leaves_no_file(tmp_path: Path) -> None:
    X, y = table_of("binary")
    model = fitted("binary", "LogisticRegression", X, y)
    found = written(model, "binary", X, y, tmp_path / "model.onnx", shift=1e-3)
    assert found.difference is None
    assert "differ by up to 0.001" in found.note
    assert list(tmp_path.iterdir()) == []


def test_a_step_without_a_form_is_named_with_what_to_do(tmp_path: Path) -> None:
    X, y = table_of("binary")
    found = written(fitted("binary", "Splines", X, y), "binary", X, y, tmp_path / "model.onnx")
    assert "SplineTransformer has no ONNX form" in found.note
    assert "Choose another member" in found.note
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_a_user_is_not_converted(tmp_path: Path) -> None:
    class Mine(LogisticRegression):
        def predict_proba(self, X: Any) -> Any:
            return super().predict_proba(X) ** 2

    X, y = table_of("binary")
    numbers = X[["second", "third"]]
    model = make_pipeline(Mine(max_iter=1000)).fit(numbers, y)
    rows = numbers.assign(category="a")
    truth = response(model, numbers)
    found = write_onnx(
        model, learn(numbers), task_of("binary", y), rows, truth, tmp_path / "model.onnx"
    )
    assert "differ by up to" in found.note
