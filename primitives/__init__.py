"""The building blocks of pipelines, and catalogues of them."""

from dataclasses import replace

from primitives.base import (
    CLASSIFICATION,
    REGRESSION,
    Choice,
    Features,
    Kind,
    NullableFeatures,
    Prediction,
    Primitive,
    Space,
    Table,
    Traits,
)
from primitives.catalogue import Catalogue

__all__ = [
    "CLASSIFICATION",
    "REGRESSION",
    "Catalogue",
    "Choice",
    "Features",
    "Kind",
    "NullableFeatures",
    "Prediction",
    "Primitive",
    "Space",
    "Table",
    "Traits",
    "default_catalogue",
]


def default_catalogue() -> Catalogue:
    """Return every primitive that comes with the package.

    Those of optional libraries are in it whether or not the library is installed;
    `Catalogue.select` leaves them out where it is not.
    """
    from primitives import (
        boosting,
        classifiers,
        construction,
        decomposition,
        encoders,
        regressors,
        scalers,
        selection,
    )

    return Catalogue(
        replace(primitive, keeps_inputs=True)
        for primitive in (
            *encoders.ENCODERS,
            *scalers.SCALERS,
            *selection.SELECTION,
            *decomposition.DECOMPOSITION,
            *construction.CONSTRUCTION,
            *classifiers.CLASSIFIERS,
            *regressors.REGRESSORS,
            *boosting.BOOSTING,
        )
    )
