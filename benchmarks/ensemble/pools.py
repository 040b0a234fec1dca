"""Is an average that is averaged with a logarithmic opinion pool better than the average?

    python -m benchmarks.ensemble.libraries --datasets FOLDER --keep LIBRARIES
    python -m benchmarks.ensemble.pools --libraries LIBRARIES

From the libraries of runs ensembles are chosen on out-of-fold predictions, and judged on rows that
no run has seen: with a pool where it is better on folds that it was not learned on (as runs choose
for the log loss) and without; for two classes the error is 1 - AUC. Saves `results/pools.json` and
`results/pools.md`; without `--libraries` only draws the second from the first.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

from benchmarks.ensemble.choices import MEMBERS, gain
from benchmarks.ensemble.fold_models import error_of
from benchmarks.ensemble.selection import METRICS
from evolver.ensemble.selection import TEMPERATURES, Blend, predicted, select

RESULTS = Path(__file__).parent / "results"
RECORDS = RESULTS / "pools.json"


def main() -> None:
    """Choose, judge, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libraries", type=Path, help="by libraries.py --keep")
    options = parser.parse_args()
    if options.libraries is not None:
        records = []
        for file in sorted(options.libraries.glob("*.npz")):
            kept = dict(np.load(file))
            if kept["task"] != "regression":
                name, seed, budget = file.stem.rsplit("-", 2)
                about = {"name": name, "seed": int(seed), "budget": float(budget)}
                records.append(about | measured(str(kept["task"]), kept))
                print(records[-1], flush=True)
        lines = ",\n".join(json.dumps(one) for one in records)
        RECORDS.write_text(f"[\n{lines}\n]\n")
    table = table_of(json.loads(RECORDS.read_text()))
    print(table)
    (RESULTS / "pools.md").write_text(table)


def measured(task: str, kept: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the errors on held-out rows, and whether there is a pool."""
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
            labels=labels if way == "with" else None,
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
    lines = [
        "Percent (of the logarithm) by which the error on held-out rows (log loss, 1 - AUC) is less"
        " with a pool than without, and than that of the best candidate.",
        "",
        "| table | seed | budget, s | rows | classes | members without, with | pooled"
        " | choosing, s: without, with | best candidate | without |",
        f"|{' --- |' * 10}",
    ]
    for task in ("multiclass", "binary"):
        mine = [one for one in records if one["task"] == task]
        gains: dict[str, list[float]] = {"best candidate": [], "without": []}
        for one in mine:
            for other, found in gains.items():
                found.append(gain(one["errors"][other], one["errors"]["with"]))
            lines.append(
                f"| {one['name']} | {one['seed']} | {one['budget']:g} | {one['rows']}"
                f" | {one['classes']} | {one['members']['without']}, {one['members']['with']}"
                f" | {'yes' if one['pooled'] else ''}"
                f" | {one['seconds']['without']:.2f}, {one['seconds']['with']:.2f}"
                f" | {gains['best candidate'][-1]:+.2f} | {gains['without'][-1]:+.2f} |"
            )
        cells = " | ".join(
            f"{fmean(found):+.2f}; {median(found):+.2f}; {sum(one > 0 for one in found)} :"
            f" {sum(one < 0 for one in found)}"
            for found in gains.values()
        )
        pooled = sum(one["pooled"] for one in mine)
        label = {"multiclass": "log loss", "binary": "AUC"}[task]
        lines.append(f"| {label}: mean; median; better : worse | | | | | | {pooled} | | {cells} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
