"""The model of this folder: loading, checks of its input, and predictions."""

import json
import math
import sys
from pathlib import Path

import joblib
import pandas as pd
from skops.io import get_untrusted_types
from skops.io import load as load_skops

HERE = Path(__file__).resolve().parent
SCHEMA = json.loads((HERE / "schema.json").read_text(encoding="utf-8"))
NUMBERS = ("number", "boolean", "duration")
DATES = ("date",)


def load_model():
    """Return the fitted model.

    Raises
    ------
    ValueError
        If the file holds types that types.json does not name: they could run any code.
    """
    if str(HERE) not in sys.path:  # parts of the model may be defined in parts.py
        sys.path.insert(0, str(HERE))
    file = HERE / "model.skops"
    if not file.exists():  # model_card.md says why; a pickle is as safe as its source
        return joblib.load(HERE / "model.joblib")
    trusted = json.loads((HERE / "types.json").read_text(encoding="utf-8"))
    unknown = sorted(set(get_untrusted_types(file=file)) - set(trusted))
    if unknown:
        raise ValueError(f"model.skops must hold types of types.json only, got {unknown}.")
    return load_skops(file, trusted=trusted)


def faults(rows):
    """Return what makes rows unusable: row, column, rule and value of each fault."""
    return [
        {"row": number, "column": column["name"], "rule": rule, "value": row.get(column["name"])}
        for number, row in enumerate(rows)
        for column in SCHEMA["columns"]
        if (rule := broken_rule(row, column)) is not None
    ]


def broken_rule(row, column):
    """Return the rule of a column that a row breaks, or None."""
    if column["name"] not in row:
        return "must be given; null stands for a missing value"
    value, kind = row[column["name"]], column["kind"]
    if value is None:
        return None
    is_number = isinstance(value, bool | int | float)
    if is_number and not abs(value) <= sys.float_info.max:
        return "must be a finite number"
    if kind in NUMBERS:
        is_right = is_number or (isinstance(value, str) and column["written"])
        rule = "must be a number" if kind != "boolean" else "must be true, false, 1 or 0"
        return None if is_right else rule + (" or its text" if column["written"] else "")
    if kind in DATES:
        return None if is_date(value, column["form"]) else f"must be a date ({column['form']})"
    return None if is_number or isinstance(value, str) else "must be a text"


def is_date(value, form):
    """Return True for a text that is a date of a format or of ISO 8601."""
    forms = [form, "ISO8601"] if isinstance(value, str) else []
    return any(pd.notna(pd.to_datetime(value, format=one, errors="coerce")) for one in forms)


def notes(rows):
    """Return what is unusual in rows, but can be predicted: values that training had not."""
    return [
        {"row": number, "column": column["name"], "rule": rule, "value": row[column["name"]]}
        for number, row in enumerate(rows)
        for column in SCHEMA["columns"]
        if (rule := unusual(row[column["name"]], column)) is not None
    ]


def unusual(value, column):
    """Return why a value of a column is unusual, or None."""
    if value is None:
        return None
    values, low, high = column["values"], column["low"], column["high"]
    if values is not None and as_text(value) not in values:
        return "is a value that training had not"
    is_number = column["kind"] in NUMBERS and not isinstance(value, str)
    if is_number and low is not None and not low <= value <= high:
        return f"is outside the range of training, {low:g} to {high:g}"
    return None


def as_text(value):
    """Return a category as text; a whole number is written without a fraction."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def to_table(rows):
    """Return rows as a table with the columns of training."""
    columns = {}
    for column in SCHEMA["columns"]:
        values = pd.Series([row[column["name"]] for row in rows], dtype=object)
        is_plain = column["kind"] in NUMBERS and not any(isinstance(one, str) for one in values)
        columns[column["name"]] = values.astype("float64") if is_plain else values
    return pd.DataFrame(columns)


def predict(model, rows):
    """Return the prediction for each row, with the probabilities of the classes if there are."""
    table = to_table(rows)
    target, found = SCHEMA["target"], [as_json(one) for one in model.predict(table)]
    several = isinstance(target, list)
    if several:
        found = [dict(zip(target, one, strict=True)) for one in found]
    answers = [{"prediction": one} for one in found]
    if SCHEMA["classes"] is not None:
        names = target if several else [str(label) for label in SCHEMA["classes"]]
        for answer, shares in zip(answers, model.predict_proba(table).tolist(), strict=True):
            answer["probabilities"] = dict(zip(names, shares, strict=True))
    return answers


def as_json(value):
    """Return a prediction of numpy as a value of Python."""
    return value.tolist() if hasattr(value, "tolist") else value


def agree(found, expected):
    """Return True if two answers are equal, numbers up to a relative difference of 1e-6."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            agree(found[name], expected[name]) for name in expected
        )
    if isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9)
    return found == expected
