"""Genome: pipelines as typed trees, and their forms as digest, graph, estimator, data and text."""
