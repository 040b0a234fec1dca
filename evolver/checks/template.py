"""Check of a template, and choice of the primitives for each of its words."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from evolver.errors import InputError, InputTypeError, did_you_mean
from evolver.genome.places import BASES, PlacedCatalogue
from primitives import Catalogue, Kind, Prediction, Primitive, Table
from primitives.base import OF_CLASSES

KINDS_OF_MODELS = ("classifier", "regressor")
"""Words for models of one kind of target; "model" stands for either."""

ENCODER, TRANSFORMER, MODEL = SORTS = ("encoder", "transformer", "model")
"""Words for all steps from a table to features, from features to features, and to predictions."""


def check_template(template: Any) -> tuple[str, ...]:
    """Return the words of a template, in their order.

    Raises
    ------
    InputError, InputTypeError
        If it is no text, or a word is empty.
    """
    if not isinstance(template, str):
        raise InputTypeError(
            "`template` must be words with hyphens between them, such as"
            f" 'encoder-selector-classifier', or None, got {template!r}."
        )
    words = tuple(word.strip() for word in template.split("-"))
    if not all(words):
        raise InputError(f"`template` must have a word on each side of a hyphen, got {template!r}.")
    return words


def templated(
    words: Sequence[str], catalogue: Catalogue, task: str, max_steps: int
) -> PlacedCatalogue:
    """Return the catalogue whose pipelines have the steps of a template, in its order.

    Parameters
    ----------
    words : sequence of str
        Words of the template.
    catalogue : Catalogue
        Primitives that suit the problem.
    task : str
        Name of the task, as primitives know it.
    max_steps : int
        Largest number of steps of a pipeline.

    Raises
    ------
    InputError
        If a word is unknown, or if no pipeline has the steps in this order.
    """
    template = "-".join(words)
    if len(words) > max_steps:
        raise InputError(
            f"`template` must have at most {max_steps} words, the number of"
            f" `settings.max_steps`, got {template!r}."
        )
    places: list[list[Primitive]] = []
    given: list[type[Kind]] = [Table]
    for place, word in enumerate(words):
        named = _named(word, catalogue, task, template)
        is_last = place == len(words) - 1
        fitting = [
            one
            for one in named
            if _reads(one, given) and issubclass(one.output, Prediction) == is_last
        ]
        if not fitting:
            raise InputError(f"`template` {_fault(words, place, named)}, got {template!r}.")
        places.append(fitting)
        given = [one.output for one in fitting]
    return PlacedCatalogue(_used(places))


def _named(word: str, catalogue: Catalogue, task: str, template: str) -> list[Primitive]:
    """Return the primitives that a word stands for."""
    steps = [one for one in catalogue if _is_step(one)]
    lower = word.lower()
    of_task = KINDS_OF_MODELS[task not in OF_CLASSES]
    if lower in KINDS_OF_MODELS and lower != of_task:
        raise InputError(
            f"`template` must have models of the task, {of_task!r}, got {word!r} in {template!r}."
        )
    sort = MODEL if lower == of_task else lower
    if sort in SORTS:
        return [one for one in steps if _sort(one) == sort]
    found = [one for one in steps if one.group == lower or fnmatchcase(one.name, word)]
    if not found:
        words = sorted({*SORTS, of_task, *(one.group for one in steps if one.group)})
        names = [*words, *(one.name for one in steps)]
        raise InputError(
            f"`template` must have words that are one of {words}, or names or patterns of"
            " steps with one input that suit the table, got"
            f" {word!r} in {template!r}.{did_you_mean(word.strip('*?'), names)}"
        )
    return found


def _is_step(primitive: Primitive) -> bool:
    """Return True if a primitive follows one step, or the table, and joins no branches."""
    is_constructor = issubclass(primitive.output, Table)
    reads = (Table, *BASES.values())
    return len(primitive.inputs) == 1 and primitive.inputs[0] in reads and not is_constructor


def _sort(primitive: Primitive) -> str:
    """Return the word for the place that the kinds of a primitive give it."""
    if issubclass(primitive.output, Prediction):
        return MODEL
    return ENCODER if primitive.inputs[0] is Table else TRANSFORMER


def _reads(primitive: Primitive, given: Sequence[type[Kind]]) -> bool:
    return any(issubclass(kind, primitive.inputs[0]) for kind in given)


def _fault(words: Sequence[str], place: int, named: Sequence[Primitive]) -> str:
    """Return the reason why no step fits a place, in words that follow "`template`"."""
    word = words[place]
    is_last = place == len(words) - 1
    if not place and not any(_sort(one) == ENCODER for one in named):
        return f"must begin with an encoder, because {word!r} reads no table"
    if is_last and not any(_sort(one) == MODEL for one in named):
        return f"must end with a model, because {word!r} predicts nothing"
    if not is_last and all(_sort(one) == MODEL for one in named):
        return f"must have {word!r} at its end, because it predicts"
    if place and all(_sort(one) == ENCODER for one in named):
        return f"must have {word!r} at its beginning, because it reads a table"
    return f"must have a step before {word!r} that gives what it reads, not {words[place - 1]!r}"


def _used(places: Sequence[Sequence[Primitive]]) -> list[list[Primitive]]:
    """Return the primitives of each place whose output some primitive of the next one reads."""
    used = [list(places[-1])]
    for primitives in reversed(places[:-1]):
        used.insert(0, [one for one in primitives if any(_reads(n, [one.output]) for n in used[0])])
    return used
