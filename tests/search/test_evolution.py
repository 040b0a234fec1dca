"""Evolution: a broad beginning, a size limit, better candidates, and an end without new ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evolver.genome.candidate import Candidate
from evolver.outcome import Scored
from evolver.search.evolution import Evolution, cost
from evolver.settings import OPERATOR_RATES
from primitives import Catalogue, Prediction
from tests.genome.strategies import CATALOGUES

BINARY = CATALOGUES["binary"]


def evolution(seed: int = 0, size: int = 20, **changes: object) -> Evolution:
    return Evolution(
        changes.pop("catalogue", BINARY),  # type: ignore[arg-type]
        np.random.default_rng(seed),
        operator_rates=OPERATOR_RATES,
        population_size=size,
        **changes,  # type: ignore[arg-type]
    )


def smoothness(candidate: Candidate) -> float:
    """Return a score with a known optimum: naive Bayes with much smoothing on scaled features."""
    steps = candidate.tree.steps
    if steps[0].name != "GaussianNB":
        return 0.0
    scaled = any(step.name == "StandardScaler" for step in steps)
    return 1.0 + float(np.log10(float(steps[0].values["var_smoothing"]))) / 11 + scaled  # type: ignore[arg-type]


def test_the_first_candidates_try_every_predictor() -> None:
    search = evolution(size=50)
    roots = {search.ask().tree.root.name for _ in range(len(BINARY.producing(Prediction)))}  # type: ignore[union-attr]
    assert roots == {primitive.name for primitive in BINARY.producing(Prediction)}


def test_the_first_candidates_come_in_order_of_their_cost() -> None:
    search = evolution(size=50)
    first = [search.ask() for _ in range(len(BINARY.producing(Prediction)))]
    costs = [cost(candidate.tree) for candidate in first]  # type: ignore[union-attr]
    assert costs == sorted(costs)
    assert costs[0] < 0.1 * costs[-1]


def test_children_stay_within_the_size_limit() -> None:
    search = evolution(max_steps=5)
    for _ in range(150):
        candidate = search.ask()
        assert candidate is not None
        assert len(candidate.tree.steps) <= 5
        search.tell(candidate, Scored((len(candidate.tree.steps),), (1.0,), 1.0))


def best_of(search: Evolution, turns: int, told: bool) -> float:
    """Return the best score of the first `turns` candidates, with or without learning from them."""
    scores = []
    for _ in range(turns):
        candidate = search.ask()
        assert candidate is not None
        scores.append(smoothness(candidate))
        if told:
            complexity = float(len(candidate.tree.steps))
            search.tell(candidate, Scored((scores[-1],), (complexity,), 1.0))
    return max(scores)


def test_learning_from_outcomes_beats_growth_alone() -> None:
    evolved = [best_of(evolution(seed, size=30), 400, told=True) for seed in range(5)]
    grown = [best_of(evolution(seed, size=30), 400, told=False) for seed in range(5)]
    assert np.median(evolved) > np.median(grown)


def test_the_population_keeps_its_size_and_its_best() -> None:
    search, scores = evolution(size=10), []
    for _ in range(60):
        candidate = search.ask()
        assert candidate is not None
        scores.append(smoothness(candidate))
        search.tell(candidate, Scored((scores[-1],), (float(len(candidate.tree.steps)),), 1.0))
    assert len(search.population) == 10
    assert max(member.outcome.score for member in search.population) == max(scores)


def test_a_search_space_with_few_pipelines_is_exhausted() -> None:
    tiny = BINARY.only("Encoder", "VarianceThreshold", "LinearDiscriminantAnalysis")
    fixed = [replace(primitive, space={}, build=primitive.build) for primitive in tiny]
    search = evolution(catalogue=Catalogue(fixed), max_steps=3, initial_steps=3)
    texts = {str(candidate.tree) for candidate in iter(search.ask, None)}
    assert texts == {
        "LinearDiscriminantAnalysis(Encoder(X))",
        "LinearDiscriminantAnalysis(VarianceThreshold(Encoder(X)))",
    }
