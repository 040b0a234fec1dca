"""Proposals until an optimum is nearly reached: Bayesian refinement against random search.

    python -m benchmarks refinement.synthetic

The score of the primitive is a known function of its four parameters, one of each kind, 1 at the
optimum. The search begins with one bad pipeline and has some proposals under way (see
`tests/search/known.py`). Saves `synthetic.json` and `synthetic.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks import markdown
from benchmarks.options import parser_of
from benchmarks.records import publish, save
from tests.search.known import turns_to

OPTIMUM = 0.95
MOST = 2000
SAMPLERS = ("tpe", "random")


def main(arguments: Sequence[str] | None = None) -> None:
    """Count the proposals for every seed, and save the counts and their quartiles."""
    parser = parser_of(__file__, __doc__, seeds=range(10), repeat=False)
    options = parser.parse_args(arguments)
    counts = [
        {"sampler": sampler, "seed": seed, "proposals": turns_to(OPTIMUM, sampler, seed, MOST)}
        for sampler in SAMPLERS
        for seed in options.seeds
    ]
    save(options.out / "synthetic.json", {"optimum": OPTIMUM, "counts": counts})
    publish(options.out / "synthetic.md", table_of(counts, len(options.seeds)))


def table_of(counts: Sequence[dict[str, Any]], seeds: int) -> str:
    """Return the quartiles of the proposals of each sampler."""
    rows = []
    for sampler in SAMPLERS:
        mine = sorted(one["proposals"] for one in counts if one["sampler"] == sampler)
        quartiles = [f"{one:.0f}" for one in np.percentile(mine, [25, 50, 75])]
        rows.append([sampler, *quartiles, ", ".join(map(str, mine))])
    header = ["sampler", "lower quartile", "median", "upper quartile", "each"]
    intro = f"Proposals until {OPTIMUM:.0%} of the optimum, {seeds} seeds:"
    return "\n".join([intro, "", *markdown.table(header, rows)]) + "\n"


if __name__ == "__main__":
    main()
