"""Tables in files are read whatever their separator, encoding, compression and name."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from benchmarks.tables.dialects import Dialect, write
from evolver.export.table_files import read_csv, read_table, write_table
from evolver.schema import learn
from evolver.training_table import read_training_table
from primitives.cleaning import TableCleaner
from primitives.encoders import build_encoder
from primitives.treatments import TREATMENTS

HEADER, ROWS = "km;hp;brand", ["82544,5;100;Borea", "118696,0;73;Alba", "3,25;99;Škoda"]


def typed_table(rng: np.random.Generator, rows: int = 60) -> pd.DataFrame:
    """Return a table of every kind of column, with gaps, and a target."""
    days = pd.to_datetime("2021-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D")
    table = pd.DataFrame(
        {
            "whole": rng.integers(-5_000, 5_000, rows),
            "real": rng.normal(0, 3_000, rows).round(2),
            "gaps": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows).round(3)),
            "flag": rng.integers(0, 2, rows).astype(bool),
            "day": days,
            "moment": days + pd.to_timedelta(rng.integers(1, 86_000, rows), unit="s"),
            "brand": rng.choice(["Alba", "Borea; Corvo", 'the "Dune"', "Etna, new"], rows),
            "words": rng.choice(["small", "large"], rows),
        }
    )
    table["brand"] = table["brand"].mask(rng.random(rows) < 0.1)
    table["price"] = (table["real"] + 100 * table["flag"] + rng.normal(size=rows)).round(2)
    return table


def plain_values(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that was read, with numbers as floats."""
    return table.assign(
        **{name: table[name].astype(float) for name in table.select_dtypes(["number", "bool"])}
    )


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_a_table_in_any_dialect_has_the_same_schema_values_and_predictions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table, dialect = typed_table(rng), Dialect.random(rng)
    with tempfile.TemporaryDirectory() as folder:
        known = read_training_table(write(table, Path(folder), dialect), "price")
    typed, X = table.drop(columns="price"), known.drop(columns="price")
    from_types, from_file = learn(typed), learn(X)
    kinds = {name: column.kind for name, column in from_types.columns.items()}
    assert {name: column.kind for name, column in from_file.columns.items()} == kinds, dialect
    expected, found = from_types.read(typed)[0], from_file.read(X)[0]
    pd.testing.assert_frame_equal(plain_values(found), plain_values(expected))
    cleaner, y = TableCleaner(from_file.not_plain), table["price"]
    encoder = build_encoder(
        TREATMENTS, 0, numbers="median", dates="parts", categories="ordinal", min_frequency=1
    )
    model = make_pipeline(cleaner, encoder, DecisionTreeRegressor(random_state=0)).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), model.predict(expected))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_ends_of_lines_are_found(encoding: str, end: str, tmp_path: Path) -> None:
    file = tmp_path / "cars.DATA"
    file.write_bytes((end.join([HEADER, *ROWS]) + end).encode(encoding))
    table = read_table(file)
    assert list(table) == ["km", "hp", "brand"]
    assert table["km"].tolist() == ["82544,5", "118696,0", "3,25"]
    assert table["brand"][2] == (
        "Škoda" if encoding != "cp1250" else "Škoda".encode("cp1250").decode("cp1252")
    )


def test_latin_letters_after_the_first_bytes_are_read_too(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_bytes(b"a,b\n" + b"1,x\n" * 100_000 + "2,é\n".encode("latin-1"))
    assert read_table(file)["b"].iloc[-1] == "é"


def test_a_separator_at_the_end_of_each_row_shifts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b\n1,x,\n2,y,\n")
    assert read_table(file).to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_names_of_rows_without_a_name_in_the_header_are_a_column(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text('"a","b"\n"1",5,"x"\n"2",6,"y"\n')
    assert read_table(file).to_dict("list") == {"Unnamed: 0": [1, 2], "a": [5, 6], "b": ["x", "y"]}


def test_a_line_that_names_the_separator_is_obeyed(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("sep=|\na,b|c\n1|2\n")
    assert read_table(file).to_dict("list") == {"a,b": [1], "c": [2]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b,a\n1,2,3\n", "a name for each column, got 'a' 2 times"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9, "must be a CSV or Parquet file"),
        (b"", "must have a row of column names"),
    ],
)
def test_what_is_no_table_is_one_clear_error(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_table(file)


def test_columns_are_read_by_the_schema_of_fit_whatever_the_file_looks_like(tmp_path: Path) -> None:
    file = tmp_path / "part.csv"
    file.write_text("flag,zip,size,x\nTRUE,00501,1.50,1\nTRUE,01234,2.00,2\n")
    table = read_csv(file, ["flag", "zip", "size"])
    assert table["zip"].tolist() == ["00501", "01234"]
    assert table["size"].tolist() == ["1.50", "2.00"]
    assert table["flag"].tolist() == ["TRUE", "TRUE"]
    assert table["x"].tolist() == [1, 2]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("row", [0, 5_000])
def test_codes_of_digits_and_labels_of_a_target_are_kept(
    separator: str, row: int, tmp_path: Path
) -> None:
    codes, labels = ["12345"] * 6_000, ["TRUE", "FALSE"] * 3_000
    codes[row] = "00501"
    lines = [separator.join(["zip", "n", "y"])]
    lines += [
        separator.join([code, "10", label]) for code, label in zip(codes, labels, strict=True)
    ]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(lines))
    table = read_training_table(file, "y")
    assert table["zip"][row] == "00501"
    assert table["n"].dtype == "int64"
    assert table["y"].tolist() == labels


def test_points_between_thousands_are_seen_in_a_file_without_decimals(tmp_path: Path) -> None:
    numbers = range(0, 9_000, 45)
    lines = ["n,word", *(f"{n:,}".replace(",", ".") + f",w{n % 2}" for n in numbers)]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(lines))
    table = read_training_table(file, "word")
    assert learn(table).read(table)[0]["n"].tolist() == [float(n) for n in numbers]
    file.write_text("\n".join(["n,real", *(f"{n % 4},{n / 1_000}" for n in numbers)]))
    table = read_training_table(file, "n")
    assert learn(table).read(table)[0]["real"].tolist() == [n / 1_000 for n in numbers]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet", "t.parq", "t.csv.gz"])
def test_predictions_are_written_as_the_name_says(name: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"prediction": ["a", "b"], "probability_a": [0.25, 0.5]})
    write_table(table, tmp_path / name)
    pd.testing.assert_frame_equal(read_table(tmp_path / name), table)
