"""Final fits of a run: the winner, the members of the ensemble and their repeats."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from optuna.distributions import IntDistribution
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.tree import ExtraTreeRegressor

from evolver import EvolvedRegressor, Settings
from primitives import REGRESSION, Features, Prediction, Primitive, default_catalogue
from tests.pipelines import ONE_HOT
from tests.tables import small_table

ROWS, WORKERS = 120, 4

SLOW_FIT = 3.0
"""Seconds of a slow fit on all rows, more than a search of a few seconds leaves for final fits."""


class NotedTree(ExtraTreeRegressor):
    """Tree that writes number of rows, random state and times of each of its fits to a folder."""

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


@pytest.mark.slow
def test_all_workers_fit_repeats_of_several_members_at_once(tmp_path: Path) -> None:
    build: Any = partial(NotedTree, str(tmp_path))
    space = {"max_depth": IntDistribution(1, 12)}
    noted = Primitive("NotedTree", (Features,), Prediction, build, space, tasks=REGRESSION)
    catalogue = default_catalogue().only("StandardScaler").add(ONE_HOT, noted)
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


class TroubledForest(ExtraTreesRegressor):
    """Forest that can be fitted on every fold, but makes some trouble on all rows.

    Trouble "slow" makes a fit on all rows last until the time of the run is over, "endless" has no
    fit end, and "repeats" lets it be fitted on all rows with its first random state only.
    """

    first: ClassVar[set[int]] = set()

    def __init__(self, trouble: str, max_depth: int = 3, random_state: int = 0) -> None:
        super().__init__(10, max_depth=max_depth, random_state=random_state)
        self.trouble = trouble

    def fit(self, X: np.ndarray, y: np.ndarray) -> TroubledForest:
        if self.trouble == "slow":
            time.sleep(0.05 if len(y) < ROWS else SLOW_FIT)
        elif self.trouble == "endless":
            time.sleep(1_000)
        elif self.trouble == "none":
            pass
        elif len(y) < ROWS:
            self.first.add(self.random_state)
        elif self.trouble == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.trouble == "hanging":
            time.sleep(1_000)
        elif self.trouble == "refused" or self.random_state not in self.first:
            raise ValueError("not with me")
        fitted: TroubledForest = super().fit(X, y)
        return fitted


IN_WORKERS = ("killed", "hanging")
"""Troubles from which only a process of its own protects the run."""


def troubled(trouble: str, others: tuple[str, ...] = (), **changes: Any) -> EvolvedRegressor:
    """Return a regressor whose search space has a forest with a trouble, for the small table."""
    build: Any = partial(TroubledForest, trouble)
    space = {"max_depth": IntDistribution(1, 12)}
    forest = Primitive("TroubledForest", (Features,), Prediction, build, space, tasks=REGRESSION)
    options: dict[str, Any] = {
        "time_budget": None,
        "max_evaluations": 16,
        "cv": 3,
        "n_jobs": 2,
        "random_state": 0,
        "verbose": 0,
        "settings": Settings(portfolio_size=0, lag=4, in_process=trouble not in IN_WORKERS),
    }
    catalogue = default_catalogue().only("StandardScaler", *others).add(ONE_HOT, forest)
    return EvolvedRegressor(search_space=catalogue, **{**options, **changes})


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [("refused", "error: ValueError: not with me"), ("killed", "crash: ")],
)
def test_a_winner_and_a_member_that_cannot_be_fitted_on_all_rows_are_logged(
    trouble: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = troubled(trouble, ("DecisionTreeRegressor",), random_state=8, max_evaluations=16)
    model.fit(*small_table("regression", ROWS))
    pipelines = model.leaderboard_.set_index("digest")["expression"]
    failed = model.statistics_["failed_fits"]
    assert "Troubled" not in str(model.best_pipeline_)
    assert len(failed) >= 2
    for digest, why in failed:
        assert pipelines[digest].startswith("TroubledForest")
        assert why.startswith(reason)
    winner = model.leaderboard_["score"].idxmax()
    messages = [record.getMessage() for record in caplog.records]
    first = f"{pipelines.iloc[winner]} cannot be fitted on all rows: {failed[0][1]}"
    assert messages[0] == f"{first}; the next best candidate is tried."
    assert messages[-1].endswith(f"on all rows: {failed[-1][1]}; the ensemble is without it.")
    assert len(messages) == len(failed)


def test_a_repeat_that_cannot_be_fitted_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    TroubledForest.first.clear()
    model = troubled("repeats").fit(*small_table("regression", ROWS))
    failed = model.statistics_["failed_fits"]
    assert len(failed) == 2 * len(model.ensemble_.estimators_)
    assert caplog.text.count("not with me; the ensemble has fewer fits of it.") == len(failed)
    assert "repeated(" not in model.pareto_front_["expression"][0]


def test_nothing_is_logged_where_every_fit_succeeds(caplog: pytest.LogCaptureFixture) -> None:
    model = troubled(
        "none", max_evaluations=12, settings=Settings(in_process=True, ensemble_size=1)
    )
    model.fit(*small_table("regression", ROWS))
    assert model.statistics_["failed_fits"] == []
    assert caplog.text == ""


SEARCH = ("the number of candidates", "which candidates are scored", "when refinement begins")


class TestDecidedByTime:
    """Decisions of a run that may be others when it is repeated."""

    def test_nothing_without_limits_and_the_model_is_the_same_on_any_number_of_workers(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        X, y = small_table("regression", ROWS)
        settings = Settings(portfolio_size=0, lag=4)
        one, two = (
            troubled("none", ("Ridge",), n_jobs=n_jobs, settings=settings).fit(X, y)
            for n_jobs in (1, 2)
        )
        assert one.statistics_["decided_by_time"] == two.statistics_["decided_by_time"] == []
        assert len(one.ensemble_.estimators_) > 1
        assert "repeated(" in one.pareto_front_["expression"][0]
        pd.testing.assert_frame_equal(one.pareto_front_, two.pareto_front_)
        np.testing.assert_array_equal(one.predict(X), two.predict(X))
        assert caplog.text == ""

    def test_nothing_where_the_budget_is_ample(self) -> None:
        model = troubled("none", time_budget=300.0, max_evaluations=12)
        model.fit(*small_table("regression", ROWS))
        assert model.statistics_["decided_by_time"] == []
        assert model.statistics_["ended_by"] == "evaluations"

    def test_a_search_that_time_ends_and_the_fits_that_it_leaves_no_time_for(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The fit of the winner takes all the time that the search has left."""
        model = troubled("slow", time_budget=3.0, max_evaluations=10_000, cv=2)
        model.fit(*small_table("regression", ROWS))
        decided = model.statistics_["decided_by_time"]
        assert model.statistics_["ended_by"] == "time"
        assert decided[:2] == list(SEARCH[:2])
        late = {"the members of the ensemble", "how often members are fitted", "the honest score"}
        assert decided[-1] in late
        assert SEARCH[2] not in decided
        assert f"Time decided {', '.join(decided)}: another run" in caplog.text

    def test_a_fold_that_takes_too_long(self, caplog: pytest.LogCaptureFixture) -> None:
        settings = Settings(portfolio_size=0, lag=4, fold_timeout=0.5, ensemble_size=1)
        model = troubled("endless", ("Ridge",), max_evaluations=8, settings=settings)
        model.fit(*small_table("regression", ROWS))
        assert "timeout" in set(model.leaderboard_["failure"])
        assert model.statistics_["decided_by_time"] == ["which candidates are scored"]
        assert "Time decided which candidates are scored: another run" in caplog.text

    def test_complexities_that_are_times(self) -> None:
        model = troubled("none", max_evaluations=6, complexity="fit_time")
        model.fit(*small_table("regression", ROWS))
        assert model.statistics_["decided_by_time"] == ["the complexities"]

    @pytest.mark.slow
    def test_a_winner_that_cannot_be_fitted_in_time(self, caplog: pytest.LogCaptureFixture) -> None:
        model = troubled(
            "hanging", ("DecisionTreeRegressor",), time_budget=10.0, max_evaluations=12
        )
        model.fit(*small_table("regression", ROWS))
        assert "which candidate wins" in model.statistics_["decided_by_time"]
        assert not set(SEARCH) & set(model.statistics_["decided_by_time"])
        assert "DecisionTree" in str(model.best_pipeline_)
        assert model.statistics_["failed_fits"][0][1].startswith("timeout: ")

    def test_refinement_begins_when_time_says_so_where_no_number_does(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        # Time has come before the first population is complete, on a machine of any speed.
        settings = Settings(
            portfolio_size=0, lag=4, refinement_start=1e-6, patience=4, in_process=True
        )
        model = troubled(
            "none", time_budget=600.0, max_evaluations=None, population_size=4, settings=settings
        )
        model.fit(*small_table("regression", ROWS))
        assert "refinement" in set(model.leaderboard_["proposer"])
        assert SEARCH[2] in model.statistics_["decided_by_time"]
        assert "Time decided" not in caplog.text
