"""ONNX form of a single step by skl2onnx, for the steps that have none here."""

from __future__ import annotations

from typing import Any

from evolver.deploy.onnx_graph import ML, OPSET, Graph, Matrix, NotConvertibleError

ITS_ML_OPSET = 3
"""Opset of machine learning of skl2onnx; all its operators but trees are those of later ones."""

REPLACED = frozenset({"TreeEnsembleClassifier", "TreeEnsembleRegressor", "ZipMap"})
"""Operators that later opsets do not have, or that give no matrix."""


def by_skl2onnx(graph: Graph, step: Any, value: Matrix) -> Matrix:
    """Add a step as skl2onnx converts it; return its result as float64.

    Raises
    ------
    NotConvertibleError
        If skl2onnx does not convert it.
    """
    from onnx import helper
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType

    is_classifier = hasattr(step, "predict_proba")
    options = {id(step): {"zipmap": False}} if is_classifier else None
    try:
        found = convert_sklearn(
            step,
            initial_types=[("X", DoubleTensorType([None, value.width]))],
            target_opset={"": OPSET, ML: ITS_ML_OPSET},
            options=options,
        ).graph
    except Exception as error:  # its converters raise errors of any kind
        raise NotConvertibleError(step, _reason(error)) from None
    if any(node.op_type in REPLACED for node in found.node):
        raise NotConvertibleError(step, "skl2onnx writes operators of an earlier version")
    width = _width(step, is_classifier)
    names = {"X": value.name, "": ""}
    for node in found.node:
        names.update({name: graph.fresh() for name in node.output if name})
    for constant in found.initializer:
        names[constant.name] = graph.fresh()
        constant.name = names[constant.name]
        graph.constants.append(constant)
    for node in found.node:
        graph.domains.setdefault(node.domain, 1)
        attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        if any(one.HasField("g") for one in node.attribute):
            raise NotConvertibleError(step, "skl2onnx writes a loop")
        inputs, outputs = ([names[name] for name in part] for part in (node.input, node.output))
        graph.nodes.append(
            helper.make_node(node.op_type, inputs, outputs, domain=node.domain, **attributes)
        )
    last = graph.add("Cast", names[found.output[-1].name], to=11)
    if not is_classifier and hasattr(step, "predict"):
        last = graph.add("Reshape", last, graph.constant([-1, 1], int))
    return Matrix(last, width)


def _width(step: Any, is_classifier: bool) -> int:
    """Return the number of columns of the result of a step."""
    if is_classifier:
        return len(step.classes_)
    if hasattr(step, "predict"):
        return 1
    try:
        return len(step.get_feature_names_out())
    except (AttributeError, ValueError) as error:
        raise NotConvertibleError(step, f"its number of features is unknown: {error}") from None


def _reason(error: Exception) -> str:
    """Return the first sentence of an error."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"skl2onnx says: {lines[0].split('. ')[0][:200]}"
