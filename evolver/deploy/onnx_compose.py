"""ONNX form of whole pipelines: steps in sequence, side by side, and around each other.

The probabilities of a classifier are a matrix with a column for each class, the predictions of a
regressor a matrix of one column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from evolver.deploy.onnx_foreign import by_skl2onnx
from evolver.deploy.onnx_graph import Frame, Graph, Matrix, NotConvertibleError
from evolver.deploy.onnx_models import MODELS
from evolver.deploy.onnx_steps import ENCODERS, STEPS, clipped, looked_up, matrix_of
from primitives.cleaning import LARGEST
from primitives.wrappers import SMALLEST_SHARE

Value = Frame | Matrix
"""Input of a step."""


def _named(table: Mapping[str, Any], step: Any) -> Any:
    """Return the entry of a table for the class of a step, or for one that it derives from."""
    return next((table[one.__name__] for one in type(step).__mro__ if one.__name__ in table), None)


def transformed(graph: Graph, step: Any, value: Value) -> Value:
    """Add a step that transforms; return its result.

    Raises
    ------
    NotConvertibleError
        If the step, or a part of it, has no ONNX form.
    """
    if step is None or step == "passthrough":
        return value
    composed = _named(COMPOSED, step)
    if composed is not None:
        return composed(graph, step, value)  # type: ignore[no-any-return]  # of a table of such
    if any(one.__name__ in ENCODERS for one in type(step).__mro__):
        if isinstance(value, Matrix):
            raise NotConvertibleError(step, "it encodes numbers")
        return looked_up(graph, step, value)
    numbers = matrix_of(graph, value, step)
    convert = _named(STEPS, step)
    if convert is not None:
        return convert(graph, step, numbers)  # type: ignore[no-any-return]  # of a table of such
    if hasattr(step, "get_support"):
        return graph.columns(numbers, step.get_support(indices=True).tolist())
    return by_skl2onnx(graph, step, numbers)


def predicted(graph: Graph, model: Any, value: Value) -> Matrix:
    """Add a model; return its probabilities or predictions.

    Raises
    ------
    NotConvertibleError
        If the model, or a part of it, has no ONNX form.
    """
    wrapped = _named(WRAPPED, model)
    if wrapped is not None:
        return wrapped(graph, model, value)  # type: ignore[no-any-return]  # of a table of such
    numbers = matrix_of(graph, value, model)
    convert = _named(MODELS, model)
    if convert is not None:
        return convert(graph, model, numbers)  # type: ignore[no-any-return]  # of a table of such
    return by_skl2onnx(graph, model, numbers)


def _in_sequence(graph: Graph, step: Any, value: Value) -> Value:
    for _, part in step.steps:
        value = transformed(graph, part, value)
    return value


def _model_last(graph: Graph, model: Any, value: Value) -> Matrix:
    for _, part in model.steps[:-1]:
        value = transformed(graph, part, value)
    return predicted(graph, model.steps[-1][1], value)


def _side_by_side(graph: Graph, step: Any, value: Value) -> Matrix:
    """Add the parts of a union."""
    parts = [transformed(graph, part, value) for _, part in step.transformer_list if part != "drop"]
    return graph.side_by_side([matrix_of(graph, part, step) for part in parts])


def _by_columns(graph: Graph, step: Any, value: Value) -> Matrix:
    """Add the parts of a transformer of columns, each of its own columns."""
    parts = []
    for _, part, columns in step.transformers_:
        if isinstance(part, str) and part == "drop":
            continue
        chosen = _columns(graph, value, columns, step)
        if chosen is None:
            continue
        parts.append(matrix_of(graph, transformed(graph, part, chosen), part))
    return graph.side_by_side(parts)


def _columns(graph: Graph, value: Value, columns: Any, step: Any) -> Value | None:
    """Return columns of a table or matrix by names, places or a mask; None for no columns."""
    n_columns = len(value.names) if isinstance(value, Frame) else value.width
    if isinstance(columns, slice):
        columns = np.arange(n_columns)[columns]
    columns = np.atleast_1d(np.asarray(columns))
    if columns.dtype == bool:
        columns = np.flatnonzero(columns)
    if not len(columns):
        return None
    if isinstance(value, Matrix):
        return graph.columns(value, columns.astype(int).tolist())
    names = [value.names[one] if isinstance(one, int) else one for one in columns.tolist()]
    return value.only(names)


def _cleaned(graph: Graph, step: Any, value: Value) -> Value:
    """Add the limits of cleaned numbers; the inputs of a graph are read already."""
    if not isinstance(value, Frame):
        raise NotConvertibleError(step, "it is not the first step")
    names = [name for name in step.columns_ if name in value.numbers]
    numbers = {name: clipped(graph, Matrix(value.numbers[name], 1), LARGEST).name for name in names}
    return Frame(numbers, value.texts, tuple(step.columns_))


def _tidied(graph: Graph, step: Any, value: Value) -> Value:
    """Return the input as it is: a graph has values that are read, and no function changes none."""
    if step.func is not None and step.func.__name__ == "with_formulas":
        return _with_formulas(graph, step, step.kw_args["formulas"], value)
    if step.func is not None and step.func.__name__ not in READING:
        raise NotConvertibleError(step, f"its function is {step.func.__name__}")
    return value


def _inside(graph: Graph, step: Any, value: Value) -> Value:
    return transformed(graph, step.estimator_, value)


def _with_formulas(
    graph: Graph, step: Any, formulas: Sequence[tuple[str, str, str]], value: Value
) -> Value:
    """Add columns of results of operations, NaN where these are infinite."""
    if not isinstance(value, Frame):
        raise NotConvertibleError(step, "it reads a table")
    numbers = dict(value.numbers)
    new = {" ".join(one): one for one in formulas if " ".join(one) not in value.names}
    for name, (first, operation, second) in new.items():
        found = graph.add(OPERATORS[operation], numbers[first], numbers[second])
        numbers[name] = clipped(graph, Matrix(found, 1), LARGEST).name
    return Frame(numbers, value.texts, (*value.names, *new))


def _formula_columns(graph: Graph, step: Any, value: Value) -> Value:
    return _with_formulas(graph, step, step.formulas_, value)


def _of_chosen_columns(graph: Graph, step: Any, value: Value) -> Value:
    return transformed(graph, step.transformer_, value)


OPERATORS = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div"}
"""Operators of a graph by the signs of formulas."""


def _model_inside(graph: Graph, model: Any, value: Value) -> Matrix:
    return predicted(graph, model.estimator_, value)


def _as_features(graph: Graph, step: Any, value: Value) -> Matrix:
    """Add the predictions of a model as features: without the probability of the first class."""
    found = predicted(graph, step.estimator_, value)
    if not hasattr(step.estimator_, "classes_"):
        return found
    return graph.columns(found, list(range(1, found.width)))


def _voted(graph: Graph, model: Any, value: Value) -> Matrix:
    """Add a weighted average of models."""
    if getattr(model, "voting", "soft") != "soft":
        raise NotConvertibleError(model, "it counts votes")
    weights = model._weights_not_none or [1.0] * len(model.estimators_)
    shares = np.asarray(weights, np.float64) / np.sum(weights)
    return _weighted(graph, model.estimators_, shares.tolist(), value)


def _weighted(graph: Graph, models: Sequence[Any], shares: list[float], value: Value) -> Matrix:
    return graph.weighted([predicted(graph, one, value) for one in models], shares)


def _repeated(graph: Graph, model: Any, value: Value) -> Matrix:
    """Add the average of several fits."""
    count = len(model.estimators_)
    return _weighted(graph, model.estimators_, [1 / count] * count, value)


def _scaled(graph: Graph, shares: Matrix, temperature: float) -> Matrix:
    """Add the scaling of probabilities by a temperature."""
    if temperature == 1:
        return shares
    axes = graph.constant([1], np.int64)
    largest = graph.add("ReduceMax", shares.name, axes, keepdims=1)
    relative = Matrix(graph.add("Div", shares.name, largest), shares.width)
    return graph.normalised(graph.with_row("Pow", relative, 1 / temperature))


def _tempered(graph: Graph, model: Any, value: Value) -> Matrix:
    return _scaled(graph, predicted(graph, model.estimator_, value), model.temperature)


def _on_line(graph: Graph, model: Any, value: Value) -> Matrix:
    """Add the slope and the biases of the logarithms of probabilities."""
    shares = predicted(graph, model.estimator_, value)
    logs = graph.each("Log", graph.with_row("Max", shares, model.smallest))
    scaled = graph.with_row("Mul", logs, model.slope)
    return graph.softmax(graph.with_row("Add", scaled, np.atleast_2d(model.biases)))


def _pooled(graph: Graph, model: Any, value: Value) -> Matrix:
    """Add the average of a linear and a logarithmic pool of the same members."""
    inner = model.estimator_
    parts = [predicted(graph, one, value) for one in inner.estimators_]
    count = len(parts)
    shares = np.full(count, 1.0) if inner.weights is None else np.asarray(inner.weights, float)
    linear = _scaled(
        graph, graph.weighted(parts, (shares / shares.sum()).tolist()), model.temperature
    )
    weights = [1 / count] * count if model.weights is None else list(model.weights)
    low, high = graph.constant(SMALLEST_SHARE), graph.constant(1.0)
    logs = [
        graph.each("Log", Matrix(graph.add("Clip", part.name, low, high), part.width))
        for part in parts
    ]
    sums = graph.weighted(logs, weights)
    if model.biases is not None:
        sums = graph.with_row("Add", sums, np.asarray(model.biases, np.float64)[None])
    return graph.weighted([linear, graph.softmax(sums)], [0.5, 0.5])


def _of_changed_target(graph: Graph, model: Any, value: Value) -> Matrix:
    """Add a regressor of a transformed target, and the inverse of the transformation."""
    raw = predicted(graph, model.regressor_, value)
    inverse = _named(INVERSES, model.transformer_)
    if inverse is None:
        raise NotConvertibleError(model, f"its target is mapped by {model.transformer_}")
    return inverse(graph, model.transformer_, raw)  # type: ignore[no-any-return]  # as above


def _unstandardised(graph: Graph, step: Any, value: Matrix) -> Matrix:
    if step.with_std:
        value = graph.with_row("Mul", value, step.scale_)
    return graph.with_row("Add", value, step.mean_) if step.with_mean else value


def _unlogged(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Add the exponential, minus one, of numbers within the bounds seen in training."""
    low, high = graph.constant(float(step.low_[0])), graph.constant(float(step.high_[0]))
    within = Matrix(graph.add("Clip", value.name, low, high), 1)
    return graph.with_row("Sub", graph.each("Exp", within), 1.0)


INVERSES: dict[str, Callable[[Graph, Any, Matrix], Matrix]] = {
    "StandardScaler": _unstandardised,
    "BoundedLog": _unlogged,
}
"""Function that adds the inverse of a transformation of the target, by the name of its class."""

READING = ("tidy", "with_gaps", "to_numbers", "to_floats", "to_booleans", "to_places", "to_dates")
"""Names of functions that read columns as the schema does; see `primitives.tidy`."""

COMPOSED: dict[str, Callable[[Graph, Any, Value], Value]] = {
    "Pipeline": _in_sequence,
    "FeatureUnion": _side_by_side,
    "ColumnTransformer": _by_columns,
    "TableCleaner": _cleaned,
    "FunctionTransformer": _tidied,
    "Isolated": _inside,
    "AtMostColumns": _inside,
    "OutOfFoldPredictions": _as_features,
    "FormulaColumns": _formula_columns,
    "OfImportantColumns": _of_chosen_columns,
}
"""Function that adds a step made of others, by the name of its class."""

WRAPPED: dict[str, Callable[[Graph, Any, Value], Matrix]] = {
    "Pipeline": _model_last,
    "VotingClassifier": _voted,
    "VotingRegressor": _voted,
    "OpinionPoolClassifier": _pooled,
    "TemperatureScaledClassifier": _tempered,
    "PlattScaledClassifier": _on_line,
    "RepeatedClassifier": _repeated,
    "RepeatedRegressor": _repeated,
    "TransformedTargetRegressor": _of_changed_target,
    **dict.fromkeys(
        (
            *("EarlyStopped", "EncodedLabels", "FixedThresholdClassifier"),
            *("Subsampled", "Isolated", "AtMostColumns"),
        ),
        _model_inside,
    ),
}
"""Function that adds a model made of others, by the name of its class."""
