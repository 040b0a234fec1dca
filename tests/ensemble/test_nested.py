"""Excess of an ensemble whose library was chosen on the folds that it is scored on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.ensemble.nested import library_excess
from tests.ensemble.test_selection import FOLDS, blends, library


def test_a_library_of_candidates_that_are_lucky_on_a_fold_is_corrected() -> None:
    plain, near = library([1.0] * 6), library([0.2] * 6, seed=1)
    lucky = [[good[0], *usual[1:]] for good, usual in zip(near, plain, strict=True)]
    without = [plain, *[None] * (FOLDS - 1)]
    excess = library_excess(lucky, without, blends, 4)
    assert excess > 0.1 / FOLDS
    # The other way round, the library of all folds is the worse one.
    assert library_excess(plain, [lucky, *without[1:]], blends, 4) == 0


@given(st.integers(0, 99), st.integers(2, 6))
def test_the_excess_is_nothing_where_the_libraries_are_equal_and_never_negative(
    seed: int, most: int
) -> None:
    rng = np.random.default_rng(seed)
    mine = library(rng.uniform(0.5, 1.5, 6).tolist(), seed)
    others = library(rng.uniform(0.5, 1.5, 6).tolist(), seed + 1)
    assert library_excess(mine, [None] * FOLDS, blends, most) == 0
    assert library_excess(mine, [mine] * FOLDS, blends, most) == pytest.approx(0)
    assert library_excess(mine, [others] * FOLDS, blends, most) >= 0
