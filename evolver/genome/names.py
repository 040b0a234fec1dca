"""Names of a pipeline for people: a short one, and a drawing of its tree.

A pipeline has three texts:

    short name    impute › target-encode › LightGBM
    expression    LGBMClassifier(Encoder(X, numbers='median', categories='target', ...), ...)
    drawing       a line for each step, its inputs indented below it

The expression is ``str`` of a tree. It says everything, and it is read back by
`evolver.genome.codec`. The short name says what the steps are and leaves parameter values out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from evolver.genome.digest import Branch, canonical
from evolver.genome.tree import Tree
from primitives import Prediction

ARROW = " › "
"""Text between two steps of a short name."""

MOST_NAMED = 3
"""Number of members of an ensemble, and of inputs of a step, that a short name has."""

DIGEST_LENGTH = 8
"""Number of characters of a digest that is shown."""

TREATMENTS: dict[str, Mapping[str, str]] = {
    "numbers": {"median": "impute", "passthrough": ""},
    "dates": {"parts": "date-parts", "cyclic": "cyclic-dates"},
    "categories": {"target": "target-encode", "one_hot": "one-hot"},
    "high_cardinality": {"target": "target-encode", "read": "target-encode", "one_hot": "one-hot"},
    "texts": {"read": "read-texts", "topics": "topics"},
    "sparse": {"read": "read-matrix", "both": "read-matrix", "topics": "topics"},
}
"""Word for a treatment of columns, by role; others are imputers of numbers, or have their own."""

WORDS = {
    "AdaBoost": "AdaBoost",
    "Average": "average",
    "Bins": "bins",
    "CrossedTargets": "crosses",
    "Binarizer": "binarize",
    "DiscriminantAxes": "discriminant-axes",
    "FeatureAgglomeration": "agglomerate",
    "GroupStatistics": "group-statistics",
    "LGBM": "LightGBM",
    "LinearDiscriminantAnalysis": "LDA",
    "LogTarget": "log-target",
    "MaxAbsScaler": "max-abs-scale",
    "MinMaxScaler": "min-max-scale",
    "Normalizer": "normalize",
    "PairFormulas": "pair-formulas",
    "Polynomials": "polynomials",
    "PowerTransformer": "power-transform",
    "QuadraticDiscriminantAnalysis": "QDA",
    "QuantileTarget": "quantile-target",
    "QuantileTransformer": "quantile-transform",
    "RobustScaler": "robust-scale",
    "SelectFweF": "select",
    "SelectFromL1": "select",
    "SelectFromTrees": "select",
    "SelectPercentileF": "select",
    "SelectPercentileMutualInfo": "select",
    "Elimination": "eliminate",
    "SoftVote": "vote",
    "Splines": "splines",
    "Stack": "stack",
    "StandardScaler": "scale",
    "SubsetTargets": "subset-targets",
    "Union": "union",
    "VarianceThreshold": "drop-constant",
    "XGB": "XGBoost",
}
"""Word for a primitive, without the task in its name; others keep the name of their class."""


def short_name(tree: Tree) -> str:
    """Return the names of the steps of a pipeline from the table on, without parameter values."""
    return ARROW.join(_words(canonical(tree)))


def short_sum(trees: Iterable[Tree], weights: Iterable[float]) -> str:
    """Return the short name of a weighted average: its heaviest models, with their weights.

    Parameters
    ----------
    trees : iterable of Tree
    weights : iterable of float
        Weight of each tree.
    """
    weighed = sorted(zip(weights, trees, strict=True), key=lambda one: -one[0])
    parts = [f"{weight:.2f} {_words(canonical(tree))[-1]}" for weight, tree in weighed if weight]
    return " + ".join(_shortened(parts))


def drawing(tree: Tree) -> str:
    """Return a pipeline as a text with a line for each step, its inputs indented below it."""
    return "\n".join(_lines(canonical(tree), "", ""))


def short_digest(digest: str) -> str:
    """Return the beginning of a digest, which is shown; any unique beginning stands for it.

    Of 3,000 digests two have the same beginning in one of a thousand runs.
    """
    return digest[:DIGEST_LENGTH]


def model_name(primitive: str) -> str:
    """Return the name of a primitive without its task, such as LightGBM for LGBMClassifier."""
    stem = re.sub("(Classifier|Regressor|Classif|Regression)$", "", primitive)
    # LogisticRegression and PLSRegression are names of their own.
    stem = primitive if stem in ("Logistic", "PLS") else stem
    return WORDS.get(stem, stem)


def _words(branch: Branch) -> list[str]:
    """Return the names of the steps of a branch, in the order of the data."""
    step = branch.step
    if step is None:
        return []
    inputs = [_words(part) for part in branch.inputs]
    if step.primitive.encodes:
        treatments = _treatments(step.values) if len(step.values) else [model_name(step.name)]
        return [*inputs[0], *treatments]
    name = _formula(step.values) if step.name == "Formula" else model_name(step.name)
    if not step.primitive.wraps:
        return [*inputs[0], name]
    if len(inputs) == 1:
        shared = inputs[0][:-1]
    else:
        places = zip(*inputs, strict=False)
        shared = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, places)]
    if issubclass(step.primitive.output, Prediction):
        # Models have different steps before them; their names tell most.
        inside = [part[-1] for part in inputs]
    else:
        inside = [ARROW.join(part[len(shared) :]) or "table" for part in inputs]
    return [*shared, f"{name}({', '.join(_shortened(inside))})"]


def _formula(values: Mapping[str, Any]) -> str:
    """Return a formula as the name of its column; "it" is the column before."""
    return " ".join(values[part] or "it" for part in ("first", "operation", "second"))


def _treatments(values: Mapping[str, Any]) -> list[str]:
    """Return the words for the treatments of an encoder, each once."""
    found = []
    for role, words in TREATMENTS.items():
        treatment = values.get(role, "none")
        word = words.get(treatment, "impute" if role == "numbers" else treatment.replace("_", "-"))
        # Without gaps among the numbers, an imputer has nothing to do and nothing to choose.
        is_idle = role == "numbers" and treatment == "median" and "add_indicator" not in values
        if treatment != "none" and word and not is_idle:
            found.append(word)
    return list(dict.fromkeys(found))


def _shortened(parts: Sequence[str]) -> list[str]:
    """Return the first parts, and the number of the others."""
    others = len(parts) - MOST_NAMED
    return [*parts[:MOST_NAMED], f"{others} more"] if others > 0 else list(parts)


def _lines(branch: Branch, first: str, rest: str) -> list[str]:
    """Return the lines of a branch, the first and the other ones each behind a text."""
    if branch.step is None:
        return [f"{first}table"]
    values = ", ".join(f"{name}={value!r}" for name, value in branch.step.values.items())
    lines = [f"{first}{branch.step.name}  {values}".rstrip()]
    for place, part in enumerate(branch.inputs, 1):
        is_last = place == len(branch.inputs)
        mark, bar = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        lines += _lines(part, rest + mark, rest + bar)
    return lines
