"""Survival and choice of parents on several objectives: NSGA-II (Deb et al. 2002), by DEAP.

The score is maximised, each cost is minimised. This module and `evolver.genome.tree` are the only
ones that import DEAP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from deap import base, tools

from evolver.genome.candidate import Candidate
from evolver.outcome import Scored


class ScoreAndCost(base.Fitness):
    """DEAP's fitness of a score and one cost."""

    weights = (1.0, -1.0)


class ScoreAndTwoCosts(base.Fitness):
    """DEAP's fitness of a score and two costs."""

    weights = (1.0, -1.0, -1.0)


FITNESS: dict[int, type[base.Fitness]] = {1: ScoreAndCost, 2: ScoreAndTwoCosts}
"""Fitness by the number of costs. Of more objectives nearly all candidates are on the front."""


@dataclass(frozen=True, eq=False)
class Member:
    """A scored candidate in a population.

    Parameters
    ----------
    candidate : Candidate
    outcome : Scored
    rank : int
        Number of its non-dominated front, 0 the best.
    crowding : float
        Distance to its neighbours in the front, greater is lonelier.
    """

    candidate: Candidate
    outcome: Scored
    rank: int = 0
    crowding: float = 0.0
    fitness: base.Fitness = field(init=False)

    def __post_init__(self) -> None:
        costs = self.outcome.costs
        fitness = FITNESS[len(costs)]((self.outcome.score, *costs))
        object.__setattr__(self, "fitness", fitness)


def survivors(members: Sequence[Member], size: int) -> list[Member]:
    """Return the `size` members that NSGA-II keeps, with rank and crowding."""
    kept = tools.selNSGA2(list(members), min(size, len(members)), nd="log")
    return [
        replace(member, rank=rank, crowding=member.fitness.crowding_dist)
        for rank, front in enumerate(_fronts(kept))
        for member in front
    ]


def front(members: Sequence[Member]) -> list[Member]:
    """Return the non-dominated members, best score first; of equal ones the first."""
    return [members[place] for place in non_dominated([one.outcome for one in members])]


def non_dominated(outcomes: Sequence[Scored]) -> list[int]:
    """Return the places of the non-dominated outcomes, best score first.

    Of equal outcomes the first counts.
    """
    order = sorted(range(len(outcomes)), key=lambda at: (-outcomes[at].score, outcomes[at].costs))
    places: list[int] = []
    # No outcome is dominated by one after it in this order, so each is compared with those before.
    for place in order:
        if not any(no_greater(outcomes[one].costs, outcomes[place].costs) for one in places):
            places.append(place)
    return places


def no_greater(costs: Sequence[float], others: Sequence[float]) -> bool:
    """Say whether no cost is greater than the other of its kind."""
    return all(cost <= other for cost, other in zip(costs, others, strict=True))


def tournament(members: Sequence[Member], rng: np.random.Generator) -> Member:
    """Return the better of two members drawn at random: of lower rank, or of equal rank and
    lonelier."""
    drawn = [members[int(index)] for index in rng.integers(len(members), size=2)]
    return min(drawn, key=lambda member: (member.rank, -member.crowding))


def best(front: Sequence[Member]) -> Member:
    """Return the member of a front with the best score."""
    return max(front, key=lambda member: member.outcome.score)


def one_standard_error(front: Sequence[Member]) -> Member:
    """Return the simplest member whose score is within one standard error of the best (Breiman et
    al. 1984); the best itself where one fold does not tell the error."""
    top = best(front)
    least = top.outcome.score - top.outcome.standard_error
    near = [member for member in front if member is top or member.outcome.score >= least]
    return min(near, key=lambda member: member.outcome.costs)


def knee(front: Sequence[Member]) -> Member:
    """Return the member farthest from the hyperplane through the ends of the front.

    All objectives are scaled to [0, 1] (normal boundary intersection, Das 1999).
    """
    ordered = sorted(front, key=lambda member: member.outcome.costs)
    objectives = np.array([(member.outcome.score, *member.outcome.costs) for member in ordered])
    spread = np.ptp(objectives, axis=0)
    scaled = (objectives - objectives.min(axis=0)) / np.where(spread > 0, spread, 1.0)
    return ordered[int(np.argmax(scaled[:, 0] - scaled[:, 1:].sum(axis=1)))]


CHOICES: dict[str, Callable[[Sequence[Member]], Member]] = {
    "best": best,
    "one_se": one_standard_error,
    "knee": knee,
}
"""Rules by which one member of a front is chosen."""


def _fronts(members: list[Member]) -> list[list[Member]]:
    """Sort into non-dominated fronts, crowding distances set."""
    fronts: list[list[Member]] = tools.sortLogNondominated(members, len(members))
    for one in fronts:
        tools.emo.assignCrowdingDist(one)
    return fronts
