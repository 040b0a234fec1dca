"""Folds leak nothing, use weights, keep predictions, and refuse invalid ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import average_precision_score, get_scorer, make_scorer, roc_auc_score

from evolver.checks import check_scorer
from evolver.evaluation.blends import BlendScorer
from evolver.evaluation.cached_predictions import CachedPredictions
from evolver.evaluation.fold import (
    Evaluator,
    FoldScore,
    Request,
    fit,
    is_foreign,
)
from evolver.evaluation.folds import make_folds
from evolver.genome.codec import encode
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Step, Tree, X
from evolver.objectives import OBJECTIVES, objective_of
from evolver.problem import Problem
from evolver.task import Classification
from primitives import (
    CLASSIFICATION,
    Catalogue,
    Features,
    Prediction,
    Primitive,
    Table,
    default_catalogue,
)
from tests.genome.strategies import CATALOGUES, random_tree
from tests.pipelines import catalogue, encoder_with, task_of, traits, tree_with
from tests.tables import small_table


def problem(task: str = "binary", **changes: Any) -> Problem:
    X, y = small_table(task)
    rng = np.random.default_rng(0)
    known = task_of(task, changes.get("y", y))
    folds = make_folds(X, y, 4, known, groups=None, rng=rng)
    scorer = get_scorer("r2" if task == "regression" else "roc_auc_ovr")
    fields = {"task": known, "X": X, "y": y, "folds": folds, "scorer": scorer}
    return Problem(**{**fields, **changes})


def evaluate(
    names: Sequence[str], space: Catalogue, on: Problem, fold: int | None = 0
) -> FoldScore | Any:
    tree = Tree([Step(space[name], {}) for name in names] + [X])
    return Evaluator(on, space)(Request(encode(tree), fold))


class Remembering(TransformerMixin, BaseEstimator):
    """Encoder that records the rows it is fitted on."""

    seen: ClassVar[list[set[int]]] = []

    def fit(self, X: pd.DataFrame, y: Any = None) -> Remembering:
        self.seen.append(set(X["row"].astype(int)))
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        return X[["row"]].to_numpy()


class LabelReader(ClassifierMixin, BaseEstimator):
    """Classifier that memorises the rows it is fitted on; all others get the first class."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> LabelReader:
        self.classes_ = np.unique(y)
        self.known_ = dict(zip(X[:, 0], y, strict=True))
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        labels = [self.known_.get(row, self.classes_[0]) for row in X[:, 0]]
        return (np.asarray(labels)[:, None] == self.classes_).astype(float)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision"])
def test_ranks_are_scored_by_what_is_kept_and_delivered(scoring: str) -> None:
    """The decision function orders rows whose probabilities are all 0 or 1."""
    y = (small_table("binary")[1] == "class 1").astype(int)
    on = problem(y=y, scorer=check_scorer(scoring, Classification.of(y)))
    build = partial(SGDClassifier, loss="modified_huber", random_state=0)
    one = Primitive("Sharp", (Features,), Prediction, build)
    numbers = partial(
        make_column_transformer, (SimpleImputer(), make_column_selector(dtype_include="number"))
    )
    space = Catalogue([Primitive("NumbersAlone", (Table,), Features, numbers), one])
    for fold, (_, valid) in enumerate(on.folds):
        got = evaluate(["Sharp", "NumbersAlone"], space, on, fold)
        metric = roc_auc_score if scoring == "roc_auc" else average_precision_score
        probabilities = got.predictions[:, 1]
        assert (probabilities[:, None] == probabilities).sum() > 1.5 * len(valid)
        assert got.score == pytest.approx(metric(y[valid], probabilities))


SPIES = Catalogue(
    [
        Primitive("Remembering", (Table,), Features, Remembering),
        Primitive("LabelReader", (Features,), Prediction, LabelReader),
    ]
)


def test_everything_is_fitted_on_the_training_part_alone() -> None:
    base = problem()
    on = problem(X=pd.DataFrame({"row": np.arange(len(base.y))}), scorer=get_scorer("accuracy"))
    for number, (train, valid) in enumerate(on.folds):
        Remembering.seen.clear()
        result = evaluate(["LabelReader", "Remembering"], SPIES, on, number)
        assert [set(train)] == Remembering.seen
        assert result.score == np.mean(on.y[valid] == np.unique(on.y)[0])


@pytest.mark.parametrize("name", ["Encoder", "SelectPercentileFClassif", "SelectFromTreesClassif"])
def test_what_learns_from_the_target_finds_nothing_in_noise(name: str) -> None:
    """A step fitted before the split would find columns that happen to fit all labels."""
    rng = np.random.default_rng(0)
    rows = 120
    table = pd.DataFrame(rng.normal(size=(rows, 300))).rename(columns=lambda number: f"n{number}")
    table["category"] = rng.integers(0, 60, size=rows).astype(str)
    y = np.repeat([0, 1], rows // 2)
    folds = make_folds(table, y, 4, Classification.of(y), groups=None, rng=rng)
    on = Problem(Classification.of(y), table, y, folds, get_scorer("roc_auc"))
    by_target = encoder_with(categories="target").resolve(traits("binary", gaps=False))
    space = catalogue("binary", gaps=False).without("Encoder").add(by_target)
    tree = tree_with(space[name], space, "binary", rng)
    scores = [Evaluator(on, space)(Request(encode(tree), fold)).score for fold in range(4)]
    assert np.mean(scores) < 0.62


def test_out_of_fold_predictions_are_kept_and_repeat() -> None:
    space = catalogue("multiclass").only("Encoder", "GaussianNB")
    tree = tree_with(space["GaussianNB"], space, "multiclass", np.random.default_rng(0))
    on = problem("multiclass")
    evaluator = Evaluator(on, space)
    one, again = (evaluator(Request(encode(tree), 1)) for _ in range(2))
    assert one.predictions.shape == (len(on.folds[1][1]), 3)
    np.testing.assert_array_equal(one.predictions, again.predictions)
    assert one.score == again.score


def test_the_score_is_that_of_scikit_learn() -> None:
    space = catalogue("regression")
    tree = tree_with(space["Ridge"], space, "regression", np.random.default_rng(0))
    on = problem("regression")
    train, valid = on.folds[0]
    model = to_estimator(tree).fit(on.X.iloc[train], on.y[train])
    result = Evaluator(on, space)(Request(encode(tree), 0))
    assert result.score == pytest.approx(model.score(on.X.iloc[valid], on.y[valid]), rel=1e-12)
    np.testing.assert_allclose(result.predictions, model.predict(on.X.iloc[valid]), rtol=1e-12)


class TestWeights:
    def test_they_change_the_fit_and_the_score(self) -> None:
        on = problem()
        weights = np.where(on.y == on.y[0], 20.0, 1.0)
        space = catalogue("binary")
        tree = tree_with(space["LogisticRegression"], space, "binary", np.random.default_rng(0))
        plain = Evaluator(problem(scorer=get_scorer("neg_log_loss")), space)
        heavy = Evaluator(problem(scorer=get_scorer("neg_log_loss"), sample_weight=weights), space)
        request = Request(encode(tree), 0)
        assert abs(plain(request).score - heavy(request).score) > 0.01

    @pytest.mark.parametrize(
        "name", ["RandomForestClassifier", "SoftVote", "Stack", "Union", "LinearSVC"]
    )
    def test_a_row_without_weight_is_as_if_absent_from_what_learns(self, name: str) -> None:
        X, y = small_table("binary")
        space = catalogue("binary")
        tree = tree_with(space[name], space, "binary", np.random.default_rng(0))
        flipped = y.copy()
        flipped[::2] = np.where(y[::2] == y[0], next(label for label in y if label != y[0]), y[0])
        ignoring = np.where(np.arange(len(y)) % 2 == 0, 1e-9, 1.0)
        model = fit(to_estimator(tree), X, flipped, ignoring)
        assert np.mean(model.predict(X[1::2]) == y[1::2]) > 0.8

    def test_models_that_cannot_use_them_are_fitted_without(self) -> None:
        X, y = small_table("binary")
        space = catalogue("binary")
        tree = tree_with(space["KNeighborsClassifier"], space, "binary", np.random.default_rng(0))
        assert fit(to_estimator(tree), X, y, np.ones(len(y))).predict(X).shape == y.shape


@pytest.mark.parametrize("complexity", sorted(OBJECTIVES))
def test_complexities_are_positive_numbers(complexity: str) -> None:
    space = catalogue("binary")
    tree = tree_with(space["Union"], space, "binary", np.random.default_rng(0))
    result = Evaluator(problem(objectives=(OBJECTIVES[complexity],)), space)(
        Request(encode(tree), 0)
    )
    assert result.costs[0] > 0


def test_a_function_may_be_the_complexity() -> None:
    space = catalogue("binary")
    tree = tree_with(space["GaussianNB"], space, "binary", np.random.default_rng(0))
    on = problem(objectives=(objective_of(lambda estimator: len(estimator.steps)),))
    assert Evaluator(on, space)(Request(encode(tree), 0)).costs == (3.0,)


@pytest.mark.parametrize("cache", [0, 50_000_000])
def test_a_class_that_was_not_fitted_on_has_no_probability(cache: int) -> None:
    """Log loss and ensembles need a column for every class of the problem."""
    base = problem("multiclass")
    known = np.flatnonzero(base.y != "class 1")
    scorer = check_scorer("neg_log_loss", base.task)
    on = problem("multiclass", folds=[(known[::2], known[1::2])], scorer=scorer)
    space = catalogue("multiclass").only("Encoder", "GaussianNB", "SoftVote")
    space = space.add(catalogue("multiclass")["LinearDiscriminantAnalysis"])
    evaluator = Evaluator(on, space, cache)
    model = [
        Step(space["GaussianNB"], {"var_smoothing": 1e-9}),
        Step(
            space["Encoder"],
            {
                "numbers": "constant",
                "dates": "parts",
                "categories": "ordinal",
                "min_frequency": 1,
            },
        ),
        X,
    ]
    other = [Step(space["LinearDiscriminantAnalysis"], {"shrinkage": 0.5}), *model[1:]]
    for tree in (Tree(model), Tree(other), Tree([Step(space["SoftVote"], {}), *model, *other])):
        got = evaluator(Request(encode(tree), 0))
        assert got.predictions.shape == (len(known[1::2]), 3)
        assert (got.predictions[:, 1] == 0.0).all()
        assert got.predictions.sum(axis=1) == pytest.approx(1.0)
        assert -3.0 < got.score < 0.0
        assert BlendScorer(on)(0, got.predictions[None])[0] == pytest.approx(got.score, rel=1e-6)


class Babbler(DummyClassifier):
    """Classifier that returns a given answer."""

    answer: Any = None

    def predict_proba(self, X: Any) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.ones((3, 5)), "shape"),
        (np.full((4, 2), np.nan), "finite"),
        (np.ones((4, 2), dtype=complex), "real"),
    ],
)
def test_what_is_no_prediction_is_refused(answer: np.ndarray, message: str) -> None:
    X = pd.DataFrame({"a": [1, 2, 3, 4]})
    model = Babbler().fit(X, [0, 1, 0, 1])
    model.answer = answer
    with pytest.raises(ValueError, match=message):
        CachedPredictions(model, X, np.array([0, 1])).response()


def test_predictions_are_computed_once() -> None:
    class Counting(DummyClassifier):
        calls = 0

        def predict_proba(self, X: Any) -> Any:
            type(self).calls += 1
            return super().predict_proba(X)

    X = pd.DataFrame({"a": [1, 2, 3, 4]})
    y = np.asarray([0, 1, 0, 1])
    model = CachedPredictions(Counting().fit(X, y), X, np.array([0, 1]))
    model.response()
    get_scorer("neg_log_loss")(model, X, y)
    get_scorer("roc_auc")(model, X, y)
    assert Counting.calls == 1


class TestForeignCode:
    """Foreign code makes a worker look for changed libraries, which takes time."""

    def test_no_default_primitive_or_scorer_is_foreign(self) -> None:
        assert not [one.name for one in default_catalogue() if is_foreign(one.build)]
        evaluator = Evaluator(problem(), CATALOGUES["binary"])
        assert not any(
            evaluator.is_foreign(Request(encode(random_tree(CATALOGUES["binary"], seed)), 0))
            for seed in range(20)
        )

    def test_a_primitive_a_scorer_and_a_complexity_of_the_users_own_are(self) -> None:
        class Own(DummyClassifier):
            """Model of a user."""

        own = Primitive("Own", (Table,), Prediction, partial(Own), {}, CLASSIFICATION)
        mine = Catalogue([own])
        tree = encode(Tree([Step(own, {}), X]))
        assert Evaluator(problem(), mine).is_foreign(Request(tree, 0))
        metric = make_scorer(lambda y, predicted: 0.0)
        dull = encode(random_tree(CATALOGUES["binary"], 0))
        options: list[dict[str, Any]] = [
            {"scorer": metric},
            {"scorer": lambda *_: 0.0},
            {"objectives": (objective_of(len),)},
        ]
        for changes in options:
            changed = replace(problem(), **changes)
            assert Evaluator(changed, CATALOGUES["binary"]).is_foreign(Request(dull, 0))
