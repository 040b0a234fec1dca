"""Evolution as a proposer: steady-state NSGA-II on typed trees.

    ask    the first candidates grow at random, predictor after predictor, at first the cheap ones
           before the others; then two members meet in tournaments, one operator makes a child,
           until it is new and small enough
    tell   a scored candidate joins the population, and the worst one leaves it

There are no generations: a child may be asked for at any time and is bred from what has been told
so far. Nothing here knows of time or workers; how far told outcomes lag behind is the run's
business.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evolver.genome.candidate import Candidate, Origin
from evolver.genome.digest import digest
from evolver.genome.tree import Tree, grammar_of, grow
from evolver.outcome import Outcome, Scored
from evolver.search.selection import Member, survivors, tournament
from evolver.search.variation import OPERATORS
from primitives import Catalogue, Prediction, Primitive

MAX_TRIES = 50
"""Attempts at a child that is new and small enough, before a tree is grown instead; and as many at
that."""

GROWTH = Origin("evolution", "growth")


class Evolution:
    """Proposes pipelines and learns from their outcomes.

    Its state is the population and its Generator; only a run calls it.

    Parameters
    ----------
    catalogue : Catalogue
        Selected for the problem.
    rng : numpy.random.Generator
    population_size : int, default=50
    grown : int, optional
        Candidates that grow at random before any is bred; default as many as the population holds.
    operator_rates : mapping of str to float
        How often each operator of `OPERATORS` is tried.
    initial_steps, max_steps : int
        Size limits of the trees that grow at random, and of all.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rng: np.random.Generator,
        *,
        operator_rates: Mapping[str, float],
        population_size: int = 50,
        grown: int | None = None,
        initial_steps: int = 4,
        max_steps: int = 10,
    ) -> None:
        self._catalogue = catalogue
        self._rng = rng
        self._population_size = population_size
        self._to_grow = population_size if grown is None else grown
        self._initial_steps = initial_steps
        self._max_steps = max_steps
        self._operators = sorted(operator_rates)
        rates = np.array([operator_rates[name] for name in self._operators], dtype=float)
        self._rates = rates / rates.sum()
        self._roots = list(rng.permutation(np.array(catalogue.producing(Prediction), dtype=object)))
        self._opening: list[Tree] = sorted((self._grown_on(root) for root in self._roots), key=cost)
        self._asked = 0
        self._grown = 0
        self._seen: set[str] = set()
        self._population: list[Member] = []

    @property
    def population(self) -> tuple[Member, ...]:
        """The members that have survived so far."""
        return tuple(self._population)

    def ask(self) -> Candidate | None:
        for _ in range(MAX_TRIES):
            tree, origin = self._breed() if self._has_parents() else self._grow()
            if self._is_new(tree):
                return self._propose(tree, origin)
        for _ in range(MAX_TRIES):
            tree, origin = self._grow()
            if self._is_new(tree):
                return self._propose(tree, origin)
        return None

    def avoid(self, digest: str) -> None:
        self._seen.add(digest)

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        self._seen.add(candidate.digest)
        if isinstance(outcome, Scored):
            self._population = survivors(
                [*self._population, Member(candidate, outcome)], self._population_size
            )

    def _has_parents(self) -> bool:
        return self._asked >= self._to_grow and len(self._population) > 0

    def _grow(self) -> tuple[Tree, Origin]:
        if self._opening:
            return self._opening.pop(0), GROWTH
        root = self._roots[self._grown % len(self._roots)]
        self._grown += 1
        return self._grown_on(root), GROWTH

    def _grown_on(self, root: Primitive) -> Tree:
        steps = max(self._initial_steps, grammar_of(self._catalogue).fewest_of(root))
        return grow(Prediction, self._catalogue, self._rng, steps, root)

    def _breed(self) -> tuple[Tree, Origin]:
        name = self._operators[self._rng.choice(len(self._operators), p=self._rates)]
        operator, arity = OPERATORS[name]
        parents = [tournament(self._population, self._rng).candidate for _ in range(arity)]
        tree = operator([parent.tree for parent in parents], self._catalogue, self._rng)
        return tree, Origin("evolution", name, tuple(parent.digest for parent in parents))

    def _is_new(self, tree: Tree) -> bool:
        return len(tree.steps) <= self._max_steps and digest(tree) not in self._seen

    def _propose(self, tree: Tree, origin: Origin) -> Candidate:
        candidate = Candidate(tree, origin)
        self._seen.add(candidate.digest)
        self._asked += 1
        return candidate


def cost(tree: Tree) -> float:
    """Return what is known beforehand of the cost of fitting a tree; it does not depend on
    data."""
    return sum(step.primitive.cost for step in tree.steps)
