"""ONNX form of single steps that transform numbers or categories."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from evolver.deploy.onnx_graph import ML, Frame, Graph, Matrix, NotConvertibleError

UNSEEN = "\0unseen"
"""Text that stands for all categories that training had not."""

MOST_FEATURES = 5_000
"""Largest number of features of a step; a graph of more would be slow and large."""


def matrix_of(graph: Graph, value: Frame | Matrix, step: Any) -> Matrix:
    """Return a table of numbers as a matrix, its columns in the order that a step knows."""
    if isinstance(value, Matrix):
        return value
    names = getattr(step, "feature_names_in_", value.names)
    unread = [name for name in names if name not in value.numbers]
    if unread:
        raise NotConvertibleError(step, f"it reads the column {unread[0]}, which is no number")
    return graph.side_by_side([Matrix(value.numbers[name], 1) for name in names])


def imputed(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return numbers with gaps filled, and the indicators of gaps if the imputer has any."""
    kept = ~np.isnan(np.asarray(step.statistics_, np.float64))
    known = value if kept.all() else graph.columns(value, np.flatnonzero(kept).tolist())
    is_gap = graph.add("IsNaN", known.name)
    fill = graph.constant(np.asarray(step.statistics_, np.float64)[kept][None])
    filled = Matrix(graph.add("Where", is_gap, fill, known.name), known.width)
    if not step.add_indicator:
        return filled
    gaps = graph.columns(value, step.indicator_.features_.tolist())
    found = graph.add("Cast", graph.add("IsNaN", gaps.name), to=11)
    return graph.side_by_side([filled, Matrix(found, gaps.width)])


def standardised(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return numbers minus their means, divided by their deviations."""
    if step.with_mean:
        value = graph.with_row("Sub", value, step.mean_)
    return graph.with_row("Div", value, step.scale_) if step.with_std else value


def in_range(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return numbers scaled to a range."""
    value = graph.with_row("Add", graph.with_row("Mul", value, step.scale_), step.min_)
    if not step.clip:
        return value
    low, high = (graph.constant(float(limit)) for limit in step.feature_range)
    return Matrix(graph.add("Clip", value.name, low, high), value.width)


def by_largest(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return numbers divided by the largest of their column."""
    return graph.with_row("Div", value, step.scale_)


def robust(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return numbers minus their medians, divided by a range of quantiles."""
    if step.with_centering:
        value = graph.with_row("Sub", value, step.center_)
    return graph.with_row("Div", value, step.scale_) if step.with_scaling else value


def power(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return numbers after the transformation of Yeo and Johnson."""
    if step.method != "yeo-johnson":
        raise NotConvertibleError(step, f"its method is {step.method}")
    parts = [
        Matrix(_yeo_johnson(graph, graph.columns(value, [place]), rate), 1)
        for place, rate in enumerate(step.lambdas_.tolist())
    ]
    found = graph.side_by_side(parts)
    if not step.standardize:
        return found
    return standardised(graph, step._scaler, found)


def _yeo_johnson(graph: Graph, value: Matrix, rate: float) -> str:
    """Return one column after the transformation with a rate (Yeo and Johnson 2000)."""
    zero = graph.constant([[0.0]])
    is_positive = graph.add("GreaterOrEqual", value.name, zero)
    # Each side is computed for all rows, so that the other side must not leave its domain.
    above = Matrix(graph.add("Where", is_positive, value.name, zero), 1)
    below = Matrix(graph.add("Where", is_positive, zero, value.name), 1)
    up = graph.with_row("Add", above, 1.0)
    down = graph.with_row("Add", graph.each("Neg", below), 1.0)
    eps = np.spacing(1.0)
    if abs(rate) < eps:
        right = graph.each("Log", up)
    else:
        right = graph.with_row("Pow", up, rate)
        right = graph.with_row("Div", graph.with_row("Sub", right, 1.0), rate)
    if abs(rate - 2) <= eps:
        left = graph.each("Neg", graph.each("Log", down))
    else:
        left = graph.with_row("Pow", down, 2 - rate)
        left = graph.with_row("Div", graph.with_row("Sub", left, 1.0), rate - 2)
    return graph.add("Where", is_positive, right.name, left.name)


def quantiles(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return numbers as places among quantiles, on the scale of a uniform distribution."""
    if step.output_distribution != "uniform":
        raise NotConvertibleError(step, "it maps to a normal distribution")
    known, places = step.quantiles_, step.references_
    parts = []
    for number in range(value.width):
        column = graph.columns(value, [number])
        up = _interpolated(graph, column, known[:, number], places)
        mirrored = graph.each("Neg", column)
        down = _interpolated(graph, mirrored, -known[::-1, number], -places[::-1])
        middle = graph.with_row("Mul", Matrix(graph.add("Sub", up.name, down.name), 1), 0.5)
        for end, place in ((known[0, number], 0.0), (known[-1, number], 1.0)):
            operator = "LessOrEqual" if place == 0 else "GreaterOrEqual"
            is_end = graph.add(operator, column.name, graph.constant([[end]]))
            filled = graph.add("Where", is_end, graph.constant([[place]]), middle.name)
            middle = Matrix(filled, 1)
        parts.append(middle)
    return graph.side_by_side(parts)


def _interpolated(graph: Graph, value: Matrix, known: np.ndarray, places: np.ndarray) -> Matrix:
    """Return what `numpy.interp` does, for numbers within the known ones."""
    is_above = graph.add("GreaterOrEqual", value.name, graph.constant(known[None, 1:-1]))
    count = graph.add("Cast", is_above, to=7)
    axes = graph.constant([1], np.int64)
    piece = graph.add("ReduceSum", count, axes, keepdims=0)
    steps = np.diff(known)
    slopes = np.divide(np.diff(places), steps, out=np.zeros(len(steps)), where=steps > 0)
    table = np.column_stack([known[:-1], slopes, places[:-1]])
    row = graph.add("Gather", graph.constant(table), piece, axis=0)
    parts = [graph.columns(Matrix(row, 3), [number]).name for number in range(3)]
    gap = graph.add("Sub", value.name, parts[0])
    return Matrix(graph.add("Add", graph.add("Mul", gap, parts[1]), parts[2]), 1)


def projected(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return components: the product with a matrix, of numbers minus their means if it has any."""
    weights = step.components_
    weights = weights.toarray() if hasattr(weights, "toarray") else np.asarray(weights)
    mean = getattr(step, "mean_", None)
    if mean is not None:
        value = graph.with_row("Sub", value, mean)
    found = graph.linear(value, weights.T)
    if getattr(step, "whiten", False) is True:
        found = graph.with_row("Div", found, np.sqrt(step.explained_variance_))
    return found


def discriminant_axes(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return the projection on the axes that tell classes apart."""
    if step.solver == "svd":
        value = graph.with_row("Sub", value, step.xbar_)
    return graph.linear(value, step.scalings_[:, : step._max_components])


def fourier(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return random Fourier features."""
    found = graph.linear(value, step.random_weights_, step.random_offset_)
    scale = np.sqrt(2.0 / step.n_components)
    return graph.with_row("Mul", graph.each("Cos", found), scale)


def nystroem(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return features of a kernel near some rows of training."""
    if step.kernel != "rbf":
        raise NotConvertibleError(step, f"its kernel is {step.kernel}")
    gamma = 1.0 / value.width if step.gamma is None else step.gamma
    near = rbf(graph, value, step.components_, gamma)
    return graph.linear(near, step.normalization_.T)


def rbf(graph: Graph, value: Matrix, rows: Any, gamma: float) -> Matrix:
    """Return the radial kernel between a matrix and known rows."""
    rows = rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows, np.float64)
    axes = graph.constant([1], np.int64)
    squares = graph.add("ReduceSumSquare", value.name, axes, keepdims=1)
    inner = graph.with_row("Mul", graph.linear(value, rows.T), -2.0)
    distances = graph.add("Add", inner.name, graph.constant((rows**2).sum(axis=1)[None]))
    distances = graph.add("Relu", graph.add("Add", distances, squares))
    return graph.each("Exp", graph.with_row("Mul", Matrix(distances, len(rows)), -gamma))


def agglomerated(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return the means of clusters of columns."""
    if step.pooling_func is not np.mean:
        raise NotConvertibleError(step, "its columns are not averaged")
    weights = (step.labels_[:, None] == np.arange(step.n_clusters_)).astype(float)
    return graph.linear(value, weights / weights.sum(axis=0))


def polynomials(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return products of columns."""
    powers = step.powers_
    if len(powers) > MOST_FEATURES:
        raise NotConvertibleError(step, f"it makes {len(powers)} features")
    one = graph.add("Mul", graph.columns(value, [0]).name, graph.constant([[0.0]]))
    ones = graph.add("Add", one, graph.constant([[1.0]]))
    padded = graph.side_by_side([value, Matrix(ones, 1)])
    factors = [np.repeat(np.arange(value.width), row).tolist() for row in powers]
    degree = max(map(len, factors))
    filled = [row + [value.width] * (degree - len(row)) for row in factors]
    found = graph.columns(padded, [row[0] for row in filled])
    for level in range(1, degree):
        other = graph.columns(padded, [row[level] for row in filled])
        found = Matrix(graph.add("Mul", found.name, other.name), found.width)
    return found


def normalised_rows(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return rows divided by their norm."""
    operator = {"l1": "ReduceL1", "l2": "ReduceL2", "max": "ReduceMax"}[step.norm]
    size = value if step.norm != "max" else graph.each("Abs", value)
    axes = graph.constant([1], np.int64)
    norm = graph.add(operator, size.name, axes, keepdims=1)
    is_zero = graph.add("Equal", norm, graph.constant([[0.0]]))
    norm = graph.add("Where", is_zero, graph.constant([[1.0]]), norm)
    return Matrix(graph.add("Div", value.name, norm), value.width)


def binarised(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return 1 for numbers above a threshold, else 0."""
    is_above = graph.add("Greater", value.name, graph.constant([[step.threshold]]))
    return Matrix(graph.add("Cast", is_above, to=11), value.width)


def binned(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Return the bins that numbers fall into, as places or as a column for each bin."""
    parts = []
    for place, edges in enumerate(step.bin_edges_):
        column = graph.columns(value, [place])
        inner = np.asarray(edges[1:-1], np.float64)
        axes = graph.constant([1], np.int64)
        found = graph.constant([[0.0]])
        if len(inner):
            is_above = graph.add("GreaterOrEqual", column.name, graph.constant(inner[None]))
            found = graph.add("ReduceSum", graph.add("Cast", is_above, to=11), axes, keepdims=1)
        else:
            found = graph.add("Mul", column.name, found)
        if step.encode == "ordinal":
            parts.append(Matrix(found, 1))
            continue
        bins = np.arange(int(step.n_bins_[place]), dtype=np.float64)
        is_bin = graph.add("Equal", found, graph.constant(bins[None]))
        parts.append(Matrix(graph.add("Cast", is_bin, to=11), len(bins)))
    return graph.side_by_side(parts)


def clipped(graph: Graph, value: Matrix, largest: float) -> Matrix:
    """Return numbers within limits, and NaN for infinite ones, as a cleaned table has them."""
    is_infinite = graph.add("IsInf", value.name)
    low, high = (graph.constant(limit) for limit in (-largest, largest))
    within = graph.add("Clip", value.name, low, high)
    gap = graph.constant([[np.nan]])
    return Matrix(graph.add("Where", is_infinite, gap, within), value.width)


def looked_up(graph: Graph, step: Any, value: Frame) -> Matrix:
    """Return the codes of categories, which depend on the category alone.

    The encoder itself says them: it encodes every known category, a gap and an unseen category of
    each column. The graph looks them up.
    """
    names = list(getattr(step, "feature_names_in_", value.names))
    unread = [name for name in names if name not in value.texts]
    if unread:
        raise NotConvertibleError(step, f"it reads the column {unread[0]}, which is no category")
    known = [_known_texts(step, place) for place in range(len(names))]
    rows = [{name: texts[0] for name, texts in zip(names, known, strict=True)}]
    for name, texts in zip(names, known, strict=True):
        rows += [{**rows[0], name: text} for text in texts]
    table = pd.DataFrame(rows, dtype=object).replace({"": np.nan})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        codes = step.transform(table)
    codes = np.asarray(codes.toarray() if hasattr(codes, "toarray") else codes, np.float64)
    parts, order, start = [], [], 1
    for name, texts in zip(names, known, strict=True):
        part = codes[start : start + len(texts)]
        columns = np.flatnonzero(~(part == codes[0]).all(axis=0))
        start += len(texts)
        if len(columns):
            parts.append(
                Matrix(_table(graph, value.texts[name], texts, part[:, columns]), len(columns))
            )
            order.extend(columns.tolist())
    constant = sorted(set(range(codes.shape[1])) - set(order))
    found = graph.side_by_side(parts) if parts else None
    if found is None:
        raise NotConvertibleError(step, "it gives the same for every category")
    if constant:
        zeros = graph.linear(found, np.zeros((found.width, len(constant))), codes[:1, constant])
        found = graph.side_by_side([found, zeros])
    return graph.columns(found, np.argsort([*order, *constant]).tolist())


def _known_texts(step: Any, place: int) -> list[str]:
    """Return the categories of a column that an encoder knows, an unseen one, and a gap as ""."""
    if hasattr(step, "categories_"):
        found = list(step.categories_[place])
    elif hasattr(step, "counts_"):
        found = list(step.counts_[place])
    else:
        raise NotConvertibleError(step, "its codes depend on how a category is spelt")
    texts = [one for one in found if isinstance(one, str) and one]
    others = [one for one in found if not isinstance(one, str) and not pd.isna(one)]
    if others:
        raise NotConvertibleError(step, f"it has categories such as {others[0]!r}")
    return [UNSEEN, *texts, ""]


def _table(graph: Graph, column: str, texts: list[str], codes: np.ndarray) -> str:
    """Return the codes of a column of texts; the first row is that of an unseen category."""
    place = graph.add(
        "LabelEncoder",
        column,
        domain=ML,
        keys_strings=texts[1:],
        values_int64s=list(range(1, len(texts))),
        default_int64=0,
    )
    flat = graph.add("Reshape", place, graph.constant([-1], np.int64))
    return graph.add("Gather", graph.constant(codes), flat, axis=0)


STEPS = {
    "SimpleImputer": imputed,
    "StandardScaler": standardised,
    "MinMaxScaler": in_range,
    "MaxAbsScaler": by_largest,
    "RobustScaler": robust,
    "PowerTransformer": power,
    "QuantileTransformer": quantiles,
    "PCA": projected,
    "TruncatedSVD": projected,
    "FastICA": projected,
    "GaussianRandomProjection": projected,
    "SparseRandomProjection": projected,
    "LinearDiscriminantAnalysis": discriminant_axes,
    "RBFSampler": fourier,
    "Nystroem": nystroem,
    "FeatureAgglomeration": agglomerated,
    "PolynomialFeatures": polynomials,
    "Normalizer": normalised_rows,
    "Binarizer": binarised,
    "KBinsDiscretizer": binned,
}
"""Function that adds a step from numbers to numbers, by the name of its class."""

ENCODERS = ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder", "FrequencyEncoder")
"""Names of the classes of encoders whose codes depend on one category alone."""
