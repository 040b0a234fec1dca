"""Proposer of a run: a portfolio first, then evolution, refinement and simplification."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evolver.run.plan import RunPlan
from evolver.search.evolution import Evolution
from evolver.search.interleaved import Interleaved
from evolver.search.metafeatures import MetaFeatures
from evolver.search.portfolio import LEARNED, Portfolio, experience_of, opening
from evolver.search.proposer import Proposer
from evolver.search.refinement import Refinement
from evolver.search.simplification import Simplification


def proposer_of(
    plan: RunPlan,
    rng: np.random.Generator,
    *,
    share_at: Callable[[int], float],
    simplifies_at: Callable[[int], bool],
) -> Proposer:
    """Return the proposer of a run.

    Parameters
    ----------
    plan : RunPlan
    rng : numpy.random.Generator
    share_at : callable
        Function of the number of a candidate, which returns the share of refinement from there on.
    simplifies_at : callable
        Function of the number of a candidate, which returns True if it may be a simplification.
    """
    problem, settings = plan.problem, plan.settings
    experience = experience_of(problem.task.family, settings.portfolio)
    meta = MetaFeatures.of(problem)
    first = opening(experience, meta, plan.catalogue, settings.portfolio_size, plan.earlier)
    n_learned = sum(candidate.origin == LEARNED for candidate in first)
    # Where the search space leaves out much of the portfolio, more pipelines grow at random.
    is_full = n_learned == settings.portfolio_size
    begins = plan.first_population if is_full else plan.population_size
    evolution = Evolution(
        plan.catalogue,
        rng,
        operator_rates=settings.operator_rates,
        population_size=plan.population_size,
        grown=max(0, begins - len(first)),
        initial_steps=settings.initial_steps,
        max_steps=settings.max_steps,
    )
    # The seed is drawn even if nothing is refined, so that evolution is the same with and without.
    refinement = Refinement(
        np.random.default_rng(rng.integers(2**31)),
        sampler=settings.refinement_sampler,
        costs_vary=not problem.is_structural,
    )
    simplification = Simplification()
    bred = Portfolio(first, evolution)
    # The portfolio lets evolution avoid its candidates, but does not know of the others.
    for candidate in first:
        refinement.avoid(candidate.digest)
        simplification.avoid(candidate.digest)
    return Interleaved(bred, refinement, share_at, simplification, simplifies_at)
