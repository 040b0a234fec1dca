"""Meta-features: numbers that describe a table before any fit, to compare tables by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from evolver.problem import Problem
from primitives.cleaning import column_of_type
from primitives.sparse import matrix_of

SIZES = ("rows", "columns", "classes")
"""Meta-features that the duration of a fit depends on."""


@dataclass(frozen=True)
class MetaFeatures:
    """Description of a table by six numbers, and by the amount of its text.

    The six numbers are scaled so that a difference of 1 is a large one.

    Parameters
    ----------
    rows, columns : float
        Logarithms to base 10 of their numbers.
    classes : float
        Half the logarithm to base 2 of the number of classes; 0 for regression.
    categories : float
        Share of the columns that are not numeric.
    missing : float
        Share of the cells that are missing.
    balance : float
        Rows of the rarest class, divided by the mean over classes; 1 for regression.
    texts : float, default=0.0
        Millions of characters in columns of texts, or of values of a sparse matrix. It tells how
        long a fit takes, not which pipelines are good, and is no part of the distance.
    """

    rows: float
    columns: float
    classes: float
    categories: float
    missing: float
    balance: float
    texts: float = 0.0

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Return the meta-features of a problem."""
        X, y = problem.X, problem.y
        counts = problem.task.class_counts(y)
        matrix = matrix_of(X)
        columns = X.shape[1] if matrix is None else matrix.shape[1]
        numbers = columns if matrix is not None else X.select_dtypes("number").shape[1]
        return cls(
            rows=math.log10(len(y)),
            columns=math.log10(columns),
            classes=math.log2(len(counts)) / 2,
            categories=1 - numbers / columns,
            missing=float(X.isna().to_numpy().mean()),
            balance=float(counts.min() / counts.mean()),
            texts=(_characters(problem) if matrix is None else matrix.nnz) / 1e6,
        )

    def distance(self, other: MetaFeatures, size: float = 1.0) -> float:
        """Return the Euclidean distance to another table.

        Parameters
        ----------
        other : MetaFeatures
        size : float, default=1.0
            Factor of the differences in `SIZES`.
        """
        others = other.values
        return math.hypot(
            *(
                (size if name in SIZES else 1.0) * (value - others[name])
                for name, value in self.values.items()
                if name != "texts"
            )
        )

    @property
    def values(self) -> Mapping[str, float]:
        """Meta-features by name."""
        return asdict(self)


def _characters(problem: Problem) -> float:
    """Return the approximate number of characters in the columns of texts."""
    X = problem.X
    texts = [name for name, dtype in X.dtypes.items() if column_of_type(dtype).kind == "text"]
    # About a thousand rows are enough, and counting in all of them takes long.
    some = X[texts].iloc[:: max(1, len(X) // 1_000)].fillna("").astype(str)
    return len(X) * float(sum(some[name].str.len().mean() for name in texts))
