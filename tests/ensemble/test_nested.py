"""Excess of an ensemble whose library was chosen on the folds that it is scored on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.ensemble.nested import library_excess
from tests.ensemble.test_selection import FOLDS, TARGETS, blends, library

OTHERS = [[other for other in range(FOLDS) if other != fold] for fold in range(FOLDS)]


def test_a_library_of_candidates_that_are_lucky_on_a_fold_is_corrected() -> None:
    plain, near = library([1.0] * 6), library([0.2] * 6, seed=1)
    lucky = [[good[0], *usual[1:]] for good, usual in zip(near, plain, strict=True)]
    excess = library_excess(lucky, [plain, *[lucky] * (FOLDS - 1)], OTHERS, blends, 4)
    assert excess > 0.1 / FOLDS
    # The other way round, the library of all folds is the worse one.
    assert library_excess(plain, [lucky, *[plain] * (FOLDS - 1)], OTHERS, blends, 4) == 0


def test_weights_that_folds_of_the_same_rows_have_chosen_are_corrected() -> None:
    """The second half of the folds repeats the rows of the first."""
    first = [TARGETS[0], TARGETS[1], TARGETS[0], TARGETS[1]]

    def repeated(fold: int, predictions: np.ndarray) -> np.ndarray:
        return -((predictions - first[fold]) ** 2).mean(axis=1)

    rng = np.random.default_rng(0)
    mine = []
    for _ in range(8):
        noise = [rng.normal(size=len(TARGETS[0])) for _ in range(2)]
        mine.append([noise[fold % 2] + first[fold] for fold in range(4)])
    excess = library_excess(mine, [mine] * 4, [[1, 3], [0, 2], [1, 3], [0, 2]], repeated, 4)
    assert excess > 0
    assert library_excess(mine, [mine] * 4, OTHERS, repeated, 4) == 0


@given(st.integers(0, 99), st.integers(2, 6))
def test_the_excess_is_nothing_where_the_libraries_are_equal_and_never_negative(
    seed: int, most: int
) -> None:
    rng = np.random.default_rng(seed)
    mine = library(rng.uniform(0.5, 1.5, 6).tolist(), seed)
    others = library(rng.uniform(0.5, 1.5, 6).tolist(), seed + 1)
    assert library_excess(mine, [mine] * FOLDS, OTHERS, blends, most) == 0
    assert library_excess(mine, [list(mine)] * FOLDS, OTHERS, blends, most) == pytest.approx(0)
    assert library_excess(mine, [others] * FOLDS, OTHERS, blends, most) >= 0
