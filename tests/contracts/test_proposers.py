"""Contract of proposers, tested with every implementation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from evolver.budget import Budget
from evolver.genome.candidate import Candidate
from evolver.genome.tree import check
from evolver.outcome import Failed, Failure, Outcome, Scored
from evolver.run.plan import RunPlan
from evolver.run.proposers import proposer_of
from evolver.search.evolution import GROWTH, Evolution
from evolver.search.interleaved import Interleaved
from evolver.search.portfolio import LEARNED, Portfolio
from evolver.search.proposer import Proposer
from evolver.search.refinement import Refinement
from evolver.search.simplification import Simplification
from evolver.settings import OPERATOR_RATES, Settings
from primitives import Catalogue
from tests.evaluation.test_fold import problem
from tests.genome.strategies import CATALOGUES, random_tree

BINARY = CATALOGUES["binary"]


def evolution(seed: int, catalogue: Catalogue = BINARY) -> Proposer:
    return Evolution(
        catalogue, np.random.default_rng(seed), operator_rates=OPERATOR_RATES, population_size=10
    )


def interleaved(seed: int) -> Proposer:
    evolution = Evolution(
        BINARY,
        np.random.default_rng(seed),
        operator_rates=OPERATOR_RATES,
        population_size=10,
    )
    refinement = Refinement(np.random.default_rng(seed + 1))
    return Interleaved(
        evolution,
        refinement,
        lambda number: 0.5 if number >= 10 else 0.0,
        Simplification(),
        lambda number: number % 40 >= 30,
    )


def portfolio(seed: int) -> Proposer:
    first = [Candidate(random_tree(BINARY, number), LEARNED) for number in (1, 2, 3)]
    evolution = Evolution(
        BINARY,
        np.random.default_rng(seed),
        operator_rates=OPERATOR_RATES,
        population_size=10,
    )
    return Portfolio(first, evolution)


PROPOSERS: list[Callable[[int], Proposer]] = [evolution, interleaved, portfolio]


def verdict(candidate: Candidate) -> Outcome:
    """Return an outcome that depends only on the candidate; about one in eight fails."""
    number = int(candidate.digest[:8], 16)
    if number % 8 == 0:
        return Failed(Failure.ERROR, "unlucky", 1.0)
    return Scored((number % 1000 / 1000,), (float(len(candidate.tree.steps)),), 1.0)


def converse(proposer: Proposer, turns: int) -> list[Candidate]:
    asked = []
    for _ in range(turns):
        candidate = proposer.ask()
        if candidate is None:
            break
        asked.append(candidate)
        proposer.tell(candidate, verdict(candidate))
    return asked


@pytest.mark.parametrize("make", PROPOSERS)
class TestProposer:
    def test_candidates_are_valid_and_never_repeat(self, make: Callable[[int], Proposer]) -> None:
        asked = converse(make(0), 120)
        assert len(asked) == 120
        assert len({candidate.digest for candidate in asked}) == 120
        for candidate in asked:
            check(candidate.tree, BINARY)

    def test_the_same_seed_and_outcomes_give_the_same_candidates(
        self, make: Callable[[int], Proposer]
    ) -> None:
        one, other = converse(make(1), 60), converse(make(1), 60)
        assert [candidate.digest for candidate in one] == [candidate.digest for candidate in other]

    def test_different_seeds_give_different_candidates(
        self, make: Callable[[int], Proposer]
    ) -> None:
        one, other = converse(make(1), 5), converse(make(2), 5)
        assert [candidate.digest for candidate in one] != [candidate.digest for candidate in other]

    def test_candidates_can_be_asked_for_before_any_outcome_is_told(
        self, make: Callable[[int], Proposer]
    ) -> None:
        proposer = make(0)
        assert len({proposer.ask().digest for _ in range(30)}) == 30  # type: ignore[union-attr]

    def test_pipelines_to_avoid_are_not_asked_for(self, make: Callable[[int], Proposer]) -> None:
        taken = [candidate.digest for candidate in converse(make(0), 40)]
        proposer = make(0)
        for digest in taken:
            proposer.avoid(digest)
        asked = converse(proposer, 40)
        assert len(asked) == 40
        assert not {candidate.digest for candidate in asked} & set(taken)

    def test_failures_do_not_end_the_candidates(self, make: Callable[[int], Proposer]) -> None:
        proposer = make(0)
        for _ in range(40):
            candidate = proposer.ask()
            assert candidate is not None
            proposer.tell(candidate, Failed(Failure.CRASH, "always", 1.0))


@pytest.mark.parametrize(
    ("portfolio_size", "population_size", "learned", "grown"),
    [(16, 50, 16, 9), (16, 16, 16, 0), (4, 8, 4, 1), (0, 10, 0, 10)],
)
def test_a_run_asks_for_learned_then_random_then_bred_pipelines(
    portfolio_size: int, population_size: int, learned: int, grown: int
) -> None:
    settings = Settings(portfolio_size=portfolio_size)
    plan = RunPlan(problem(), BINARY, Budget(), settings, population_size, workers=1)
    rng = np.random.default_rng(0)
    proposer = proposer_of(plan, rng, share_at=lambda _: 0.0, simplifies_at=lambda _: False)
    asked = converse(proposer, learned + grown + 20)
    origins = [one.origin for one in asked]
    assert origins[:learned] == [LEARNED] * learned
    assert origins[learned : learned + grown] == [GROWTH] * grown
    assert sum(one == GROWTH for one in origins) <= grown + 2
    assert {one.proposer for one in origins[learned + grown :]} == {"evolution"}
