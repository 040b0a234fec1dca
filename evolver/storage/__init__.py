"""Storage of a run: its journal, and the predictions of its candidates."""
