"""Model card of a deployment folder, made of the facts of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evolver.report.facts import Facts

FILES = {
    "pipeline.py": "source of the model: `make_pipeline()`, and a program that fits and predicts",
    "model.skops": "fitted model; `types.json` names the types that a reader must trust",
    "model.joblib": "fitted model as a pickle: open it only if you trust its source",
    "types.json": "types in `model.skops` besides those that skops trusts by itself",
    "parts.py": "classes of the model that no library has; `model.skops` refers to them",
    "model.onnx": "fitted model for ONNX runtimes: each column is an input, numbers as float64 (NaN"
    " if missing), categories as text (empty if missing)",
    "model.py": "loading, checks of the input, predictions",
    "schema.json": "columns with kinds, ranges and known categories, and the target",
    "serve.py": "service: `pip install fastapi uvicorn`, `uvicorn serve:app`",
    "requirements.txt": "pinned versions of the libraries in use",
    "example.json": "example rows, of values drawn one by one: none is a row of training",
    "expected.json": "predictions of the example rows",
    "test_model.py": "test of the folder: `pip install pytest`, `pytest`",
    "test_onnx.py": "test of `model.onnx`: `pip install onnxruntime`",
    "model_card.md": "this card",
}
"""Content of each file that a deployment folder may have."""

MOST_CLASSES = 20
"""Largest number of classes whose rows are counted in the card."""


def card_of(
    facts: Facts | None,
    member: str | None,
    honest: Any,
    files: Sequence[str],
    differences: Mapping[str, float],
    notes: Sequence[str],
) -> str:
    """Return the model card as Markdown.

    Parameters
    ----------
    facts : Facts or None
        Facts of the run; None if they could not be gathered.
    member : str or None
        Digest of the model as the facts show it.
    honest : object or None
        Score corrected for the choice among many, if the model has one.
    files : sequence of str
        Names of the files in the folder.
    differences : mapping of str to float
        Largest difference from the predictions of the model, by file.
    notes : sequence of str
        Sentences about what is missing or needs care.
    """
    lines = ["# Model card", ""]
    if facts is None:
        lines += ["The facts of the run could not be gathered.", ""]
    else:
        for part in (_model, _data, _score, _limits):
            lines += [*part(facts, member, honest), ""]
    lines += ["## Files", "", *(f"- `{name}`: {FILES[name]}" for name in sorted(files)), ""]
    lines += ["## Checks", ""]
    lines += [
        f"- `{name}`: predictions differ from those of the model by at most {value:.2g}"
        " (relative above 1)."
        for name, value in differences.items()
    ]
    return "\n".join([*lines, *(f"- {note}" for note in notes)]) + "\n"


def _member(facts: Facts, member: str | None) -> Facts:
    """Return a member of the front; an empty one for a model that is none."""
    found: Facts = next((one for one in facts["front"] if one["digest"] == member), {})
    return found


def _model(facts: Facts, member: str | None, honest: Any) -> Iterator[str]:
    """Yield the lines that say what the model is."""
    task, settings = facts["task"], facts["settings"]
    names = task["target"] if isinstance(task["target"], str) else ", ".join(task["target"])
    yield f"- Target: {names} ({task['kind']})"
    found = _member(facts, member)
    yield f"- Model: {found.get('name', member)}"
    if found.get("expression"):
        yield f"- All parameters: `{found['expression']}`"
    yield f"- Found by evolver {facts['evolver']}, {facts['made']}, seed {settings['seed']}"
    versions = ", ".join(f"{name} {value}" for name, value in settings["versions"].items())
    yield f"- Versions: {versions}"


def _data(facts: Facts, member: str | None, honest: Any) -> Iterator[str]:
    """Yield the lines about the table of training."""
    task = facts["task"]
    yield "## Data"
    yield ""
    kinds = Counter(column["kind"] for column in facts["columns"])
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    yield f"- {task['rows']} rows, {task['columns']} columns ({listed})"
    if 0 < len(task["classes"]) <= MOST_CLASSES:
        counts = ", ".join(f"{name}: {count}" for name, count in task["classes"].items())
        yield f"- Rows of each class: {counts}"
    if "quantiles" in task:
        low, _, middle, _, high = task["quantiles"]
        yield f"- Target from {low:g} to {high:g}, median {middle:g}"
    order = "forward in time" if task["in_time"] else "in any order"
    weights = ", with weights of rows" if task["weighted"] else ""
    yield f"- {task['folds']} folds, {order}{weights}"


def _score(facts: Facts, member: str | None, honest: Any) -> Iterator[str]:
    """Yield the lines about the score, its error and the baselines."""
    yield "## Score"
    yield ""
    yield f"- Metric: {facts['metric']['name']} (greater is better)"
    found = _member(facts, member)
    if found:
        error = "" if found["error"] is None else f" ± {found['error']:.2g} (standard error)"
        yield f"- Score of cross-validation: {found['score']:.6g}{error}"
    if honest is not None:
        yield f"- Score corrected for the choice among many candidates: {honest}"
    for one in facts["baselines"]:
        if one["score"] is not None:
            yield f"- Baseline, {one['name']}: {one['score']:.6g} on the same folds"


def _limits(facts: Facts, member: str | None, honest: Any) -> Iterator[str]:
    """Yield the lines about what the model was not shown."""
    yield "## Limits"
    yield ""
    yield (
        "- The score holds for rows like those of training. Values outside the ranges of"
        " `schema.json`, and categories that it does not list, are predicted with a warning of the"
        " service, and not tested."
    )
    yield "- Effects on groups of people were not examined."
    for one in facts["warnings"]:
        yield f"- {one['message']}"
