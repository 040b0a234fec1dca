"""Tables as people have them are read right: each case was misread once."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from scipy import sparse
from sklearn.metrics import root_mean_squared_error

from evolver import DataWarning, EvolvedClassifier, EvolvedRegressor, Settings
from evolver.cli import main
from evolver.errors import InputError, InputTypeError
from evolver.training_table import _may_have_codes, read_training_table
from primitives import Catalogue, default_catalogue
from primitives.encoders import encoder_space, encoder_suits
from primitives.treatments import TREATMENTS
from tests.alone import run_exported

CASES = Path(__file__).parent / "cases"


def few(*names: str) -> Catalogue:
    catalogue = default_catalogue()
    return Catalogue(catalogue[name] for name in ("Encoder", "StandardScaler", *names))


SEARCH: dict[str, Any] = {
    "max_evaluations": 4,
    "random_state": 0,
    "verbose": 0,
    "n_jobs": 1,
    "cv": 3,
    "settings": Settings(in_process=True),
}


def regressor(**changes: Any) -> EvolvedRegressor:
    space = few("Ridge", "DecisionTreeRegressor")
    return EvolvedRegressor(**{**SEARCH, "search_space": space, **changes})


def classifier(**changes: Any) -> EvolvedClassifier:
    space = few("LogisticRegression", "DecisionTreeClassifier")
    return EvolvedClassifier(**{**SEARCH, "search_space": space, **changes})


def cars(rows: int = 300) -> tuple[pd.DataFrame, np.ndarray]:
    """Return used cars, and their prices."""
    rng = np.random.default_rng(0)
    km, hp = rng.integers(1_000, 200_000, rows), rng.integers(40, 200, rows)
    days = pd.to_datetime("2021-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D")
    brand = rng.choice(["Alba", "Borea", "Corvo"], rows)
    X = pd.DataFrame({"km": km, "hp": hp, "sold": days, "brand": brand, "new": km < 90_000})
    y = 20_000 + 90.0 * hp - km / 20 + 5.0 * (days - days.min()).days + 900 * (brand == "Alba")
    return X, y.to_numpy() + rng.normal(0, 300, rows)


def test_marks_of_missing_numbers_are_gaps() -> None:
    train, test = (pd.read_csv(CASES / f"cars-marks.{part}.csv") for part in ("train", "test"))
    marked, blank = train.drop(columns="price"), train.drop(columns="price").replace("?", np.nan)
    numbers = ["km", "hp", "year", "engine", "tax"]
    model = regressor().fit(marked, train["price"])
    other = regressor().fit(blank.astype(dict.fromkeys(numbers, float)), train["price"])
    rows = test.drop(columns="price")
    np.testing.assert_array_equal(model.predict(rows), other.predict(rows))
    assert root_mean_squared_error(test["price"], model.predict(rows)) < 2_600
    kinds = model.columns_.set_index("column")["kind"]
    assert kinds[numbers].eq("number").all()
    assert kinds["sold"] == "date"


@pytest.fixture(scope="module")
def typed() -> EvolvedRegressor:
    """Return a model of the first 200 cars."""
    X, y = cars()
    return regressor().fit(X[:200], y[:200])


WRITTEN = {
    "strings": lambda X: X.astype(str),
    "objects": lambda X: X.astype(object),
    "dollars": lambda X: X.assign(km=X["km"].map("${:,}".format)),
    "units": lambda X: X.assign(km=X["km"].map("{} km".format), hp=X["hp"].map("{} HP".format)),
    "commas": lambda X: X.assign(hp=X["hp"].map("{},0".format)),
    "percents": lambda X: X.assign(hp=X["hp"].map("{} %".format)),
    "day first": lambda X: X.assign(sold=X["sold"].dt.strftime("%d.%m.%Y")),
    "month first": lambda X: X.assign(sold=X["sold"].dt.strftime("%m/%d/%Y")),
    "months in words": lambda X: X.assign(sold=X["sold"].dt.strftime("%d %b %Y")),
    "yes and no": lambda X: X.assign(new=np.where(X["new"], "yes", "no")),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_column_is_the_same_however_it_is_written_in_fit_and_predict(
    typed: EvolvedRegressor, name: str
) -> None:
    X, y = cars()
    written = WRITTEN[name](X)
    expected = typed.predict(X[200:])
    again = regressor().fit(written[:200], y[:200])
    np.testing.assert_allclose(again.predict(written[200:]), expected, rtol=1e-9)
    np.testing.assert_allclose(again.predict(X[200:]), expected, rtol=1e-9)
    assert np.corrcoef(expected, y[200:])[0, 1] > 0.9


LATER = {
    "booleans as words": (lambda X: X.assign(new=X["new"].map({True: "yes", False: "No"}))),
    "booleans as texts": (lambda X: X.assign(new=X["new"].astype(str))),
    "comma": (lambda X: X.assign(hp=X["hp"].map("{},0".format))),
    "thousands": (lambda X: X.assign(km=X["km"].map("{:,}".format))),
    "day first": (lambda X: X.assign(sold=X["sold"].dt.strftime("%d.%m.%Y"))),
    "milliseconds": (lambda X: X.assign(sold=X["sold"].astype("datetime64[ms]").astype("int64"))),
    "a category": (lambda X: X.assign(brand=X["brand"].astype("category"))),
    "a dictionary": (lambda X: X.to_dict("records")),
    "of JSON": (
        lambda X: pd.read_json(__import__("io").StringIO(X.to_json()), convert_dates=False)
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_a_value_of_another_type_is_read_by_the_schema_of_fit(
    typed: EvolvedRegressor, name: str
) -> None:
    X, _ = cars()
    expected, other = typed.predict(X[200:]), LATER[name](X[200:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(typed.predict(other), expected, rtol=1e-9)


def test_values_without_a_reading_are_told_once_for_each_column_with_an_example(
    typed: EvolvedRegressor,
) -> None:
    X, _ = cars()
    odd = X[200:].astype({"km": object})
    odd.iloc[3:5, 0] = "many"
    with pytest.warns(DataWarning, match=r"Column 'km' is read as a number, and 2 .* 'many'"):
        typed.predict(odd)
    with pytest.raises(InputError, match=r"`X` must have values in column 'km' that can be read"):
        typed.predict(odd.assign(km="many"))


def test_categories_and_numbers_unlike_those_of_the_training_table_are_told(
    typed: EvolvedRegressor,
) -> None:
    X, _ = cars()
    with pytest.warns(DataWarning, match=r"Column 'brand' has 100 of 100 values not among"):
        typed.predict(X[200:].assign(brand="ALBA"))
    with pytest.warns(DataWarning, match=r"Column 'km' has 100 of 100 values outside"):
        typed.predict(X[200:].assign(km=-1))


def test_a_row_number_and_an_identifier_are_left_out_and_said() -> None:
    table = pd.read_csv(CASES / "bank-index.train.csv")
    X, y = table.drop(columns="default"), table["default"]
    with pytest.warns(DataWarning, match="looks like the number of the row"):
        model = classifier().fit(X.assign(code=[f"C-{n:05d}" for n in range(len(X))]), y)
    assert [one.code for one in model.warnings_][:2] == ["row-number", "identifier"]
    assert model.best_score_ < 0.9
    assert "Unnamed: 0" not in model.best_pipeline_.feature_names_in_
    known = model.predict(X.drop(columns="Unnamed: 0"))
    assert (known == model.predict(X)).all()


def test_more_columns_are_ignored_with_one_warning_and_no_rows_give_no_rows() -> None:
    X, y = cars()
    model = regressor().fit(X, y)
    with pytest.warns(DataWarning, match=r"which are ignored: \['more'\]"):
        found = model.predict(X.assign(more=1))
    np.testing.assert_array_equal(found, model.predict(X))
    assert model.predict(X[:0]).shape == (0,)
    labels = classifier().fit(X, np.where(y > np.median(y), "dear", "cheap"))
    assert labels.predict_proba(X[:0]).shape == (0, 2)
    assert labels.predict(X[:0]).shape == (0,)


def test_a_row_with_names_is_a_table_of_one_row(typed: EvolvedRegressor) -> None:
    X, _ = cars()
    expected = typed.predict(X[:1])
    row = X.iloc[0]
    for one in (row, row.to_dict(), [row.to_dict()], X[:1].to_dict("list"), dict(X[:1])):
        np.testing.assert_allclose(typed.predict(one), expected, rtol=1e-12)
    with pytest.raises(InputError, match="`X` must have columns of one length"):
        typed.predict({"km": [1, 2], "hp": [1]})


def test_names_that_are_no_strings_are_one_rule() -> None:
    X, y = cars()
    numbered = X[["km", "hp"]].set_axis([0, 2], axis=1)
    for table in (numbered, numbered.set_axis([1, 2], axis=1)):
        with pytest.raises(InputTypeError, match=r"X\.columns = X\.columns\.astype\(str\)"):
            regressor().fit(table, y)
    plain = numbered.set_axis([0, 1], axis=1)
    model = regressor().fit(plain, y)
    np.testing.assert_array_equal(model.predict(plain), model.predict(plain.to_numpy()))
    levels = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])
    with pytest.raises(InputTypeError, match="MultiIndex"):
        regressor().fit(numbered.set_axis(levels, axis=1), y)


def test_a_nested_column_is_one_error_that_names_it() -> None:
    X, y = cars()
    with pytest.raises(InputTypeError, match="a list in column 'tags'"):
        regressor().fit(X.assign(tags=[["a", "b"]] * len(X)), y)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_tables_of_other_libraries_are_read_by_name(library: str) -> None:
    other = pytest.importorskip(library)
    X, y = cars()
    native = other.from_pandas(X) if library == "polars" else other.Table.from_pandas(X)
    model = regressor().fit(native, y)
    expected = model.predict(X)
    turned = native.select(list(X.columns[::-1]))
    np.testing.assert_allclose(model.predict(turned), expected, rtol=1e-12)
    assert list(model.feature_names_in_) == list(X.columns)


def test_a_sparse_matrix_is_made_dense_where_it_is_small() -> None:
    X, y = cars()
    matrix = sparse.csr_matrix(X[["km", "hp"]].to_numpy(float))
    model = regressor().fit(matrix, y)
    np.testing.assert_array_equal(model.predict(matrix), model.predict(matrix.toarray()))
    with pytest.raises(InputError, match="predict it in several parts"):
        model.predict(sparse.csr_matrix((10**9, 2)))


def words(rows: int, features: int) -> tuple[sparse.csr_matrix, pd.Series[Any]]:
    """Return counts of many words, of which twenty tell the target."""
    rng = np.random.default_rng(0)
    places = np.repeat(np.arange(rows), 20), rng.integers(0, features - 20, 20 * rows)
    others = sparse.coo_matrix((np.ones(20 * rows), places), (rows, features - 20))
    telling = rng.poisson(0.5, (rows, 20))
    y = np.where(telling @ rng.normal(size=20) > 0, "ham", "spam")
    return sparse.csr_matrix(sparse.hstack([others, telling])), pd.Series(y, name="sort")


def test_a_large_sparse_matrix_stays_sparse(tmp_path: Path) -> None:
    X, y = words(400, 2_000_000)  # 6.4 GB as a dense table
    model = classifier().fit(X[:300], y[:300])
    assert model.n_features_in_ == 2_000_000
    assert list(model.columns_["kind"]) == ["sparse"]
    assert model.score(X[300:], y[300:]) > 0.7
    assert not hasattr(model, "feature_names_in_")
    probabilities = model.predict_proba(X)
    one = model.predict_proba(X[7].toarray())
    np.testing.assert_allclose(one, probabilities[7:8], rtol=1e-9)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(again.predict_proba(X), probabilities, rtol=1e-9)
    with pytest.raises(InputError, match="X has 1999999 features"):
        model.predict(X[:, :-1])
    sparse.save_npz(tmp_path / "train.npz", X[:300])
    sparse.save_npz(tmp_path / "new.npz", X[300:])
    y[:300].to_csv(tmp_path / "targets.csv", index=False)
    model.export(tmp_path / "model.py")
    files = [tmp_path / "train.npz", tmp_path / "targets.csv", "--predict", tmp_path / "new.npz"]
    run_exported(tmp_path / "model.py", *files, "--out", tmp_path / "found.csv")
    found = pd.read_csv(tmp_path / "found.csv")
    assert list(found["prediction"]) == list(model.predict(X[300:]))
    np.testing.assert_allclose(found["probability_ham"], probabilities[300:, 0], atol=1e-6)


def test_a_large_sparse_matrix_that_no_encoder_takes_is_refused_with_its_bytes() -> None:
    X, y = words(300, 200_000)
    catalogue = default_catalogue()
    encoder = catalogue["Encoder"]
    dense = {role: one for role, one in TREATMENTS.items() if role != "sparse"}
    space = replace(
        encoder,
        space=partial(encoder_space, dense),
        suits=partial(encoder_suits, dense),
        weight=1.0,
    )
    with pytest.raises(InputError, match="takes 480000000 bytes as a dense table"):
        classifier(search_space=Catalogue([space, catalogue["GaussianNB"]])).fit(X, y)


def test_missing_values_of_a_large_sparse_matrix_are_refused() -> None:
    X, y = words(300, 200_000)
    X.data[0] = np.nan
    with pytest.raises(InputError, match=r"`X` must be a matrix of numbers.*finite"):
        classifier().fit(X, y)


def evolver(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run on the table of a shop."""
    folder = tmp_path_factory.mktemp("shop")
    train = ["fit", CASES / "shop.train.csv", "--target", "y", "--out", folder / "run"]
    result = evolver(*train, "--evaluations", 3, "--jobs", 1, "--seed", 0)
    assert result.exit_code == 0, result.output
    return folder


def test_a_part_of_a_file_gets_the_predictions_of_its_rows_in_the_whole_file(shop: Path) -> None:
    whole, part = (pd.read_csv(CASES / f"shop.{one}.csv", dtype=str) for one in ("test", "part"))
    found = {}
    for one in ("test", "part"):
        result = evolver(
            "predict", shop / "run", CASES / f"shop.{one}.csv", "--out", shop / "p.csv"
        )
        assert result.exit_code == 0, result.output
        found[one] = pd.read_csv(shop / "p.csv")["probability_buys"]
        run_exported(
            shop / "run" / "winner.py",
            *(CASES / "shop.train.csv", "--predict", CASES / f"shop.{one}.csv"),
            *("--out", shop / f"{one}.csv"),
        )
    rows = whole.merge(part, how="left", indicator=True)["_merge"].eq("both").to_numpy()
    np.testing.assert_allclose(found["test"][rows], found["part"], rtol=1e-9)
    alone = {one: pd.read_csv(shop / f"{one}.csv")["probability_buys"] for one in found}
    np.testing.assert_allclose(alone["test"][rows], alone["part"], rtol=1e-9)


def test_a_separator_at_the_end_of_each_row_shifts_no_column(tmp_path: Path) -> None:
    train, test = (CASES / f"cars-trailing.{part}.csv" for part in ("train", "test"))
    arguments = ["--target", "price", "--evaluations", 2, "--jobs", 1, "--seed", 0]
    result = evolver("fit", train, *arguments, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    result = evolver("predict", tmp_path / "run", test, "--out", tmp_path / "p.csv")
    assert result.exit_code == 0, result.output
    prices = pd.read_csv(test, index_col=False)["price"]
    found = pd.read_csv(tmp_path / "p.csv")["prediction"]
    assert root_mean_squared_error(prices, found) < 3_000


def test_inspect_says_how_a_table_is_read_and_what_looks_wrong() -> None:
    result = evolver("inspect", CASES / "bank-index.train.csv", "--target", "default")
    assert result.exit_code == 0, result.output
    assert "row number" in result.stdout
    assert "Target 'default': classification." in result.stdout
    assert "Warning: Column 'Unnamed: 0' looks like the number of the row" in result.stderr
    used = ["--column", "Unnamed: 0=number", "--column", "balance=ignore"]
    result = evolver("inspect", CASES / "bank-index.train.csv", "--target", "default", *used)
    assert "Warning" not in result.output
    assert ["balance", "ignore"] in [line.split()[:2] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("zip", "must be a column and its kind such as zip=category"),
        ("zip=postcode", "`columns` must give each column one of number"),
        ("code=number", "`columns` must name columns of `X`, got 'code'"),
    ],
)
def test_a_wrong_kind_of_a_column_is_one_clear_line(option: str, message: str) -> None:
    result = evolver("inspect", CASES / "shop.train.csv", "--target", "y", "--column", option)
    assert result.exit_code != 0
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_caller_says_what_columns_are_and_the_exported_file_reads_them_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    size = rng.choice(["S", "M", "L"], 200)
    X = pd.DataFrame({"size": size, "zip": rng.integers(1, 6, 200), "note": rng.normal(size=200)})
    y = pd.Series(np.select([size == "S", size == "M"], [1.0, 2.0], 3.0), name="price")
    columns = {"size": ["S", "M", "L"], "zip": "category", "note": "ignore"}
    model = regressor(columns=columns).fit(X, y)
    assert model.columns_["kind"].tolist() == ["ordered", "category", "ignore"]
    assert "note" not in model.best_pipeline_.feature_names_in_
    model.export(tmp_path / "model.py")
    X.assign(price=y).to_csv(tmp_path / "train.csv", index=False)
    X.drop(columns="note").to_csv(tmp_path / "new.csv", index=False)
    files = [tmp_path / "train.csv", "--predict", tmp_path / "new.csv", "--out", tmp_path / "p.csv"]
    run_exported(tmp_path / "model.py", *files)
    found = pd.read_csv(tmp_path / "p.csv")["prediction"]
    np.testing.assert_allclose(found, model.predict(X), rtol=1e-9)


def test_a_name_that_stands_twice_in_the_header_is_an_error(tmp_path: Path) -> None:
    table = CASES / "bank-name-twice.csv"
    result = evolver("fit", table, "--target", "default", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "a name for each column, got 'default' 2 times" in result.output


@pytest.mark.parametrize(
    ("value", "is_code"),
    [
        ("007", True),
        ("00501", True),
        ("01.5", True),
        ('"007"', True),
        ("007\r", True),
        ("01.02.2020", False),
        ("01/02/2020", False),
        ("08:30", False),
        ("01-02-2020", False),
        ("0.5", False),
        ("100", False),
    ],
)
@pytest.mark.parametrize("before", [3, 60_000])
def test_a_number_with_a_zero_in_front_is_found_and_a_date_is_none(
    tmp_path: Path, value: str, is_code: bool, before: int
) -> None:
    file = tmp_path / "table.csv"
    rows = ["count,code\n", *["105,12\n"] * before, f"1,{value}\n", "2,\n"]
    file.write_bytes("".join(rows).encode())
    assert _may_have_codes(file) == is_code


def test_whole_numbers_beside_dates_stay_numbers_and_codes_beside_them_texts(
    tmp_path: Path,
) -> None:
    file = tmp_path / "table.csv"
    file.write_text("day,count,code,y\n01.02.2020,1,007,a\n02.02.2020,2,123,b\n")
    table = read_training_table(file, "y")
    assert table["count"].tolist() == [1, 2]
    assert table["code"].tolist() == ["007", "123"]
    file.write_text("day,count,y\n01.02.2020,1,a\n02.02.2020,2,b\n")
    assert read_training_table(file, "y").dtypes["count"] == np.int64


def test_a_category_of_numbers_is_read_from_a_file_as_it_is_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    size = rng.choice(["1.0", "2.0", "3.50"], 200)
    y = np.where((size == "2.0") ^ (rng.random(200) < 0.05), "yes", "no")
    table = pd.DataFrame({"size": size, "other": rng.normal(size=200), "y": y})
    table[:150].to_csv(tmp_path / "train.csv", index=False)
    table[150:].to_csv(tmp_path / "new.csv", index=False)
    options = ["--target", "y", "--evaluations", "4", "--seed", "0", "--jobs", "1", "--time", "60s"]
    run = tmp_path / "run"
    given = [*options, "--column", "size=category", "--out", run]
    result = evolver("fit", tmp_path / "train.csv", *given)
    assert result.exit_code == 0, result.output
    result = evolver("predict", run, tmp_path / "new.csv", "--out", tmp_path / "found.csv")
    assert result.exit_code == 0, result.output
    assert "not among the categories" not in result.output
    found = pd.read_csv(tmp_path / "found.csv")["prediction"]
    assert (found == y[150:]).mean() > 0.85
