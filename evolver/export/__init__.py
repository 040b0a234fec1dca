"""Export of a fitted estimator as a Python file that runs without this package."""
