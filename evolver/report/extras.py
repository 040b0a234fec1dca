"""Facts of a report that need further fits: plain models, worth of steps, importance of columns.

All are computed on the folds of the run, so that they compare with its scores, until a deadline.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from evolver.budget import Deadline
from evolver.evaluation.baselines import differences, scores_of
from evolver.evaluation.cached_predictions import CachedPredictions
from evolver.evaluation.fold import fit, score_of
from evolver.genome.digest import digest
from evolver.genome.names import model_name
from evolver.genome.pipeline import cleaner_of, to_estimator
from evolver.genome.tree import Node, Step, Tree
from evolver.outcome import standard_error
from evolver.problem import Problem
from primitives import Prediction
from primitives.encoders import build_encoder
from primitives.treatments import PASSING_GAPS, TREATMENTS

MOST_CATEGORIES = 50
"""Most columns of a category in a plain linear model."""

COMPONENTS = 50
"""Components of a sparse matrix in a plain model."""

REPEATS = 3
"""Number of times that a column is shuffled in each fold."""

SHUFFLED_ROWS = 2_000
"""Most rows of a fold whose columns are shuffled."""

MOST_COLUMNS = 500
"""Number of columns up to which their importance is computed."""


def plain_models(problem: Problem) -> Iterator[tuple[str, Pipeline]]:
    """Yield plain models by name: a linear one, and histogram boosting with its defaults."""
    classifies = problem.task.model_classes is not None
    linear = LogisticRegression(max_iter=1000) if classifies else Ridge()
    common = {"dates": "parts", "sparse": "topics", "n_components": COMPONENTS}
    common |= {"sparse_n_components": COMPONENTS, "sparse_scaled": True}
    one_hot = {"categories": "one_hot", "max_categories": MOST_CATEGORIES}
    yield (
        "linear model",
        make_pipeline(
            cleaner_of(problem.columns),
            build_encoder(TREATMENTS, 0, numbers="median", **one_hot, **common),
            StandardScaler(),
            linear,
        ),
    )
    boosting = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    ordinal = {"categories": "ordinal", "min_frequency": 1}
    yield (
        "default histogram boosting",
        make_pipeline(
            cleaner_of(problem.columns),
            build_encoder(
                {**TREATMENTS, **PASSING_GAPS}, 0, numbers="passthrough", **ordinal, **common
            ),
            boosting(random_state=0),
        ),
    )


def baselines(problem: Problem, known: Collection[str], end: Deadline) -> list[dict[str, Any]]:
    """Return the scores of further plain models on the folds of a problem, as time allows.

    Parameters
    ----------
    problem : Problem
    known : collection of str
        Names of the models whose scores are known.
    end : Deadline
    """
    found = []
    for name, model in plain_models(problem):
        if name in known:
            continue
        scores = scores_of(problem, lambda model=model: model, end)  # type: ignore[misc]
        if scores:
            found.append({"name": name, "score": fmean(scores), "fold_scores": scores})
    return found


def without_a_step(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Yield what is left out, and the pipeline without it.

    A step between features gives way to its input, a wrapper to each of its inputs, and an encoder
    leaves out the columns of a role.
    """
    for index, node in enumerate(tree):
        if not isinstance(node, Step):
            continue
        if node.primitive.encodes:
            yield from _without_roles(tree, index, node)
            continue
        if node.arity == 1 and issubclass(node.ret, Prediction) and not node.primitive.wraps:
            continue  # the model itself
        required = tree.required_kind(index)
        for child in tree.inputs(index):
            if issubclass(tree[child].ret, required):
                branch = tree.subtree(child)
                name = model_name(node.name)
                kept = f", only {model_name(branch.root.name)} kept" if node.arity > 1 else ""
                yield f"{name}{kept}", tree.replaced(index, branch)


def _without_roles(tree: Tree, index: int, encoder: Step) -> Iterator[tuple[str, Tree]]:
    """Yield the pipelines whose encoder leaves out the columns of one of its roles."""
    roles = [role for role in TREATMENTS if encoder.values.get(role, "none") != "none"]
    for role in roles if len(roles) > 1 else ():
        values = {name: value for name, value in encoder.values.items() if name != role}
        nodes: list[Node] = list(tree)
        nodes[index] = Step(encoder.primitive, values)
        yield f"columns of the role {role.replace('_', ' ')}", Tree(nodes)


def worth_of_steps(
    problem: Problem, tree: Tree, known: Mapping[str, Sequence[float]], end: Deadline
) -> list[dict[str, Any]]:
    """Return the score of a pipeline without each of its steps, on the same folds.

    Parameters
    ----------
    problem : Problem
    tree : Tree
        Pipeline that was scored.
    known : mapping of str to sequence of float
        Fold scores of the candidates of the run, by digest; others are fitted.
    end : Deadline
    """
    whole = known.get(digest(tree), ())
    found = []
    for name, other in without_a_step(tree):
        scores = known.get(digest(other), ())
        source = "run" if scores else "fitted"
        if not scores:
            scores = scores_of(problem, lambda other=other: to_estimator(other), end)  # type: ignore[misc]
        gains = differences(whole, scores)
        if gains:
            error = standard_error(gains)
            found.append(
                {
                    "step": name,
                    "score_without": fmean(scores),
                    "worth": fmean(gains),
                    "error": None if math.isnan(error) else error,
                    "source": source,
                }
            )
    return sorted(found, key=lambda row: -row["worth"])


def importance(problem: Problem, tree: Tree, end: Deadline) -> list[dict[str, Any]]:
    """Return how much the score of a pipeline falls where a column is shuffled, with its error.

    The pipeline is fitted on the training part of each fold, and columns of the validation part are
    shuffled (permutation importance, Breiman 2001). Folds are taken as far as time allows.
    """
    n_columns = problem.X.shape[1]
    if not 1 < n_columns <= MOST_COLUMNS:
        return []
    rng = np.random.default_rng(0)
    falls: list[np.ndarray] = []
    for train, valid in problem.folds:
        if end.is_over:
            break
        one = _falls(problem, tree, train, valid[:SHUFFLED_ROWS], rng, end)
        if one is None:
            break
        falls.append(one)
    if not falls:
        return []
    every = np.concatenate(falls, axis=1)
    errors = every.std(axis=1, ddof=1) / math.sqrt(every.shape[1])
    order = np.argsort(-every.mean(axis=1), kind="stable")
    return [
        {
            "column": str(problem.X.columns[place]),
            "fall": float(every[place].mean()),
            "error": float(errors[place]),
        }
        for place in order
    ]


def _falls(
    problem: Problem,
    tree: Tree,
    train: np.ndarray,
    valid: np.ndarray,
    rng: np.random.Generator,
    end: Deadline,
) -> np.ndarray | None:
    """Return the falls of the score by column and repeat on a fold; None if time is over."""
    weights, task = problem.sample_weight, problem.task
    own = None if weights is None else weights[valid]

    def score(X: Any) -> float:
        cached = CachedPredictions(model, X, task.classes, output_shape=task.output_shape)
        return score_of(problem.scorer, cached, cached.X, problem.y[valid], own)

    X = problem.X.iloc[valid]
    found = np.empty((X.shape[1], REPEATS))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model = fit(
                to_estimator(tree),
                problem.X.iloc[train],
                problem.y[train],
                None if weights is None else weights[train],
            )
            whole = score(X)
            for place, name in enumerate(X.columns):
                for repeat in range(REPEATS):
                    if end.is_over:
                        return None
                    column = X[name].iloc[rng.permutation(len(X))].set_axis(X.index)
                    found[place, repeat] = whole - score(X.assign(**{name: column}))
        except Exception:  # a step or a scorer of the user may raise any error
            return None
    return found
