"""Structures: a pipeline is split into structure and values, which give it back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings

from evolver.genome.digest import digest
from evolver.genome.structure import split_structure
from evolver.genome.tree import Step, Tree, X
from evolver.search.variation import perturb_parameter, redraw_parameter
from primitives import Catalogue, Choice
from primitives import space as spaces
from tests.genome.strategies import CATALOGUES, random_tree, seeds
from tests.genome.strategies import spaces as catalogues

BINARY = CATALOGUES["binary"]


@settings(max_examples=60, deadline=None)
@given(seeds, catalogues)
def test_structure_and_values_give_the_pipeline_back(seed: int, catalogue: Catalogue) -> None:
    tree = random_tree(catalogue, seed)
    structure, values = split_structure(tree)
    assert spaces.contains(structure.space, values)
    again = structure.tree(values)
    assert digest(again) == digest(tree)
    assert split_structure(again)[0].key == structure.key


@settings(max_examples=60, deadline=None)
@given(seeds, catalogues)
def test_a_pipeline_with_other_values_has_the_same_structure(
    seed: int, catalogue: Catalogue
) -> None:
    """Pipelines with equal branches are left out: these are merged, so that slots disappear."""
    tree = random_tree(catalogue, seed)
    structure, _ = split_structure(tree)
    rng = np.random.default_rng(seed)
    for change in (perturb_parameter, redraw_parameter):
        changed, _ = split_structure(change([tree], catalogue, rng))
        assume(len(changed.slots) == len(structure.slots) == len(tree.steps))
        assert changed.key == structure.key


@settings(max_examples=40, deadline=None)
@given(seeds, catalogues)
def test_drawn_values_give_a_valid_pipeline_of_the_structure(
    seed: int, catalogue: Catalogue
) -> None:
    structure, _ = split_structure(random_tree(catalogue, seed))
    values = spaces.sample(structure.space, np.random.default_rng(seed))
    again, found = split_structure(structure.tree(values))
    assume(len(again.slots) == len(structure.slots))  # drawn values may make branches equal
    assert again.key == structure.key
    assert sorted(map(repr, found.values())) == sorted(map(repr, values.values()))


def step(name: str, **values: object) -> Step:
    """Return a step with the values of its space that are nearest to some values."""
    return Step(BINARY[name], spaces.nearest(BINARY[name].fixed_space, values))  # type: ignore[arg-type]


def union(first: int, second: int) -> Tree:
    """Return a pipeline on the union of two selections, given by their percentiles."""
    encoder = step("Encoder", categories="one_hot")
    select = [step("SelectPercentileFClassif", percentile=number) for number in (first, second)]
    return Tree([step("GaussianNB"), step("Union"), select[0], encoder, X, select[1], encoder, X])


def test_the_order_of_branches_of_one_shape_does_not_matter() -> None:
    assert split_structure(union(10, 90))[1] == split_structure(union(90, 10))[1]
    assert split_structure(union(10, 90))[0].key == split_structure(union(30, 40))[0].key


def encoded(**treatments: object) -> Tree:
    return Tree([step("GaussianNB"), step("Encoder", **treatments), X])


def test_the_choices_of_a_conditional_space_belong_to_the_structure() -> None:
    structure, values = split_structure(encoded(categories="one_hot", max_categories=9))
    other, _ = split_structure(encoded(categories="one_hot", max_categories=30))
    assert other.key == structure.key
    for treatments in ({"categories": "ordinal"}, {"categories": "one_hot", "numbers": "mean"}):
        assert split_structure(encoded(**treatments))[0].key != structure.key
    assert structure.slots[0].choices == {
        "categories": "one_hot",
        "dates": "parts",
        "numbers": "median",
    }
    assert values == {"0.add_indicator": False, "0.max_categories": 9, "1.var_smoothing": 1e-11}
    assert structure.space.keys() == values.keys()
    assert not any(isinstance(one, Choice) for one in structure.space.values())


def test_the_order_of_branches_with_other_choices_does_not_matter() -> None:
    one, other = (
        [step("PCA"), step("Encoder", categories=categories), X]
        for categories in ("ordinal", "target")
    )
    trees = [
        Tree([step("GaussianNB"), step("Union"), *first, *second])
        for first, second in ((one, other), (other, one))
    ]
    assert split_structure(trees[0])[0].key == split_structure(trees[1])[0].key
    assert split_structure(trees[0])[1] == split_structure(trees[1])[1]


def test_equal_branches_are_merged() -> None:
    structure, values = split_structure(union(10, 20))
    assert [slot.primitive.name for slot in structure.slots].count("Encoder") == 1
    assert len(structure.slots) == 5
    percentiles = sorted(v for name, v in values.items() if name.endswith("percentile"))  # type: ignore[type-var]
    assert percentiles == pytest.approx([10, 20])
