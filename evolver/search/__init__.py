"""Search: where candidates come from. Pure decisions, no clock and no processes."""
