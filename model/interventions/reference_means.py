"""What parts of a model write on average in other texts: what stands in their place when they are taken away.

Zero is something no layer ever saw there, and may do more harm than the loss itself (Wang et al. 2022,
"Interpretability in the Wild", arXiv:2211.00593, who put in means over a reference set).
"""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from model.interventions.effect import read_clean

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

    from model.network.changes import Site
    from model.network.language_model import LanguageModel

REFERENCE = (
    "The train left the station a few minutes after noon, and most of the seats were empty.",
    "To make the soup, cut the onions, fry them in a little oil, and add two cups of water.",
    "Water boils at a lower temperature on a mountain because the air presses on it less.",
    "“I have never seen it so quiet here,” said the woman, and closed the window.",
    "The committee will meet again in March to decide how the money is to be spent.",
    "If a number can be divided by two without a remainder, it is called even.",
    "Children ran along the beach while their parents packed the baskets into the car.",
    "The painting was sold twice before anybody noticed the name in its lower corner.",
)
"""Sentences of several kinds, some 150 tokens together; the first token of each does not count."""


class ReferenceMeans:
    """Means of the activations of one model over the reference set."""

    def __init__(self, means: "dict[tuple[Site, int], Tensor]") -> None:
        self._means = means

    def at(self, site: "Site", layer: int, head: int | None = None, heads: int = 1) -> "Tensor":
        """Return (size,) what a layer, or one of its heads, writes on average."""
        mean = self._means[site, layer]
        return mean if head is None else mean.view(heads, -1)[head]


_known: "WeakKeyDictionary[LanguageModel, ReferenceMeans]" = WeakKeyDictionary()


def reference_means(model: "LanguageModel") -> ReferenceMeans:
    """Return the means of a model, computed when they are first asked for."""
    if model not in _known:
        _known[model] = _computed(model)
    return _known[model]


def _computed(model: "LanguageModel") -> ReferenceMeans:
    sums: dict[tuple[Site, int], Tensor] = {}
    count = 0
    for text in REFERENCE:
        token_ids = model.encode(text)
        clean = read_clean(model, token_ids)
        for place in clean.places:
            sums[place] = sums.get(place, 0) + clean.at(*place)[1:].sum(0)
        count += len(token_ids) - 1
    return ReferenceMeans({place: total / count for place, total in sums.items()})
