"""Simplification: backward elimination from the best pipeline, as a proposer.

    reductions    pipelines with one step or some settings less, those that lose most of them first
    ask           the next reduction of the pipeline that was reached so far
    tell          a reduction that scores within the error of the best pipeline is reached in turn

A step goes by giving its place to one of its inputs, and settings go by taking their defaults. The
best pipeline is the reference of all comparisons, so that small losses do not add up. The error is
that of `evolver.search.selection.is_within_error`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evolver.genome.candidate import Candidate, Origin
from evolver.genome.digest import digest
from evolver.genome.graph import operators, to_graph
from evolver.genome.tree import Step, Tree
from evolver.outcome import Outcome, Scored
from evolver.search.selection import Member, is_within_error
from evolver.search.variation import shrinkable
from primitives.defaults import off_defaults, with_defaults

SIMPLIFICATION = "simplification"
"""Name of the proposer."""

Gain = tuple[int, int]
"""Number of steps, and of settings off their defaults, that a reduction has less."""

Label = tuple[str, ...]
"""Name of a reduction, the same in other pipelines that have the same step."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """Pipeline that is simpler than another.

    Parameters
    ----------
    label : Label
    tree : Tree
    digest : str
        Digest of the tree.
    gain : Gain
    """

    label: Label
    tree: Tree
    digest: str
    gain: Gain


def size_of(tree: Tree) -> tuple[int, int]:
    """Return the number of steps of a pipeline, and of its settings off their defaults."""
    settings = sum(len(off_defaults(step.primitive, step.values)) for step in tree.steps)
    return operators(to_graph(tree)), settings


def reductions(tree: Tree) -> tuple[Reduction, ...]:
    """Return the reductions of a pipeline, each once, those that gain most first."""
    steps, settings = size_of(tree)
    found: dict[str, Reduction] = {}
    for label, reduced in (*_without_steps(tree), *_without_settings(tree)):
        fewer_steps, fewer_settings = size_of(reduced)
        gain = steps - fewer_steps, settings - fewer_settings
        if gain > (0, 0):
            key = digest(reduced)
            found.setdefault(key, Reduction(label, reduced, key, gain))
    return tuple(sorted(found.values(), key=lambda one: one.gain, reverse=True))


def _without_steps(tree: Tree) -> Iterator[tuple[Label, Tree]]:
    """Yield the pipelines in which one of its inputs takes the place of a step."""
    for place, child in shrinkable(tree):
        label = "drop", digest(tree.subtree(place)), digest(tree.subtree(child))
        yield label, tree.replaced(place, tree.subtree(child))


def _without_settings(tree: Tree) -> Iterator[tuple[Label, Tree]]:
    """Yield the pipelines with defaults: for all settings, for those of a step, for each alone."""
    places = [place for place, node in enumerate(tree) if isinstance(node, Step)]
    off = {place: off_defaults(tree[place].primitive, tree[place].values) for place in places}
    everywhere = tree
    for place in places:
        everywhere = _with_defaults(everywhere, place, off[place])
    yield ("defaults",), everywhere
    for place in places:
        yield ("defaults", tree[place].name), _with_defaults(tree, place, off[place])
        for name in off[place]:
            yield ("default", tree[place].name, name), _with_defaults(tree, place, [name])


def _with_defaults(tree: Tree, place: int, names: list[str]) -> Tree:
    """Return a pipeline in which settings of one step have their defaults."""
    step = tree[place]
    values = with_defaults(step.primitive, step.values, names)
    return Tree([*tree[:place], Step(step.primitive, values), *tree[place + 1 :]])


def simplest(members: Sequence[Member]) -> Member:
    """Return the simplest of scored candidates that are within the error of the best.

    The simplest has the least costs, then the fewest settings off their defaults, then the best
    score. Other than `evolver.search.selection.one_standard_error`, it is chosen among all members
    given, not those of a front, and by the error of their difference from the best.
    """
    top = max(members, key=_merit)
    near = [one for one in members if one is top or is_within_error(top.outcome, one.outcome)]
    return min(
        near,
        key=lambda one: (one.outcome.costs, *size_of(one.candidate.tree), -one.outcome.score),
    )


class Simplification:
    """Proposer of simpler pipelines than the best one. Only a run calls it.

    It draws nothing at random. There is no candidate before an outcome is told, and none while all
    reductions of the pipeline that was reached wait for their outcomes; then others are asked.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._known: dict[str, Member | None] = {}
        self._asked: dict[str, Label] = {}
        self._refused: set[Label] = set()
        self._best: Member | None = None
        self._reached: Member | None = None
        self._left: tuple[Reduction, ...] = ()

    def ask(self) -> Candidate | None:
        """Return the reduction that gains most and was not tried yet; None if there is none."""
        if self._reached is None:
            return None
        self._go_on()
        parents = (self._reached.candidate.digest,)
        for one in self._left:
            if one.digest not in self._seen and one.label not in self._refused:
                self._seen.add(one.digest)
                self._asked[one.digest] = one.label
                return Candidate(one.tree, Origin(SIMPLIFICATION, one.label[0], parents))
        return None

    def avoid(self, digest: str) -> None:
        """Never ask for a pipeline of this digest."""
        self._seen.add(digest)

    def tell(self, candidate: Candidate, outcome: Outcome) -> None:
        """Learn an outcome; a new best pipeline is simplified from the beginning."""
        self._seen.add(candidate.digest)
        member = Member(candidate, outcome) if isinstance(outcome, Scored) else None
        self._known[candidate.digest] = member
        if member is not None and (self._best is None or _merit(member) > _merit(self._best)):
            if self._best is None or member.outcome.score > self._best.outcome.score:
                self._refused.clear()  # what a simpler pipeline of equal score lost is still lost
            self._best = member
            self._reach(member)
        label = self._asked.pop(candidate.digest, None)
        if label is not None and not self._is_near(member):
            self._refused.add(label)

    def _go_on(self) -> None:
        """Reach the best of the reductions that are known to be within the error, until none is."""
        while True:
            near: list[tuple[Gain, float, Member]] = []
            for one in self._left:
                member = self._known.get(one.digest)
                if member is not None and self._is_near(member):
                    near.append((one.gain, member.outcome.score, member))
                elif one.digest in self._known:
                    self._refused.add(one.label)
            if not near:
                return
            self._reach(max(near, key=lambda one: one[:2])[2])

    def _is_near(self, member: Member | None) -> bool:
        """Return True if a candidate is scored, and within the error of the best."""
        if member is None or self._best is None:
            return False
        return is_within_error(self._best.outcome, member.outcome)

    def _reach(self, member: Member) -> None:
        """Simplify a member from now on."""
        self._reached = member
        self._left = reductions(member.candidate.tree)


def _merit(member: Member) -> tuple[float, ...]:
    """Return the score and the negated costs of a member, by which the best one is found."""
    return member.outcome.score, *(-cost for cost in member.outcome.costs)
