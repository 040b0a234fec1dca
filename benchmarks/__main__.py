"""Launcher of the measurements.

    python -m benchmarks                  list the names and their questions
    python -m benchmarks NAME --help      explain a measurement and its options
    python -m benchmarks NAME [options]   measure

Run it from the top of the project.
"""

from __future__ import annotations

import importlib
import sys

from benchmarks.index import questions, scripts


def main() -> None:
    """Run the script that the first argument names; list all scripts where there is none."""
    if len(sys.argv) == 1 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        asked = questions()
        width = max(map(len, scripts()))
        for name in scripts():
            print(f"{name:{width}}  {asked.get(name, '')}")
        return
    name = sys.argv[1]
    if name not in scripts():
        sys.exit(f"NAME must be one of {', '.join(scripts())}, got {name}.")
    importlib.import_module(scripts()[name]).main(sys.argv[2:])


if __name__ == "__main__":
    main()
