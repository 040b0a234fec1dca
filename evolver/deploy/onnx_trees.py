"""ONNX form of trees: those of scikit-learn, LightGBM, XGBoost and CatBoost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evolver.deploy.onnx_graph import ML, Graph, Matrix, NotConvertibleError

AT_MOST, BELOW = 0, 1
"""Comparisons with a threshold by which rows go to the first child, as ONNX numbers them."""

LEAF = -1
"""Feature of a node without children."""


@dataclass(frozen=True)
class Nodes:
    """Nodes of a binary tree; the first is the root.

    Parameters
    ----------
    feature : ndarray of shape (n_nodes,)
        Column that is compared; `LEAF` for a leaf.
    threshold : ndarray of shape (n_nodes,)
    first, second : ndarray of shape (n_nodes,)
        Children: of the rows for which the comparison holds, and of the others.
    missing_first : ndarray of shape (n_nodes,)
        True where rows without a value go to the first child.
    value : ndarray of shape (n_nodes, n_results)
    """

    feature: np.ndarray
    threshold: np.ndarray
    first: np.ndarray
    second: np.ndarray
    missing_first: np.ndarray
    value: np.ndarray


def sum_of_trees(graph: Graph, value: Matrix, trees: Sequence[Nodes], comparison: int) -> Matrix:
    """Return the sum over trees of the values of the leaves that a row falls into."""
    width = trees[0].value.shape[1]
    if width == 1:
        weights = [tree.value[tree.feature == LEAF, 0] for tree in trees]
        targets = [np.zeros(len(part), np.int64) for part in weights]
        return Matrix(_ensemble(graph, value, trees, comparison, weights, targets, 1), 1)
    # A leaf of an ONNX tree has one number: here its place in a table of all leaves.
    leaves = np.concatenate([tree.value[tree.feature == LEAF] for tree in trees])
    counts = [int((tree.feature == LEAF).sum()) for tree in trees]
    starts = np.cumsum([0, *counts[:-1]])
    places = [start + np.arange(n, dtype=float) for start, n in zip(starts, counts, strict=True)]
    targets = [np.full(count, number) for number, count in enumerate(counts)]
    found = _ensemble(graph, value, trees, comparison, places, targets, len(trees))
    chosen = graph.add("Gather", graph.constant(leaves), graph.add("Cast", found, to=7), axis=0)
    return Matrix(graph.add("ReduceSum", chosen, graph.constant([1], np.int64), keepdims=0), width)


def _ensemble(
    graph: Graph,
    value: Matrix,
    trees: Sequence[Nodes],
    comparison: int,
    weights: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    n_targets: int,
) -> str:
    """Add a TreeEnsemble, whose leaves add numbers to targets; return the name of its result."""
    from onnx import numpy_helper

    found: dict[str, list[Any]] = {name: [] for name in NODE_LISTS}
    splits: list[np.ndarray] = []
    lists: list[Any]
    roots, n_nodes, n_leaves = [], 0, 0
    for tree in trees:
        roots.append(n_nodes)
        inner = np.flatnonzero(tree.feature != LEAF)
        is_leaf = tree.feature == LEAF
        # Branches and leaves are counted apart.
        place = np.where(is_leaf, np.cumsum(is_leaf) - 1, np.cumsum(~is_leaf) - 1)
        if not len(inner):  # a tree without a branch needs one that leads to its leaf both ways
            lists = [[0], [1], [n_leaves], [1], [n_leaves], [0]]
            splits.append(np.zeros(1))
        else:
            ends = []
            for children in (tree.first[inner], tree.second[inner]):
                offset = np.where(is_leaf[children], n_leaves, n_nodes)
                ends += [is_leaf[children].astype(int), place[children] + offset]
            lists = [tree.feature[inner], *ends, tree.missing_first[inner].astype(int)]
            splits.append(tree.threshold[inner])
        for name, part in zip(NODE_LISTS, lists, strict=True):
            found[name].extend(int(one) for one in part)
        n_nodes += max(1, len(inner))
        n_leaves += int(is_leaf.sum())
    return graph.add(
        "TreeEnsemble",
        value.name,
        domain=ML,
        n_targets=n_targets,
        aggregate_function=1,  # sum
        post_transform=0,  # none
        tree_roots=roots,
        nodes_splits=numpy_helper.from_array(np.concatenate(splits).astype(np.float64)),
        nodes_modes=numpy_helper.from_array(np.full(n_nodes, comparison, np.uint8)),
        leaf_weights=numpy_helper.from_array(np.concatenate(weights).astype(np.float64)),
        leaf_targetids=[int(one) for part in targets for one in part],
        **found,
    )


NODE_LISTS = (
    "nodes_featureids",
    "nodes_trueleafs",
    "nodes_truenodeids",
    "nodes_falseleafs",
    "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
)
"""Attributes of a TreeEnsemble that have a number for each branch."""


def sklearn_tree(tree: Any, value: np.ndarray) -> Nodes:
    """Return a tree of scikit-learn with other values of its nodes."""
    is_leaf = tree.children_left == -1
    return Nodes(
        np.where(is_leaf, LEAF, tree.feature),
        tree.threshold,
        tree.children_left,
        tree.children_right,
        np.asarray(tree.missing_go_to_left, bool),
        value,
    )


def forest(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the answer of a tree or forest of scikit-learn: the mean over its trees."""
    models = getattr(model, "estimators_", [model])
    if model.n_outputs_ != 1:
        raise NotConvertibleError(model, "it predicts several targets")
    trees = []
    for one in models:
        values = one.tree_.value[:, 0, :]
        if hasattr(model, "classes_"):
            values = values / values.sum(axis=1, keepdims=True)
            values = values[:, 1:] if values.shape[1] == 2 else values
        trees.append(sklearn_tree(one.tree_, values))
    # Trees of scikit-learn read float32, but have thresholds of float64.
    total = sum_of_trees(graph, graph.as_float32(value), trees, AT_MOST)
    mean = graph.with_row("Div", total, float(len(trees)))
    is_binary = hasattr(model, "classes_") and len(model.classes_) == 2
    return graph.of_two(mean) if is_binary else mean


def gradient_boosting(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the answer of scikit-learn's gradient boosting."""
    if hasattr(model, "classes_") and model.loss != "log_loss":
        raise NotConvertibleError(model, f"its loss is {model.loss}")
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_)))
    read = graph.as_float32(value)
    parts = []
    for stages in model.estimators_.T:
        trees = [
            sklearn_tree(one.tree_, model.learning_rate * one.tree_.value[:, 0, :])
            for one in stages
        ]
        parts.append(sum_of_trees(graph, read, trees, AT_MOST))
    raw = graph.with_row("Add", graph.side_by_side(parts), start)
    return _linked(graph, raw, hasattr(model, "classes_"))


def _linked(graph: Graph, raw: Matrix, is_classifier: bool) -> Matrix:
    """Return raw predictions as the probabilities of classes; numbers as they are."""
    if not is_classifier:
        return raw
    return graph.of_two(graph.each("Sigmoid", raw)) if raw.width == 1 else graph.softmax(raw)


def hist_gradient_boosting(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the answer of scikit-learn's histogram boosting."""
    if model.loss not in ("log_loss", "squared_error", "absolute_error"):
        raise NotConvertibleError(model, f"its loss is {model.loss}")
    parts = []
    for number in range(len(model._predictors[0])):
        trees = []
        for stage in model._predictors:
            nodes = stage[number].nodes
            if nodes["is_categorical"].any():
                raise NotConvertibleError(model, "it splits on categories")
            is_leaf = nodes["is_leaf"].astype(bool)
            trees.append(
                Nodes(
                    np.where(is_leaf, LEAF, nodes["feature_idx"]),
                    nodes["num_threshold"],
                    nodes["left"],
                    nodes["right"],
                    nodes["missing_go_to_left"].astype(bool),
                    nodes["value"][:, None],
                )
            )
        parts.append(sum_of_trees(graph, value, trees, AT_MOST))
    raw = graph.with_row("Add", graph.side_by_side(parts), np.ravel(model._baseline_prediction))
    return _linked(graph, raw, hasattr(model, "classes_"))


def lightgbm(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the answer of a model of LightGBM."""
    content = model.booster_.dump_model()
    objective = str(content.get("objective", ""))
    known = ("regression", "binary sigmoid:1", "multiclass num_class")
    if not objective.startswith(known):
        raise NotConvertibleError(model, f"its objective is {objective}")
    trees = [_of_lightgbm(one["tree_structure"]) for one in content["tree_info"]]
    per_round = content["num_tree_per_iteration"]
    parts = [
        sum_of_trees(graph, value, trees[number::per_round], AT_MOST) for number in range(per_round)
    ]
    return _linked(graph, graph.side_by_side(parts), not objective.startswith("regression"))


def _of_lightgbm(root: dict[str, Any]) -> Nodes:
    """Return a tree that LightGBM has written as nested dictionaries."""
    rows: list[list[Any]] = []

    def visit(node: dict[str, Any]) -> int:
        place = len(rows)
        if "split_feature" not in node:
            rows.append([LEAF, 0.0, 0, 0, False, node["leaf_value"]])
            return place
        if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
            raise NotConvertibleError("LightGBM", "it splits on categories or on zeros")
        # Without gaps in training, a gap is read as zero.
        is_zero = node["missing_type"] == "None"
        first = node["threshold"] >= 0 if is_zero else node["default_left"]
        rows.append([node["split_feature"], node["threshold"], 0, 0, first, 0.0])
        rows[place][2] = visit(node["left_child"])
        rows[place][3] = visit(node["right_child"])
        return place

    visit(root)
    feature, threshold, first, second, missing, leaf = zip(*rows, strict=True)
    return Nodes(
        np.array(feature),
        np.array(threshold, np.float64),
        np.array(first),
        np.array(second),
        np.array(missing, bool),
        np.array(leaf, np.float64)[:, None],
    )


def xgboost(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the answer of a model of XGBoost, which reads float32."""
    learner = json.loads(bytes(model.get_booster().save_raw("json")))["learner"]
    objective = learner["objective"]["name"]
    if objective not in ("reg:squarederror", "binary:logistic", "multi:softprob"):
        raise NotConvertibleError(model, f"its objective is {objective}")
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise NotConvertibleError(model, f"its booster is {booster['name']}")
    numbers = np.array(booster["model"]["tree_info"])
    trees = [_of_xgboost(one) for one in booster["model"]["trees"]]
    start = np.atleast_1d(json.loads(learner["learner_model_param"]["base_score"])).astype(float)
    if objective == "binary:logistic":
        start = np.log(start / (1 - start))
    read = graph.as_float32(value)
    parts = [
        sum_of_trees(graph, read, [trees[place] for place in np.flatnonzero(numbers == n)], BELOW)
        for n in range(numbers.max() + 1)
    ]
    raw = graph.with_row("Add", graph.side_by_side(parts), start)
    return _linked(graph, raw, objective != "reg:squarederror")


def _of_xgboost(tree: dict[str, Any]) -> Nodes:
    """Return a tree that XGBoost has written as lists."""
    first = np.array(tree["left_children"])
    if np.any(tree["split_type"]):
        raise NotConvertibleError("XGBoost", "it splits on categories")
    is_leaf = first == -1
    # The value of a leaf stands among the thresholds.
    numbers = np.array(tree["split_conditions"], np.float32).astype(np.float64)
    return Nodes(
        np.where(is_leaf, LEAF, tree["split_indices"]),
        numbers,
        first,
        np.array(tree["right_children"]),
        np.array(tree["default_left"], bool),
        numbers[:, None],
    )


def catboost(graph: Graph, model: Any, value: Matrix) -> Matrix:
    """Return the answer of a model of CatBoost, whose trees ask one question at each level."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        model.save_model(str(file), format="json")
        content = json.loads(file.read_text(encoding="utf-8"))
    loss = content["model_info"]["params"]["loss_function"]["type"]
    if loss not in ("RMSE", "Logloss", "MultiClass") or "oblivious_trees" not in content:
        raise NotConvertibleError(model, f"its loss is {loss}")
    known = content["features_info"]["float_features"]
    if any(one["nan_value_treatment"] == "AsTrue" for one in known):
        raise NotConvertibleError(model, "it takes missing values for the largest")
    flat = {one["feature_index"]: one["flat_feature_index"] for one in known}
    trees = content["oblivious_trees"]
    scale, start = content["scale_and_bias"]
    start = np.atleast_1d(start).astype(float)
    leaves = [scale * np.reshape(one["leaf_values"], (-1, len(start))) for one in trees]
    depth = max(len(one["splits"] or ()) for one in trees)
    # Trees of less depth get questions that no row answers with yes.
    questions = [
        [*((flat[s["float_feature_index"]], s["border"]) for s in one["splits"] or ())]
        for one in trees
    ]
    padded = [part + [(0, np.inf)] * (depth - len(part)) for part in questions]
    columns = [column for part in padded for column, _ in part]
    borders = np.array([border for part in padded for _, border in part], np.float32)
    raw = _level_by_level(graph, graph.as_float32(value), columns, borders, leaves)
    return _linked(graph, graph.with_row("Add", raw, start), loss != "RMSE")


def _level_by_level(
    graph: Graph,
    value: Matrix,
    columns: Sequence[int],
    borders: np.ndarray,
    leaves: Sequence[np.ndarray],
) -> Matrix:
    """Return the sum of the leaves of trees that ask the same number of questions."""
    depth = len(columns) // len(leaves)
    width = leaves[0].shape[1]
    starts = np.cumsum([0, *(len(part) for part in leaves[:-1])])
    table = graph.constant(np.concatenate(leaves))
    if depth:
        asked = graph.columns(value, columns)
        answers = graph.add("Greater", asked.name, graph.constant(borders.astype(np.float64)))
        bits = graph.add("Cast", answers, to=11)
        shape = graph.constant([-1, len(leaves), depth], np.int64)
        by_tree = graph.add("Reshape", bits, shape)
        powers = graph.constant((2.0 ** np.arange(depth))[:, None])
        found = graph.add("MatMul", by_tree, powers)
        found = graph.add("Squeeze", found, graph.constant([2], np.int64))
    else:
        found = graph.linear(value, np.zeros((value.width, len(leaves)))).name
    places = graph.add("Add", found, graph.constant(starts.astype(np.float64)))
    chosen = graph.add("Gather", table, graph.add("Cast", places, to=7), axis=0)
    return Matrix(graph.add("ReduceSum", chosen, graph.constant([1], np.int64), keepdims=0), width)


def _names(prefixes: Sequence[str]) -> Iterator[str]:
    for prefix in prefixes:
        yield f"{prefix}Classifier"
        yield f"{prefix}Regressor"


TREES = {
    **dict.fromkeys(_names(["DecisionTree", "ExtraTree", "RandomForest", "ExtraTrees"]), forest),
    **dict.fromkeys(_names(["GradientBoosting"]), gradient_boosting),
    **dict.fromkeys(_names(["HistGradientBoosting"]), hist_gradient_boosting),
    **dict.fromkeys(_names(["LGBM"]), lightgbm),
    **dict.fromkeys(_names(["XGB"]), xgboost),
    **dict.fromkeys(_names(["CatBoost"]), catboost),
}
"""Function that adds a model to a graph, by the name of its class."""
