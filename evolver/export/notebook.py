"""Notebook that fits and checks a fitted model, with the parts of a readable file as cells."""

from __future__ import annotations

import json
from typing import Any

from sklearn.base import is_classifier

from evolver.export.about import About
from evolver.export.readable import HELPERS, FileParts, parts_of_file
from evolver.export.short_program import TYPES


def to_notebook(estimator: Any, about: About) -> str:
    """Return a Jupyter notebook (nbformat 4) as JSON.

    Its cells show the diagram of the model, score it by cross-validation, fit it, predict, and
    check that a saved model predicts the same.

    Parameters
    ----------
    estimator : estimator
        Result of `evolver.export.plain.plain`.
    about : About

    Raises
    ------
    ValueError
        If a part of the estimator cannot be written as source.
    """
    parts = parts_of_file(estimator, about)
    title, *facts = parts.header
    files = ['TRAIN = "train.csv"  # the table to fit on']
    files += ['WEIGHT = "weight"  # its column with the weights of the rows'] * about.takes_weights
    helpers = [("code", "\n\n\n".join([HELPERS, *parts.helpers]))] if parts.helpers else []
    cells = [
        ("markdown", "\n\n".join([f"# {title}", *facts])),
        ("code", _imports(parts)),
        ("code", "\n".join([parts.constants, *files])),
        *helpers,
        ("code", "\n\n\n".join(parts.functions)),
        ("markdown", "## The model\n\nEach step of the diagram opens with a click."),
        ("code", "make_pipeline()"),
        ("markdown", "## The table"),
        ("code", _reading(parts, about, classifies=is_classifier(estimator))),
        ("markdown", "## Check\n\nThe folds are others than those of the search."),
        ("code", _scoring(about)),
        ("markdown", "## Fit and predict"),
        ("code", _fitting(about)),
        ("markdown", "## Save and load\n\nA saved model predicts the same, without another fit."),
        ("code", SAVING),
    ]
    notebook = {
        "cells": [_cell(number, kind, text) for number, (kind, text) in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    """Return a cell of a notebook."""
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": f"cell-{number}",
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _imports(parts: FileParts) -> str:
    """Return the imports of a notebook, which has no command line."""
    lines = [line for line in parts.imports.splitlines() if line not in COMMAND_LINE]
    lines += [] if "import joblib" in lines else ["import joblib"]
    return "\n".join([*lines, "from sklearn.model_selection import cross_val_score"]).strip()


def _reading(parts: FileParts, about: About, *, classifies: bool) -> str:
    """Return the code that reads the table into `X` and `y`."""
    if about.is_plain:
        kind = f".astype({TYPES[about.label_kind]})" if about.label_kind in TYPES else ""
        target = f"X, y = train.drop(columns=TARGET), train[TARGET]{kind}"
        read = f"{parts.program[0]}\n\n\ntrain = read(TRAIN).dropna(subset=TARGET)"
        return f"{read}\n{target}\nX.head()"
    columns = ", COLUMNS" if about.columns else ""
    reader = "read_target" if about.reads_texts else "known_target"
    lines = [
        f"X, target = split_target(read_table(TRAIN{columns}), TARGET)",
        f"y, known = known_values(target, {classifies}, {reader})",
        *(["weights = X.pop(WEIGHT)[known].to_numpy(float)"] if about.takes_weights else []),
        "X = X[known]",
        "X.head()",
    ]
    return "\n".join(lines)


def _scoring(about: About) -> str:
    """Return the code that scores the model by cross-validation."""
    scoring = f', scoring="{about.metric}"' if about.metric else ""
    return f"cross_val_score(make_pipeline(), X, y, cv=5{scoring})"


def _fitting(about: About) -> str:
    """Return the code that fits the model and predicts the first rows."""
    fit = "make_pipeline().fit(X, y)"
    if about.takes_weights:
        fit = "fit_with_weights(make_pipeline(), X, y, weights)"
    return f"model = {fit}\nmodel.predict(X.head())"


COMMAND_LINE = ("import argparse", "import sys")
"""Imports of a program that a notebook does not need."""

SAVING = """joblib.dump(model, "model.joblib")
again = joblib.load("model.joblib")
assert (again.predict(X) == model.predict(X)).all()"""
"""Code that saves the model, and checks that it predicts the same when it is loaded."""
