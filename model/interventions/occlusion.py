"""Which tokens a prediction hangs on by hiding each of them: occlusion."""

import numpy as np

from model.interventions.hiding import Hiding
from model.interventions.token_scores import Progress, Scoring, TokenScores


def occlusion(hiding: Hiding) -> Scoring:
    """Score each token by what is lost where it is hidden alone (Zeiler and Fergus 2014; Li et al. 2016).

    Of a pair of tokens that say the same, neither is missed.

    Args:
        hiding: readings of the text.
    """
    alone = [frozenset({position}) for position in range(hiding.count)]
    done, total = 0, len(hiding.missing(alone))
    yield Progress(done, total)
    for count in hiding.read(alone):
        done += count
        yield Progress(done, total)
    whole = hiding.values[frozenset()]
    lost = [whole - hiding.values[hidden] for hidden in alone]
    return TokenScores("occlusion", np.array([*lost, np.nan]))
