"""Proposals until a known optimum is nearly reached: Bayesian refinement against random search.

    python -m benchmarks.refinement.synthetic

The score of the primitive is a known function of its four parameters, one of each kind, 1 at the
optimum; the search begins with one bad pipeline and has `LAG` proposals under way (see
`tests/search/known.py`). Saves `results/synthetic.json` and `results/synthetic.md`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.search.known import turns_to

OPTIMUM = 0.95
MOST = 2000
SEEDS = range(10)
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Count for every seed; save the counts and their quartiles."""
    turns = {
        sampler: [turns_to(OPTIMUM, sampler, seed, MOST) for seed in SEEDS]
        for sampler in ("tpe", "random")
    }
    lines = [
        f"Proposals until {OPTIMUM:.0%} of the optimum, {len(SEEDS)} seeds:",
        "",
        "| sampler | lower quartile | median | upper quartile | each |",
        f"|{' --- |' * 5}",
    ]
    for sampler, counts in turns.items():
        quartiles = " | ".join(f"{one:.0f}" for one in np.percentile(counts, [25, 50, 75]))
        lines.append(f"| {sampler} | {quartiles} | {', '.join(map(str, sorted(counts)))} |")
    print("\n".join(lines))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "synthetic.json").write_text(json.dumps(turns) + "\n")
    (RESULTS / "synthetic.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
