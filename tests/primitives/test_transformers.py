"""Our own transformers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import check_estimator

from primitives.cleaning import TableCleaner
from primitives.construction import log_target
from primitives.text import RidgeTargetEncoder
from primitives.transformers import (
    AtMostColumns,
    BestFamilyWise,
    BoundedLog,
    OutOfFoldPredictions,
)
from tests.tables import small_table

MESSY = pd.DataFrame(
    {
        "whole": [1, 2, 3, 4],
        "nullable": pd.array([1, None, 3, 4], dtype="Int64"),
        "flag": [True, False, True, True],
        "missable flag": pd.array([True, None, False, True], dtype="boolean"),
        "infinite": [1.0, np.inf, -np.inf, 2.0],
        "text": ["a", "b", None, "a"],
        "category": pd.Categorical(["x", None, "y", "x"]),
        "numbers as objects": np.array([1, 2.5, None, 4], dtype=object),
        "mixed": np.array([1, "one", None, 2.0], dtype=object),
        "date": pd.to_datetime(["2024-01-31", None, "2024-02-29", "2025-12-01"]),
        "date as text": ["2024-01-31", "2024-02-29T12:00", None, "2025-12-01"],
        "nothing": [None, None, None, None],
    }
)


def test_every_column_becomes_numbers_or_strings_with_nan() -> None:
    clean = TableCleaner().fit_transform(MESSY)
    for name in clean.columns:
        if name in ("text", "category", "mixed"):
            assert isinstance(clean[name].dtype, pd.StringDtype)
            assert clean[name].isna().sum() == 1
        else:
            assert clean[name].dtype == np.float64
    assert clean["infinite"].isna().tolist() == [False, True, True, False]
    assert clean["date (month)"].tolist()[2:] == [2.0, 12.0]
    assert clean["date as text (hour)"][1] == 12.0


def sentences(rows: int) -> pd.Series:
    """Return different texts of many words, with every ninth missing."""
    texts = [
        f"the {number}th of all that was ever said or written" if number % 9 else None
        for number in range(rows)
    ]
    return pd.Series(texts, name="text")


@pytest.mark.parametrize(
    ("column", "form", "form_alone"),
    [
        (sentences(100), "text", "text"),
        (sentences(100).astype(object), "text", "text"),
        (sentences(5_000)[::7], "text", "text"),
        (sentences(100).str[:12], "string", "text"),
        (sentences(15), "string", "string"),
        (sentences(100).astype("category"), "string", "string"),
        (sentences(20).iloc[np.arange(100) % 20], "string", "string"),
    ],
    ids=["sentences", "objects", "many", "names", "few", "category", "repeated"],
)
def test_most_values_of_a_text_are_different_and_long_unless_alone(
    column: pd.Series, form: str, form_alone: str
) -> None:
    column = column.reset_index(drop=True)
    alone = column.to_frame()
    for table, expected in ((alone.assign(number=1.0), form), (alone, form_alone)):
        cleaner = TableCleaner().fit(table)
        assert cleaner.forms_["text"] == expected
        clean = cleaner.transform(table)
        assert (clean["text"].dtype == object) == (expected == "text")
        assert clean["text"].isna().tolist() == column.isna().tolist()
        assert clean["text"].dropna().tolist() == column.dropna().astype(str).tolist()
        if column.dtype != "category":
            pd.testing.assert_frame_equal(TableCleaner().fit_transform(clean), clean)


def test_texts_of_other_rows_may_be_anything() -> None:
    cleaner = TableCleaner().fit(sentences(100).to_frame())
    other = np.array([1, 2.5, None, "some"], dtype=object)
    clean = cleaner.transform(pd.DataFrame({"text": other}))["text"]
    assert clean.dtype == object
    assert clean.fillna("gap").tolist() == ["1", "2.5", "gap", "some"]
    numbers = cleaner.transform(pd.DataFrame({"text": [1.0, np.nan]}))["text"]
    assert numbers.fillna("gap").tolist() == ["1", "gap"]


def test_dates_may_be_far_away() -> None:
    dates = ["0001-01-01", "9999-12-31", None]
    known = pd.DataFrame({"when": ["2024-01-31", "2024-02-29", None]})
    far = pd.Series(dates).astype("datetime64[us]")
    for column in (pd.Series(dates), far):
        clean = TableCleaner().fit(known).transform(pd.DataFrame({"when": column}))
        assert clean["when (year)"].tolist()[:2] == [1.0, 9999.0]
        assert clean["when (days)"].tolist()[:2] == [-719_162.0, 2_932_896.0]
        assert clean["when (days)"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("other", [[1.0, 2.0], ["a", "b"]])
def test_the_parts_of_a_date_leave_other_columns_as_they_are(other: list[object]) -> None:
    table = pd.DataFrame({"when": ["2024-01-31", "2025-02-28"], "when (year)": other})
    clean = TableCleaner().fit_transform(table)
    assert clean["when (year)"].tolist() == other
    assert clean["when (year)'"].tolist() == [2024.0, 2025.0]
    assert clean.columns.is_unique


def test_codes_are_the_same_in_a_table_that_has_only_numbers_of_them() -> None:
    """A column of whole numbers is read as floats if some are missing."""
    codes = TableCleaner().fit(pd.DataFrame({"code": ["1", "2", "A7"], "group": ["a", "b", "c"]}))
    later = pd.DataFrame({"code": [1.0, np.nan, 2.5], "group": pd.Categorical([3.0, np.nan, 0.5])})
    clean = codes.transform(later)
    assert clean["code"].fillna("gap").tolist() == ["1", "gap", "2.5"]
    assert clean["group"].fillna("gap").tolist() == ["3", "gap", "0.5"]


def test_what_is_clean_stays_as_it_is() -> None:
    clean = TableCleaner().fit_transform(MESSY)
    pd.testing.assert_frame_equal(TableCleaner().fit_transform(clean), clean)


def test_columns_are_taken_by_name() -> None:
    cleaner = TableCleaner().fit(MESSY)
    shuffled = MESSY[MESSY.columns[::-1]]
    pd.testing.assert_frame_equal(cleaner.transform(shuffled), cleaner.transform(MESSY))
    with pytest.raises(ValueError, match=r"missing columns \['text'\]"):
        cleaner.transform(MESSY.drop(columns="text"))
    with pytest.raises(ValueError, match=r"unexpected columns \['more'\]"):
        cleaner.transform(MESSY.assign(more=1))


def test_text_where_a_number_was_is_missing() -> None:
    cleaner = TableCleaner().fit(pd.DataFrame({"a": [1.0, 2.0]}))
    assert cleaner.transform(pd.DataFrame({"a": ["3", "junk"]}))["a"].isna().tolist() == [
        False,
        True,
    ]


def test_the_input_is_left_alone() -> None:
    before = MESSY.copy(deep=True)
    TableCleaner().fit_transform(MESSY)
    pd.testing.assert_frame_equal(MESSY, before)


def test_components_are_lowered_to_the_columns() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    assert AtMostColumns(TruncatedSVD(10)).fit_transform(X).shape == (20, 3)
    model = AtMostColumns(PLSRegression(10)).fit(X, X[:, 0])
    assert model.estimator_.n_components == 3
    assert np.allclose(model.predict(X).ravel(), X[:, 0])


def test_family_wise_selection_keeps_the_best_of_noise() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 2, size=40)
    selector = BestFamilyWise(alpha=1e-9).fit(X, y)
    assert selector.get_support().nonzero()[0].tolist() == [np.argmin(selector.pvalues_)]


def test_stacked_predictions_of_rows_fitted_on_come_from_models_that_have_not_seen_them() -> None:
    """One neighbour knows the rows it was fitted on; labels are noise, so it predicts no other."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 4)), rng.integers(0, 2, size=300)
    stacked = OutOfFoldPredictions(KNeighborsClassifier(1), random_state=0)
    honest = stacked.fit_transform(X, y).ravel()
    assert np.mean(honest == y) < 0.6
    assert np.mean(stacked.transform(X).ravel() == y) == 1.0


@pytest.mark.parametrize(("classes", "columns"), [(2, 1), (4, 3)])
def test_texts_of_rows_fitted_on_are_encoded_by_models_that_have_not_seen_them(
    classes: int, columns: int
) -> None:
    """Every row has a word of its own, and labels are noise."""
    texts = [f"word{number}" for number in range(300)]
    X = HashingVectorizer(n_features=2**16, alternate_sign=False).transform(texts)
    y = np.random.default_rng(0).integers(0, classes, size=300)
    encoder = RidgeTargetEncoder(0.1, "binary" if classes == 2 else "multiclass", random_state=0)
    honest = encoder.fit_transform(X, y)
    assert honest.shape == (300, columns)
    told = y[:, None] == np.unique(y)[1:]
    assert np.abs(honest - honest.mean(axis=0)).max() < 0.1
    assert np.array_equal(encoder.transform(X) > 0.5, told)


def test_numbers_are_encoded_as_they_are() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    texts = ["high" if number > 0 else "low" for number in y]
    X = HashingVectorizer(n_features=2**10, alternate_sign=False).transform(texts)
    encoded = RidgeTargetEncoder(random_state=0).fit_transform(X, y)
    assert encoded.shape == (300, 1)
    assert encoded[y > 0].mean() == pytest.approx(y[y > 0].mean(), abs=0.05)


def test_weights_reach_the_stacked_model() -> None:
    X, y = small_table("binary")
    numbers = X[["second", "third"]].to_numpy()
    weights = np.where(y == y[0], 100.0, 1.0)
    stacked = OutOfFoldPredictions(LogisticRegression(), random_state=0).fit(numbers, y, weights)
    plain = OutOfFoldPredictions(LogisticRegression(), random_state=0).fit(numbers, y)
    assert abs(stacked.transform(numbers).mean() - plain.transform(numbers).mean()) > 0.1


def test_scikit_learn_finds_nothing_to_complain_of() -> None:
    results = check_estimator(BestFamilyWise(), on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


class TestBoundedLog:
    def test_scikit_learns_own_checks_pass(self) -> None:
        results = check_estimator(BoundedLog(), on_skip=None, on_fail=None)
        failed = {one["check_name"] for one in results if one["status"] == "failed"}
        assert failed == set()

    def test_what_it_has_seen_comes_back(self) -> None:
        values = np.array([[0.0], [3.5], [1e6]])
        bounded = BoundedLog().fit(values)
        np.testing.assert_allclose(bounded.inverse_transform(bounded.transform(values)), values)

    def test_what_is_far_beyond_comes_back_near_to_what_it_has_seen(self) -> None:
        bounded = BoundedLog(margin=0.5).fit(np.expm1([[1.0], [3.0]]))
        far = bounded.inverse_transform([[-20.0], [20.0]])
        np.testing.assert_allclose(np.log1p(far), [[0.0], [4.0]], atol=1e-12)


def test_a_model_of_the_logarithm_is_not_wrong_by_a_factor() -> None:
    X = np.linspace(0, 1, 50).reshape(-1, 1)
    model = log_target(LinearRegression()).fit(X, np.expm1(10 * X[:, 0]))
    assert model.predict([[3.0]])[0] < np.expm1(11.1)
