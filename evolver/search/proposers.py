"""The proposers of a run, put together: a portfolio first, then evolution, then refinement."""

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
    """Return what a run asks for candidates.

    Parameters
    ----------
    problem : Problem
    catalogue : Catalogue
        Selected for the problem.
    settings : Settings
    rng : numpy.random.Generator
    population_size : int
    shares : sequence of (int, float)
        Of refinement, as in `Interleaved`; a run may append to it.
    earlier : sequence of Encoded
        Pipelines of other runs, which come first.
    """
    experience = experience_of(problem.task, settings.portfolio)
    meta = MetaFeatures.of(problem)
    first = opening(experience, meta, catalogue, settings.portfolio_size, earlier)
    seen = {candidate.digest for candidate in first}
    n_learned = sum(one.origin == LEARNED for one in first)
    is_full = n_learned == settings.portfolio_size  # else the search space is another
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
    refines = any(share > 0 for share in [settings.refinement_share, *(one for _, one in shares)])
    return Interleaved(bred, refinement, shares) if refines else bred
