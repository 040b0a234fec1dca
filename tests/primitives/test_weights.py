"""Weights of rows reach every step that can use them; an integer weight is that many equal rows."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier, VotingClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, PredefinedSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

from evolver import EvolvedClassifier, EvolvedRegressor
from evolver.evaluation.fold import fit
from evolver.export.program import predict_table
from evolver.genome.pipeline import to_estimator
from primitives import Features, Prediction
from primitives import space as spaces
from primitives.base import Primitive
from primitives.calibration import PlattScaledClassifier
from primitives.construction import stack
from primitives.encoders import ENCODERS, build_encoder, encoder
from primitives.sparse import as_sparse_frame
from primitives.text import RidgeTargetEncoder
from primitives.transformers import UngroupedTargetEncoder
from primitives.treatments import TREATMENTS
from primitives.wrappers import (
    OpinionPoolClassifier,
    RepeatedClassifier,
    TemperatureScaledClassifier,
)
from tests.alone import run_exported
from tests.pipelines import catalogue, traits, tree_with
from tests.tables import LOADERS, clean, small_table, with_many_values, with_text
from tests.test_targets import QUICK

ROWS = 80
SEEDS = range(8)
TASKS = ("binary", "regression")

NOTHING_TO_WEIGH = "it learns nothing that depends on how often a row occurs"
NO_ARGUMENT = "scikit-learn's estimator takes no weights"

IGNORED = {
    **dict.fromkeys(
        [
            "Formula",
            "GaussianRandomProjection",
            "MaxAbsScaler",
            "MinMaxScaler",
            "Normalizer",
            "Polynomials",
            "RBFSampler",
            "RandomTreesEmbedding",
            "SparseRandomProjection",
            "Union",
            "VarianceThreshold",
        ],
        NOTHING_TO_WEIGH,
    ),
    **dict.fromkeys(
        [
            "DiscriminantAxes",
            "FastICA",
            "FeatureAgglomeration",
            "GaussianProcessClassifier",
            "GaussianProcessRegressor",
            "ARDRegression",
            "KNeighborsClassifier",
            "KNeighborsRegressor",
            "KernelPCA",
            "LinearDiscriminantAnalysis",
            "NMF",
            "Nystroem",
            "PCA",
            "PLSRegression",
            "PowerTransformer",
            "QuadraticDiscriminantAnalysis",
            "QuantileTransformer",
            "RobustScaler",
            "SelectFweFClassif",
            "SelectFweFRegression",
            "SelectPercentileFClassif",
            "SelectPercentileFRegression",
            "SelectPercentileMutualInfoClassif",
            "SelectPercentileMutualInfoRegression",
            "TruncatedSVD",
        ],
        NO_ARGUMENT,
    ),
}
"""Primitives that weights do not change, each with the reason."""

COUNTS_ROWS = "the least number of rows of a leaf counts a row once, whatever its weight"
DRAWS_ROWS = "rows are drawn at random, and copies of a row are drawn one by one"
SPLITS_ROWS = "rows are split at random, and copies of a row may be separated"
SOLVER = "the solver stops before it has converged"
TARGET = "the target is scaled without weights"

UNLIKE_ROWS = {
    "AdaBoostClassifier": DRAWS_ROWS,
    "AdaBoostRegressor": DRAWS_ROWS,
    "CatBoostClassifier": SPLITS_ROWS,
    "CatBoostRegressor": SPLITS_ROWS,
    "CrossedTargets": SPLITS_ROWS,
    "DecisionTreeClassifier": COUNTS_ROWS,
    "DecisionTreeRegressor": COUNTS_ROWS,
    "ElasticNet": TARGET,
    "ExtraTreesClassifier": COUNTS_ROWS,
    "ExtraTreesRegressor": COUNTS_ROWS,
    "GaussianNB": "the variance that is added to all columns has no weights",
    "GradientBoostingClassifier": DRAWS_ROWS,
    "GradientBoostingRegressor": DRAWS_ROWS,
    "GroupStatistics": COUNTS_ROWS,
    "HistGradientBoostingClassifier": SPLITS_ROWS,
    "HistGradientBoostingRegressor": SPLITS_ROWS,
    "HuberRegressor": TARGET,
    "KernelRidge": TARGET,
    "LGBMClassifier": SPLITS_ROWS,
    "LGBMRegressor": SPLITS_ROWS,
    "Lasso": TARGET,
    "LinearSVC": SPLITS_ROWS,
    "LinearSVR": TARGET,
    "LogisticRegressionElasticNet": SOLVER,
    "LogisticRegressionL1": SOLVER,
    "MLPClassifier": SPLITS_ROWS,
    "MLPRegressor": SPLITS_ROWS,
    "PairFormulas": COUNTS_ROWS,
    "QuantileTarget": TARGET,
    "RandomForestClassifier": DRAWS_ROWS,
    "RandomForestRegressor": DRAWS_ROWS,
    "SGDClassifier": DRAWS_ROWS,
    "SGDRegressor": DRAWS_ROWS,
    "SVC": SPLITS_ROWS,
    "SVR": TARGET,
    "SelectFromL1Regression": TARGET,
    "Splines": "quantiles with weights are values of the column, those without are interpolated",
    "Stack": SPLITS_ROWS,
    "SubsetTargets": SPLITS_ROWS,
    "XGBClassifier": SPLITS_ROWS,
    "XGBRegressor": SPLITS_ROWS,
}
"""Primitives that use weights, but not exactly as repeated rows, each with the reason."""


OF_CATEGORIES = ("CrossedTargets", "GroupStatistics")
"""Primitives that read categories."""


def steps() -> list[Any]:
    """Return each step with its tasks; those after the first are tested by `--slow` alone."""
    encoders = {encoder.name for encoder in ENCODERS}
    found: list[Any] = []
    seen: set[str] = set()
    for task in TASKS:
        for name in (one.name for one in catalogue(task) if one.name not in encoders):
            marks = [pytest.mark.slow] if name in seen else []
            found.append(pytest.param(task, name, marks=marks))
            seen.add(name)
    return found


def numbers(task: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return ten columns of numbers without gaps, of which an encoder learns nothing."""
    data = LOADERS[task](as_frame=True).frame.sample(120, random_state=0)
    return data.iloc[:, :10].reset_index(drop=True), data["target"].to_numpy(dtype=float)


def drawn_weights(seed: int, rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Return weights of rows, and the rows repeated by them."""
    weights = np.random.default_rng(seed).integers(1, 4, rows)
    return weights.astype(float), np.repeat(np.arange(rows), weights)


def quietly(
    model: Pipeline, X: pd.DataFrame, y: np.ndarray, weights: np.ndarray | None
) -> Pipeline:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return fit(model, X, y, weights)


def output_of(primitive: Primitive, model: Pipeline, X: pd.DataFrame) -> np.ndarray:
    """Return the output of a primitive in the pipeline that `tree_with` makes."""
    if not issubclass(primitive.output, Prediction):
        return np.asarray(model[:-1].transform(X), dtype=float)
    found: np.ndarray = (
        model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    )
    return found


def differ(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    scale = float(np.std(one)) or 1.0
    return one.shape != other.shape or bool(np.abs(one - other).max() > tolerance * scale)


@pytest.mark.parametrize(("task", "name"), steps())
def test_a_step_uses_weights_or_is_named_with_the_reason(task: str, name: str) -> None:
    X, y = numbers(task)
    names = tuple(X)
    if name in OF_CATEGORIES:
        X["kind"] = pd.qcut(X[names[0]], 4).astype(str)
    space = catalogue(task, number_names=names)
    changed = False
    for seed in SEEDS:
        weights, rows = drawn_weights(seed)
        model = to_estimator(tree_with(space[name], space, task, np.random.default_rng(seed)))
        weighted = output_of(space[name], quietly(model, X[:ROWS], y[:ROWS], weights), X[ROWS:])
        plain = output_of(space[name], quietly(model, X[:ROWS], y[:ROWS], None), X[ROWS:])
        changed = changed or differ(weighted, plain, 1e-9)
        if name not in {**IGNORED, **UNLIKE_ROWS}:
            repeated = output_of(space[name], quietly(model, X.iloc[rows], y[rows], None), X[ROWS:])
            assert not differ(weighted, repeated, 1e-3)
        if seed and (changed or name in IGNORED):
            break
    assert changed == (name not in IGNORED)


@pytest.mark.parametrize("smooth", [0.5, 30.0])
@pytest.mark.parametrize("target_type", ["continuous", "binary", "multiclass"])
class TestTargetEncoder:
    def data(self, target_type: str) -> tuple[pd.DataFrame, np.ndarray]:
        rng = np.random.default_rng(0)
        X = pd.DataFrame(
            {"a": rng.choice(["x", "y", "z", "w"], 60), "b": rng.choice(list("pq"), 60)}
        )
        X["a"] = X["a"].mask(np.arange(60) % 7 == 0)
        if target_type == "continuous":
            return X, rng.normal(size=60)
        return X, rng.choice(["no", "yes"] if target_type == "binary" else ["u", "v", "w"], 60)

    def test_a_weight_is_that_many_rows(self, target_type: str, smooth: float) -> None:
        X, y = self.data(target_type)
        weights, rows = drawn_weights(1, 60)
        inner = np.arange(60) % 4
        weighted = UngroupedTargetEncoder(
            smooth=smooth, target_type=target_type, cv=PredefinedSplit(inner)
        )
        repeated = TargetEncoder(
            smooth=smooth, target_type=target_type, cv=PredefinedSplit(inner[rows])
        )
        out_of_fold = weighted.fit_transform(X, y, weights)[rows]
        np.testing.assert_allclose(
            out_of_fold, repeated.fit_transform(X.iloc[rows], y[rows]), rtol=1e-9, atol=1e-12
        )
        new = pd.DataFrame({"a": ["x", "w", None, "unknown"], "b": ["p", "unknown", "q", None]})
        np.testing.assert_allclose(weighted.transform(new), repeated.transform(new), rtol=1e-9)

    def test_equal_weights_change_nothing(self, target_type: str, smooth: float) -> None:
        X, y = self.data(target_type)
        inner = KFold(3, shuffle=True, random_state=0)
        plain = UngroupedTargetEncoder(smooth=smooth, target_type=target_type, cv=inner)
        same = UngroupedTargetEncoder(smooth=smooth, target_type=target_type, cv=inner)
        np.testing.assert_allclose(
            same.fit_transform(X, y, np.ones(60)), plain.fit_transform(X, y), rtol=1e-9
        )
        np.testing.assert_allclose(same.transform(X), plain.transform(X), rtol=1e-9)


@pytest.mark.parametrize("target_type", ["continuous", "binary", "multiclass"])
def test_texts_are_read_with_weights_as_with_repeated_rows(target_type: str) -> None:
    rng = np.random.default_rng(0)
    words = rng.choice(["one", "two", "three", "four", "five"], (60, 3))
    X = HashingVectorizer(n_features=2**8).transform([" ".join(row) for row in words])
    y = rng.normal(size=60)
    if target_type != "continuous":
        y = np.digitize(y, [0.0] if target_type == "binary" else [-0.5, 0.5])
    weights, rows = drawn_weights(2, 60)
    encoder = RidgeTargetEncoder(1.0, target_type, random_state=0)
    encoded = encoder.fit_transform(X, y, weights)
    unweighted = RidgeTargetEncoder(1.0, target_type, random_state=0)
    assert np.abs(encoded - unweighted.fit_transform(X, y)).max() > 1e-3
    unweighted.fit(X[rows], y[rows])
    np.testing.assert_allclose(encoder.transform(X), unweighted.transform(X), atol=1e-3)


IGNORED_BY_TREATMENTS = {
    **dict.fromkeys(["median", "mean", "most_frequent", "constant", "nearest"], NO_ARGUMENT),
    "passthrough": NOTHING_TO_WEIGH,
    "parts": "gaps are filled by the median, and scikit-learn's imputer takes no weights",
    "cyclic": "gaps are filled by the median, and scikit-learn's imputer takes no weights",
    "ordinal": NO_ARGUMENT,
    "one_hot": NO_ARGUMENT,
    "frequency": "it counts rows, of which weights make no more",
    "min_hash": NOTHING_TO_WEIGH,
    "topics": NO_ARGUMENT,
}
"""Treatments of columns that weights do not change, each with the reason."""

TREATED = [
    (task, role, one.name)
    for task in ("binary", "multiclass", "regression")
    for role, known in TREATMENTS.items()
    for one in known.treatments
    if one.build is not None
]


@pytest.mark.parametrize(("task", "role", "name"), TREATED)
def test_a_treatment_uses_weights_or_is_named_with_the_reason(
    task: str, role: str, name: str
) -> None:
    X, y = small_table(task)
    may_split = name != "topics"
    sparse = int(role == "sparse")
    table = traits(
        task, texts=1, high_cardinality=1, categories=2, may_split=may_split, sparse=sparse
    )
    alone = {role: TREATMENTS[role].only(name)}
    space = encoder("Encoder", Features, alone).resolve(table).fixed_space
    values = spaces.sample(space, np.random.default_rng(0))
    features = clean(with_text(with_many_values(X)))
    if sparse:
        features = as_sparse_frame(features.select_dtypes("number").fillna(0.0))
    model = make_pipeline(build_encoder(alone, 0, **values), LinearRegression())
    target = y if task == "regression" else np.unique(y, return_inverse=True)[1]
    heavy_rows = y > np.median(y) if task == "regression" else y == y[0]
    weights = np.where(heavy_rows, 9.0, 1.0)
    plain, heavy = (
        np.asarray(quietly(model, features[:ROWS], target[:ROWS], given)[:-1].transform(features))
        for given in (None, weights[:ROWS])
    )
    assert differ(plain, heavy, 1e-3) == (name not in IGNORED_BY_TREATMENTS)


def test_a_stack_of_a_model_without_weights_is_fitted_with_weights() -> None:
    X, y = numbers("binary")
    stacked = stack(KNeighborsClassifier(3), "passthrough", random_state=0)
    weights = np.where(y == y[0], 9.0, 1.0)
    heavy = quietly(make_pipeline(stacked, LogisticRegression()), X, y, weights)
    plain = quietly(make_pipeline(stacked, LogisticRegression()), X, y, None)
    assert np.abs(heavy.predict_proba(X) - plain.predict_proba(X)).max() > 0.05


def test_an_ensemble_that_is_fitted_again_passes_weights_to_its_members() -> None:
    X, y = numbers("binary")
    trees = make_pipeline(StandardScaler(), ExtraTreesClassifier(5, max_depth=2, random_state=0))
    line = make_pipeline(StandardScaler(), LogisticRegression())
    vote = VotingClassifier([("a", RepeatedClassifier(trees, 2)), ("b", line)], voting="soft")
    weights = np.where(y == y[0], 9.0, 1.0)
    around = OpinionPoolClassifier, PlattScaledClassifier, TemperatureScaledClassifier
    for model in (one(vote, 0.7) for one in around):
        repeats, alone = quietly(model, X, y, weights).estimator_.estimators_
        for found, member in ((repeats.estimators_[0], trees), (alone, line)):
            expected = quietly(member, X, y, weights).predict_proba(X)
            np.testing.assert_array_equal(found.predict_proba(X), expected)
            assert differ(quietly(member, X, y, None).predict_proba(X), expected, 1e-3)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_an_exported_program_fits_with_the_weights_in_a_column(task: str, tmp_path: Path) -> None:
    X, y = small_table(task)
    weights = np.random.default_rng(0).integers(0, 4, len(X)).astype(float)
    estimator = EvolvedRegressor if task == "regression" else EvolvedClassifier
    quick = {**QUICK, "max_evaluations": 12}
    model = estimator(**quick).fit(X, y, sample_weight=weights)
    model.export(tmp_path / "model.py")
    X.assign(target=y, weight=weights).to_csv(tmp_path / "train.csv", index=False)
    out = tmp_path / "out.parquet"
    with pytest.raises(AssertionError, match="required: --weight"):
        run_exported(tmp_path / "model.py", tmp_path / "train.csv")
    run_exported(tmp_path / "model.py", tmp_path / "train.csv", "--weight", "weight", "--out", out)
    written = pd.read_parquet(out)
    pd.testing.assert_frame_equal(written, predict_table(model, X), rtol=1e-6)
