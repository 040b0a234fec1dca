"""Logarithmic pools: weights and biases that are learned from various members."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolver.ensemble.log_opinion_pool import PENALTIES, LogPool, learned

ROWS = 600


def shares_of(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of logits of shape (..., n_classes)."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return found


def log_loss_of(pool: LogPool, shares: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(pool(shares)[np.arange(len(labels)), labels]).mean())


def drawn(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return labels with the probabilities of logits of shape (n_rows, n_classes)."""
    found: np.ndarray = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return found


@given(st.integers(1, 6), st.integers(2, 5), st.integers(0, 99))
def test_a_weaker_penalty_is_better_on_the_rows_that_a_pool_was_learned_on(
    n_members: int, n_classes: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([0.5] * n_classes, size=(n_members, 60))
    labels = rng.integers(n_classes, size=60)
    pools = list(learned(shares, labels))
    assert len(pools) == len(PENALTIES)
    for pool in pools:
        assert len(pool.weights) == n_members
        assert len(pool.biases) == n_classes
        np.testing.assert_allclose(pool(shares).sum(axis=1), 1)
    losses = [log_loss_of(pool, shares, labels) for pool in pools]
    equal = LogPool((1 / n_members,) * n_members, (0.0,) * n_classes)
    assert losses[0] <= log_loss_of(equal, shares, labels) + 1e-4
    assert all(after <= before + 1e-4 for before, after in pairwise(losses))


def test_the_logarithms_of_members_with_independent_evidence_add_up() -> None:
    """Each member knows a part of the evidence, so an average would be too cautious."""
    rng = np.random.default_rng(0)
    evidence = rng.normal(0, 1.5, size=(3, ROWS, 4))
    labels = drawn(evidence.sum(axis=0), rng)
    pool = list(learned(shares_of(evidence), labels))[-1]
    assert pool.weights == pytest.approx([1.0] * 3, abs=0.25)


def test_a_member_without_evidence_has_no_weight() -> None:
    rng = np.random.default_rng(0)
    known, noise = rng.normal(0, 1.5, size=(2, ROWS, 3))
    pool = list(learned(shares_of(np.stack([known, noise])), drawn(known, rng)))[-1]
    assert pool.weights == pytest.approx([1.0, 0.0], abs=0.2)


def test_a_class_that_all_members_underestimate_has_a_bias() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.0, size=(ROWS, 3))
    labels = drawn(logits + np.array([0.0, 0.0, 2.0]), rng)
    pool = list(learned(shares_of(np.stack([logits, logits])), labels))[-1]
    assert pool.biases[2] - pool.biases[0] == pytest.approx(2.0, abs=0.4)
    assert pool.biases[1] - pool.biases[0] == pytest.approx(0.0, abs=0.4)


@given(st.integers(1, 4), st.integers(2, 4), st.integers(0, 99))
def test_a_row_of_weight_2_counts_as_two_rows(n_members: int, n_classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([0.5] * n_classes, size=(n_members, 40))
    labels = rng.integers(n_classes, size=40)
    weights = rng.integers(0, 4, size=40)
    rows = np.repeat(np.arange(40), weights)
    weighted = learned(shares, labels, weights.astype(float))
    for pool, other in zip(weighted, learned(shares[:, rows], labels[rows]), strict=True):
        assert pool.weights == pytest.approx(other.weights, abs=1e-3)
        assert pool.biases == pytest.approx(other.biases, abs=1e-3)


def test_a_member_that_is_sure_and_wrong_does_not_decide() -> None:
    shares = np.array([[[1.0, 0.0]], [[0.2, 0.8]], [[0.2, 0.8]], [[0.2, 0.8]]])
    pooled = LogPool((0.25,) * 4, (0.0, 0.0))(shares)
    assert np.isfinite(np.log(pooled)).all()
    assert pooled[0, 1] > 0.05
