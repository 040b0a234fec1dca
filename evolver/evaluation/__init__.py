"""Evaluation: scores of pipelines, one fold at a time."""
