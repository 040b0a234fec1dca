"""Data sets of the comparison."""

NAMES = (
    "credit-g",
    "segment",
    "attrition",
    "eucalyptus",
    "abalone",
    "house-8L",
    "telco-churn",
    "splice",
    "auto-mpg",
    "bank-marketing",
    "glass",
    "ccpp",
)
"""Names; the portfolio that the package brings may not be learned on any of them."""
