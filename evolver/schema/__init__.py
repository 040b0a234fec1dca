"""Schema of a table: kinds and formats of its columns, learned once and used everywhere."""

from evolver.schema.learn import Given, learn
from evolver.schema.schema import KINDS, Profile, Schema

__all__ = ["KINDS", "Given", "Profile", "Schema", "learn"]
