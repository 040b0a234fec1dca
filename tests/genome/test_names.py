"""Short names of pipelines, and drawings of their trees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.genome.digest import canonical, digest
from evolver.genome.names import TREATMENTS as NAMED
from evolver.genome.names import drawing, model_name, short_digest, short_name, short_sum
from evolver.genome.tree import Step, Tree, X
from primitives import default_catalogue
from primitives.treatments import PASSING_GAPS
from primitives.treatments import TREATMENTS as KNOWN
from tests.genome.strategies import CATALOGUES, random_tree

SPACE = default_catalogue()
GAPS = {"numbers": "median", "add_indicator": False}


def step(name: str, **values: object) -> Step:
    return Step(SPACE[name], values)


BOOSTED = [step("LGBMClassifier", n_estimators=9), step("Encoder", **GAPS, categories="target"), X]
LINEAR = [step("LogisticRegression", C=1.0), step("StandardScaler"), *BOOSTED[1:]]


@pytest.mark.parametrize(
    ("nodes", "name"),
    [
        (BOOSTED, "impute › target-encode › LightGBM"),
        (LINEAR, "impute › target-encode › scale › LogisticRegression"),
        ([step("GaussianNB"), step("Encoder", numbers="median"), X], "GaussianNB"),
        ([step("SoftVote"), *BOOSTED, *LINEAR], "impute › target-encode › vote("),
        ([step("LogTarget"), step("Ridge"), *BOOSTED[1:]], "impute › target-encode › log-target("),
        (
            [step("Ridge"), step("Union"), step("PCA"), *BOOSTED[1:], step("Bins"), *BOOSTED[1:]],
            "impute › target-encode › union(",
        ),
        ([step("GaussianNB"), step("Encoder", sparse="read"), X], "read-matrix › GaussianNB"),
        (
            [
                *(step("GaussianNB"), step("Encoder", **GAPS)),
                step("Formula", first="", operation="*", second="age"),
                *(step("Formula", first="rooms", operation="/", second="age"), X),
            ],
            "rooms / age › it * age › impute › GaussianNB",
        ),
        (
            [step("GaussianNB"), step("Encoder", **GAPS), step("PairFormulas", n_columns=3), X],
            "pair-formulas › impute › GaussianNB",
        ),
    ],
)
def test_a_short_name_has_the_steps_in_the_order_of_the_data(nodes: list, name: str) -> None:
    found = short_name(Tree(nodes))
    assert found.startswith(name) if name.endswith("(") else found == name


def test_the_inputs_of_a_vote_are_models_and_those_of_a_union_are_features() -> None:
    assert "LightGBM" in short_name(Tree([step("SoftVote"), *BOOSTED, *LINEAR]))
    union = [step("Ridge"), step("Union"), step("PCA"), *BOOSTED[1:], *BOOSTED[1:]]
    assert sorted(short_name(Tree(union)).partition("union(")[2].partition(")")[0].split(", ")) == [
        "PCA",
        "table",
    ]


def test_a_sum_names_its_heaviest_models_and_counts_the_others() -> None:
    trees = [Tree(LINEAR), Tree(BOOSTED), *[Tree(LINEAR)] * 3]
    found = short_sum(trees, [0.3, 0.4, 0.15, 0.1, 0.05])
    assert found == "0.40 LightGBM + 0.30 LogisticRegression + 0.15 LogisticRegression + 2 more"


@given(st.sampled_from(sorted(CATALOGUES)), st.integers(0, 10_000), st.integers(2, 9))
def test_texts_of_any_pipeline_are_those_of_its_canonical_form(
    task: str, seed: int, steps: int
) -> None:
    tree = random_tree(CATALOGUES[task], seed, steps=steps)
    name, drawn = short_name(tree), drawing(tree)
    assert "Classifier" not in name
    assert "=" not in name
    names = [one.strip("├└─│ ").split(" ")[0] for one in drawn.splitlines()]
    assert names[0] == canonical(tree).step.name  # type: ignore[union-attr]
    assert names[-1] == "table"
    assert set(names) - {"table"} <= {one.name for one in tree.steps}


@given(st.integers(0, 1_000))
def test_a_short_digest_begins_the_digest(seed: int) -> None:
    whole = digest(random_tree(CATALOGUES["binary"], seed, steps=3))
    assert whole.startswith(short_digest(whole))
    assert len(short_digest(whole)) == 8


def test_every_role_has_words_for_its_treatments() -> None:
    assert set(NAMED) == set(KNOWN) | set(PASSING_GAPS)
    for role, words in NAMED.items():
        known = {
            one.name
            for one in (*KNOWN[role].treatments, *getattr(PASSING_GAPS.get(role), "treatments", ()))
        }
        assert set(words) <= known


def test_models_of_both_tasks_have_one_name() -> None:
    names = [primitive.name for primitive in SPACE]
    for name in names:
        other = name.replace("Classifier", "Regressor")
        if other in names:
            assert model_name(name) == model_name(other)
    assert model_name("PLSRegression") == "PLSRegression"
    assert np.all([not model_name(name).endswith(("Classifier", "Regressor")) for name in names])
