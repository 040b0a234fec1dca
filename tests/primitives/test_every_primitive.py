"""Every primitive of the default catalogue, for every task it serves."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from evolver.checks.space import selected_catalogue
from evolver.export.source_file import to_source
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Step, Tree, draw
from evolver.genome.tree import X as TABLE
from evolver.schema import learn
from primitives import Catalogue, Prediction, default_catalogue
from primitives import space as spaces
from primitives.isolation import private_copy
from primitives.reading import Column
from primitives.sparse import as_sparse_frame, matrix_of
from tests.alone import run_without_us
from tests.evaluation.test_fold import problem
from tests.pipelines import catalogue_of_forms, traits, tree_with
from tests.tables import small_table, with_many_values, with_text

FORMS = catalogue_of_forms()
COLUMNS: list[dict[str, int]] = [
    {},
    {"texts": 1, "categories": 2, "high_cardinality": 1, "dates": 2},
    {"texts": 1},
    {"texts": 1, "may_split": False},
    {"sparse": 1, "numbers": 0, "categories": 0, "dates": 0, "gaps": False},
]
"""Traits in which tables differ, one of which suits each primitive."""


def catalogue(task: str, **columns: int) -> Catalogue:
    return FORMS.select(task, traits(task, **columns))


EVERY = [
    (task, name)
    for task in ("binary", "multiclass", "regression")
    for names in [{one.name for columns in COLUMNS for one in catalogue(task, **columns)}]
    for name in sorted(names)
]


FIRST = {name: task for task, name in reversed(EVERY)}
"""First task of each primitive; its other tasks are tested by `--slow` alone."""

ONCE = [
    one if FIRST[one[1]] == one[0] else pytest.param(*one, marks=pytest.mark.slow) for one in EVERY
]


def columns_for(task: str, name: str) -> dict[str, int]:
    """Return the traits of a table on which a primitive is worth trying."""
    return next(columns for columns in COLUMNS if name in catalogue(task, **columns))


def kind_for(task: str, name: str) -> str:
    """Return the kind of table that a primitive needs."""
    columns = columns_for(task, name)
    return "sparse" if "sparse" in columns else "wide" if columns else "plain"


def table_for(task: str, kind: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a table of some kinds of columns, of all kinds, or a sparse matrix."""
    X, y = small_table(task)
    if kind == "sparse":
        return as_sparse_frame(X.select_dtypes("number").fillna(0.0)), y
    return with_many_values(with_text(X)) if kind == "wide" else X, y


@cache
def not_plain(task: str, kind: str) -> dict[str, Column]:
    return learn(table_for(task, kind)[0]).not_plain


def dense(X: Any) -> pd.DataFrame:
    """Return the input of a step with a column for each feature."""
    table = pd.DataFrame(X)
    matrix = matrix_of(table)
    return table if matrix is None else pd.DataFrame(matrix.toarray())


def pipeline_with(task: str, name: str, seed: int) -> Pipeline:
    space = catalogue(task, **columns_for(task, name))
    tree = tree_with(space[name], space, task, np.random.default_rng(seed))
    return to_estimator(tree, not_plain(task, kind_for(task, name)))


def fitted(pipeline: Any, X: pd.DataFrame, y: np.ndarray) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return pipeline.fit(X, y)


def test_there_are_at_least_75_and_none_is_out_of_reach() -> None:
    assert len(default_catalogue()) >= 75
    reached = {name for _, name in EVERY}
    assert reached == {primitive.name for primitive in FORMS}


@pytest.mark.parametrize(("task", "name"), ONCE)
def test_draws_instantiate(task: str, name: str) -> None:
    rng = np.random.default_rng(0)
    space = catalogue(task, **columns_for(task, name))
    for _ in range(40):
        tree = tree_with(space[name], space, task, rng)
        assert all(spaces.contains(step.primitive.fixed_space, step.values) for step in tree.steps)
        assert isinstance(to_estimator(tree), Pipeline)


@pytest.mark.parametrize(("task", "name"), ONCE)
def test_a_draw_fits_and_predicts(task: str, name: str) -> None:
    X, y = table_for(task, kind_for(task, name))
    model = fitted(pipeline_with(task, name, seed=1), X[:80], y[:80])
    if task == "regression":
        predictions = model.predict(X[80:])
        assert predictions.shape == (40,)
    else:
        predictions = model.predict_proba(X[80:])
        assert predictions.shape == (40, len(np.unique(y)))
        assert np.allclose(predictions.sum(axis=1), 1.0)
    assert np.isfinite(predictions).all()


@pytest.mark.parametrize(("task", "name"), ONCE)
def test_it_writes_to_nothing_that_it_is_given(task: str, name: str) -> None:
    """Primitives of the package get no copies; the primitives of a user do."""
    given: Any
    given, y = table_for(task, kind_for(task, name))
    target = y.copy()
    *others, last = pipeline_with(task, name, seed=2).named_steps.values()
    for step in (*others, last):
        before = private_copy(given)
        fitted(step, given, target)
        found = step.predict(given) if step is last else step.transform(given)
        pd.testing.assert_frame_equal(dense(given), dense(before))
        np.testing.assert_array_equal(target, y)
        given = found


PREPROCESSING = [
    (task, name)
    for task, name in EVERY
    if not issubclass(catalogue(task, **columns_for(task, name))[name].output, Prediction)
]


@pytest.mark.parametrize(("task", "name"), PREPROCESSING)
def test_its_features_have_names_that_differ(task: str, name: str) -> None:
    X, y = table_for(task, kind_for(task, name))
    preprocessing = fitted(pipeline_with(task, name, seed=1), X[:80], y[:80])[:-1]
    names = preprocessing.get_feature_names_out()
    assert len(names) == dense(preprocessing.transform(X[80:])).shape[1]
    assert len(set(names)) == len(names)
    assert all(isinstance(one, str) and one for one in names)


def test_features_are_named_by_their_columns() -> None:
    kind = ("multiclass", "wide")
    X, y = table_for(*kind)
    space = catalogue("multiclass", **COLUMNS[1])
    treatments = {"categories": "one_hot", "high_cardinality": "min_hash", "dates": "parts"}
    root = space["Encoder_texts_read"]
    values = {**spaces.nearest(root.fixed_space, treatments), "statistics": True}
    model = draw(space["GaussianNB"], np.random.default_rng(0))
    pipeline = to_estimator(Tree([model, Step(root, values), TABLE]), not_plain(*kind))
    names = fitted(pipeline, X, y)[:-1].get_feature_names_out()
    assert {
        "numbers__second",
        "dates__day (weekday)",
        "dates__later - day (days)",
        "high_cardinality__street (hash 0)",
        "texts__sparsepipeline__text (ridge1)",
        "texts__textstatistics__text (words)",
    } <= set(names)


RUN_ALL = """
from pathlib import Path

folder = Path(sys.argv[1])
for file in sorted(folder.glob("*.py")):
    sys.argv = [str(file), str(folder / "train.parquet"), "--predict", str(folder / "test.parquet")]
    sys.argv += ["--out", str(file.with_suffix(".out.parquet"))]
    runpy.run_path(str(file), run_name="__main__")
"""


@pytest.mark.slow
def test_an_exported_pipeline_with_it_predicts_the_same(tmp_path: Path) -> None:
    expected: dict[Path, np.ndarray] = {}
    with ThreadPoolExecutor() as pool:  # the files of a task run while the next one's are written
        runs = []
        for task, kind in product(("binary", "multiclass", "regression"), ("plain", "wide")):
            folder = tmp_path / f"{task} {kind}"
            folder.mkdir()
            X, y = table_for(task, kind)
            X[:80].assign(target=y[:80]).to_parquet(folder / "train.parquet")
            X[80:].to_parquet(folder / "test.parquet")
            for of, name in EVERY:
                if of != task or (task == "multiclass" and ("binary", name) in EVERY):
                    continue  # the source of the latter is the same
                if kind_for(task, name) != kind:
                    continue
                model = fitted(pipeline_with(task, name, seed=0), X[:80], y[:80])
                source = to_source(model, columns=not_plain(task, kind))
                (folder / f"{name}.py").write_text(source, encoding="utf-8")
                expected[folder / name] = model.predict(X[80:])
            runs.append(pool.submit(run_without_us, RUN_ALL, folder, cwd=folder))
        for run in runs:
            run.result()
    assert len(expected) > 100
    for stem, predictions in expected.items():
        assert len(predictions) == 40
        got = pd.read_parquet(stem.with_suffix(".out.parquet"))["prediction"].to_numpy()
        if stem.parent.name.startswith("regression"):
            np.testing.assert_allclose(got, predictions, rtol=1e-9, err_msg=str(stem))
        else:
            np.testing.assert_array_equal(got, predictions, err_msg=str(stem))


@pytest.mark.parametrize("labels", [("no", "yes"), ("1", "2.5")])
def test_classes_can_be_weighted_whatever_they_are_called(labels: tuple[str, str]) -> None:
    X, y = small_table("binary")
    named = np.where(y == np.unique(y)[0], *labels)
    space = selected_catalogue(None, problem("binary", y=named), grouped=False)
    weighted = [one for one in space if "class_weight" in one.fixed_space]
    assert len(weighted) > 5
    for primitive in weighted:
        for weight in primitive.fixed_space["class_weight"].choices:
            root, *others = tree_with(primitive, space, "binary", np.random.default_rng(0))
            tree = Tree([Step(primitive, {**root.values, "class_weight": weight}), *others])
            assert set(fitted(to_estimator(tree), X, named).predict(X)) <= set(labels)
