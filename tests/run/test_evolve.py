"""Runs: timing decides nothing but their length, and each ends with a usable model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import pytest
from optuna.distributions import IntDistribution
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from evolver.budget import Budget
from evolver.errors import NoPipelineError
from evolver.execution import memory
from evolver.genome.candidate import Candidate
from evolver.outcome import RACED_OUT, TIME_OVER, Failed, Failure, Scored, Stopped
from evolver.problem import Problem
from evolver.run.evolve import evolve
from evolver.run.plan import RunPlan
from evolver.run.progress import FINAL_FITS, Progress
from evolver.run.proposers import proposer_of
from evolver.run.record import Record
from evolver.run.result import Decision, Result
from evolver.search.portfolio import Experience, Trial, experience_of
from evolver.search.racing import FIRST
from evolver.search.simplification import size_of
from evolver.settings import Settings
from evolver.storage.journal import Journal
from evolver.storage.predictions import Store
from primitives import CLASSIFICATION, Catalogue, Features, Prediction, Primitive, Table
from tests.clock import HUNG
from tests.evaluation.test_fold import problem
from tests.pipelines import catalogue

QUICK = catalogue("binary").only(
    "Encoder",
    "StandardScaler",
    "SelectPercentileFClassif",
    "PCA",
    "Union",
    "GaussianNB",
    "DecisionTreeClassifier",
    "LinearDiscriminantAnalysis",
)


def result_of(
    space: Catalogue = QUICK,
    *,
    seconds: float | None = None,
    evaluations: int | None = None,
    workers: int = 1,
    seed: int = 0,
    population_size: int = 8,
    on: Problem | None = None,
    folder: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    **settings: Any,
) -> Result:
    with closing(Journal(folder)) as journal, TemporaryDirectory() as predictions:
        budget, chosen = Budget(seconds, evaluations), Settings(**settings)
        plan = RunPlan(on or problem(), space, budget, chosen, population_size, workers)
        journal.share(chosen.refinement_share, plan.first_refined)
        return evolve(
            plan,
            rng=np.random.default_rng(seed),
            journal=journal,
            store=Store(Path(predictions), 0),
            progress=progress,
        )


def sequence(result: Result) -> list[tuple[str, float | None]]:
    """Return digest and score of every candidate in the order asked."""
    return [
        (record.candidate.digest, getattr(record.outcome, "score", None))
        for record in result.records
    ]


def with_ladder() -> Problem:
    """Return a problem with two folds of fewer rows."""
    one = problem()
    train, valid = one.folds[0]
    return problem(ladder=[(train[::4], valid), (train[::2], valid)])


@pytest.fixture(scope="module")
def expected() -> Result:
    return result_of(evaluations=30, lag=5, in_process=True)


class TestSameSeed:
    """Runs with the same seed and lag have the same candidates and the same winner."""

    @pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
    def test_the_run_is_the_same_with_any_number_of_workers(
        self, expected: Result, workers: int
    ) -> None:
        again = result_of(evaluations=30, lag=5, workers=workers)
        assert sequence(again) == sequence(expected)
        assert again.winner.digest == expected.winner.digest

    def test_the_candidates_are_the_same_however_long_fits_take(self, expected: Result) -> None:
        """One pipeline waits for a random time when it is built."""

        def waiting() -> LogisticRegression:
            time.sleep(np.random.default_rng().random() / 20)
            return LogisticRegression()

        slow = Primitive("Waiting", (Features,), Prediction, waiting, {}, CLASSIFICATION)
        one, other = (result_of(QUICK.add(slow), evaluations=16, lag=4, workers=2) for _ in "ab")
        assert sequence(one) == sequence(other)

    @pytest.mark.slow
    def test_the_run_is_the_same_with_a_ladder_of_rows(self) -> None:
        pooled = result_of(evaluations=30, lag=5, workers=2, on=with_ladder())
        inline = result_of(evaluations=30, lag=5, in_process=True, on=with_ladder())
        assert sequence(pooled) == sequence(inline)
        assert [type(one.outcome) for one in pooled.records] == [
            type(one.outcome) for one in inline.records
        ]

    def test_another_seed_is_another_search(self, expected: Result) -> None:
        other = result_of(evaluations=30, lag=5, in_process=True, seed=1)
        assert sequence(other) != sequence(expected)

    def test_outcomes_are_used_after_the_lag(self, expected: Result) -> None:
        bred = [record.candidate for record in expected.records if record.candidate.origin.parents]
        assert len(bred) > 12
        numbers = {record.candidate.digest: record.number for record in expected.records}
        for record in expected.records:
            for parent in record.candidate.origin.parents:
                assert numbers[parent] <= record.number - 5


def test_the_winner_is_fitted_and_the_best() -> None:
    result = result_of(evaluations=15, in_process=True)
    check_is_fitted(result.pipeline)
    scores = [r.outcome.score for r in result.records if isinstance(r.outcome, Scored)]
    assert result.front[0].outcome.score == max(scores)
    assert result.front[0].candidate.digest == result.winner.digest
    assert len(result.records) == 15


@pytest.fixture(scope="module")
def raced() -> Result:
    return result_of(evaluations=60, lag=5, in_process=True, on=with_ladder())


class TestRacing:
    """Most candidates are not evaluated to the end, and the front consists of those that are."""

    def test_many_are_raced_out_after_few_folds(self, raced: Result) -> None:
        stopped = [one for one in raced.records if isinstance(one.outcome, Stopped)]
        assert len(stopped) > 15
        assert {one.outcome.reason for one in stopped if one.outcome} == {RACED_OUT}
        assert all(1 <= len(one.folds) < 6 for one in stopped)

    def test_the_first_are_evaluated_to_the_end(self, raced: Result) -> None:
        assert all(isinstance(one.outcome, Scored) for one in raced.records[:FIRST])

    def test_members_of_the_front_are_scored_on_all_folds_and_rows(self, raced: Result) -> None:
        by_digest = {one.candidate.digest: one for one in raced.records}
        assert raced.front
        for member in raced.front:
            record = by_digest[member.candidate.digest]
            assert set(record.folds) == set(range(6))
            assert member.outcome.fold_scores == tuple(
                record.folds[unit].score for unit in range(2, 6)
            )

    @pytest.mark.slow
    def test_the_winner_is_as_good_as_without_a_race_with_half_the_folds(
        self, raced: Result
    ) -> None:
        full = result_of(evaluations=60, lag=5, in_process=True, racing_error=0.0)
        folds = [sum(len(one.folds) for one in result.records) for result in (full, raced)]
        assert folds[0] == 60 * 4
        assert folds[1] < 0.6 * folds[0] + 2 * 60
        assert raced.front[0].outcome.score > full.front[0].outcome.score - 0.005

    def test_seconds_that_the_cache_saves_are_counted(self, raced: Result) -> None:
        assert raced.effort.saved > 0
        assert 0 < raced.effort.hits < raced.effort.lookups

    @pytest.mark.slow
    def test_without_a_cache_the_search_is_the_same(self, raced: Result) -> None:
        bare = result_of(evaluations=60, lag=5, in_process=True, on=with_ladder(), cache_limit=0)
        assert sequence(bare) == sequence(raced)
        assert bare.effort.lookups == 0


def test_a_time_budget_covers_everything() -> None:
    start = time.monotonic()
    result = result_of(catalogue("binary"), seconds=3.0, workers=2)
    assert time.monotonic() - start < HUNG
    check_is_fitted(result.pipeline)


def test_short_memory_means_fewer_workers_and_the_same_search(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = result_of(evaluations=10, lag=4, workers=2)
    monkeypatch.setattr(memory, "free", lambda: int(1.5 * memory.LEAST_CAP / 0.8))
    short = result_of(evaluations=10, lag=4, workers=2)
    assert "Memory is free for 1 worker(s) of 512 MB, not for 2." in caplog.text
    assert sequence(short) == sequence(whole)


def test_a_failure_is_an_outcome_and_the_run_goes_on() -> None:
    broken = failing("Broken", lambda: 1 / 0)
    result = result_of(QUICK.add(broken), evaluations=20, in_process=True)
    failed = [record.outcome for record in result.records if isinstance(record.outcome, Failed)]
    assert failed
    assert {outcome.reason for outcome in failed} == {"ZeroDivisionError: division by zero"}
    assert len(result.records) == 20


def test_no_further_fold_of_a_failed_candidate_is_begun() -> None:
    fits: list[int] = []

    def break_down() -> None:
        fits.append(1)
        raise ZeroDivisionError

    broken = failing("Broken", break_down)
    result = result_of(QUICK.add(broken), evaluations=20, in_process=True, racing_error=0.0)
    failed = [record for record in result.records if isinstance(record.outcome, Failed)]
    assert len(fits) == len(failed) > 0


def failing(name: str, act: Callable[[], object]) -> Primitive:
    """Return a primitive whose models call `act` when they are fitted."""

    class Acting(DummyClassifier):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            act()
            return super().fit(X, y)

    return Primitive(name, (Features,), Prediction, Acting, {}, CLASSIFICATION)


def test_a_candidate_that_is_expected_to_be_too_slow_is_not_begun(tmp_path: Path) -> None:
    known = experience_of("classification")
    quick = np.argsort(next(iter(known.trials.values())).seconds)[:3]
    trials = {
        name: Trial(one.meta, [0.0, 0.1, 0.2], [0.01, 0.02, 1e6])
        for name, one in known.trials.items()
    }
    few = Experience([known.pipelines[place] for place in quick], trials)
    (tmp_path / "classification.json").write_text(few.write())
    options: dict[str, Any] = {"portfolio": tmp_path, "folder": tmp_path}
    result = result_of(catalogue("binary"), evaluations=3, **options)
    *begun, last = result.records
    assert all(isinstance(one.outcome, Scored) for one in begun)
    assert last.outcome == Stopped("not begun: expected to take longer than 600 s", 0.0)
    assert len(last.folds) < len(begun[0].folds)
    assert result.decided_by_time == ["which candidates are scored"]
    resumed = result_of(catalogue("binary"), evaluations=4, **options)
    assert [one.outcome for one in resumed.records[:3]] == [one.outcome for one in result.records]


def test_a_hanging_pipeline_is_ended_at_its_timeout() -> None:
    hanging = failing("Hanging", lambda: time.sleep(1000))
    space = QUICK.only("Encoder", "GaussianNB").add(hanging)
    result = result_of(
        space, evaluations=4, workers=2, fold_timeout=1.0, max_steps=2, initial_steps=2
    )
    failed = [record.outcome for record in result.records if isinstance(record.outcome, Failed)]
    assert {outcome.kind for outcome in failed} == {Failure.TIMEOUT}
    assert isinstance(result.pipeline, Pipeline)


@pytest.mark.slow
def test_a_pipeline_that_is_too_slow_on_few_rows_is_ended_on_them() -> None:
    slow = failing("Slow", lambda: time.sleep(3.5))
    space = QUICK.only("Encoder", "GaussianNB").add(slow)
    sizes: dict[str, Any] = {"max_steps": 2, "initial_steps": 2}
    result = result_of(space, evaluations=4, workers=2, fold_timeout=5.0, on=with_ladder(), **sizes)
    failed = [record.outcome for record in result.records if isinstance(record.outcome, Failed)]
    assert {outcome.reason for outcome in failed} == {"longer than 2 s"}


def test_a_winner_that_cannot_be_fitted_on_all_rows_gives_way_to_the_next() -> None:
    rows = len(problem().y)

    class Fussy(LogisticRegression):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            if len(y) == rows:
                raise ValueError("not all of them")
            return super().fit(X, y)

    fussy = Primitive("Fussy", (Features,), Prediction, Fussy, {}, CLASSIFICATION)
    dummy = Primitive("Dummy", (Features,), Prediction, DummyClassifier, {}, CLASSIFICATION)
    space = Catalogue([QUICK["Encoder"], fussy, dummy])
    result = result_of(space, evaluations=4, in_process=True, max_steps=2, initial_steps=2)
    assert result.front[0].candidate.tree.root.name == "Fussy"
    assert result.winner.tree.root.name == "Dummy"


def test_a_winner_that_hangs_on_all_rows_gives_way_within_the_budget() -> None:
    rows = len(problem().y)

    class Hanging(LogisticRegression):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            if len(y) == rows:
                time.sleep(1000)
            return super().fit(X, y)

    hanging = Primitive("Hanging", (Features,), Prediction, Hanging, {}, CLASSIFICATION)
    dummy = Primitive("Dummy", (Features,), Prediction, DummyClassifier, {}, CLASSIFICATION)
    space = Catalogue([QUICK["Encoder"], hanging, dummy])
    start = time.monotonic()
    options: dict[str, Any] = {"workers": 2, "max_steps": 2, "initial_steps": 2}
    result = result_of(space, seconds=4.0, evaluations=4, **options)
    assert time.monotonic() - start < HUNG
    assert result.front[0].candidate.tree.root.name == "Hanging"
    assert result.winner is not None
    assert result.winner.tree.root.name == "Dummy"


def test_when_nothing_succeeds_the_commonest_reasons_are_named() -> None:
    def complain() -> None:
        raise ValueError("no luck")

    space = Catalogue([QUICK["Encoder"], failing("Broken", complain)])
    with pytest.raises(NoPipelineError, match=r"\d+ x error: ValueError: no luck"):
        result_of(space, evaluations=3, in_process=True, max_steps=2, initial_steps=2)


def test_when_all_fail_after_a_fold_the_reasons_are_named_too() -> None:
    class Once(LogisticRegression):
        """Model that can be fitted only once."""

        fitted_on: ClassVar[list[int]] = []

        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            self.fitted_on.append(len(y))
            if len(self.fitted_on) > 1:
                raise ValueError("not again")
            return super().fit(X, y)

    once = Primitive("Once", (Features,), Prediction, Once, {}, CLASSIFICATION)
    space = Catalogue([QUICK["Encoder"], once])
    with pytest.raises(NoPipelineError, match="not again"):
        result_of(space, evaluations=3, in_process=True, max_steps=2, initial_steps=2)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_proposer_without_further_candidates_is_not_asked_again(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of calls would depend on timing, and each call draws random numbers."""
    asked: list[Candidate | None] = []

    def watched(*arguments: Any, **options: Any) -> Any:
        proposer = proposer_of(*arguments, **options)
        ask = proposer.ask
        monkeypatch.setattr(proposer, "ask", lambda: asked.append(ask()) or asked[-1])
        return proposer

    monkeypatch.setattr("evolver.run.evolve.proposer_of", watched)
    guesses = {"random_state": IntDistribution(1, 60)}
    guess = partial(DummyClassifier, strategy="uniform")
    one = Primitive("Guess", (Table,), Prediction, guess, guesses, CLASSIFICATION)
    result = result_of(Catalogue([one]), evaluations=1_000, lag=16, workers=workers)
    assert 20 < len(result.records) == len(asked) - 1
    assert [candidate is None for candidate in asked] == [False] * len(result.records) + [True]


def test_an_interrupt_keeps_the_best_so_far(tmp_path: Path) -> None:
    class Interrupting:
        """Ctrl-C after the twelfth outcome."""

        outcomes = 0

        def __call__(self, progress: object) -> None:
            self.outcomes += 1
            if self.outcomes == 12:
                raise KeyboardInterrupt

    settings = Settings(in_process=True)
    result = evolve(
        RunPlan(problem(), QUICK, Budget(None, 1000), settings, 8, workers=1),
        rng=np.random.default_rng(0),
        journal=Journal(None),
        store=Store(tmp_path, 0),
        progress=Interrupting(),
    )
    known = [record for record in result.records if not _is_cut_short(record)]
    assert 12 <= len(known) < 20
    check_is_fitted(result.pipeline)


def _is_cut_short(record: Record) -> bool:
    return isinstance(record.outcome, Stopped) and record.outcome.reason == TIME_OVER


def test_candidates_that_the_end_cuts_short_are_stopped_and_not_failed() -> None:
    slow = failing("Slow", lambda: time.sleep(0.3))
    space = QUICK.only("Encoder", "GaussianNB").add(slow)
    result = result_of(space, seconds=4.0, workers=2, fold_timeout=3.0)
    assert not any(isinstance(record.outcome, Failed) for record in result.records)
    assert any(isinstance(record.outcome, Scored) for record in result.records)
    assert any(_is_cut_short(record) for record in result.records)


def test_candidates_that_ran_out_of_time_do_not_change_a_resumed_run(tmp_path: Path) -> None:
    """Slow candidates are no longer begun near the end, while quick ones still are."""
    slow = failing("Slow", lambda: time.sleep(0.3))
    space = QUICK.only("Encoder", "StandardScaler", "PCA", "GaussianNB").add(slow)
    options: dict[str, Any] = {"lag": 2, "in_process": True, "folder": tmp_path}
    result = result_of(space, seconds=3.0, **options)
    assert any(_is_cut_short(record) for record in result.records)
    resumed = result_of(space, evaluations=len(result.records) + 4, **options)
    assert not any(_is_cut_short(record) for record in resumed.records)
    before, after = sequence(result), sequence(resumed)
    assert [digest for digest, _ in after[: len(before)]] == [digest for digest, _ in before]


class TestRefinement:
    """A share of the candidates refines the front, in one sequence with the others."""

    OPTIONS: ClassVar[dict[str, Any]] = {
        "lag": 4,
        "refinement_share": 0.5,
        "refinement_start": 0.0,
        "simplification_share": 0.0,
    }

    @staticmethod
    def refined(result: Result) -> list[int]:
        origins = [record.candidate.origin.proposer for record in result.records]
        return [number for number, proposer in enumerate(origins) if proposer == "refinement"]

    def test_every_other_candidate_after_the_first_refines_the_front(self) -> None:
        result = result_of(evaluations=48, in_process=True, **self.OPTIONS)
        assert min(self.refined(result)) >= 8
        assert 18 <= len(self.refined(result)) <= 20
        for number in self.refined(result):
            record = result.records[number]
            names = [step.name for step in record.candidate.tree.steps]
            parents = {one.candidate.digest: one for one in result.records[:number]}
            parent = parents[record.candidate.origin.parents[0]]
            assert sorted(names) == sorted(step.name for step in parent.candidate.tree.steps)

    @pytest.mark.slow
    def test_workers_and_resuming_change_nothing(self, tmp_path: Path) -> None:
        whole = result_of(evaluations=40, in_process=True, **self.OPTIONS)
        assert len(self.refined(whole)) > 10
        assert sequence(result_of(evaluations=40, workers=2, **self.OPTIONS)) == sequence(whole)
        for evaluations in (13, 27, 40):
            resumed = result_of(
                evaluations=evaluations, in_process=True, folder=tmp_path, **self.OPTIONS
            )
        assert sequence(resumed) == sequence(whole)

    def test_with_a_share_of_one_evolution_makes_the_first_population_alone(self) -> None:
        options = {**self.OPTIONS, "refinement_share": 1.0}
        result = result_of(evaluations=20, in_process=True, **options)
        assert self.refined(result) == list(range(8, 20))

    def test_refinement_begins_after_its_share_of_the_candidates(self) -> None:
        options = {**self.OPTIONS, "refinement_share": 1.0, "refinement_start": 0.75}
        result = result_of(evaluations=20, in_process=True, **options)
        assert self.refined(result) == list(range(15, 20))

    def test_refinement_begins_after_its_share_of_the_time_and_at_the_same_candidate_when_resumed(
        self, tmp_path: Path
    ) -> None:
        """Each candidate takes 0.08 s at least, so that patience lasts longer than the share."""
        area = get_scorer("roc_auc_ovr")

        def slow(model: Any, X: Any, y: Any) -> float:
            time.sleep(0.02)
            return float(area(model, X, y))

        options = {**self.OPTIONS, "refinement_share": 1.0, "refinement_start": 0.4 / 600}
        options |= {"in_process": True, "folder": tmp_path, "population_size": 4, "seconds": 600}
        options |= {"on": problem(scorer=slow), "patience": 6, "racing_error": 0.0}
        result = result_of(**options)
        first = min(self.refined(result))
        assert self.refined(result) == list(range(first, len(result.records)))
        with closing(Journal(tmp_path)) as journal:
            assert journal.shares == ((first, 1.0),)
        resumed = result_of(**options)
        before, after = sequence(result), sequence(resumed)
        assert [digest for digest, _ in after[: len(before)]] == [digest for digest, _ in before]
        assert self.refined(resumed) == list(range(first, len(resumed.records)))

    def test_there_is_no_refinement_without_a_share(self) -> None:
        options = {**self.OPTIONS, "refinement_share": 0.0}
        assert self.refined(result_of(evaluations=20, in_process=True, **options)) == []


class TestSimplification:
    """The last candidates simplify the winner, in one sequence with the others."""

    OPTIONS: ClassVar[dict[str, Any]] = {"lag": 2, "simplification_share": 0.4}

    @staticmethod
    def simplified(result: Result) -> list[int]:
        origins = [record.candidate.origin.proposer for record in result.records]
        return [number for number, name in enumerate(origins) if name == "simplification"]

    def test_the_last_candidates_are_simpler_forms_of_the_best(self) -> None:
        result = result_of(evaluations=30, in_process=True, **self.OPTIONS)
        numbers = self.simplified(result)
        assert len(result.records) == 30
        assert numbers
        assert min(numbers) >= 18
        trees = {one.candidate.digest: one.candidate.tree for one in result.records}
        for number in numbers:
            candidate = result.records[number].candidate
            (parent,) = candidate.origin.parents
            assert size_of(candidate.tree) < size_of(trees[parent])

    def test_there_are_none_in_the_first_population_or_without_a_share(self) -> None:
        few = result_of(evaluations=8, in_process=True, **self.OPTIONS)
        assert self.simplified(few) == []
        options = {**self.OPTIONS, "simplification_share": 0.0}
        none = result_of(evaluations=30, in_process=True, **options)
        assert self.simplified(none) == []

    def test_workers_and_a_kill_change_nothing(self, tmp_path: Path) -> None:
        whole = result_of(evaluations=30, in_process=True, **self.OPTIONS)
        assert sequence(result_of(evaluations=30, workers=2, **self.OPTIONS)) == sequence(whole)
        options = {**self.OPTIONS, "in_process": True, "folder": tmp_path}

        def interrupt(progress: Progress) -> None:
            if progress.candidates == 23 and progress.phase != FINAL_FITS:
                raise KeyboardInterrupt

        killed = result_of(evaluations=30, progress=interrupt, **options)
        assert killed.ended_by == "interrupt"
        assert self.simplified(killed)
        assert sequence(result_of(evaluations=30, **options)) == sequence(whole)

    def test_time_begins_it_once_and_at_the_same_candidate_when_resumed(
        self, tmp_path: Path
    ) -> None:
        options = {**self.OPTIONS, "in_process": True, "folder": tmp_path}
        result = result_of(seconds=3.0, **options)
        with closing(Journal(tmp_path)) as journal:
            ((first, end),) = journal.simplified
        assert end == first + math.ceil(0.4 * first)
        assert all(number >= first for number in self.simplified(result))
        assert Decision.SIMPLIFICATION in result.decided_by_time
        resumed = result_of(seconds=4.5, **options)
        before, after = sequence(result), sequence(resumed)
        assert [digest for digest, _ in after[: len(before)]] == [digest for digest, _ in before]

    def test_a_search_whose_patience_is_over_simplifies_its_winner(self) -> None:
        options = {**self.OPTIONS, "in_process": True, "patience": 12}
        result = result_of(seconds=60.0, **options)
        assert result.ended_by == "patience"
        numbers = self.simplified(result)
        assert numbers
        assert max(numbers) <= min(numbers) * 1.4
