"""File of a model for ONNX runtimes, kept only if a runtime predicts what the model predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evolver.deploy.onnx_compose import predicted
from evolver.deploy.onnx_graph import IR_VERSION, Frame, Graph, NotConvertibleError
from evolver.schema import Schema
from evolver.task import Task
from primitives.reading import FLOATS, read_columns

ONNX_FILE = "model.onnx"
"""Name of the file for ONNX runtimes."""

TOLERANCE = 1e-5
"""Largest difference of a prediction from the model's, relative above 1: float32 has 7 digits."""

TEXTS = ("category", "text")
"""Kinds of columns that are inputs of texts."""

ADVICE = (
    "Choose another member by `member=`, or leave such steps out by `search_space` or `template`."
)
"""Sentence that says what to do if a model has no ONNX form."""


@dataclass(frozen=True)
class OnnxOutcome:
    """Outcome of a conversion: the largest difference, or a note that says why there is no file."""

    difference: float | None = None
    note: str = ""


def write_onnx(
    estimator: Any,
    schema: Schema,
    task: Task,
    table: pd.DataFrame,
    truth: np.ndarray,
    file: Path,
) -> OnnxOutcome:
    """Write a fitted estimator for ONNX runtimes, if it converts and a runtime agrees.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator.
    schema : Schema
    task : Task
    table : DataFrame
        Rows to compare.
    truth : ndarray
        Probabilities of the classes, or predictions, of these rows.
    file : Path
        File to write.
    """
    try:
        import onnxruntime
    except ImportError:
        note = "There is no model.onnx, as the extra `onnx` is not installed."
        return OnnxOutcome(note=note)
    try:
        content = to_onnx(estimator, schema, task)
    except NotConvertibleError as error:
        return OnnxOutcome(note=f"There is no model.onnx: {error}. {ADVICE}")
    try:
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        names = [one.name for one in session.get_inputs()]
        found, *labels = session.run(None, onnx_inputs(schema, table, names))
    except Exception as error:  # a runtime may refuse a graph in any way
        text = str(error).strip().splitlines()[0][:300]
        return OnnxOutcome(note=f"There is no model.onnx: the runtime refuses it: {text}. {ADVICE}")
    gap = largest_gap(found, truth)
    if not gap <= TOLERANCE:
        return OnnxOutcome(
            note=f"There is no model.onnx: the runtime's predictions differ by up to {gap:.2g},"
            f" more than {TOLERANCE:g}. {ADVICE}"
        )
    if labels and not _labels_agree(labels[0], estimator, table, found):
        return OnnxOutcome(note=f"There is no model.onnx: the runtime's labels differ. {ADVICE}")
    file.write_bytes(content)
    return OnnxOutcome(gap)


def _labels_agree(labels: Any, estimator: Any, table: pd.DataFrame, found: np.ndarray) -> bool:
    """Return True if labels are those of the model, but for rows on the border of two classes."""
    differ = np.asarray(labels).astype(str) != as_outputs(estimator.predict(table)).astype(str)
    threshold = threshold_of(estimator)
    ordered = np.sort(found, axis=1)
    margins = ordered[:, -1] - ordered[:, -2] if threshold is None else found[:, 1] - threshold
    return not bool((differ & (np.abs(margins) > TOLERANCE)).any())


def as_outputs(labels: np.ndarray) -> np.ndarray:
    """Return class labels in the type that a file has them in: int64 or texts."""
    is_whole = labels.dtype.kind in "biu"
    return labels.astype(np.int64) if is_whole else np.array([str(one) for one in labels.tolist()])


def threshold_of(estimator: Any) -> float | None:
    """Return the least probability of the second class that decides for it; None for a half."""
    return estimator.threshold if hasattr(estimator, "pos_label") else None


def largest_gap(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the largest difference from true predictions, relative above 1; NaN never agrees."""
    expected = truth.reshape(len(truth), -1)
    if found.shape != expected.shape:
        return float("inf")
    gaps = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
    return float(np.max(gaps, initial=0.0))


def to_onnx(estimator: Any, schema: Schema, task: Task) -> bytes:
    """Return a fitted estimator as the content of an ONNX file.

    Its inputs are the columns that the model uses: float64, NaN if missing, or texts, empty if
    missing. Its first output is ``probabilities`` or ``prediction``, of shape (n_samples, n).

    Raises
    ------
    NotConvertibleError
        If a step has no ONNX form.
    """
    if task.classes is None and task.model_classes is not None:
        raise NotConvertibleError("A model of several labels")
    kinds = {
        name: one.column.kind for name, one in schema.profiles.items() if name in schema.learned
    }
    graph = Graph()
    inputs: dict[str, str] = {}
    numbers, texts = {}, {}
    for place, (name, kind) in enumerate(kinds.items()):
        if kind in FLOATS:
            numbers[name] = f"_in_{place}"
        elif kind in TEXTS:
            texts[name] = f"_in_{place}"
        inputs[f"_in_{place}"] = name
    answer = predicted(graph, estimator, Frame(numbers, texts, tuple(kinds)))
    return _content(graph, answer.name, inputs, numbers, task, threshold_of(estimator))


def _content(
    graph: Graph,
    answer: str,
    inputs: Mapping[str, str],
    numbers: Mapping[str, str],
    task: Task,
    threshold: float | None,
) -> bytes:
    """Return the content of a file with a finished graph."""
    from onnx import TensorProto, checker, helper

    output = "prediction" if task.classes is None else "probabilities"
    graph.nodes.append(helper.make_node("Identity", [answer], [output]))
    outputs = [helper.make_tensor_value_info(output, TensorProto.DOUBLE, [None, None])]
    if task.classes is not None:
        outputs.append(_labels(graph, output, task.classes, threshold))
    used = {name for node in graph.nodes for name in node.input}
    given = []
    for name, shown in inputs.items():
        if name in used:
            kind = TensorProto.DOUBLE if shown in numbers else TensorProto.STRING
            given.append(helper.make_tensor_value_info(shown, kind, [None, 1]))
    for node in graph.nodes:  # inputs have the names of columns
        names = [inputs.get(name, name) for name in node.input]
        del node.input[:]
        node.input.extend(names)
    whole = helper.make_graph(graph.nodes, "evolver", given, outputs, graph.constants)
    opsets = [helper.make_opsetid(domain, version) for domain, version in graph.domains.items()]
    model = helper.make_model(whole, opset_imports=opsets, ir_version=IR_VERSION)
    model.producer_name = "evolver"
    checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _labels(graph: Graph, probabilities: str, classes: np.ndarray, threshold: float | None) -> Any:
    """Add the predicted class as a second output; return what the file says of it."""
    from onnx import TensorProto, helper

    if threshold is None:
        place = graph.add("ArgMax", probabilities, axis=1, keepdims=0)
    else:
        second = graph.add("Gather", probabilities, graph.constant(1, np.int64), axis=1)
        is_second = graph.add("GreaterOrEqual", second, graph.constant(threshold))
        place = graph.add("Cast", is_second, to=7)
    named = as_outputs(classes)
    is_whole = named.dtype.kind == "i"
    labels = graph.constant(named, np.int64 if is_whole else object)
    graph.nodes.append(helper.make_node("Gather", [labels, place], ["label"], axis=0))
    kind = TensorProto.INT64 if is_whole else TensorProto.STRING
    return helper.make_tensor_value_info("label", kind, [None])


def onnx_inputs(schema: Schema, table: pd.DataFrame, names: list[str]) -> dict[str, np.ndarray]:
    """Return the columns of a table as the inputs of an ONNX file."""
    columns = {name: schema.profiles[name].column for name in names}
    found = {}
    for name, (read, _) in read_columns(table, columns).items():
        if columns[name].kind in FLOATS:
            values = np.asarray(read, np.float64)
        else:
            texts = pd.Series(read).astype(object)
            values = texts.where(texts.notna(), "").to_numpy(dtype=object)
        found[name] = values.reshape(-1, 1)
    return found
