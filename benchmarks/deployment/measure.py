"""Share of models that convert to ONNX, and latency and size of each file of a model.

    python -m benchmarks deployment --datasets FOLDER [--names ...] [--seeds 0]

Fits with a few candidates on at most 2,000 rows of each table, deploys the best pipeline and the
ensemble, and measures the fitted model, its pickle, the file of skops and that of ONNX: bytes, and
the least seconds of some predictions of one row and of 1,000 rows. Saves `records.json` and
`table.md`.
"""

from __future__ import annotations

import pickle
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks import markdown
from benchmarks.datasets import estimator_for, read
from benchmarks.options import add_datasets, parser_of
from benchmarks.records import Records, publish
from evolver import Settings
from evolver.deploy.folder import response
from evolver.deploy.model_file import SKOPS_FILE
from evolver.deploy.onnx_file import ONNX_FILE, onnx_inputs
from evolver.estimators.program import plain_member

NAMES = (
    *("australian", "credit-g", "blood-transfusion", "segment", "car", "churn"),
    *("abalone", "boston", "concrete", "auto-mpg", "adult", "balance-scale"),
)
"""Tables of numbers and categories, with two classes, several, and a number as the target."""

MEMBERS = ("best", "ensemble")
ROWS, CANDIDATES = 2_000, 15
BATCHES = {"row": 1, "batch": 1_000}
"""Numbers of rows that are predicted at once."""

REPEATS = 5
"""Number of predictions of which the quickest counts."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing tables, and save records and table."""
    parser = parser_of(__file__, __doc__, names=NAMES, seeds=[0])
    add_datasets(parser)
    options = parser.parse_args(arguments)
    records = Records(options.out / "records.json", "seed", "name", "member", repeat=options.repeat)
    if options.datasets is not None:
        missing = records.missing(options.seeds, options.names, MEMBERS)
        for seed, name in dict.fromkeys((seed, name) for seed, name, _ in missing):
            model, table = fitted(options.datasets, name, seed)
            for member in MEMBERS:
                record = {"seed": seed, "name": name, "member": member}
                records.add(record | measured(model, table, member))
    if records:
        publish(options.out / "table.md", table_of(records))


def fitted(datasets: Path, name: str, seed: int) -> tuple[Any, Any]:
    """Return a fitted estimator, and its table."""
    X, y = read(datasets, name)
    rows = X.sample(min(len(X), ROWS), random_state=seed).index
    X, y = X.loc[rows].reset_index(drop=True), y.loc[rows].reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = estimator_for(y)(
            time_budget=None,
            max_evaluations=CANDIDATES,
            random_state=seed,
            n_jobs=2,
            verbose=0,
            settings=Settings(patience=None),
        ).fit(X, y)
    return model, X


def measured(model: Any, table: Any, member: str) -> dict[str, Any]:
    """Return what is measured of a member; of an ensemble that was left out, nothing."""
    if member == "ensemble" and model.ensemble_ is None:
        return {"is_there": False}
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.deploy(Path(place) / "folder", member)
        sizes = {name: (found.folder / name).stat().st_size for name in found.differences}
        with threadpool_limits(limits=1):
            seconds = _seconds(model, table, member, found.folder)
    return {
        "is_there": True,
        "differences": found.differences,
        "notes": list(found.notes),
        "bytes": sizes | {"pickle": len(pickle.dumps(model._members.fitted(member)))},
        "seconds": seconds,
    }


def _seconds(model: Any, table: Any, member: str, folder: Path) -> dict[str, dict[str, float]]:
    """Return the least seconds of a prediction by form of the model and number of rows."""
    fitted_model = model._members.fitted(member)
    batches = {
        name: table.sample(rows, replace=True, random_state=0).reset_index(drop=True)
        for name, rows in BATCHES.items()
    }
    answers: dict[str, Callable[[Any], Any]] = {
        "fitted": lambda rows: response(fitted_model, rows),
        "plain": lambda rows: response(plain_member(model, member), rows),
    }
    again = pickle.loads(pickle.dumps(fitted_model))
    answers["pickle"] = lambda rows: response(again, rows)
    if (folder / SKOPS_FILE).exists():
        loaded = _loaded(folder)
        answers["skops"] = lambda rows: response(loaded, rows)
    found = {
        form: {name: _least(partial(answer, rows)) for name, rows in batches.items()}
        for form, answer in answers.items()
    }
    if (folder / ONNX_FILE).exists():
        found["onnx"] = _of_runtime(model, batches, folder / ONNX_FILE)
    return found


def _loaded(folder: Path) -> Any:
    """Return the model of a folder, whose modules are forgotten again."""
    sys.path.insert(0, str(folder))
    try:
        import model as carried

        return carried.load_model()
    finally:
        sys.path[:] = [place for place in sys.path if place != str(folder)]
        for name in ("model", "parts"):
            sys.modules.pop(name, None)


def _of_runtime(model: Any, batches: dict[str, Any], file: Path) -> dict[str, float]:
    """Return the least seconds of a prediction by a runtime on one thread."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1
    session = InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    found = {}
    for name, rows in batches.items():
        given = onnx_inputs(model._schema, rows, names)
        found[name] = _least(partial(session.run, None, given))
    return found


def _least(act: Callable[[], Any]) -> float:
    """Return the least seconds of some calls."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def table_of(records: Records) -> str:
    """Return a table of the models, and the medians of latency and size by form."""
    there = [one for one in records if one["is_there"]]
    rows = []
    for one in sorted(there, key=lambda one: (one["name"], MEMBERS.index(one["member"]))):
        gap = one["differences"].get(ONNX_FILE)
        reason = next((note for note in one.get("notes", ()) if ONNX_FILE in note), "")
        short = reason.removeprefix(f"There is no {ONNX_FILE}: ").split(". ")[0]
        skops = "yes" if SKOPS_FILE in one["differences"] else "no"
        shown = short if gap is None else f"{gap:.1e}"
        rows.append([one["name"], one["member"], skops, shown])
    lines = markdown.table(["table", "model", "skops", "ONNX: largest difference, or reason"], rows)
    both = [one for one in there if "onnx" in one["seconds"] and "skops" in one["seconds"]]
    lines += ["", f"Medians over the {len(both)} of {len(there)} models that have all files:", ""]
    forms = {"fitted": "pickle", "pickle": "pickle", "skops": SKOPS_FILE, "onnx": ONNX_FILE}
    cells = []
    for form, file in forms.items():
        times = [[one["seconds"][form][name] * 1000 for one in both] for name in BATCHES]
        sizes = [one["bytes"][file] / 1e6 for one in both]
        numbers = [f"{median(part):.2f}" if part else "" for part in (*times, sizes)]
        cells.append([form, *numbers])
    lines += markdown.table(["form", "one row, ms", "1,000 rows, ms", "MB"], cells)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
