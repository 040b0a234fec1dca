"""Runs: the only folder that holds a clock, an executor, a journal and a search at once."""
