"""Several scorers: the first is optimised, the others are reported beside it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, get_scorer, make_scorer
from sklearn.model_selection import cross_val_score

from evolver import InputError, InputTypeError, Settings
from evolver.checks import check_generator
from evolver.estimators import EvolvedClassifier, EvolvedRegressor
from evolver.evaluation.folds import make_folds
from evolver.task import Classification
from evolver.warned import DataWarning
from tests.tables import small_table
from tests.test_targets import QUICK

X, LABELS = small_table("binary")
Y = (LABELS == "class 0") * 1


def failing(estimator: Any, X: Any, y: Any) -> float:
    raise RuntimeError("a score that decides nothing")


@pytest.mark.filterwarnings("ignore:lbfgs")
def test_further_scores_are_those_of_the_folds() -> None:
    model = EvolvedClassifier(**QUICK, scoring=["roc_auc", "f1", "accuracy"]).fit(X, Y)
    alone = EvolvedClassifier(**QUICK, scoring="roc_auc").fit(X, Y)
    names = [
        *("rank", "score", "std", "f1", "accuracy"),
        *("complexity", "pipeline", "expression", "digest"),
    ]
    assert model.pareto_front_.columns.tolist() == names
    # They decide nothing.
    common = ["digest", "score", "std", "complexity"]
    pd.testing.assert_frame_equal(model.leaderboard_[common], alone.leaderboard_[common])
    assert list(model.scorers_) == ["roc_auc", "f1", "accuracy"]
    assert model.scorer_ is model.scorers_["roc_auc"]
    assert model.score(X, Y) == alone.score(X, Y)
    rng = check_generator(QUICK["random_state"])
    folds = make_folds(X, Y, QUICK["cv"], Classification.of(Y), groups=None, rng=rng)
    best = model.leaderboard_.set_index("digest").loc[_digest_of_best(model)]
    for name in ("f1", "accuracy"):
        scores = cross_val_score(model.best_pipeline_, X, Y, cv=folds, scoring=name)
        assert best[name] == pytest.approx(scores.mean())


def _digest_of_best(model: Any) -> str:
    members = model.pareto_front_[model.pareto_front_["digest"] != "ensemble"]
    return str(members["digest"].iloc[0])


def test_the_ensemble_has_all_scores_on_folds_that_it_was_not_chosen_on() -> None:
    quick = {**QUICK, "max_evaluations": 12}
    model = EvolvedRegressor(**quick, scoring=["r2", "neg_root_mean_squared_error"])
    first = model.fit(*small_table("regression")).pareto_front_.iloc[0]
    assert first["digest"] == "ensemble"
    assert -80 < first["neg_root_mean_squared_error"] < -30
    # R² of 0.3 to 0.6 and the error say the same of one prediction.
    deviation = small_table("regression")[1].std()
    expected = -deviation * np.sqrt(1 - first["score"])
    assert first["neg_root_mean_squared_error"] == pytest.approx(expected, rel=0.1)


def test_a_dict_names_scorers_and_one_that_fails_is_nan() -> None:
    scoring = {
        "fair": make_scorer(f1_score, average="macro"),
        "broken": failing,
        "hits": "accuracy",
    }
    model = EvolvedClassifier(**QUICK, scoring=scoring).fit(X, Y)
    scored = model.leaderboard_[model.leaderboard_["outcome"] == "scored"]
    assert scored["broken"].isna().all()
    assert scored["hits"].between(0.5, 1).all()
    assert model.score(X, Y) == f1_score(Y, model.predict(X), average="macro")
    assert model.scorers_["hits"](model, X, Y) == accuracy_score(Y, model.predict(X))


def test_a_single_scorer_is_in_the_dict_too() -> None:
    assert list(EvolvedClassifier(**QUICK).fit(X, Y).scorers_) == ["roc_auc"]
    model = EvolvedClassifier(**QUICK, scoring=get_scorer("accuracy")).fit(X, Y)
    assert model.scorers_ == {"score": model.scorer_}


def test_a_resumed_run_has_the_scores_of_its_journal(tmp_path: Path) -> None:
    quick = {**QUICK, "run_dir": tmp_path, "scoring": {"roc_auc": "roc_auc", "broken": failing}}
    quick["scoring"]["f1"] = "f1"
    whole = EvolvedClassifier(**{**quick, "max_evaluations": 6, "run_dir": None}).fit(X, Y)
    EvolvedClassifier(**{**quick, "max_evaluations": 3}).fit(X, Y)
    resumed = EvolvedClassifier(**{**quick, "max_evaluations": 6}).fit(X, Y)
    columns = ["digest", "score", "f1", "broken"]
    pd.testing.assert_frame_equal(resumed.leaderboard_[columns], whole.leaderboard_[columns])
    kept = pd.read_csv(tmp_path / "pareto_front.csv")
    assert kept["f1"].notna().all()
    with pytest.raises(InputError, match="differs in scoring"):
        EvolvedClassifier(**{**quick, "scoring": "roc_auc"}).fit(X, Y)


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        ([], "at least one scorer"),
        (["f1", "f1"], "name each scorer once"),
        (["f1", accuracy_score], "a list of names, or a dict"),
        (["f1", "better"], "`scoring` must be the name of a scorer.*'better'"),
        ({"score": "f1"}, "names other than .*got 'score'"),
        ({3: "f1"}, "name scorers by strings, got 3"),
    ],
)
def test_a_list_of_scorers_has_rules(scoring: Any, message: str) -> None:
    with pytest.raises((InputError, InputTypeError), match=message):
        EvolvedClassifier(**QUICK, scoring=scoring).fit(X, Y)


@pytest.mark.parametrize("scoring", ["precision", "f1", ["recall", "precision"]])
def test_a_score_that_is_not_defined_everywhere_is_silent(
    scoring: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where no row is predicted as positive, scikit-learn warns and gives 0."""
    rare = (np.arange(len(X)) % 20 == 0).astype(int)
    quick = {**QUICK, "max_evaluations": 12, "settings": Settings(), "n_jobs": 2}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        EvolvedClassifier(**quick, scoring=scoring).fit(X, rare)
    assert [str(one.message) for one in caught if one.category is not DataWarning] == []
    assert capfd.readouterr() == ("", "")
