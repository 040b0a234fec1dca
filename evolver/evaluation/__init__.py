"""Evaluation: how good a pipeline is, one fold at a time."""
