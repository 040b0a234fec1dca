"""Storage: the journal of a run and the predictions of its candidates."""
