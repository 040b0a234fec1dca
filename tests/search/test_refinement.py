"""Refinement: new values for the structures on the front that have the most to gain."""

from __future__ import annotations

import logging
from collections import Counter
from importlib.util import find_spec

import numpy as np
import pytest
from optuna.distributions import IntDistribution

from evolver.errors import InputError
from evolver.genome.candidate import Candidate
from evolver.genome.structure import split_structure
from evolver.outcome import Failed, Failure, Outcome, Stopped
from evolver.search.refinement import FLAT, SAMPLERS
from evolver.settings import REFINEMENT_SAMPLERS, Settings
from primitives import space as spaces
from tests.search.known import (
    KNOWN,
    candidate,
    model,
    quality,
    refine,
    refinement,
    scored,
    turns_to,
)


def test_a_known_optimum_is_nearly_reached_three_times_as_fast_as_by_random_search() -> None:
    random = [turns_to(0.95, "random", seed, 150) for seed in range(5)]
    third = int(np.median(random) / 3)
    bayesian = [turns_to(0.95, "tpe", seed, third + 1) for seed in range(5)]
    assert np.median(bayesian) <= third


def test_proposals_are_of_the_structure_new_and_within_the_space() -> None:
    asked = refine(refinement(), 40, lag=6)
    assert len({one.digest for one in asked}) == 40
    for one in asked:
        assert split_structure(one.tree)[0].key == split_structure(candidate(model()).tree)[0].key
        assert spaces.contains(KNOWN, one.tree.steps[0].values)
        assert one.origin.proposer == "refinement"
        assert len(one.origin.parents) == 1


def test_floats_are_as_readable_as_those_of_evolution() -> None:
    rates = [one.tree.steps[0].values["rate"] for one in refine(refinement(), 10)]
    assert all(rate == float(f"{rate:.4g}") for rate in rates)


def test_one_seed_and_the_same_outcomes_give_the_same_proposals() -> None:
    one, again, other = (refine(refinement(seed), 25, lag=3) for seed in (1, 1, 2))
    assert [a.digest for a in one] == [a.digest for a in again]
    assert [a.digest for a in one] != [a.digest for a in other]


def test_candidates_of_evolution_prime_the_study() -> None:
    """The first proposals are better after 40 candidates of evolution than without them."""
    rng = np.random.default_rng(0)
    primed, plain = refinement(), refinement()
    for _ in range(40):
        one = candidate(model(), **spaces.sample(KNOWN, rng))
        primed.tell(one, scored(quality(one)))
    plain.tell(candidate(model()), scored(quality(candidate(model()))))
    means = [np.mean([quality(search.ask()) for _ in range(8)]) for search in (primed, plain)]  # type: ignore[arg-type]
    assert means[0] > means[1]


def test_candidates_that_were_raced_out_are_learned_from() -> None:
    """Proposals get better even if all but the best are raced out."""

    def outcome(one: Candidate) -> Outcome:
        score = quality(one)
        return scored(score) if score > 0.8 else Stopped("raced out", 1.0, 1, score)

    best = candidate(model(), rate=0.01, share=0.3, depth=10, kind="good")
    asked = [quality(one) for one in refine(refinement(), 60, outcome, first=best)]
    assert np.mean(asked[-20:]) > np.mean(asked[:10]) + 0.1


def test_failures_do_not_end_the_proposals() -> None:
    def outcome(one: Candidate) -> Outcome:
        if one.tree.steps[0].values["kind"] == "bad":
            return Failed(Failure.CRASH, "always", 1.0)
        return scored(quality(one))

    assert len(refine(refinement(), 40, outcome)) == 40


def test_an_exhausted_structure_is_not_asked_again() -> None:
    few = model("Few", {"depth": IntDistribution(1, 5)})
    asked = refine(
        refinement(),
        20,
        lambda one: scored(float(one.tree.steps[0].values["depth"])),  # type: ignore[arg-type]
        candidate(few, depth=3),
    )
    assert sorted(one.tree.steps[0].values["depth"] for one in asked) == [1, 2, 4, 5]  # type: ignore[type-var]


def test_a_structure_without_parameters_or_with_equal_scores_is_not_asked_again() -> None:
    assert len(refine(refinement(), 50, lambda one: scored(0.5))) == FLAT - 1
    plain = candidate(model("Plain", {}))
    assert refine(refinement(), 5, lambda one: scored(0.5), plain) == []


def test_the_structure_with_more_to_gain_is_asked_more_often() -> None:
    """The values of one structure matter; the scores of the other are known to hardly differ."""
    search = refinement()
    much, little = model("Much"), model("Little")

    def outcome(one: Candidate) -> Outcome:
        name = one.tree.steps[0].name
        return scored(quality(one), 1.0) if name == "Much" else scored(0.4 + 1e-4 * quality(one), 0)

    for primitive, tried in ((much, 3), (little, 12)):
        for rate in np.linspace(0.9, 0.2, tried).round(2):
            first = candidate(primitive, rate=float(rate), share=0.4, depth=10, kind="good")
            search.tell(first, outcome(first))
    names = Counter()
    for _ in range(10):
        one = search.ask()
        assert one is not None
        names[one.tree.steps[0].name] += 1
        search.tell(one, outcome(one))
    assert names["Much"] > names["Little"]


def test_several_complexities_are_proposed_where_values_change_the_complexity() -> None:
    def outcome(one: Candidate) -> Outcome:
        depth = float(one.tree.steps[0].values["depth"])  # type: ignore[arg-type]
        return scored(quality(one) + 0.02 * depth, depth)

    asked = refine(refinement(costs_vary=True), 80, outcome)
    depths = [one.tree.steps[0].values["depth"] for one in asked[-40:]]
    assert len(set(depths)) >= 5
    best = [outcome(one).score for one in asked]  # type: ignore[union-attr]
    assert max(best[40:]) >= max(best[:20])


def test_nothing_is_logged_and_no_logger_is_changed() -> None:
    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    heard: list[str] = []
    recorder, logger = Recorder(), logging.getLogger("optuna")
    logger.addHandler(recorder)
    before = logger.level, list(logger.handlers), logger.propagate
    try:
        assert len(refine(refinement(), 3)) == 3
        assert (logger.level, logger.handlers, logger.propagate) == before
    finally:
        logger.removeHandler(recorder)
    assert heard == []


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_an_optimiser_without_its_library_is_refused() -> None:
    with pytest.raises(InputError, match="torch"):
        Settings(refinement_sampler="gp")


def test_the_optimisers_are_those_of_the_settings() -> None:
    assert set(SAMPLERS) == set(REFINEMENT_SAMPLERS)
    with pytest.raises(InputError, match="refinement_sampler"):
        Settings(refinement_sampler="grid")


def test_there_is_no_proposal_for_an_empty_front() -> None:
    assert refinement().ask() is None
