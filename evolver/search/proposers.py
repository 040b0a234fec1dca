"""Composition of the proposers of a run: portfolio, evolution and refinement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evolver.genome.codec import Encoded
from evolver.problem import Problem, Settings
from evolver.search.evolution import Evolution
from evolver.search.interleaved import Interleaved
from evolver.search.metafeatures import MetaFeatures
from evolver.search.portfolio import LEARNED, Portfolio, experience_of, opening
from evolver.search.proposer import Proposer
from evolver.search.refinement import Refinement
from primitives import Catalogue


def proposer_of(
    problem: Problem,
    catalogue: Catalogue,
    settings: Settings,
    rng: np.random.Generator,
    *,
    population_size: int,
    shares: Sequence[tuple[int, float]],
    earlier: Sequence[Encoded] = (),
) -> Proposer:
    """Return the proposer of a run: first the portfolio, then evolution and refinement.

    Parameters
    ----------
    problem : Problem
    catalogue : Catalogue
        Primitives selected for the problem.
    settings : Settings
    rng : numpy.random.Generator
    population_size : int
        Most members of evolution's population.
    shares : sequence of (int, float)
        Shares of refinement, as in `Interleaved`. A run may append to it later.
    earlier : sequence of Encoded
        Pipelines of other runs, which come before those of the portfolio.
    """
    experience = experience_of(problem.task, settings.portfolio)
    meta = MetaFeatures.of(problem)
    first = opening(experience, meta, catalogue, settings.portfolio_size, earlier)
    seen = {candidate.digest for candidate in first}
    n_learned = sum(candidate.origin == LEARNED for candidate in first)
    # A portfolio comes up short where the user's search space lacks its primitives. Then it says
    # little about that space, and more candidates grow at random.
    is_full = n_learned == settings.portfolio_size
    begins = settings.first_population(population_size) if is_full else population_size
    evolution = Evolution(
        catalogue,
        rng,
        operator_rates=settings.operator_rates,
        population_size=population_size,
        grown=max(0, begins - len(first)),
        initial_steps=settings.initial_steps,
        max_steps=settings.max_steps,
        seen=seen,
    )
    refinement = Refinement(
        np.random.default_rng(rng.integers(2**31)),
        seen,
        sampler=settings.refinement_sampler,
        varies=problem.complexity != "operators",
    )
    bred = Portfolio(first, evolution)
    # Shares may be appended later, hence the setting counts too.
    all_shares = [settings.refinement_share, *(share for _, share in shares)]
    refines = any(share > 0 for share in all_shares)
    return Interleaved(bred, refinement, shares) if refines else bred
