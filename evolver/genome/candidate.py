"""What a search proposes: a tree, its digest, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field

from evolver.genome.digest import digest
from evolver.genome.tree import Tree


@dataclass(frozen=True)
class Origin:
    """Where a candidate came from.

    Parameters
    ----------
    proposer : str
        ``"portfolio"``, ``"evolution"`` or ``"refinement"``.
    operator : str
        What made it.
    parents : tuple of str
        Digests of what it was made from.
    """

    proposer: str
    operator: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Candidate:
    """A proposal. The digest follows from the tree.

    `prior_seconds` are the seconds that a fold should take by what is known of other tables, on the
    machine that it is known from.
    """

    tree: Tree
    origin: Origin
    prior_seconds: float | None = None
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest(self.tree))
