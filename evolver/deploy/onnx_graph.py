"""Graph of ONNX operators under construction, in double precision.

Thresholds of trees are compared with float64 values: in float32, a value beside a threshold would
be on the other side of it. Opset 5 of `ai.onnx.ml` has trees of doubles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

OPSET, ML_OPSET, ML = 18, 5, "ai.onnx.ml"
"""Versions of the operators, and the domain of those of machine learning."""

IR_VERSION = 10
"""Version of the file format that belongs to these operators."""


class NotConvertibleError(Exception):
    """Step without an ONNX form: the message names the step, and the reason if there is one."""

    def __init__(self, step: object, reason: str = "") -> None:
        name = step if isinstance(step, str) else type(step).__name__
        reason = reason.rstrip(".")
        super().__init__(f"{name} has no ONNX form{': ' if reason else ''}{reason}")


@dataclass(frozen=True)
class Matrix:
    """Result of a step: float64 numbers of shape (n_samples, width).

    Parameters
    ----------
    name : str
        Name in the graph.
    width : int
        Number of columns.
    """

    name: str
    width: int


@dataclass(frozen=True)
class Frame:
    """Columns of a table by name, each of shape (n_samples, 1).

    Parameters
    ----------
    numbers : mapping of str to str
        Names in the graph of the columns of numbers.
    texts : mapping of str to str
        Names in the graph of the columns of texts.
    names : tuple of str
        Names of all columns of the table in order; those of other kinds are in neither mapping.
    """

    numbers: Mapping[str, str]
    texts: Mapping[str, str]
    names: tuple[str, ...]

    def only(self, names: Sequence[str]) -> Frame:
        """Return some of the columns, in this order."""
        return Frame(self.numbers, self.texts, tuple(names))


class Graph:
    """Operators and constants in the order in which they were added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.domains: dict[str, int] = {"": OPSET, ML: ML_OPSET}
        self._count = 0

    def fresh(self) -> str:
        """Return a name that is not taken; names of inputs must not begin with an underscore."""
        self._count += 1
        return f"_{self._count}"

    def constant(self, values: Any, dtype: Any = np.float64) -> str:
        """Add a constant tensor; return its name."""
        from onnx import numpy_helper

        name = self.fresh()
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator with one result; return its name."""
        from onnx import helper

        name = self.fresh()
        self.nodes.append(
            helper.make_node(operator, list(inputs), [name], domain=domain, **attributes)
        )
        return name

    def side_by_side(self, parts: Sequence[Matrix]) -> Matrix:
        """Return matrices side by side."""
        if len(parts) == 1:
            return parts[0]
        names = [part.name for part in parts if part.width]
        return Matrix(self.add("Concat", *names, axis=1), sum(part.width for part in parts))

    def columns(self, value: Matrix, places: Sequence[int]) -> Matrix:
        """Return some of the columns of a matrix."""
        chosen = self.constant(places, np.int64)
        return Matrix(self.add("Gather", value.name, chosen, axis=1), len(places))

    def linear(self, value: Matrix, weights: Any, offset: Any = None) -> Matrix:
        """Return the product with a matrix of shape (width, n_results), plus an offset."""
        weights = np.asarray(weights, np.float64)
        name = self.add("MatMul", value.name, self.constant(weights))
        if offset is not None:
            name = self.add("Add", name, self.constant(np.atleast_2d(offset)))
        return Matrix(name, weights.shape[1])

    def with_row(self, operator: str, value: Matrix, row: Any) -> Matrix:
        """Return the result of a binary operator with a row of numbers, or a single one."""
        return Matrix(self.add(operator, value.name, self.constant(row)), value.width)

    def each(self, operator: str, value: Matrix, **attributes: Any) -> Matrix:
        """Return the result of an operator that treats each number by itself."""
        return Matrix(self.add(operator, value.name, **attributes), value.width)

    def as_float32(self, value: Matrix) -> Matrix:
        """Return numbers rounded to float32, as some libraries read them, as float64."""
        rounded = self.add("Cast", value.name, to=1)
        return Matrix(self.add("Cast", rounded, to=11), value.width)

    def of_two(self, value: Matrix) -> Matrix:
        """Return the probabilities of two classes from that of the second."""
        one = self.constant([[1.0]])
        first = self.add("Sub", one, value.name)
        return self.side_by_side([Matrix(first, 1), value])

    def softmax(self, value: Matrix) -> Matrix:
        """Return the softmax of each row."""
        return self.each("Softmax", value, axis=1)

    def normalised(self, value: Matrix) -> Matrix:
        """Return rows of numbers that add up to 1."""
        axes = self.constant([1], np.int64)
        total = self.add("ReduceSum", value.name, axes, keepdims=1)
        return Matrix(self.add("Div", value.name, total), value.width)

    def weighted(self, parts: Sequence[Matrix], weights: Sequence[float]) -> Matrix:
        """Return a weighted sum of matrices of one width."""
        scaled = [self.with_row("Mul", part, w) for part, w in zip(parts, weights, strict=True)]
        if len(scaled) == 1:
            return scaled[0]
        return Matrix(self.add("Sum", *(part.name for part in scaled)), parts[0].width)
