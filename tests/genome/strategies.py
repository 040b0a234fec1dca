"""Random trees over the default catalogue, for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from evolver.genome.tree import Tree, grow
from primitives import Catalogue, Prediction
from tests.pipelines import catalogue

CATALOGUES = {task: catalogue(task) for task in ("binary", "multiclass", "regression")}

seeds = st.integers(0, 2**32 - 1)
spaces = st.sampled_from(list(CATALOGUES.values()))


def random_tree(space: Catalogue, seed: int, steps: int = 10) -> Tree:
    """Return a tree with 2 to `steps` steps at most, the same one for a seed."""
    rng = np.random.default_rng(seed)
    return grow(Prediction, space, rng, int(rng.integers(2, steps + 1)))
