"""Candidate: a pipeline that a search proposes, with its digest and its origin."""

from __future__ import annotations

from dataclasses import dataclass, field

from evolver.genome.digest import digest
from evolver.genome.tree import Tree


@dataclass(frozen=True)
class Origin:
    """Origin of a candidate.

    Parameters
    ----------
    proposer : str
        ``"portfolio"``, ``"evolution"``, ``"refinement"`` or ``"simplification"``.
    operator : str
        Name of the operator that made it, such as ``"growth"``.
    parents : tuple of str
        Digests of the candidates that it was made from.
    """

    proposer: str
    operator: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Candidate:
    """Pipeline that a search proposes.

    Parameters
    ----------
    tree : Tree
        Pipeline with its parameter values.
    origin : Origin
        Proposer, operator and parents.
    prior_seconds : float, optional
        Seconds that a fold is expected to take, judged by other tables, on the machine on which
        those were measured.

    Attributes
    ----------
    digest : str
        Digest of the tree.
    """

    tree: Tree
    origin: Origin
    prior_seconds: float | None = None
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        # A frozen dataclass allows no plain assignment.
        object.__setattr__(self, "digest", digest(self.tree))
