"""The data sets of the comparison."""

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
"""None of them may be used to learn the portfolio that the package brings."""
