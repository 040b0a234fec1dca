"""Variation: valid children, one change at a time, and unchanged parents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.genome.tree import Tree, check
from evolver.search.variation import OPERATORS
from primitives import Catalogue
from tests.genome.strategies import CATALOGUES, random_tree, seeds, spaces


def vary(name: str, space: Catalogue, seed: int) -> tuple[list[Tree], Tree]:
    """Return the parents and the child of one application of an operator."""
    operator, arity = OPERATORS[name]
    parents = [random_tree(space, seed + number, steps=6) for number in range(arity)]
    return parents, operator(parents, space, np.random.default_rng(seed))


@given(st.sampled_from(sorted(OPERATORS)), spaces, seeds)
def test_a_child_is_valid_and_its_parents_unchanged(name: str, space: Catalogue, seed: int) -> None:
    parents, child = vary(name, space, seed)
    check(child, space)
    assert parents == [random_tree(space, seed + number, steps=6) for number in range(len(parents))]


@given(st.sampled_from(sorted(OPERATORS)), spaces, seeds)
def test_a_seed_gives_one_child(name: str, space: Catalogue, seed: int) -> None:
    assert vary(name, space, seed)[1] == vary(name, space, seed)[1]


@given(st.sampled_from(["perturb_parameter", "redraw_parameter"]), spaces, seeds)
def test_a_parameter_mutation_changes_one_value(name: str, space: Catalogue, seed: int) -> None:
    (parent,), child = vary(name, space, seed)
    assert [one.name for one in parent.steps] == [one.name for one in child.steps]
    differences = [
        parameter
        for before, after in zip(parent.steps, child.steps, strict=True)
        for parameter in before.values
        if before.values[parameter] != after.values[parameter]
    ]
    assert len(differences) <= 1


@given(spaces, seeds)
def test_replacing_changes_one_step_and_keeps_its_inputs(space: Catalogue, seed: int) -> None:
    (parent,), child = vary("replace_step", space, seed)
    assert len(parent) == len(child)
    assert sum(a.name != b.name for a, b in zip(parent.steps, child.steps, strict=True)) <= 1


@given(spaces, seeds)
def test_inserting_adds_one_step_and_shrinking_takes_some_away(space: Catalogue, seed: int) -> None:
    (parent,), longer = vary("insert_step", space, seed)
    assert len(longer.steps) - len(parent.steps) in (0, 1)
    (parent,), shorter = vary("shrink", space, seed)
    assert shorter == parent or len(shorter.steps) < len(parent.steps)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_changes_most_trees(name: str) -> None:
    changed = [
        parents[0] != child
        for parents, child in (vary(name, CATALOGUES["binary"], s) for s in range(200))
    ]
    assert np.mean(changed) > 0.25


def test_wrapping_makes_unions_stacks_and_votes() -> None:
    made = {
        step.name
        for seed in range(300)
        for step in vary("wrap", CATALOGUES["binary"], seed)[1].steps
    }
    assert made >= {"Union", "Stack", "SoftVote"}
