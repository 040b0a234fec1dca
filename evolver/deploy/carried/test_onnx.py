"""Test of model.onnx: it predicts what the model predicts.

Run it here:

    pip install -r requirements.txt pytest onnxruntime
    pytest
"""

import json

import numpy as np
from onnxruntime import InferenceSession

from model import HERE, NUMBERS, SCHEMA, as_text

ROWS = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-5


def inputs_of(rows, names):
    """Return the inputs of model.onnx: numbers, NaN if missing, and texts, empty if missing."""
    kinds = {column["name"]: column["kind"] for column in SCHEMA["columns"]}
    found = {}
    for name in names:
        values = [row[name] for row in rows]
        if kinds[name] in NUMBERS:
            column = [np.nan if value is None else float(value) for value in values]
        else:
            column = ["" if value is None else as_text(value) for value in values]
        found[name] = np.array(column).reshape(-1, 1)
    return found


def test_the_runtime_agrees_with_the_model():
    session = InferenceSession(HERE / "model.onnx", providers=["CPUExecutionProvider"])
    found = session.run(None, inputs_of(ROWS, [one.name for one in session.get_inputs()]))[0]
    if SCHEMA["classes"] is None:
        expected = np.array([one["prediction"] for one in EXPECTED])
    else:
        expected = np.array([list(one["probabilities"].values()) for one in EXPECTED])
    expected = expected.reshape(found.shape)
    assert np.all(np.abs(found - expected) <= TOLERANCE * np.maximum(1, np.abs(expected)))
