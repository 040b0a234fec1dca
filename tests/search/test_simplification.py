"""Simplification: what is left out of the best pipeline, in which order, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from evolver.genome.candidate import Candidate, Origin
from evolver.genome.codec import render
from evolver.genome.digest import digest
from evolver.genome.tree import Tree, check
from evolver.outcome import Failed, Failure, Scored
from evolver.search.portfolio import adapt_to_catalogue
from evolver.search.selection import Member, is_within_error
from evolver.search.simplification import Simplification, reductions, simplest, size_of
from tests.genome.strategies import CATALOGUES, random_tree, seeds

BINARY = CATALOGUES["binary"]
SPREAD = (0.0, 0.02, -0.02, 0.04, -0.04)
ORIGIN = Origin("evolution", "growth")


def tree(names: str, **values: float) -> Tree:
    """Return a pipeline of steps in a row, the model first, with values of the model."""
    model, *others = names.split()
    encoded = [(model, values), *((name, {}) for name in others), ("Encoder", {}), None]
    found = adapt_to_catalogue(encoded, BINARY)
    assert found is not None
    return found


def scored(one: Tree, loss: float = 0.0, noise: tuple[float, ...] = (0.0,) * 5) -> Scored:
    folds = tuple(0.8 - loss + a + b for a, b in zip(SPREAD, noise, strict=True))
    return Scored(folds, (float(size_of(one)[0]),), 1.0)


def names_of(one: Tree) -> list[str]:
    return [step.name for step in one.steps]


@settings(deadline=None)
@given(seeds)
def test_reductions_are_valid_simpler_and_ordered_by_what_they_gain(seed: int) -> None:
    whole = random_tree(BINARY, seed)
    found = reductions(whole)
    assert len({one.digest for one in found}) == len(found)
    assert [one.gain for one in found] == sorted((one.gain for one in found), reverse=True)
    for one in found:
        check(one.tree, BINARY)
        assert one.digest == digest(one.tree) != digest(whole)
        assert size_of(one.tree) < size_of(whole)


def test_steps_and_settings_that_cost_nothing_go_and_no_others() -> None:
    whole = tree("GaussianNB StandardScaler PCA MinMaxScaler", var_smoothing=0.05)

    def outcome(one: Tree) -> Scored:
        # The principal components are worth .1, all else nothing.
        return scored(one, loss=0.0 if "PCA" in names_of(one) else 0.1)

    proposer = Simplification()
    assert proposer.ask() is None
    proposer.tell(Candidate(whole, ORIGIN), outcome(whole))
    reached = whole
    while (candidate := proposer.ask()) is not None:
        assert candidate.origin.proposer == "simplification"
        proposer.tell(candidate, outcome(candidate.tree))
        if "PCA" in names_of(candidate.tree) and size_of(candidate.tree) < size_of(reached):
            reached = candidate.tree
    assert names_of(reached) == ["GaussianNB", "PCA", "Encoder"]
    assert size_of(reached)[1] == 0
    assert "var_smoothing=1e-09" in render(reached)


def test_small_losses_do_not_add_up() -> None:
    whole = tree("GaussianNB StandardScaler MinMaxScaler")
    noise = (0.004, -0.004, 0.004, -0.004, 0.0)
    proposer = Simplification()
    proposer.tell(Candidate(whole, ORIGIN), scored(whole))
    accepted = []
    while (candidate := proposer.ask()) is not None:
        # Each step that is missing costs .0015; the error of the difference is about .0018.
        missing = len(whole.steps) - len(candidate.tree.steps)
        outcome = scored(candidate.tree, 0.0015 * missing, noise)
        if is_within_error(scored(whole), outcome):
            accepted.append(missing)
        proposer.tell(candidate, outcome)
    assert max(accepted) == 1


def test_a_refused_reduction_is_not_tried_again_on_what_is_left() -> None:
    whole = tree("GaussianNB StandardScaler PCA", var_smoothing=0.05)
    proposer = Simplification()
    proposer.tell(Candidate(whole, ORIGIN), scored(whole))
    first: list[Candidate] = []
    while (candidate := proposer.ask()) is not None:
        first.append(candidate)  # all of them before any outcome, as with a great lag
    for one in first:
        is_default = "var_smoothing=1e-09" in render(one.tree)
        proposer.tell(one, scored(one.tree, 0.2 if is_default else 0.0))
    assert any("var_smoothing=1e-09" in render(one.tree) for one in first)
    later = []
    while (candidate := proposer.ask()) is not None:
        later.append(candidate.tree)
        proposer.tell(candidate, scored(candidate.tree))
    assert later
    assert not any("var_smoothing=1e-09" in render(one) for one in later)


def test_what_another_proposer_has_found_is_used_and_not_asked_for_again() -> None:
    whole, known = tree("GaussianNB StandardScaler PCA"), tree("GaussianNB PCA")
    proposer = Simplification()
    proposer.tell(Candidate(known, ORIGIN), scored(known, 0.001, (0.01, -0.01, 0.01, -0.01, 0.0)))
    proposer.tell(Candidate(whole, ORIGIN), scored(whole))
    first = proposer.ask()
    assert first is not None
    assert first.origin.parents == (digest(known),)


def test_a_new_best_pipeline_is_simplified_from_the_beginning() -> None:
    proposer = Simplification()
    first, better = tree("GaussianNB StandardScaler"), tree("BernoulliNB PCA")
    proposer.tell(Candidate(first, ORIGIN), scored(first))
    asked = proposer.ask()
    assert asked is not None
    proposer.tell(asked, Failed(Failure.ERROR, "unlucky", 1.0))
    proposer.tell(Candidate(better, ORIGIN), scored(better, -0.01))
    following = proposer.ask()
    assert following is not None
    assert following.origin.parents == (digest(better),)


@pytest.mark.parametrize(
    ("loss", "noise", "passes"),
    [
        (0.0, (0.0,) * 5, True),
        (-0.1, (0.0,) * 5, True),
        (0.001, (0.0,) * 5, False),  # small, but the same on every fold
        (0.004, (0.01, -0.01, 0.01, -0.01, 0.0), True),
        (0.006, (0.01, -0.01, 0.01, -0.01, 0.0), False),
        (0.02, (0.2, -0.2, 0.2, -0.2, 0.0), False),  # noise beyond the error of the best
    ],
)
def test_a_loss_is_within_the_error_of_the_difference_over_the_folds(
    loss: float, noise: tuple[float, ...], passes: bool
) -> None:
    one = tree("GaussianNB")
    assert is_within_error(scored(one), scored(one, loss, noise)) is passes


def test_one_fold_has_no_error_so_only_what_is_no_worse_passes() -> None:
    assert is_within_error(Scored((0.8,), (2.0,), 1.0), Scored((0.8,), (2.0,), 1.0))
    assert not is_within_error(Scored((0.8,), (2.0,), 1.0), Scored((0.79,), (2.0,), 1.0))


def test_the_simplest_has_the_fewest_steps_then_settings_and_may_be_dominated() -> None:
    noise = (0.01, -0.01, 0.01, -0.01, 0.0)
    best = tree("GaussianNB StandardScaler PCA")
    tuned, plain = tree("GaussianNB", var_smoothing=0.05), tree("GaussianNB", var_smoothing=1e-9)
    members = [
        Member(Candidate(best, ORIGIN), scored(best)),
        Member(Candidate(tuned, ORIGIN), scored(tuned, 0.001, noise)),
        Member(Candidate(plain, ORIGIN), scored(plain, 0.002, noise)),
    ]
    assert simplest(members) is members[2]
    far = Member(Candidate(plain, ORIGIN), scored(plain, 0.1, noise))
    assert simplest([*members[:2], far]) is members[1]
