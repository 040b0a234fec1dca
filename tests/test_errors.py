"""Suggestions of names in error messages."""

from __future__ import annotations

import pytest

from evolver.errors import did_you_mean

NAMES = ["LGBMClassifier", "RandomForestClassifier", "LogisticRegression", "PCA", "KernelPCA"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("LGMB", " Did you mean LGBMClassifier?"),
        ("LGBMRegressor", " Did you mean LGBMClassifier?"),
        ("logisticregresion", " Did you mean LogisticRegression?"),
        ("forest", " Did you mean RandomForestClassifier?"),
        ("pca", " Did you mean KernelPCA or PCA?"),
        ("anything", ""),
        ("", ""),
    ],
)
def test_names_that_are_near_are_suggested(word: str, expected: str) -> None:
    assert did_you_mean(word, NAMES) == expected
