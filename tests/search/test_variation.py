"""Variation: valid children, one change at a time, and unchanged parents."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.genome.structure import choices_of
from evolver.genome.tree import Tree, check, grow
from evolver.search.variation import OPERATORS
from primitives import Catalogue, Prediction
from primitives import space as spaces_of
from tests.genome.strategies import CATALOGUES, random_tree, seeds, spaces
from tests.pipelines import catalogue

ENCODERS = ("Encoder", "GapKeepingEncoder")


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


@given(st.sampled_from(["perturb_parameter", "redraw_parameter"]), spaces, seeds)
def test_a_parameter_mutation_keeps_the_choices_of_conditional_spaces(
    name: str, space: Catalogue, seed: int
) -> None:
    (parent,), child = vary(name, space, seed)
    made = [[choices_of(step) for step in one.steps] for one in (parent, child)]
    assert made[0] == made[1]


def test_replacing_an_encoder_gives_it_other_treatments() -> None:
    """Each is as likely as any other, and as another primitive."""
    # More treatments than the largest weight of an encoder are drawn less often each.
    space = catalogue("binary", dates=0).only(
        "Encoder", "GapKeepingEncoder", "DecisionTreeClassifier"
    )
    rng = np.random.default_rng(0)
    tree = grow(Prediction, space.without("GapKeepingEncoder"), rng, 2)
    before = tree.steps[1]
    found: Counter[str] = Counter()
    for _ in range(4_000):
        step = OPERATORS["replace_step"][0]([tree], space, rng).steps[1]
        if step != before:
            found[f"{step.name} {choices_of(step)}"] += 1
    combinations = sum(spaces_of.combinations(space[name].fixed_space) for name in ENCODERS)
    assert len(found) == combinations - 1
    assert f"{before.name} {choices_of(before)}" not in found
    expected = found.total() / len(found)
    assert max(abs(count - expected) for count in found.values()) < 4.5 * np.sqrt(expected)


def test_what_has_one_form_is_not_replaced_by_itself() -> None:
    space = CATALOGUES["binary"].only("Encoder", "GaussianNB")
    rng = np.random.default_rng(0)
    tree = grow(Prediction, space, rng, 2)
    children = [OPERATORS["replace_step"][0]([tree], space, rng) for _ in range(50)]
    assert all(child.steps[0] == tree.steps[0] for child in children)


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
