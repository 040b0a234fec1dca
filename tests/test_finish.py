"""The final fits of a run."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import IntDistribution
from sklearn.tree import ExtraTreeRegressor

from evolver import EvolvedRegressor, Settings
from primitives import REGRESSION, Features, Prediction, Primitive, default_catalogue
from tests.tables import small_table

ROWS, WORKERS = 120, 4


class NotedTree(ExtraTreeRegressor):
    """Says in a folder when it was fitted on how many rows, with which random state."""

    def __init__(self, folder: str, max_depth: int = 3, random_state: int = 0) -> None:
        super().__init__(max_depth=max_depth, random_state=random_state)
        self.folder = folder

    def fit(self, X: np.ndarray, y: np.ndarray) -> NotedTree:
        start = time.time()
        fitted: NotedTree = super().fit(X, y)
        time.sleep(0.3 if len(y) == ROWS else 0.0)
        note = f"{len(y)} {self.random_state} {start} {time.time()}"
        (Path(self.folder) / str(time.time_ns())).write_text(note)
        return fitted


def test_all_workers_fit_repeats_of_several_members_at_once(tmp_path: Path) -> None:
    build: Any = partial(NotedTree, str(tmp_path))
    space = {"max_depth": IntDistribution(1, 12)}
    noted = Primitive("NotedTree", (Features,), Prediction, build, space, tasks=REGRESSION)
    catalogue = default_catalogue().only("MedianOneHot", "StandardScaler").add(noted)
    model = EvolvedRegressor(
        time_budget=None,
        max_evaluations=30,
        search_space=catalogue,
        n_jobs=WORKERS,
        random_state=0,
        verbose=0,
        settings=Settings(portfolio_size=0),
    ).fit(*small_table("regression", ROWS))
    assert len(model.ensemble_.estimators_) > 1
    notes = np.array([file.read_text().split() for file in tmp_path.iterdir()], float)
    final = notes[notes[:, 0] == ROWS]
    repeats = final[np.isin(final[:, 1] - 1, final[:, 1])]
    under_way = [((repeats[:, 2] <= one) & (one < repeats[:, 3])).sum() for one in repeats[:, 2]]
    assert len(repeats) == 2 * len(model.ensemble_.estimators_)
    assert max(under_way) > 2
