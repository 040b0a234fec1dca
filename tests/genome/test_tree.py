"""Trees: growth, digests, the codec, and the pipelines that trees become."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from evolver.export.layout import layout
from evolver.export.render import render
from evolver.genome.codec import decode, encode
from evolver.genome.digest import digest
from evolver.genome.graph import operators, to_graph
from evolver.genome.pipeline import to_estimator
from evolver.genome.tree import Step, Tree, X, check, draw, grammar_of, grow, pick
from primitives import Catalogue, Features, Prediction, Primitive
from primitives import space as values_of
from primitives.construction import union
from tests.genome.strategies import CATALOGUES, random_tree, seeds, spaces

BINARY = CATALOGUES["binary"]


def step(name: str, **changes: object) -> Step:
    """Return a step with the first values of its space, except for `changes`."""
    space = BINARY[name].fixed_space
    made = values_of.nearest(space, changes)  # type: ignore[arg-type]
    return Step(BINARY[name], made)


ONE_HOT = step("Encoder", categories="one_hot")
ORDINAL = step("Encoder", numbers="mean", categories="ordinal")
TARGET = step("Encoder", categories="target")


def tree(*nodes: str | Step) -> Tree:
    """Return a tree from steps or their names in prefix order; X is the table."""
    return Tree(
        [X if node == "X" else step(node) if isinstance(node, str) else node for node in nodes]
    )


def source(estimator: Any) -> str:
    """Return the call that makes an estimator, as exported files have it."""
    return layout(render(estimator, {}), indent=0, before="")


@given(spaces, seeds)
def test_a_grown_tree_is_valid_and_has_at_most_the_given_steps(space: Catalogue, seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(2, 12))
    grown = grow(Prediction, space, rng, steps)
    check(grown, space)
    assert len(grown.steps) <= steps


@given(spaces, seeds)
def test_the_same_seed_gives_the_same_tree(space: Catalogue, seed: int) -> None:
    assert random_tree(space, seed) == random_tree(space, seed)


def test_too_few_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="`steps` must be at least 2"):
        grow(Prediction, BINARY, np.random.default_rng(0), 1)


@pytest.mark.slow
def test_inputs_of_one_kind_have_branches_of_equal_mean_size() -> None:
    three = Primitive("Three", (Features,) * 3, Features, union)
    for root in (BINARY["Union"], three):
        for steps in (5, 8):
            sizes = branch_sizes(root, steps)
            differences = (sizes - sizes.mean(axis=1, keepdims=True)).mean(axis=0)
            errors = sizes.std(axis=0, ddof=1) / np.sqrt(len(sizes))
            assert (np.abs(differences) < 4 * errors).all(), (root.name, steps, sizes.mean(axis=0))


@pytest.mark.parametrize("name", ["Union", "Stack"])
@pytest.mark.parametrize("spare", [0, 1, 4])
def test_spare_steps_are_used_by_any_input_and_never_exceeded(name: str, spare: int) -> None:
    root, grammar = BINARY[name], grammar_of(BINARY)
    fewest = np.array([grammar.fewest(kind) for kind in root.inputs])
    used = branch_sizes(root, grammar.fewest_of(root) + spare) - fewest
    assert used.min() == 0
    assert used.sum(axis=1).max() == spare
    assert used.max(axis=0).tolist() == [spare, spare]
    assert used.sum(axis=1).mean() >= min(spare, 0.5)


def branch_sizes(root: Primitive, steps: int, number: int = 3_000) -> np.ndarray:
    """Return the steps of each input of trees grown from one root, shape (number, n_inputs)."""
    rng = np.random.default_rng(0)
    space = BINARY if root.name in BINARY else BINARY.add(root)
    trees = [grow(root.output, space, rng, steps, root) for _ in range(number)]
    return np.array(
        [[len(grown.subtree(index).steps) for index in grown.inputs(0)] for grown in trees]
    )


def test_a_step_with_one_input_draws_only_its_primitive_and_its_values() -> None:
    chain = BINARY.only("Encoder", "GaussianNB")
    rng, replayed = np.random.default_rng(0), np.random.default_rng(0)
    grown = grow(Prediction, chain, rng, 2)
    for drawn in grown.steps:
        replayed.random()
        replayed.integers(1)
        draw(drawn.primitive, replayed)
    assert len(grown.steps) == 2
    assert rng.bit_generator.state == replayed.bit_generator.state


@given(st.lists(st.integers(), min_size=1, max_size=9), st.sampled_from([0.5, 1.0, 7.0]), seeds)
def test_equal_weights_draw_as_none_do(options: list[int], weight: float, seed: int) -> None:
    """A seed gives what it gave before there were weights."""
    rng, other, plain = (np.random.default_rng(seed) for _ in range(3))
    drawn = pick(options, rng, [weight] * len(options))
    assert drawn == pick(options, other) == options[plain.integers(len(options))]
    states = [one.bit_generator.state for one in (rng, other, plain)]
    assert states[0] == states[1] == states[2]


def test_a_primitive_is_drawn_as_often_as_its_weight_says() -> None:
    space = BINARY.only("Encoder", "StandardScaler", "RobustScaler")
    heavy = Catalogue(
        replace(one, weight=6.0 if one.name == "RobustScaler" else 2.0) for one in space
    )
    rng = np.random.default_rng(0)
    grown = [grow(Features, heavy, rng, 2) for _ in range(2_000)]
    counts = Counter(one.steps[0].name for one in grown)
    # Half of them stop at once; of the others 6 in 10 are heavy and 2 in 10 are light.
    assert counts["Encoder"] / len(grown) == pytest.approx(0.6, abs=0.05)
    assert counts["RobustScaler"] / counts["StandardScaler"] == pytest.approx(3.0, rel=0.25)


@given(spaces, seeds)
def test_the_codec_gives_back_the_tree(space: Catalogue, seed: int) -> None:
    grown = random_tree(space, seed)
    assert decode(encode(grown), space) == grown
    assert decode(json.loads(json.dumps(encode(grown))), space) == grown


def test_the_codec_refuses_invalid_trees() -> None:
    encoded = list(encode(tree("GaussianNB", ONE_HOT, "X")))
    with pytest.raises(ValueError, match="primitives of the catalogue, got Unknown"):
        decode([("Unknown", {}), *encoded[1:]], BINARY)
    with pytest.raises(ValueError, match="as many nodes"):
        decode(encoded[:-1], BINARY)
    with pytest.raises(ValueError, match="must give Features"):
        decode([encoded[0], None], BINARY)
    for values in ({}, {**ORDINAL.values, "max_categories": 9}, {"categories": "ordinal"}):
        with pytest.raises(ValueError, match="within its space"):
            decode([encoded[0], ("Encoder", values), None], BINARY)
    with pytest.raises(ValueError, match="within its space"):
        decode([("GaussianNB", {"var_smoothing": 5.0}), *encoded[1:]], BINARY)


@given(spaces, seeds)
def test_trees_survive_pickling(space: Catalogue, seed: int) -> None:
    grown = random_tree(space, seed)
    again = pickle.loads(pickle.dumps(grown))
    assert again == grown
    assert digest(again) == digest(grown)


def test_the_text_of_a_tree_is_an_expression_of_nested_calls() -> None:
    genome = tree(step("GaussianNB", var_smoothing=0.001), "StandardScaler", ONE_HOT, "X")
    assert str(genome) == (
        "GaussianNB(StandardScaler(Encoder(X, add_indicator=False, categories='one_hot',"
        " dates='parts', max_categories=4, numbers='median')), var_smoothing=0.001)"
    )


def test_the_required_kind_is_the_kind_that_the_parent_takes() -> None:
    genome = tree("GaussianNB", "Stack", "GaussianNB", ONE_HOT, "X", ORDINAL, "X")
    kinds = [genome.required_kind(index).__name__ for index in range(len(genome))]
    assert kinds == [
        "Prediction",
        "Features",
        "Prediction",
        "Features",
        "Table",
        "Features",
        "Table",
    ]
    with pytest.raises(IndexError):
        genome.required_kind(7)


class TestDigest:
    def test_the_order_of_a_union_does_not_change_it(self) -> None:
        branches = ([ONE_HOT, "X"], ["PCA", ORDINAL, "X"])
        one = tree("GaussianNB", "Union", *branches[0], *branches[1])
        other = tree("GaussianNB", "Union", *branches[1], *branches[0])
        assert one != other
        assert digest(one) == digest(other)

    def test_the_order_of_a_stack_changes_it(self) -> None:
        model, features = ["GaussianNB", ONE_HOT, "X"], [ORDINAL, "X"]
        one = tree("GaussianNB", "Stack", *model, *features)
        other = tree("GaussianNB", "Stack", "GaussianNB", *features, ONE_HOT, "X")
        assert digest(one) != digest(other)

    def test_a_union_of_equal_branches_has_the_digest_of_the_branch(self) -> None:
        genome = tree("GaussianNB", "Union", ONE_HOT, "X", ONE_HOT, "X")
        assert digest(genome) == digest(tree("GaussianNB", ONE_HOT, "X"))

    def test_nested_unions_have_the_digest_of_one_union(self) -> None:
        a, b, c = ([ONE_HOT, "X"], [ORDINAL, "X"], [TARGET, "X"])
        left = tree("GaussianNB", "Union", "Union", *a, *b, *c)
        right = tree("GaussianNB", "Union", *b, "Union", *c, *a)
        assert digest(left) == digest(right)
        assert source(to_estimator(left)) == source(to_estimator(right))

    def test_another_parameter_value_changes_it(self) -> None:
        one = tree(step("GaussianNB", var_smoothing=0.001), ONE_HOT, "X")
        assert digest(one) != digest(tree("GaussianNB", ONE_HOT, "X"))

    def test_it_is_the_same_in_every_process(self) -> None:
        genome = tree(step("GaussianNB", var_smoothing=0.001), ONE_HOT, "X")
        assert digest(genome) == "9d4e10771e801b89eadb6159f1d11fb0"

    @given(spaces, seeds, seeds)
    def test_digests_are_equal_if_and_only_if_pipelines_are_equal(
        self, space: Catalogue, a: int, b: int
    ) -> None:
        one, other = random_tree(space, a, steps=3), random_tree(space, b, steps=3)
        same = source(to_estimator(one)) == source(to_estimator(other))
        assert (digest(one) == digest(other)) == same


class TestPipeline:
    @given(spaces, seeds)
    @settings(deadline=None)
    def test_every_tree_becomes_an_estimator_that_clones(self, space: Catalogue, seed: int) -> None:
        pipeline = to_estimator(random_tree(space, seed))
        assert source(clone(pipeline)) == source(pipeline)

    def test_a_branch_used_twice_counts_once(self) -> None:
        genome = tree("GaussianNB", "Union", "PCA", ONE_HOT, "X", "Bins", ONE_HOT, "X")
        assert operators(to_graph(genome)) == 5

    def test_steps_that_the_branches_of_a_union_share_are_fitted_once(self) -> None:
        genome = tree("GaussianNB", "Union", "PCA", ONE_HOT, "X", "Bins", ONE_HOT, "X")
        names = [name for name, _ in to_estimator(genome).steps]
        assert names == ["tablecleaner", "columntransformer", "featureunion", "gaussiannb"]

    def test_nothing_is_shared_with_a_stack_that_fits_on_inner_folds(self) -> None:
        genome = tree("GaussianNB", "Stack", "GaussianNB", TARGET, "X", TARGET, "X")
        pipeline = to_estimator(genome)
        assert [name for name, _ in pipeline.steps] == [
            "tablecleaner",
            "featureunion",
            "gaussiannb",
        ]
        inner = dict(pipeline.named_steps["featureunion"].transformer_list)["predictions"].estimator
        assert [name for name, _ in inner.steps] == ["columntransformer", "gaussiannb"]

    def test_a_union_shares_nothing_with_a_stack_in_one_of_its_branches(self) -> None:
        stack = ["Stack", "GaussianNB", TARGET, "X", TARGET, "X"]
        genome = tree("GaussianNB", "Union", *stack, "PCA", TARGET, "X")
        pipeline = to_estimator(genome)
        assert [name for name, _ in pipeline.steps] == [
            "tablecleaner",
            "featureunion",
            "gaussiannb",
        ]
        inner = [
            dict(branch.transformer_list)["predictions"].estimator
            for _, branch in pipeline.named_steps["featureunion"].transformer_list
            if hasattr(branch, "transformer_list")
        ]
        assert [[name for name, _ in model.steps] for model in inner] == [
            ["columntransformer", "gaussiannb"]
        ]

    def test_a_branch_has_the_same_seed_in_every_pipeline(self) -> None:
        encoder = to_estimator(tree("GaussianNB", TARGET, "X"))[1]
        other = to_estimator(tree("DecisionTreeClassifier", TARGET, "X"))[1]
        assert source(encoder) == source(other)
        of_roles = {role: transformer for role, transformer, _ in encoder.transformers}
        assert of_roles["categories"].cv.random_state is not None
