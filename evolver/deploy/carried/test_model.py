"""Test of this folder: the model predicts what it predicted when the folder was written.

Run it here:

    pip install -r requirements.txt pytest
    pytest
"""

import json

from model import HERE, SCHEMA, agree, faults, load_model, predict

ROWS = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


def test_the_model_predicts_the_expected_values():
    assert agree(dict(enumerate(predict(load_model(), ROWS))), dict(enumerate(EXPECTED)))


def test_one_row_is_predicted_as_among_others():
    assert agree(predict(load_model(), ROWS[:1])[0], EXPECTED[0])


def test_the_example_is_without_faults():
    assert faults(ROWS) == []


def test_a_column_that_is_missing_is_named():
    name = SCHEMA["columns"][0]["name"]
    row = {other: value for other, value in ROWS[0].items() if other != name}
    assert [fault["column"] for fault in faults([row])] == [name]
