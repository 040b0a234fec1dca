"""The genome: pipelines as typed trees, and what they become."""
