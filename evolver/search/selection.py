"""Survival and choice of parents with several objectives: NSGA-II (Deb et al. 2002), by DEAP.

The score is maximised, each cost is minimised. Only this module and `evolver.genome.tree` import
DEAP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

import numpy as np
from deap import base, tools

from evolver.genome.candidate import Candidate
from evolver.outcome import Scored, standard_error


class ScoreAndCost(base.Fitness):
    """DEAP's fitness of a score and one cost."""

    weights = (1.0, -1.0)


class ScoreAndTwoCosts(base.Fitness):
    """DEAP's fitness of a score and two costs."""

    weights = (1.0, -1.0, -1.0)


FITNESS: dict[int, type[base.Fitness]] = {1: ScoreAndCost, 2: ScoreAndTwoCosts}
"""Fitness by the number of costs.

There are at most two costs: with more objectives nearly all candidates are on the front.
"""


@dataclass(frozen=True, eq=False)
class Member:
    """A scored candidate in a population.

    Parameters
    ----------
    candidate : Candidate
    outcome : Scored
    rank : int, default=0
        Number of its non-dominated front; 0 is the best.
    crowding : float, default=0.0
        Crowding distance to its neighbours in the front.

    Attributes
    ----------
    fitness : deap.base.Fitness
        Fitness that follows from the outcome.
    """

    candidate: Candidate
    outcome: Scored
    rank: int = 0
    crowding: float = 0.0
    fitness: base.Fitness = field(init=False)

    def __post_init__(self) -> None:
        """Set the fitness, once: DEAP writes crowding distances to it."""
        costs = self.outcome.costs
        fitness = FITNESS[len(costs)]((self.outcome.score, *costs))
        object.__setattr__(self, "fitness", fitness)


def survivors(members: Sequence[Member], size: int) -> list[Member]:
    """Return the `size` members that NSGA-II keeps, with rank and crowding distance."""
    kept = tools.selNSGA2(list(members), min(size, len(members)), nd="log")
    return [
        replace(member, rank=rank, crowding=member.fitness.crowding_dist)
        for rank, front in enumerate(_fronts(kept))
        for member in front
    ]


def front(members: Sequence[Member]) -> list[Member]:
    """Return the non-dominated members, best score first; of equal members only the first."""
    return [members[place] for place in non_dominated([member.outcome for member in members])]


def non_dominated(outcomes: Sequence[Scored]) -> list[int]:
    """Return the places of the non-dominated outcomes, best score first.

    Of equal outcomes only the first is returned.
    """
    order = sorted(
        range(len(outcomes)), key=lambda place: (-outcomes[place].score, outcomes[place].costs)
    )
    places: list[int] = []
    # No outcome is dominated by one after it in this order, so each is compared with those before.
    for place in order:
        if not any(no_greater(outcomes[known].costs, outcomes[place].costs) for known in places):
            places.append(place)
    return places


def no_greater(costs: Sequence[float], others: Sequence[float]) -> bool:
    """Return True if no cost is greater than the cost of the same kind in `others`."""
    return all(cost <= other for cost, other in zip(costs, others, strict=True))


def tournament(members: Sequence[Member], rng: np.random.Generator) -> Member:
    """Return the better of two members that are drawn at random.

    It is the one of lower rank, or of greater crowding distance if their ranks are equal.
    """
    drawn = [members[int(index)] for index in rng.integers(len(members), size=2)]
    return min(drawn, key=lambda member: (member.rank, -member.crowding))


def best(front: Sequence[Member]) -> Member:
    """Return the member of a front with the best score."""
    return max(front, key=lambda member: member.outcome.score)


def one_standard_error(front: Sequence[Member]) -> Member:
    """Return the simplest member with a score within one standard error of the best.

    The rule is that of Breiman et al. (1984). If there is one fold, the standard error is unknown
    and the best member is returned.
    """
    top = best(front)
    least = top.outcome.score - top.outcome.standard_error
    # With one fold `least` is NaN, so no score reaches it.
    near = [member for member in front if member is top or member.outcome.score >= least]
    return min(near, key=lambda member: member.outcome.costs)


def is_within_error(best: Scored, other: Scored) -> bool:
    """Return True if an outcome is no measurable loss against the best one, on the same folds.

    The mean loss over the folds must be at most one standard error of the loss: a fold that is hard
    for both says nothing of their difference. It must also be at most the standard error of the
    best score, so that an outcome of great variance is not excused by it. With one fold both errors
    are unknown, and only an outcome that is no worse passes.
    """
    losses = [one - two for one, two in zip(best.fold_scores, other.fold_scores, strict=True)]
    mean = fmean(losses)
    return mean <= 0 or (mean <= standard_error(losses) and mean <= best.standard_error)


def knee(front: Sequence[Member]) -> Member:
    """Return the member that is farthest from the hyperplane through the ends of the front.

    The objectives are scaled to [0, 1] before (normal boundary intersection, Das 1999).
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
"""Rules to choose one member of a front, by name."""


def _fronts(members: list[Member]) -> list[list[Member]]:
    """Return the members by non-dominated front, with crowding distances in their fitness."""
    fronts: list[list[Member]] = tools.sortLogNondominated(members, len(members))
    for members_of_front in fronts:
        tools.emo.assignCrowdingDist(members_of_front)
    return fronts
