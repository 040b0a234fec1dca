"""Plots draw what a report says, into the axes that they are given."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolver import EvolvedClassifier, EvolvedRegressor, plotting
from evolver.errors import InputError
from tests.report.test_report import OPTIONS
from tests.tables import small_table

figure = pytest.importorskip("matplotlib.figure")


@pytest.fixture(scope="module")
def model() -> Any:
    return EvolvedClassifier(**OPTIONS).fit(*small_table("binary"))


def test_each_plot_uses_the_axes_that_it_is_given(model: Any, tmp_path: Path) -> None:
    names = ("front", "progress", "lineage", "importance", "calibration")
    drawn = figure.Figure(figsize=(20, 4))
    for name, ax in zip(names, drawn.subplots(1, len(names)), strict=True):
        assert getattr(plotting, name)(model, ax) is ax
        assert ax.get_xlabel()
        assert ax.lines or ax.collections or ax.patches
    drawn.savefig(tmp_path / "plots.png")
    assert (tmp_path / "plots.png").stat().st_size > 10_000


def test_new_axes_are_returned_and_numbers_are_those_of_the_model(model: Any) -> None:
    ax = plotting.front(model)
    dots = ax.collections[0].get_offsets()
    scored = model.leaderboard_[model.leaderboard_["outcome"] == "scored"]
    np.testing.assert_allclose(np.asarray(dots)[:, 1], scored["score"])
    best = plotting.progress(model).lines[0].get_ydata()
    assert best[-1] == pytest.approx(scored["score"].max())
    assert (np.diff(plotting.progress(model, value="hypervolume").lines[0].get_ydata()) >= 0).all()


def test_what_cannot_be_drawn_is_refused(model: Any) -> None:
    with pytest.raises(InputError, match="`value` must be"):
        plotting.progress(model, value="worst")
    numbers = EvolvedRegressor(**{**OPTIONS, "max_evaluations": 3}).fit(*small_table("regression"))
    with pytest.raises(InputError, match="one of two classes"):
        plotting.calibration(numbers)
    with pytest.raises(InputError, match="`model` must have its table"):
        plotting.importance(pickle.loads(pickle.dumps(numbers)))
