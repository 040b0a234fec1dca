"""Primitive whose score is a known function of its parameters, and searches for its optimum."""

from __future__ import annotations

from collections.abc import Callable
from math import log10
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.dummy import DummyClassifier

from evolver.genome.candidate import Candidate, Origin
from evolver.genome.tree import Step, Tree, X
from evolver.outcome import Outcome, Scored
from evolver.search.refinement import Refinement
from primitives import CLASSIFICATION, Prediction, Primitive, Space, Table
from primitives import space as spaces

LAG = 4

KNOWN: Space = {
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    "share": FloatDistribution(0.0, 1.0),
    "depth": IntDistribution(1, 20),
    "kind": CategoricalDistribution(["good", "bad", "worse"]),
}
GROWN = Origin("evolution", "growth")


def model(name: str = "Known", space: Space = KNOWN) -> Primitive:
    return Primitive(name, (Table,), Prediction, DummyClassifier, space, CLASSIFICATION)


def candidate(primitive: Primitive, **values: Any) -> Candidate:
    drawn = spaces.sample(primitive.fixed_space, np.random.default_rng(0))
    return Candidate(Tree([Step(primitive, {**drawn, **values}), X]), GROWN)


def quality(one: Candidate) -> float:
    """Return the score of a candidate: 1 at rate 0.01, share 0.3, depth 6 and the good kind."""
    values = one.tree.steps[0].values
    away = (
        (log10(float(values["rate"])) + 2) / 2,  # type: ignore[arg-type]
        2 * (float(values["share"]) - 0.3),  # type: ignore[arg-type]
        (float(values["depth"]) - 6) / 10,  # type: ignore[arg-type]
        {"good": 0.0, "bad": 0.5, "worse": 1.0}[str(values["kind"])],
    )
    return float(np.exp(-sum(distance**2 for distance in away)))


def scored(score: float, complexity: float = 1.0) -> Scored:
    return Scored((score,), (complexity,), 1.0)


def refinement(seed: int = 0, **options: Any) -> Refinement:
    return Refinement(np.random.default_rng(seed), **options)


def refine(
    search: Refinement,
    turns: int,
    outcome: Callable[[Candidate], Outcome] = lambda one: scored(quality(one)),
    first: Candidate | None = None,
    lag: int = 1,
) -> list[Candidate]:
    """Return the candidates that a search asks for; each outcome is told `lag` turns later."""
    first = first or candidate(model(), rate=0.9, share=0.9, depth=20, kind="worse")
    search.tell(first, outcome(first))
    asked: list[Candidate] = []
    for turn in range(turns):
        one = search.ask()
        if one is None:
            break
        asked.append(one)
        if turn + 1 >= lag:
            earlier = asked[turn + 1 - lag]
            search.tell(earlier, outcome(earlier))
    return asked


def turns_to(share: float, sampler: str, seed: int, most: int) -> int:
    """Return the number of proposals until one reaches a share of the optimum, at most `most`."""
    asked = refine(refinement(seed, sampler=sampler), most, lag=LAG)
    reached = (turn for turn, one in enumerate(asked, 1) if quality(one) >= share)
    return next(reached, most)
