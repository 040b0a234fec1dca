"""The front as a table and as a picture: the ensemble is first, with its own score."""

from __future__ import annotations

import re
from dataclasses import replace
from operator import itemgetter
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from evolver.ensemble.blend import Blend
from evolver.genome.candidate import Candidate, Origin
from evolver.objectives import OBJECTIVES, OPERATORS
from evolver.outcome import Scored
from evolver.report.frames import pareto_front, title
from evolver.report.picture import front_svg
from evolver.run.fitted_ensemble import ENSEMBLE, Ensemble
from evolver.search.selection import Member
from tests.genome.strategies import CATALOGUES, random_tree

TREES = [random_tree(CATALOGUES["binary"], seed, steps=3) for seed in range(3)]
FRONT = [
    Member(Candidate(tree, Origin("portfolio", "start")), Scored(scores, (complexity,), 1.0))
    for tree, scores, complexity in zip(
        TREES, [(0.9, 0.92), (0.86, 0.9), (0.8, 0.82)], [8.0, 4.0, 2.0], strict=True
    )
]


@pytest.fixture(params=[(0.87, 0.91), (0.95, 0.97)])
def ensemble(request: pytest.FixtureRequest) -> Ensemble:
    """Return an ensemble with a score below or above that of the best pipeline."""
    weights = {0: 0.5, 1: 0.5}
    return Ensemble(
        tuple(TREES[:2]),
        (1, 1),
        Blend(weights),
        Scored(request.param, (13.0,), 2.0),
        estimator=None,
    )


def test_the_ensemble_is_first_whatever_its_score(ensemble: Ensemble) -> None:
    rows = pareto_front(FRONT, ensemble)
    assert rows["rank"].tolist() == [1, 2, 3, 4]
    assert rows["digest"][0] == ENSEMBLE
    assert rows["score"][0] == ensemble.outcome.score
    assert rows["std"][0] == pytest.approx(np.std(ensemble.outcome.fold_scores, ddof=1))
    assert rows["score"][1:].tolist() == pytest.approx([0.91, 0.88, 0.81])
    pd.testing.assert_frame_equal(
        pareto_front(FRONT), rows[1:].assign(rank=[1, 2, 3]).reset_index(drop=True)
    )


def test_a_title_names_the_folds_of_a_score(ensemble: Ensemble) -> None:
    rows = pareto_front(FRONT, ensemble)
    score = f"{ensemble.outcome.score:.6g}"
    assert title(rows, ENSEMBLE, 2) == (
        f"An ensemble found by evolver, score {score} over 2 folds that it was not chosen on."
    )
    digest = FRONT[0].candidate.digest
    assert title(rows, digest, 2) == "A pipeline found by evolver, score 0.91 over 2 folds."
    assert title(rows, "another", 2) == "A pipeline found by evolver."


def test_the_picture_shows_the_ensemble_beside_the_front(ensemble: Ensemble) -> None:
    rows = pareto_front(FRONT, ensemble)
    board = pareto_front(FRONT).assign(outcome="scored")
    alone, both = front_svg(board, rows[1:]), front_svg(board, rows)
    assert "3 scored candidates, 3 on the front</text>" in alone
    assert "3 scored candidates, 3 on the front, and the ensemble</text>" in both
    for picture, n_ensembles in ((alone, 0), (both, 1)):
        dots = ElementTree.fromstring(picture).findall("{*}circle")
        classes = [dot.get("class") for dot in dots]
        assert classes.count("ensemble") == n_ensembles
        assert classes.count("member") == classes.count("candidate") == 3
        assert all(76 < float(dot.get("cx", 0)) < 616 for dot in dots)
        assert all(56 < float(dot.get("cy", 0)) < 308 for dot in dots)
        steps = re.search(r'class="front" d="([^"]+)"', picture)
        assert steps is not None
        assert steps[1].count("V") == 2  # from the simplest pipeline to the best


def test_a_third_objective_has_its_own_column_and_sets_the_size_of_dots() -> None:
    objectives = (OPERATORS, OBJECTIVES["size"])
    three = [
        Member(one.candidate, replace(one.outcome, costs=(*one.outcome.costs, size)))
        for one, size in zip(FRONT, (1e3, 3e3, 2e3), strict=True)
    ]
    rows = pareto_front(three, None, objectives)
    assert list(rows) == [
        "rank",
        "score",
        "std",
        "complexity",
        "size",
        "pipeline",
        "expression",
        "digest",
    ]
    assert rows["size"].tolist() == [1e3, 3e3, 2e3]
    picture = front_svg(rows.assign(outcome="scored"), rows)
    assert "size of a dot: size" in picture
    dots = ElementTree.fromstring(picture).findall("{*}circle[@class='member']")
    by_cost = sorted(
        zip(rows.sort_values("complexity")["size"], dots, strict=True), key=itemgetter(0)
    )
    radii = [float(dot.get("r", 0)) for _, dot in by_cost]
    assert radii == sorted(set(radii))


def test_a_member_inside_the_dominated_area_makes_no_step() -> None:
    """A member may have both more steps and a lower score if there is a third objective."""
    rows = pd.DataFrame(
        {"score": [0.9, 0.5, 0.8], "complexity": [4.0, 3.0, 2.0], "size": [9.0, 1.0, 8.0]}
    ).assign(pipeline="X", digest="", outcome="scored")
    steps = re.search(r'class="front" d="([^"]+)"', front_svg(rows, rows))
    assert steps is not None
    assert steps[1].count("V") == 1
