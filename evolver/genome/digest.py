"""Digest: the content hash of a pipeline in canonical form.

Two trees have the same digest if and only if they describe the same pipeline. In canonical form the
inputs of a commutative step are a set, sorted by digest. Nested uses of an associative step with
equal values are one step.

The digest finds duplicates, merges equal branches, and is the key of cached and stored results. It
also seeds the steps, so that a branch gives the same result in every pipeline.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from evolver.genome.tree import Step, Tree


@dataclass(frozen=True)
class Branch:
    """Branch of a pipeline in canonical form.

    Parameters
    ----------
    digest : str
        Digest of the branch: 32 hexadecimal digits, ``"X"`` for the table.
    step : Step, optional
        Root of the branch; None for the table.
    inputs : tuple of Branch
        Inputs of the step.
    """

    digest: str
    step: Step | None = None
    inputs: tuple[Branch, ...] = ()


TABLE = Branch(digest="X")
"""Branch that is the raw table."""


def digest(tree: Tree) -> str:
    """Return the digest of a tree, 32 hexadecimal digits."""
    return canonical(tree).digest


def canonical(tree: Tree) -> Branch:
    """Return the canonical form of a tree."""
    return _canonical(tree, 0)


def _canonical(tree: Tree, index: int) -> Branch:
    """Return the canonical form of the branch whose root is at `index`."""
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
        if len(inputs) == 1:  # a union of equal branches is the branch
            return inputs[0]
    return Branch(_hash(step, inputs), step, tuple(inputs))


def _parts(branch: Branch, step: Step) -> tuple[Branch, ...]:
    """Return the inputs of a branch with the same associative step as root, else the branch."""
    return branch.inputs if branch.step == step else (branch,)


def _hash(step: Step, inputs: list[Branch]) -> str:
    """Return the digest of a step on inputs."""
    # Not `hash()`: it gives strings other values in each process.
    content = json.dumps(
        [step.name, step.values, [branch.digest for branch in inputs]], sort_keys=True
    )
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
