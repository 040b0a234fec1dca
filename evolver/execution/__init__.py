"""Execution: where jobs run. It knows nothing of what they do."""
