"""What the findings of the checks mean, and what to do about them."""

from __future__ import annotations

EXPLANATIONS = {
    "almost-empty": "Nearly all values of the column are missing. It can hardly help; leave it out,"
    " or find out why it is empty.",
    "ambiguous-format": "The values can be read in two ways, such as day before month. Give the"
    " right way by writing the dates as 2021-03-25, or the numbers without separators.",
    "constant-target": "A target has the same value in every row, so there is nothing to learn.",
    "decoded-labels": "The labels were bytes and were read as text.",
    "duplicates-across-folds": "Equal rows are in the training and the validation part of a fold,"
    " so that a model can remember them. Scores may be too good: drop copies, or give `groups`.",
    "extra-columns": "The table to predict has columns that the training table had not.",
    "few-rows-of-a-class": "Scores of a class with a few rows change much with each of them.",
    "gives-target-away": "One column predicts the target nearly without error. Often it is known"
    " only after the target, or is made from it. Leave it out if it will not be known in use.",
    "identifier": "All values differ and look like codes. Models could only remember them.",
    "index-order": "The target has the index of the table in another order. Rows are matched by"
    " position.",
    "many-classes": "The target has very many classes. It may be meant as a number.",
    "near-duplicate-labels": "Some labels differ only in white space or case. They may be the same"
    " class.",
    "out-of-range": "Most numbers of a column lie outside the range of training.",
    "positive-class": "The metric needs a positive class; the rarer one was taken. `pos_label` of a"
    " scorer of your own sets another.",
    "predicts-one-class": "The classes are so unequal that the most probable one is always equal."
    " Probabilities still order the rows; a `threshold` by F1 or by your costs decides.",
    "rare-class": "A class has fewer rows than there are folds, so some folds have none of it.",
    "row-number": "The column counts the rows. In a sorted table it would give the target away.",
    "rows-without-target": "Rows without a target cannot be learned from and were left out.",
    "same-columns": "Two columns are equal. One of them is enough.",
    "score-within-noise": "The model predicts no better than without any column, as far as the"
    " folds can tell. Look at the target and at the columns that should say something of it, or get"
    " more rows.",
    "shifted-probabilities": "Probabilities are not as large as the class is frequent, mostly since"
    " models weigh the classes equally. The order of rows is not affected, nor are decisions by a"
    " threshold that is chosen; means and sums of probabilities are.",
    "sorted-by-target": "The rows are sorted by the target while folds are blocks of rows.",
    "sorted-by-time": "The rows are in the order of a column of times, but folds are drawn at"
    " random. Scores of models of the future may be too good: `time` makes folds go forward.",
    "unread-values": "Some values could not be read as what the rest of their column is. They count"
    " as missing.",
    "unscored-rows": "Rows of a class that the training part of a fold lacks were not scored.",
    "unseen-categories": "Most categories of a column were not in the training table.",
}
"""Explanation of a finding by its code."""
