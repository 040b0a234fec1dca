"""Statistics of texts, and their topics."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from primitives.text import TextStatistics, read_texts, topics_of_texts


def texts(rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return random texts of letters; those of one class are three times as long."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=rows)
    words = [rng.choice(list("abcdefgh"), size=5 + 10 * one) for one in y]
    return pd.DataFrame({"text": [" ".join(one) for one in words]}, dtype=object), y


def test_characters_words_digits_capitals_and_marks_are_counted() -> None:
    values = ["Call 0800-12, NOW!!", None, "\u00dcber\nuns"]
    X = pd.DataFrame({"a": values, "b": ["x"] * 3}, dtype=object)
    counted = np.expm1(TextStatistics().fit_transform(X))
    np.testing.assert_allclose(counted[:, :5], [[19, 4, 6, 4, 4], [0] * 5, [8, 2, 0, 0, 0]])
    np.testing.assert_allclose(counted[:, 5:], [[1, 1, 0, 0, 0]] * 3)
    names = TextStatistics().fit(X).get_feature_names_out()
    assert list(names[:2]) == ["a (characters)", "a (words)"]
    assert len(names) == 10


@pytest.mark.parametrize("statistics", [False, True])
def test_statistics_stand_beside_what_is_read(statistics: bool) -> None:
    X, y = texts(200)
    reading = read_texts("words", 1.0, "binary", 0, statistics).fit_transform(X, y)
    topics = topics_of_texts("words", 7, 0, statistics).fit_transform(X, y)
    assert reading.shape == (200, 1 + 5 * statistics)
    assert topics.shape == (200, 7 + 5 * statistics)
    if statistics:
        assert np.corrcoef(reading[:, 1], y)[0, 1] > 0.99


def test_topics_do_not_depend_on_the_target() -> None:
    X, y = texts(100)
    one, other = (
        topics_of_texts("characters", 5, 0).fit_transform(X, target) for target in (y, 1 - y)
    )
    np.testing.assert_array_equal(one, other)


def test_texts_that_tell_nothing_of_new_rows_tell_nothing_of_the_training_rows() -> None:
    rng = np.random.default_rng(0)
    names = rng.choice(10**6, size=(400, 4))
    X = pd.DataFrame({"text": [" ".join(map(str, row)) for row in names]}, dtype=object)
    y = rng.integers(0, 2, size=400)
    reading = read_texts("words", 0.5, "binary", 0, statistics=True)
    for feature in reading.fit_transform(X, y)[:, :1].T:
        assert abs(np.corrcoef(feature, y)[0, 1]) < 0.2
    assert np.corrcoef(reading.transform(X)[:, 0], y)[0, 1] > 0.9
