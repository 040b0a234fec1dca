"""What is known of a table before anything is fitted, as numbers that tables are compared by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import pandas as pd

from evolver.problem import Problem
from primitives.cleaning import about_a_thousand

SIZES = ("rows", "columns", "classes")
"""By which it takes longer."""


@dataclass(frozen=True)
class MetaFeatures:
    """A table in six numbers, each on a scale on which a difference of 1 is a large one; and how
    much text there is.

    Parameters
    ----------
    rows, columns : float
        Logarithms to base 10.
    classes : float
        Logarithm to base 2, halved; 0 for regression.
    categories : float
        Share of the columns that hold no numbers.
    missing : float
        Share of the cells that are missing.
    balance : float
        Rows of the rarest class, of what it would have if all had the same; 1 for regression.
    texts : float, default=0.0
        Millions of characters of its texts. It says how long it takes, not what is good.
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
        """Return those of a problem."""
        X, y = problem.X, problem.y
        counts = problem.task.class_counts(y)
        numbers = X.select_dtypes("number").shape[1]
        return cls(
            rows=math.log10(len(y)),
            columns=math.log10(X.shape[1]),
            classes=math.log2(len(counts)) / 2,
            categories=1 - numbers / X.shape[1],
            missing=float(X.isna().to_numpy().mean()),
            balance=float(counts.min() / counts.mean()),
            texts=_characters(problem) / 1e6,
        )

    def distance(self, other: MetaFeatures, size: float = 1.0) -> float:
        """Return the Euclidean distance to another table, rows, columns and classes counting so
        many times."""
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
        return asdict(self)


def _characters(problem: Problem) -> float:
    """Return about how many there are in the columns that hold texts."""
    X = problem.X
    texts = [X[name] for name, form in problem.forms.items() if form == "text"]
    some = [pd.Series(about_a_thousand(text.array)).fillna("").astype(str) for text in texts]
    return len(X) * float(sum(text.str.len().mean() for text in some))
