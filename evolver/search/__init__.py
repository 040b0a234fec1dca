"""Search: sources of candidates, which know neither a clock nor processes."""
