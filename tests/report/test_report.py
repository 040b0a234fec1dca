"""Reports of runs: facts, pages, and what is computed for them."""

from __future__ import annotations

import html
import json
import logging
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score

from evolver import EvolvedClassifier, EvolvedRegressor, Settings
from evolver.budget import Deadline
from evolver.errors import InputError
from evolver.estimators.reports import write_report_of_folder
from evolver.evaluation.baselines import constant_scores, scores_of
from evolver.genome.digest import digest
from evolver.report.curves import metrics_of
from evolver.report.explanations import EXPLANATIONS
from evolver.report.extras import importance, plain_models, without_a_step, worth_of_steps
from evolver.report.facts import facts_of_journal
from evolver.report.page import page
from evolver.report.sentences import HONEST, honest_score, sentences, summary
from primitives import default_catalogue
from tests.tables import small_table, with_many_values, with_text

SPACE = default_catalogue().only(
    "Encoder",
    "StandardScaler",
    "PCA",
    "GaussianNB",
    "DecisionTreeClassifier",
    "LinearDiscriminantAnalysis",
    "Ridge",
    "DecisionTreeRegressor",
)
OPTIONS: dict[str, Any] = {
    "max_evaluations": 12,
    "random_state": 0,
    "verbose": 0,
    "n_jobs": 1,
    "cv": 3,
    "search_space": SPACE,
    "settings": Settings(in_process=True),
}
HOSTILE = "<script>alert('x')</script>&\"]]>"


@pytest.fixture(scope="module")
def fitted() -> Any:
    X, y = small_table("binary")
    model = EvolvedClassifier(**OPTIONS, scoring=["roc_auc", "accuracy"])
    return model.fit(X, pd.Series(y, name="state"))


@pytest.fixture(scope="module")
def regressor() -> Any:
    X, y = small_table("regression")
    return EvolvedRegressor(**OPTIONS).fit(X, y)


class Checker(HTMLParser):
    """Reader of a page that notes addresses, anchors, links and unbalanced tags."""

    VOID = frozenset(["meta", "link", "br", "img", "input", "hr"])

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.scripts += tag == "script"
        self.ids += [values["id"]] if values.get("id") else []
        href = values.get("href") or ""
        self.links += [href[1:]] if href.startswith("#") else []
        addresses = [values.get("src") or "", "" if href.startswith(("#", "data:")) else href]
        self.outside += [one for one in addresses if one and not one.startswith("data:")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(text: str) -> Checker:
    """Return what a page has, after a check that it is whole and needs nothing else."""
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert checker.outside == []
    assert checker.scripts == 1
    assert len(checker.ids) == len(set(checker.ids))
    assert set(checker.links) <= set(checker.ids)
    return checker


def test_a_page_needs_nothing_else_and_its_links_lead_somewhere(
    fitted: Any, tmp_path: Path
) -> None:
    fitted.report(tmp_path / "report.html", seconds=120)
    text = (tmp_path / "report.html").read_text("utf-8")
    checker = checked(text)
    members = {one for one in checker.links if one.startswith("member-")}
    assert len(members) == len(fitted.pareto_front_)
    for heading in ("What each step is worth", "Importance of columns", "Confusion matrix"):
        assert heading in text
    assert "linear model" in text
    assert "default histogram boosting" in text
    assert "roc auc" in text


def test_a_report_of_numbers_shows_errors_as_positive_numbers(regressor: Any) -> None:
    text = page(regressor._facts)
    checked(text)
    assert "root mean squared error" in text
    assert f"{-regressor.pareto_front_['score'][0]:.5g}" in text
    assert "Residuals" in text


def test_the_same_as_data_can_be_read_by_programs(fitted: Any, tmp_path: Path) -> None:
    fitted.report(tmp_path / "report.json", seconds=0)
    facts = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert facts["schema"] == 1
    assert facts["metric"] == {"name": "roc_auc", "reported": ["accuracy"]}
    assert facts["task"]["target"] == "state"
    assert sum(facts["outcomes"].values()) == len(fitted.leaderboard_) == len(facts["candidates"])
    assert facts["front"][0]["score"] == pytest.approx(fitted.pareto_front_["score"][0])
    assert {row["column"] for row in facts["columns"]} == set(fitted.feature_names_in_)


SCHEMA = json.loads((files("evolver.report") / "report.schema.json").read_text("utf-8"))


def test_the_data_of_every_report_follow_the_schema(
    fitted: Any, regressor: Any, tmp_path: Path
) -> None:
    fitted.evaluate(*small_table("binary"))
    fitted.report(tmp_path / "report.json", seconds=120)
    X, y = small_table("binary")
    options = {**OPTIONS, "max_evaluations": 3, "run_dir": tmp_path / "run"}
    several = EvolvedClassifier(**options).fit(X, np.column_stack([y == y[0], y != y[1]]))
    for facts in (
        json.loads((tmp_path / "report.json").read_text("utf-8")),
        regressor._facts,
        several._facts,
        facts_of_journal(tmp_path / "run"),
    ):
        jsonschema.validate(facts, SCHEMA)
        json.dumps(facts, allow_nan=False)


def test_every_member_has_its_metrics_where_the_predictions_are_at_hand(
    fitted: Any, tmp_path: Path
) -> None:
    fitted.report(tmp_path / "report.json", seconds=120)
    found = [one["digest"] for one in fitted._facts["metrics"]]
    assert found == fitted.pareto_front_["digest"].tolist()


def test_a_score_at_the_edge_of_its_noise_is_said() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 3)), columns=["a", "b", "c"])
    space = default_catalogue().only("Encoder", "GaussianNB")
    options = {**OPTIONS, "max_evaluations": 1, "search_space": space}
    noise = EvolvedClassifier(**options).fit(X, rng.integers(0, 2, 80))
    signal = EvolvedClassifier(**options).fit(X, (X["a"] > 0).astype(int))
    codes = [{one["code"] for one in model._facts["warnings"]} for model in (noise, signal)]
    assert "score-within-noise" in codes[0]
    assert "score-within-noise" not in codes[1]


def test_metrics_are_those_of_the_out_of_fold_predictions(fitted: Any) -> None:
    found = {one["digest"]: one["out_of_fold"] for one in fitted._facts["metrics"]}
    best = fitted._members.winner[:8]
    scores = cross_val_score(
        clone(fitted.select("best")),
        fitted._members._problem.X,
        fitted._members._problem.y,
        cv=fitted._members._problem.folds,
        scoring="balanced_accuracy",
    )
    assert found[best]["balanced accuracy"] == pytest.approx(scores.mean())
    assert found[best]["area under the ROC curve"] == pytest.approx(fitted.best_score_)


def test_curves_hold_no_row_of_the_table(fitted: Any) -> None:
    curves = fitted._facts["curves"]
    assert np.sum(curves["confusion"]) == len(fitted._members._problem.y)
    assert curves["roc"][0] == [0.0, 0.0]
    assert curves["roc"][-1] == [1.0, 1.0]
    for _, tp, fp, fn, tn in curves["thresholds"]:
        assert tp + fp + fn + tn == len(fitted._members._problem.y)
    text = json.dumps(fitted._facts)
    assert str(fitted._members._problem.X["second"].iloc[7]) not in text.replace(
        str(fitted.columns_.set_index("column")["example"]["second"]), ""
    )


def test_a_constant_prediction_and_plain_models_are_scored_on_the_same_folds(fitted: Any) -> None:
    problem = fitted._members._problem
    assert constant_scores(problem) == [0.5] * 3
    for name, model in plain_models(problem):
        expected = cross_val_score(
            clone(model), problem.X, problem.y, cv=problem.folds, scoring="roc_auc"
        )
        assert scores_of(problem, lambda model=model: clone(model)) == pytest.approx(expected), name


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_plain_models_read_every_kind_of_column(task: str) -> None:
    X, y = small_table(task)
    X = with_many_values(with_text(X))
    estimator = EvolvedClassifier if task == "binary" else EvolvedRegressor
    model = estimator(**{**OPTIONS, "max_evaluations": 2}).fit(X, y)
    problem = model._members._problem
    scores = [scores_of(problem, lambda one=one: one) for _, one in plain_models(problem)]
    assert all(len(one) == 3 for one in scores)
    assert max(np.mean(one) for one in scores) > np.mean(constant_scores(problem))


def test_the_worth_of_a_step_is_the_score_lost_without_it(fitted: Any) -> None:
    problem = fitted._members._problem
    tree = next(
        one.candidate.tree for one in fitted._members.front if len(one.candidate.tree.steps) > 1
    )
    known = fitted._members.fold_scores
    rows = worth_of_steps(problem, tree, known, Deadline())
    others = dict(without_a_step(tree))
    assert {row["step"] for row in rows} <= set(others)
    assert rows
    for row in rows:
        assert row["score_without"] == pytest.approx(np.mean(known[digest(tree)]) - row["worth"])
        assert (row["source"] == "run") == (digest(others[row["step"]]) in known)


def test_a_column_that_tells_the_target_is_most_important() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 4)), columns=["a", "b", "c", "d"])
    y = (X["c"] + 0.3 * rng.normal(size=200) > 0).astype(int)
    model = EvolvedClassifier(**{**OPTIONS, "max_evaluations": 4}).fit(X, y)
    tree = model._members.front[0].candidate.tree
    rows = importance(model._members._problem, tree, Deadline())
    assert rows[0]["column"] == "c"
    assert rows[0]["fall"] > 0.3
    assert all(abs(row["fall"]) < 0.1 for row in rows[1:])


def test_without_time_no_model_is_fitted_for_importances(fitted: Any) -> None:
    asked = []

    def scorer(model: Any, X: Any, y: Any) -> float:
        asked.append(model)
        return 0.0

    problem = replace(fitted._members._problem, scorer=scorer)
    tree = fitted._members.front[0].candidate.tree
    assert importance(problem, tree, Deadline.after(0)) == []
    assert not asked
    assert importance(problem, tree, Deadline())
    assert asked


def test_new_rows_are_scored_by_every_member(tmp_path: Path) -> None:
    X, y = small_table("binary")
    model = EvolvedClassifier(**OPTIONS).fit(X[:80], y[:80])
    found = model.evaluate(X[80:], y[80:])
    assert set(found["digest"]) == set(model.pareto_front_["digest"])
    assert found["roc_auc"].is_monotonic_decreasing
    first = found.iloc[0]
    shares = model.select(first["digest"]).predict_proba(model._read(X[80:]))[:, 1]
    assert first["roc_auc"] == pytest.approx(roc_auc_score(y[80:], shares))
    model.report(tmp_path / "report.html", seconds=0)
    assert "On new rows" in (tmp_path / "report.html").read_text("utf-8")


def hostile_table() -> tuple[pd.DataFrame, pd.Series[Any]]:
    X, y = small_table("binary")
    X = X.rename(columns={"second": HOSTILE, "third": "</table>"})
    X["category"] = (
        X["category"].astype(object).where(X["category"].isna(), HOSTILE + X["category"])
    )
    return X, pd.Series(np.where(y == y[0], HOSTILE, "other"), name=f"{HOSTILE}target")


def test_names_of_markup_and_script_are_text(tmp_path: Path) -> None:
    X, y = hostile_table()
    model = EvolvedClassifier(**OPTIONS).fit(X, y)
    model.report(tmp_path / "report.html", seconds=120)
    text = (tmp_path / "report.html").read_text("utf-8")
    checked(text)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    shown = model._repr_html_()
    assert "<script>alert" not in shown
    assert html.escape("</table>") in text


def test_a_notebook_shows_the_winner_the_front_and_links(fitted: Any, tmp_path: Path) -> None:
    text = fitted._repr_html_()
    assert fitted.pareto_front_["pipeline"][0] in html.unescape(text)
    assert "data:image/svg+xml;base64," in text
    assert "model.report(" in text
    assert "EvolvedClassifier" in EvolvedClassifier()._repr_html_()


def test_a_run_folder_has_a_report_and_a_pickle_can_write_one(tmp_path: Path) -> None:
    import pickle

    X, y = small_table("binary")
    model = EvolvedClassifier(**OPTIONS, run_dir=tmp_path / "run").fit(X, y)
    checked((tmp_path / "run" / "report.html").read_text("utf-8"))
    assert json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))["state"] == "finished"
    again = pickle.loads(pickle.dumps(model))
    again.report(tmp_path / "again.html")
    checked((tmp_path / "again.html").read_text("utf-8"))


def test_a_run_without_a_model_has_a_report_of_its_journal(tmp_path: Path) -> None:
    X, y = small_table("binary")
    folder = tmp_path / "run"
    model = EvolvedClassifier(**OPTIONS, run_dir=folder).fit(X, y)
    (folder / "model.joblib").unlink()
    write_report_of_folder(folder, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    checked(text)
    assert "the run is unfinished" in text
    facts = facts_of_journal(folder)
    assert facts["outcomes"] == model._facts["outcomes"]
    assert facts["front"][0]["score"] == pytest.approx(model.best_score_)
    with pytest.raises(InputError, match="must hold a run"):
        write_report_of_folder(tmp_path / "none", tmp_path / "report.html")
    with pytest.raises(InputError, match=r"must end with one of .html, .json"):
        write_report_of_folder(folder, tmp_path / "report.pdf")


def test_a_journal_without_a_score_has_a_report(tmp_path: Path) -> None:
    X, y = small_table("binary")
    failing = default_catalogue().only("Encoder", "ComplementNB")
    folder = tmp_path / "run"
    options = {**OPTIONS, "search_space": failing, "max_evaluations": 1, "run_dir": folder}
    EvolvedClassifier(**options).fit(X, y)
    facts = facts_of_journal(folder)
    empty = {**facts, "front": [], "progress": [], "outcomes": {"under way": 1}}
    checked(page(empty))


def large_facts(fitted: Any) -> dict[str, Any]:
    """Return the facts of a run of 3,000 candidates on 500 columns and 60 classes."""
    rng = np.random.default_rng(0)
    facts = json.loads(json.dumps(fitted._facts))
    name = f"impute › {HOSTILE} › HistGradientBoosting"
    facts["candidates"] = [
        [n, n / 5, float(rng.normal()), float(rng.integers(1, 15)), "scored", "evolution", name]
        for n in range(3_000)
    ]
    facts["columns"] = [
        {**facts["columns"][0], "column": f"{HOSTILE}{n}", "example": HOSTILE} for n in range(500)
    ]
    facts["importance"] = [
        {"column": f"{HOSTILE}{n}", "fall": 0.1 / (n + 1), "error": 0.01} for n in range(500)
    ]
    classes = [f"{HOSTILE}{n}" for n in range(60)]
    facts["task"]["classes"] = dict.fromkeys(classes, 50)
    facts["curves"] = {"classes": classes, "confusion": rng.integers(0, 50, (60, 60)).tolist()}
    facts["front"] = [dict(member) for member in facts["front"] * 8]
    for place, member in enumerate(facts["front"]):
        member["digest"] = f"{place:08x}"
    return facts


def test_the_page_of_a_large_run_is_small(fitted: Any) -> None:
    text = page(large_facts(fitted))
    checked(text)
    assert len(text.encode()) < 3_000_000


def test_every_code_of_a_finding_is_explained() -> None:
    source = "\n".join(
        file.read_text("utf-8") for file in (Path(__file__).parents[2] / "evolver").rglob("*.py")
    )
    codes = set(re.findall(r'Finding\(\s*"([a-z-]+)"', source)) | {"row-number", "identifier"}
    assert len(codes) > 15
    assert codes - set(EXPLANATIONS) == set()


def test_an_error_of_a_report_costs_no_model(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("no facts")

    monkeypatch.setattr("evolver.estimators.reports.facts_of", broken)
    with caplog.at_level(logging.WARNING):
        X, y = small_table("binary")
        model = EvolvedClassifier(**OPTIONS, run_dir=tmp_path).fit(X, y)
    assert "There is no report: RuntimeError: no facts" in caplog.text
    assert model.predict(X).shape == y.shape
    assert not (tmp_path / "report.html").exists()


def test_metrics_of_several_targets_are_left_out(regressor: Any) -> None:
    X, y = small_table("regression")
    model = EvolvedRegressor(**{**OPTIONS, "max_evaluations": 2}).fit(X, np.column_stack([y, y]))
    problem = model._members._problem
    predictions = [np.zeros((len(valid), 2)) for _, valid in problem.folds]
    assert metrics_of(problem, predictions) == {}
    checked(page(model._facts))


def undefined(estimator: Any, X: Any, y: Any) -> float:
    raise ValueError("no score on new rows")


def test_a_score_that_new_rows_lack_is_missing_in_the_data(tmp_path: Path) -> None:
    X, y = small_table("binary")
    scoring = {"roc_auc": "roc_auc", "none": undefined}
    model = EvolvedClassifier(**{**OPTIONS, "max_evaluations": 3}, scoring=scoring).fit(X, y)
    model.evaluate(X, y)
    model.report(tmp_path / "report.json", seconds=0)
    facts = json.loads((tmp_path / "report.json").read_text("utf-8"))
    place = facts["evaluation"]["columns"].index("none")
    assert {row[place] for row in facts["evaluation"]["rows"]} == {None}


def test_a_report_without_time_is_completed_by_a_later_one(tmp_path: Path) -> None:
    X, y = small_table("binary")
    model = EvolvedClassifier(**OPTIONS).fit(X, y)
    sizes = []
    for seconds in (0, 60):
        model.report(tmp_path / "report.json", seconds=seconds)
        facts = json.loads((tmp_path / "report.json").read_text("utf-8"))
        sizes.append((len(facts["baselines"]), len(facts["steps"]), len(facts["importance"])))
    assert sizes[0][0] == 1
    assert sizes[1][0] == 3
    assert sizes[1][1] >= sizes[0][1]
    assert sizes[1][2] == model.n_features_in_


def test_the_honest_score_reads_the_same_everywhere(fitted: Any, regressor: Any) -> None:
    for model in (fitted, regressor):
        honest = model.honest_score_
        assert model._facts["honest"] == asdict(honest)
        text = honest_score(model._facts)
        assert text.endswith(f"; {honest.method})")
        said = f"{HONEST}: {text}."
        assert said in sentences(model._facts)
        assert said in " ".join(summary(model._facts, None))
        assert html.escape(text) in page(model._facts)
        assert said in html.unescape(model._html_repr())
    assert honest_score(fitted._facts).startswith(f"roc auc {fitted.honest_score_.score:.5g} (95 %")
    # Errors are positive in words, and the smaller end of an interval comes first.
    ends = -regressor.honest_score_.high, -regressor.honest_score_.low
    assert f"(95 %: {ends[0]:.5g} to {ends[1]:.5g}; " in honest_score(regressor._facts)


def test_a_score_without_an_interval_or_none_is_said_as_such(fitted: Any) -> None:
    method = "not corrected; no interval of one fold"
    alone = {"score": 0.5, "low": None, "high": None, "method": method}
    facts = {**fitted._facts, "honest": alone}
    assert honest_score(facts) == f"roc auc 0.5 ({method})"
    none = {**facts, "honest": {**alone, "score": None}}
    assert honest_score(none) == ""
    assert not any(HONEST in one for one in sentences(none))
