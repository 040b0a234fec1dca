"""Encoders: from a table to a numeric matrix.

An encoder treats the columns of each role in a way of its own. The treatments are parameters of
the encoder, and each brings its own parameters; `primitives.treatments` has them. There are two
primitives: `Encoder` fills all gaps, `GapKeepingEncoder` leaves those of numbers to the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import Any

from sklearn.compose import ColumnTransformer

from primitives.base import Features, Kind, NullableFeatures, Primitive, Space, Table, Traits
from primitives.roles import Role
from primitives.space import combinations
from primitives.treatments import PASSING_GAPS, TREATMENTS

STAND_INS = {"GapKeepingEncoder": "Encoder"}
"""Encoders that stand in for others on tables that do not suit these."""

MOST_WEIGHT = 15.0
"""Greatest weight of an encoder: about half of the other steps that give features together."""


def build_encoder(roles: Mapping[str, Role], random_state: int, **values: Any) -> ColumnTransformer:
    """Return an unfitted encoder.

    Parameters
    ----------
    roles : mapping of str to Role
    random_state : int
    **values
        Name of the treatment of each role, and the parameters of these treatments. The columns of
        a role without a treatment are left out.
    """
    chosen = {role: values[role] for role in roles if role in values}
    transformers = []
    for role, treatment in chosen.items():
        transformer = roles[role].transformer(treatment, values, random_state)
        if transformer is not None:
            transformers.append((role, transformer, roles[role].columns_beside(chosen)))
    return ColumnTransformer(transformers)


def encoder_space(roles: Mapping[str, Role], traits: Traits) -> Space:
    """Return the space of an encoder on a table: a choice of treatment for each role it has."""
    return {name: role.choice(traits) for name, role in roles.items() if role.is_in(traits)}


def encoder_suits(roles: Mapping[str, Role], traits: Traits) -> bool:
    """Say that an encoder has columns to read, and a treatment for those of each role."""
    present = [role for role in roles.values() if role.is_in(traits)]
    has_columns = traits.columns + traits.texts + traits.sparse > 0
    return (
        has_columns
        and bool(present)
        and all(any(one.suits(traits) for one in role.treatments) for role in present)
    )


def encoder_weight(roles: Mapping[str, Role], traits: Traits) -> float:
    """Return the number of ways to combine treatments, at most `MOST_WEIGHT`.

    So each of a few ways is as likely as another primitive.
    """
    return min(MOST_WEIGHT, float(combinations(encoder_space(roles, traits))))


def encoder(name: str, output: type[Kind], roles: Mapping[str, Role]) -> Primitive:
    """Return an encoder with a choice of treatments.

    Parameters
    ----------
    name : str
    output : kind
        `Features`, or `NullableFeatures` where a treatment passes gaps on.
    roles : mapping of str to Role
        Such as `TREATMENTS`, or a part of its treatments.
    """
    return Primitive(
        name,
        inputs=(Table,),
        output=output,
        build=partial(build_encoder, roles),
        space=partial(encoder_space, roles),
        suits=partial(encoder_suits, roles),
        weight=partial(encoder_weight, roles),
    )


ENCODERS = (
    encoder("Encoder", Features, TREATMENTS),
    encoder("GapKeepingEncoder", NullableFeatures, {**TREATMENTS, **PASSING_GAPS}),
)
"""Encoders of the default catalogue."""


def _words(name: str) -> str:
    """Return a name in capitals, such as ``OneHot``, as a treatment has it, ``one_hot``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


FORMER_ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "".join(parts): (
        "GapKeepingEncoder" if parts[0] == "Numbers" else "Encoder",
        {
            "numbers": "passthrough" if parts[0] == "Numbers" else _words(parts[0]),
            "categories": _words(parts[1]) or "none",
            "texts": "read" if parts[2] else "none",
        },
    )
    for parts in product(
        ("Median", "Mean", "MostFrequent", "Constant", "Nearest", "Numbers"),
        ("", "OneHot", "Ordinal", "Target"),
        ("", "Text"),
    )
}
"""Encoder and treatments by a name in older journals, such as ``MedianOneHotText``."""
