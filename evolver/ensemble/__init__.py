"""Ensembles: which candidates are averaged, and how."""
