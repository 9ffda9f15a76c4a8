"""Fetch a model without loading it, so that a later start needs no network: for images and schools.

Run with `python -m model.weights.fetch NAME`.
"""

import sys

from model.weights.catalog import DEFAULT, ModelError, resolve
from model.weights.embedded import embedded_model
from model.weights.hub import hub_model


def fetch(spec: str) -> None:
    """Put a model where a start looks for it; one that is a folder is there already.

    Raises:
        ModelError: it cannot be had; says why.
    """
    source = resolve(spec)
    if source.origin == "embedded":
        embedded_model(print)
    elif source.origin == "hub":
        hub_model(source.location, print)


if __name__ == "__main__":
    try:
        fetch(sys.argv[1] if len(sys.argv) > 1 else DEFAULT)
    except ModelError as error:
        sys.exit(str(error))
