"""Several targets at once: numbers, and labels that are true or false."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.base import clone, is_classifier
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evolver import EvolvedClassifier, EvolvedRegressor, InputError, Settings
from evolver.checks import check_target, family_of_target, target_name
from evolver.cli import main
from evolver.ensemble.blend import Blend
from evolver.evaluation.blends import BlendScorer, FixedPredictions
from evolver.export.program import predict_table
from evolver.genome.pipeline import to_estimator
from evolver.run.fitted_ensemble import blending, repeated
from evolver.task import TASKS, Multilabel, MultioutputRegression
from evolver.warned import Finding
from primitives import Prediction, default_catalogue
from primitives.several_targets import MultilabelClassifier, MultioutputVoting
from primitives.weights import fit_with_weights
from tests.alone import run_exported
from tests.evaluation.test_fold import problem
from tests.pipelines import catalogue, tree_with
from tests.tables import small_table
from tests.test_cli import QUICK as QUICK_OPTIONS

ROWS = 120
QUICK = ("Encoder", "StandardScaler", "Union")
MODELS = {
    "multilabel": ("LogisticRegression", "DecisionTreeClassifier", "GaussianNB"),
    "multioutput": ("Ridge", "DecisionTreeRegressor", "Lasso"),
}
ESTIMATORS = {"multilabel": EvolvedClassifier, "multioutput": EvolvedRegressor}


def numbers() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table, and two targets of very different size."""
    X, y = small_table("regression", ROWS)
    noise = np.random.default_rng(0).normal(size=ROWS)
    return X, pd.DataFrame({"price": y, "share": X["second"].rank() / 100 + noise / 1_000})


def labels() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table, and three labels, of which one is true in three rows."""
    X, y = small_table("binary", ROWS)
    high = X["third"] > X["third"].median()
    rare = np.arange(ROWS) % 40 == 0
    return X, pd.DataFrame({"sick": y == y[0], "high": high.astype(int), "rare": rare})


DATA = {"multilabel": labels, "multioutput": numbers}


def quick(task: str, **arguments: Any) -> Any:
    space = default_catalogue().only(*QUICK, *MODELS[task])
    settings = Settings(portfolio_size=0, in_process=True)
    return ESTIMATORS[task](
        time_budget=None,
        max_evaluations=6,
        cv=3,
        search_space=space,
        settings=settings,
        n_jobs=1,
        random_state=0,
        verbose=0,
        **arguments,
    )


@pytest.mark.parametrize("task", DATA)
def test_a_model_predicts_all_targets_and_its_file_does_the_same(task: str, tmp_path: Path) -> None:
    X, Y = DATA[task]()
    model = quick(task).fit(X[:90], Y[:90])
    assert model.target_name_ == list(Y)
    predictions = model.predict(X[90:])
    assert predictions.shape == Y[90:].shape
    assert model.score(X[90:], Y[90:]) > (0.5 if task == "multilabel" else 0.2)
    X[:90].join(Y).to_csv(tmp_path / "train.csv", index=False)
    X[90:].to_csv(tmp_path / "new.csv", index=False)
    model.export(tmp_path / "model.py")
    out = tmp_path / "out.parquet"
    run_exported(
        tmp_path / "model.py",
        tmp_path / "train.csv",
        "--predict",
        tmp_path / "new.csv",
        "--out",
        out,
    )
    written = pd.read_parquet(out)
    np.testing.assert_allclose(written[list(Y)].to_numpy(float), predictions, rtol=1e-7)
    if task == "multilabel":
        shares = model.predict_proba(X[90:])
        np.testing.assert_allclose(
            written[[f"probability_{name}" for name in Y]], shares, rtol=1e-7
        )
        np.testing.assert_array_equal(predictions, shares > 0.5)
        assert [classes.tolist() for classes in model.classes_] == [[0, 1]] * 3
    empty = model.predict(X[:0])
    assert empty.shape == (0, Y.shape[1])


@pytest.mark.parametrize(
    "task", ["multilabel", pytest.param("multioutput", marks=pytest.mark.slow)]
)
def test_the_command_line_takes_several_targets(task: str, tmp_path: Path) -> None:
    X, Y = DATA[task]()
    X.join(Y).to_csv(tmp_path / "train.csv", index=False)
    targets = [part for name in Y for part in ("--target", name)]
    run = tmp_path / "run"
    fitted = CliRunner().invoke(
        main, ["fit", str(tmp_path / "train.csv"), *targets, *QUICK_OPTIONS, "--out", str(run)]
    )
    assert fitted.exit_code == 0, fitted.output
    family = "classification" if task == "multilabel" else "regression"
    assert f"Predicting {', '.join(map(repr, Y))} by {family}." in fitted.output
    out = tmp_path / "out.csv"
    done = CliRunner().invoke(
        main, ["predict", str(run), str(tmp_path / "train.csv"), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert list(pd.read_csv(out))[: Y.shape[1]] == list(Y)


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (task, primitive.name)
        for task in DATA
        for primitive in catalogue(task)
        if issubclass(primitive.output, Prediction)
    ],
)
def test_every_model_learns_several_targets(task: str, name: str) -> None:
    X, Y = DATA[task]()
    y = Y.to_numpy(float if task == "multioutput" else int)[:, :2]
    space = catalogue(task)
    model = to_estimator(tree_with(space[name], space, task, np.random.default_rng(1)))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        model.fit(X[:80], y[:80])
        found = (model.predict if task == "multioutput" else model.predict_proba)(X[80:])
    assert found.shape == (40, y.shape[1])
    assert np.isfinite(found).all()


@pytest.mark.parametrize("task", DATA)
def test_an_ensemble_averages_and_is_fitted_again_as_it_is(task: str) -> None:
    X, Y = DATA[task]()
    numeric = X[["second", "third", "fourth"]]
    y = Y.to_numpy(float if task == "multioutput" else int)
    plain: Any = (
        LinearRegression() if task == "multioutput" else MultilabelClassifier(LogisticRegression())
    )
    models = [clone(plain).fit(numeric, y) for _ in range(2)]
    one = problem("regression" if task == "multioutput" else "binary", X=numeric, y=y)
    average = blending(one, models, Blend({0: 0.25, 1: 0.75}))
    ask = "predict" if task == "multioutput" else "predict_proba"
    expected = getattr(models[0], ask)(numeric)
    np.testing.assert_allclose(getattr(average, ask)(numeric), expected)
    again = clone(average).fit(numeric, y)
    np.testing.assert_allclose(getattr(again, ask)(numeric), expected)
    assert again.predict(numeric).shape == y.shape
    twice = repeated(one, {0: models[0], 1: models[1]})
    np.testing.assert_allclose(getattr(twice, ask)(numeric), expected)
    assert twice.predict(numeric).shape == y.shape


def checked(y: Any, family: str) -> tuple[np.ndarray, np.ndarray, list[Finding]]:
    findings: list[Finding] = []
    values, known = check_target(y, TASKS[family], findings)
    return values, known, findings


def test_targets_of_any_library_are_the_same() -> None:
    pl = pytest.importorskip("polars")
    table = pd.DataFrame({"a": [1.5, 2.5, 4.0], "b": [3, 4, 6]})
    for y in (table, table.to_numpy(), table.to_numpy().tolist(), pl.from_pandas(table)):
        values, known, _ = checked(y, "regression")
        np.testing.assert_array_equal(values, table.to_numpy(float))
        assert known.all()
    assert target_name(table) == target_name(pl.from_pandas(table)) == ["a", "b"]
    assert target_name(table.to_numpy()) == ["target_0", "target_1"]


def test_labels_may_be_booleans_or_0_and_1() -> None:
    y = pd.DataFrame({"a": [True, False, True], "b": [0.0, 1.0, 1.0], "c": [0, 0, 0]})
    values, _, _ = checked(y, "classification")
    assert values.dtype.kind == "i"
    assert values.tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    assert family_of_target(y) == "regression"  # three rows are too few for classes of numbers
    assert family_of_target(pd.concat([y] * 20)) == "classification"


def test_rows_that_lack_one_of_the_targets_are_left_out() -> None:
    y = pd.DataFrame({"a": [1.0, None, 3.0, 4.0], "b": ["1", "2", "?", "4"]})
    values, known, findings = checked(y, "regression")
    assert values.tolist() == [[1.0, 1.0], [4.0, 4.0]]
    assert known.tolist() == [True, False, False, True]
    assert [finding.code for finding in findings] == ["rows-without-target"]
    assert "lacks a value in 2 of 4 rows" in findings[0].message


@pytest.mark.parametrize(
    ("y", "family", "words"),
    [
        (pd.DataFrame({"a": [0, 1], "b": ["x", "y"]}), "classification", "got 'x' in column 'b'"),
        (pd.DataFrame({"a": [0, 1], "b": [0, 2]}), "classification", "got 2 in column 'b'"),
        (pd.DataFrame({"a": [1, 1], "b": [0, 0]}), "classification", "true in some rows"),
        (pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}), "regression", "column 'b'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "regression", "unique column names"),
        (pd.DataFrame({"a": [None, 1.0], "b": [1.0, None]}), "regression", "got none such"),
        ([[1, 2], [3]], "regression", "`y`"),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(y: Any, family: str, words: str) -> None:
    with pytest.raises((InputError, TypeError), match=words):
        checked(y, family)


@pytest.mark.parametrize("task", DATA)
def test_a_column_that_gives_one_of_the_targets_away_is_found(task: str) -> None:
    X, Y = DATA[task]()
    X, Y = pd.concat([X] * 3, ignore_index=True), pd.concat([Y] * 3, ignore_index=True)
    first = Y.columns[0]
    with pytest.warns(UserWarning, match="alone predicts the target"):
        model = quick(task).fit(X.assign(leak=Y[first].astype(float) * 2 + 1), Y)
    assert "leak" in {one.column for one in model.warnings_ if one.code == "gives-target-away"}


def test_a_label_that_is_the_same_in_all_rows_is_predicted_as_it_is() -> None:
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = np.column_stack([X[:, 0] > 0, np.zeros(30), np.ones(30)]).astype(int)
    model = MultilabelClassifier(LogisticRegression()).fit(X, y)
    assert model.predict_proba(X)[:, 1:].tolist() == [[0.0, 1.0]] * 30
    assert model.predict(X)[:, 1:].tolist() == [[0, 1]] * 30


LASSO = MultiOutputRegressor(Lasso(0.1))


@pytest.mark.parametrize(
    "model",
    [
        LASSO,
        MultioutputVoting([("lasso", LASSO), ("ridge", Ridge())]),
        MultilabelClassifier(LogisticRegression()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_weights_reach_the_model_of_each_target(model: Any) -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = np.column_stack([X[:, 0] * 2, X[:, 1] - X[:, 0]])
    y, ask = ((y > 0).astype(int), "predict_proba") if is_classifier(model) else (y, "predict")
    weights = np.arange(40) % 3
    rows = np.repeat(np.arange(40), weights)
    pipeline = make_pipeline(StandardScaler(), model)
    weighted = fit_with_weights(clone(pipeline), X, y, weights)
    repeated_rows = clone(pipeline).fit(X[rows], y[rows])
    np.testing.assert_allclose(getattr(weighted, ask)(X), getattr(repeated_rows, ask)(X), rtol=1e-6)


def test_tasks_follow_from_the_shape_of_the_target() -> None:
    y = np.array([[0, 1], [1, 1]])
    assert TASKS["classification"].of(y).output_shape == (2,)
    assert isinstance(TASKS["classification"].of(y), Multilabel)
    assert isinstance(TASKS["regression"].of(y.astype(float)), MultioutputRegression)
    shares = np.array([[0.4, 0.6], [0.5, 0.9]])
    fixed = FixedPredictions(shares, Multilabel(2))
    assert fixed.predict(None).tolist() == [[0, 1], [0, 1]]


def test_blends_of_several_targets_have_the_scores_of_the_metric() -> None:
    X, Y = numbers()
    y = Y.to_numpy()
    one = problem("regression", X=X, y=y)
    valid = one.folds[0][1]
    scores = BlendScorer(one)(0, np.stack([y[valid], np.roll(y[valid], 1, axis=0)]))
    assert scores[0] == pytest.approx(1.0)
    assert scores[1] < 0.5


def test_a_target_named_as_the_probability_of_another_keeps_its_column() -> None:
    X = np.random.default_rng(0).normal(size=(30, 2))
    model = MultilabelClassifier(LogisticRegression()).fit(X, (X > 0).astype(int))
    table = predict_table(model, X, ["up", "probability_up"])
    assert table.columns.tolist() == [
        "up",
        "probability_up",
        "probability_up",
        "probability_probability_up",
    ]
    np.testing.assert_array_equal(table.iloc[:, :2], model.predict(X))
