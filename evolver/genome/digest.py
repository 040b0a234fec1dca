"""The content hash of a pipeline, in canonical order.

Two trees have one digest exactly when they are one pipeline: the inputs of a commutative step are
taken as a set, and nested associative steps as one. The digest finds duplicates, merges equal
branches, keys what is stored and cached, and seeds the steps, so that a branch gives the same
result in whatever pipeline it stands.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from evolver.genome.tree import Step, Tree


@dataclass(frozen=True)
class Branch:
    """A branch in canonical form. The raw table is the one without a step."""

    digest: str
    step: Step | None = None
    inputs: tuple[Branch, ...] = ()


TABLE = Branch(digest="X")


def digest(tree: Tree) -> str:
    """Return the digest of a tree: 32 hexadecimal digits."""
    return canonical(tree).digest


def canonical(tree: Tree) -> Branch:
    """Return the canonical form of a tree."""
    return _canonical(tree, 0)


def _canonical(tree: Tree, index: int) -> Branch:
    step = tree[index]
    if not isinstance(step, Step):
        return TABLE
    inputs = [_canonical(tree, child) for child in tree.inputs(index)]
    if step.primitive.associative:
        inputs = [part for branch in inputs for part in _parts(branch, step)]
    if step.primitive.commutative:
        inputs = [
            branch for _, branch in sorted({branch.digest: branch for branch in inputs}.items())
        ]
        if len(inputs) == 1:
            return inputs[0]
    return Branch(_hash(step, inputs), step, tuple(inputs))


def _parts(branch: Branch, step: Step) -> tuple[Branch, ...]:
    return branch.inputs if branch.step == step else (branch,)


def _hash(step: Step, inputs: list[Branch]) -> str:
    content = json.dumps(
        [step.name, step.values, [branch.digest for branch in inputs]], sort_keys=True
    )
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
