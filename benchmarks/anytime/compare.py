"""Two versions side by side: scores of the best pipeline at each moment of a run.

    python -m benchmarks anytime.compare before after

The arguments are the labels that `anytime` has saved records of. A score is better when the
difference is more than a hundredth of the distance between the constant prediction and the better
score; otherwise the two are equal. Where nothing was scored in time, the constant prediction
counts. Saves `table.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks import markdown
from benchmarks.options import parser_of
from benchmarks.records import Records, publish

TIE = 0.01
SIGNS = {-1: "-", 0: "=", 1: "+"}

Runs = dict[tuple[str, int], dict[str, Any]]
"""Records by table and seed."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare the records of two labels, and save the table."""
    parser = parser_of(__file__, __doc__, repeat=False)
    parser.add_argument("before", help="label of the earlier version")
    parser.add_argument("after", help="label of the later version")
    options = parser.parse_args(arguments)
    for label in (options.before, options.after):
        if not (options.out / f"{label}.json").exists():
            parser.error(f"`before` and `after` must be labels with saved records, got {label}.")
    before, after = (
        {(one["name"], one["seed"]): one for one in Records(options.out / f"{label}.json")}
        for label in (options.before, options.after)
    )
    publish(options.out / "table.md", table_of(before, after))


def table_of(before: Runs, after: Runs) -> str:
    """Return a row for each run that both versions have, and counts over all of them."""
    runs = [key for key in before if key in after]
    moments = list(before[runs[0]]["test"])
    verdicts: dict[str, list[int]] = {moment: [] for moment in [*moments, "final"]}
    rows = []
    for name, seed in runs:
        pair = before[name, seed], after[name, seed]
        cells = [" : ".join(f"{one['first_full'] or 0:.1f}" for one in pair)]
        for moment, found in verdicts.items():
            first, second = (score_of(one, moment) for one in pair)
            found.append(verdict(first, second, pair[0]["constant_test"]))
            cells.append(f"{first:.4g} : {second:.4g}{SIGNS[found[-1]]}")
        cells.append(" : ".join(f"{one['overrun']:+.1%}" for one in pair))
        rows.append([name, seed, *cells])
    header = ["table", "seed", "first full candidate s"]
    header += [*(f"after {moment} s" for moment in moments), "final", "overrun"]
    firsts = [median(one[key]["first_full"] or 60.0 for key in runs) for one in (before, after)]
    failed = sum(one[key]["final_test"] is None for one in (before, after) for key in runs)
    worst = max(one["overrun"] for one in after.values())
    lines = [
        *markdown.table(header, rows),
        "",
        f"Before : after. First full candidate, median: {firsts[0]:.1f} : {firsts[1]:.1f} s.",
        *(counts_of(moment, found) for moment, found in verdicts.items()),
        f"Runs without a model: {failed}. Worst overrun after: {worst:+.1%}.",
    ]
    return "\n".join(lines) + "\n"


def counts_of(moment: str, verdicts: Sequence[int]) -> str:
    """Return in words how many runs are better, equal and worse at a moment."""
    when = "Final" if moment == "final" else f"After {moment} s"
    better, equal, worse = (verdicts.count(sign) for sign in (1, 0, -1))
    return f"{when}: better {better}, equal {equal}, worse {worse}."


def score_of(record: dict[str, Any], moment: str) -> float:
    score = record["final_test"] if moment == "final" else record["test"][moment]
    return float(record["constant_test"] if score is None else score)


def verdict(before: float, after: float, constant: float) -> int:
    """Return 1 where the second is better, -1 where the first is, 0 where they are equal."""
    room = TIE * abs(max(before, after) - constant)
    return 0 if abs(after - before) <= room else 1 if after > before else -1


if __name__ == "__main__":
    main()
