"""Reading of tables that are written in any dialect, compared with the typed tables."""
