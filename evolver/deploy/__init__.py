"""Deployment of a fitted model: a folder with all that others need to run, check and serve it."""
