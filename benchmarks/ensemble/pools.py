"""Ensembles with and without a logarithmic opinion pool, on rows that no run has seen.

    python -m benchmarks ensemble.libraries --datasets FOLDER --libraries FOLDER
    python -m benchmarks ensemble.pools --libraries FOLDER

From the libraries of runs ensembles are chosen on out-of-fold predictions and judged on rows that
no run has seen: without a pool, and with a pool where that is better on folds that it was not
learned on, as runs choose for the log loss. The error of two classes is 1 - AUC. Saves `pools.json`
and `pools.md`; without `--libraries` only draws the second from the first.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks import markdown
from benchmarks.ensemble.choices import LEAST, MEMBERS, summary
from benchmarks.ensemble.selection import METRICS
from benchmarks.errors import error_of, gain
from benchmarks.options import add_libraries, parser_of
from benchmarks.records import Records, publish
from evolver.ensemble.blend import Blend, Truth, predicted
from evolver.ensemble.selection import TEMPERATURES, select


def main(arguments: Sequence[str] | None = None) -> None:
    """Choose and judge the missing ensembles, and save records and table."""
    parser = parser_of(__file__, __doc__)
    add_libraries(parser)
    options = parser.parse_args(arguments)
    file = options.out / "pools.json"
    records = Records(file, "name", "seed", "budget", repeat=options.repeat)
    libraries = [] if options.libraries is None else sorted(options.libraries.glob("*.npz"))
    for library in libraries:
        name, seed, budget = library.stem.rsplit("-", 2)
        about = {"name": name, "seed": int(seed), "budget": float(budget)}
        if records.is_missing(*about.values()):
            with np.load(library) as kept:
                task = str(kept["task"])
                if task != "regression":
                    records.add(about | measure(task, dict(kept)))
    if records:
        publish(options.out / "pools.md", table_of(records))


def measure(task: str, kept: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the errors on held-out rows, and whether the ensemble has a pool."""
    y = kept["y"]
    classes = np.unique(y)
    folds = range(sum(key.startswith("rows-") for key in kept))
    labels = [y[kept[f"rows-{fold}"]] for fold in folds]
    places = [key.removesuffix("-held") for key in kept if key.endswith("-held") and key[0] != "y"]
    candidates = [
        [kept[f"{place}-{end}"].astype(float) for end in (*folds, "held")] for place in places
    ]
    usable = [one for one in candidates if all(part.shape[1:] == classes.shape for part in one)]
    library, held_out = [one[:-1] for one in usable], [one[-1:] for one in usable]

    def error(blend: Blend) -> float:
        found = METRICS[task](kept["y-held"], predicted(held_out, blend, 0), classes)
        return error_of(task, float(found[0]))

    chosen, seconds = {}, {}
    for way in ("without", "with"):
        start = time.perf_counter()
        chosen[way] = select(
            library,
            lambda fold, blends: METRICS[task](labels[fold], blends, classes),
            MEMBERS,
            temperatures=TEMPERATURES if task == "multiclass" else (1.0,),
            truth=Truth(labels) if way == "with" else None,
        )
        seconds[way] = round(time.perf_counter() - start, 3)
    alone = Blend({0: 1.0})
    blends = {way: alone if one is None else one.blend for way, one in chosen.items()}
    errors = {way: error(blend) for way, blend in blends.items()}
    return {
        "task": task,
        "rows": len(y),
        "classes": len(classes),
        "library": len(library),
        "members": {way: len(one.weights) for way, one in blends.items()},
        "pooled": blends["with"].pool is not None,
        "seconds": seconds,
        "errors": {"best candidate": error(alone)} | errors,
    }


def table_of(records: list[dict[str, Any]]) -> str:
    """Return by how much the error is less with a pool, by table and over all."""
    intro = (
        "Percent (of the logarithm) by which the error on held-out rows (log loss, 1 - AUC) is less"
        " with a pool than without, and than that of the best candidate."
    )
    header = ["table", "seed", "budget, s", "rows", "classes", "members without, with", "pooled"]
    header += ["choosing, s: without, with", "best candidate", "without"]
    rows: list[list[object]] = []
    for task, label in (("multiclass", "log loss"), ("binary", "AUC")):
        mine = [one for one in records if one["task"] == task]
        gains = {
            other: [gain(one["errors"][other], one["errors"]["with"], LEAST) for one in mine]
            for other in ("best candidate", "without")
        }
        for place, one in enumerate(mine):
            seconds = one["seconds"]
            rows.append(
                [
                    *(one["name"], one["seed"], f"{one['budget']:g}", one["rows"], one["classes"]),
                    f"{one['members']['without']}, {one['members']['with']}",
                    "yes" if one["pooled"] else "",
                    f"{seconds['without']:.2f}, {seconds['with']:.2f}",
                    *(f"{found[place]:+.2f}" for found in gains.values()),
                ]
            )
        if mine:
            pooled = sum(one["pooled"] for one in mine)
            cells = [summary(found) for found in gains.values()]
            blank = [""] * 5
            rows.append([f"{label}: mean; median; better : worse", *blank, pooled, "", *cells])
    return "\n".join([intro, "", *markdown.table(header, rows)]) + "\n"


if __name__ == "__main__":
    main()
