"""Command line as ``python -m evolver``, where the program is not on the path."""

from evolver.cli import main

if __name__ == "__main__":
    main(prog_name="evolver")
