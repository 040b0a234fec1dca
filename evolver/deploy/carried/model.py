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
        {"row": number, "column": column["name"], "rule": rule, "value": shown(row, column)}
        for number, row in enumerate(rows)
        for column in SCHEMA["columns"]
        if (rule := broken_rule(row, column)) is not None
    ]


def shown(row, column):
    """Return a value of a row, if there is one, as JSON can hold it."""
    value = row.get(column["name"])
    is_number = isinstance(value, float | int)
    return str(value)[:100] if is_number and not abs(value) <= sys.float_info.max else value


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
    if kind == "date":
        return f"must be a date ({column['form']})" if pd.isna(as_date(value, column)) else None
    return None if is_number or isinstance(value, str) else "must be a text"


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
    if is_missing(value):
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


def as_date(value, column):
    """Return a text as a date, by the format of its column or by ISO 8601; NaT if it is none."""
    for form in (column["form"], "ISO8601") if isinstance(value, str) else ():
        date = pd.to_datetime(value, format=form, errors="coerce", utc=True)
        if pd.notna(date):
            return date.tz_localize(None)
    return pd.NaT


def is_missing(value):
    """Return True for null, and for a text that stands for a missing value."""
    return value is None or as_text(value).casefold() in SCHEMA["missing_marks"]


def to_table(rows):
    """Return rows as a table with the columns of training."""
    columns = {}
    for column in SCHEMA["columns"]:
        name, kind = column["name"], column["kind"]
        values = [None if is_missing(row[name]) else row[name] for row in rows]
        if kind == "date":
            values = pd.Series([as_date(one, column) for one in values], dtype="datetime64[us]")
        elif kind not in NUMBERS:
            texts = [float("nan") if one is None else as_text(one) for one in values]
            values = pd.Series(texts, dtype=object)
        elif any(isinstance(one, str) for one in values):  # the model reads them as in training
            values = pd.Series(values, dtype=object)
        else:
            values = pd.Series(values, dtype="float64")
        columns[name] = values
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
