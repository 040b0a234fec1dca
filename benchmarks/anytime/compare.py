"""Two files of records side by side: how good the best pipeline was at each moment.

    python benchmarks/anytime/compare.py BEFORE.json AFTER.json > results/table.md

A score is better when the difference is more than a hundredth of what the constant prediction is
away from the better of the two; else they tie. Where nothing was scored in time, the constant
prediction stands in.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

TIE = 0.01


def main() -> None:
    """Print the table."""
    before, after = (
        {(one["name"], one["seed"]): one for one in json.loads(Path(name).read_text())}
        for name in sys.argv[1:3]
    )
    runs = [key for key in before if key in after]
    moments = list(before[runs[0]]["test"])
    print("| table | seed | first full candidate s |", end="")
    print(*(f" after {moment} s |" for moment in moments), "final | overrun |", sep="")
    print(f"|{' --- |' * (5 + len(moments))}")
    verdicts: dict[str, list[int]] = {moment: [] for moment in [*moments, "final"]}
    for key in runs:
        pair = before[key], after[key]
        cells = [" : ".join(f"{one['first_full'] or 0:.1f}" for one in pair)]
        for moment in verdicts:
            scores = [score_of(one, moment) for one in pair]
            verdicts[moment].append(verdict(*scores, pair[0]["constant_test"]))
            cells.append(f"{scores[0]:.4g} : {scores[1]:.4g}{'-=+'[verdicts[moment][-1] + 1]}")
        cells.append(" : ".join(f"{one['overrun']:+.1%}" for one in pair))
        print(f"| {key[0]} | {key[1]} | {' | '.join(cells)} |")
    print()
    firsts = [median(one[key]["first_full"] or 60.0 for key in runs) for one in (before, after)]
    print(f"Before : after. First full candidate, median: {firsts[0]:.1f} : {firsts[1]:.1f} s.")
    for moment, found in verdicts.items():
        when = "Final" if moment == "final" else f"After {moment} s"
        print(f"{when}: better {found.count(1)}, equal {found.count(0)}, worse {found.count(-1)}.")
    failed = sum(one[key]["final_test"] is None for one in (before, after) for key in runs)
    worst = max(one["overrun"] for one in after.values())
    print(f"Runs without a model: {failed}. Worst overrun after: {worst:+.1%}.")


def score_of(record: dict[str, Any], moment: str) -> float:
    score = record["final_test"] if moment == "final" else record["test"][moment]
    return float(record["constant_test"] if score is None else score)


def verdict(before: float, after: float, constant: float) -> int:
    """Return 1 where the second is better, -1 where the first is, 0 where they tie."""
    room = TIE * abs(max(before, after) - constant)
    return 0 if abs(after - before) <= room else 1 if after > before else -1


if __name__ == "__main__":
    main()
