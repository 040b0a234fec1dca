"""Evolution as a proposer: steady-state NSGA-II (Deb et al. 2002) on typed trees.

    ask    The first candidates grow at random: one tree for each predictor, the cheap ones first,
           then further trees in turn. Later candidates are children: tournaments choose the
           parents, one operator makes the child, and a child that is too large or known is dropped.
    tell   A scored candidate joins the population. If it is full, the worst member leaves it.

There are no generations. A child can be asked for at any time and is bred from the outcomes told so
far. Time and workers are left to the run, which also decides how late outcomes are told.
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
"""Attempts at a child that is new and small enough, and then at a grown tree that is."""

GROWTH = Origin("evolution", "growth")
"""Origin of trees that grow at random."""


class Evolution:
    """Proposer that breeds pipelines from those with good outcomes.

    Its state is the population, the Generator and the set of known digests. Only a run calls it.

    Parameters
    ----------
    catalogue : Catalogue
        Primitives selected for the problem.
    rng : numpy.random.Generator
    operator_rates : mapping of str to float
        Relative frequency with which each operator of `OPERATORS` is tried.
    population_size : int, default=50
        Most members that survive.
    grown : int, optional
        Number of candidates that grow at random before any is bred. The default is
        `population_size`.
    initial_steps, max_steps : int
        Most steps of a tree that grows at random, and of any tree.
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
        # Sorted, so that the order of the mapping does not matter to a seed.
        self._operators = sorted(operator_rates)
        rates = np.array([operator_rates[name] for name in self._operators], dtype=float)
        self._rates = rates / rates.sum()
        # Predictors take turns in a random order, so that no name is favoured.
        self._roots = list(rng.permutation(np.array(catalogue.producing(Prediction), dtype=object)))
        self._opening: list[Tree] = sorted((self._grown_on(root) for root in self._roots), key=cost)
        self._asked = 0
        self._grown = 0
        self._seen: set[str] = set()
        self._population: list[Member] = []

    @property
    def population(self) -> tuple[Member, ...]:
        """Members that have survived so far."""
        return tuple(self._population)

    def ask(self) -> Candidate | None:
        """Return a new candidate, or None if no attempt gives one."""
        for _ in range(MAX_TRIES):
            tree, origin = self._breed() if self._has_parents() else self._grow()
            if self._is_new(tree):
                return self._propose(tree, origin)
        # A population of similar members may have only known children left.
        for _ in range(MAX_TRIES):
            tree, origin = self._grow()
            if self._is_new(tree):
                return self._propose(tree, origin)
        return None

    def avoid(self, digest: str) -> None:
        """Never ask for a pipeline of this digest."""
        self._seen.add(digest)

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        """Note a candidate as known, and let it join the population if it was scored."""
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
        # Some predictors need more steps than the limit, such as a vote of two models.
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
    """Return the rough cost of fitting a tree, in milliseconds for about 2,000 rows."""
    return sum(step.primitive.cost for step in tree.steps)
