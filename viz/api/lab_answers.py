"""What the endpoints of the sampling lab answer, as plain values."""

import math
from typing import Any

from model.lab.replay import Replay
from model.lab.rollout_statistics import statistics_of
from model.sampler.sampling import ShapedDistribution
from model.texts.run import Run


def followed(left: ShapedDistribution, count: int, token_of: Any) -> dict[str, Any]:
    """Return the stages of a distribution as plain values, and its leading tokens after each of them."""
    token_ids = [int(token_id) for token_id in left.most_likely(count)]
    after = [left.probabilities, *(stage.over_vocabulary for stage in left.stages)]
    return {
        "stages": [
            {
                "name": stage.name,
                "kept": stage.kept,
                "mass": stage.mass,
                "entropy_bits": stage.entropy_bits,
            }
            for stage in left.stages
        ],
        "tokens": [
            {
                "token_id": token_id,
                "token": token_of(token_id),
                "probabilities": [float(probabilities[token_id]) for probabilities in after],
                "cut_by": left.cut_by(token_id),
            }
            for token_id in token_ids
        ],
    }


def rolled(runs: tuple[Run, ...], count: int) -> dict[str, Any]:
    """Return the rollouts that have ended, of so many, and what they say once all have."""
    # Those that end first are the short ones: numbers on them alone would speak of others.
    said = statistics_of(runs if len(runs) == count else ())
    return {
        "texts": [run.text for run in runs],
        "distinct_1": _number(said.distinct_1),
        "distinct_2": _number(said.distinct_2),
        "mean_logprob": _number(said.mean_logprob),
        "mean_length": _number(said.mean_length),
        "mean_entropy_bits": _number(said.mean_entropy_bits),
        "seeds": [run.seed for run in runs],
    }


def replayed(replay: Replay) -> dict[str, Any]:
    """Return a replay: its run, and where and why it parts from the original."""
    told: dict[str, Any] = replay.run.to_json()
    told |= {"first_divergence": replay.first_divergence, "agreement": replay.agreement, "divergence": None}
    if replay.divergence is not None:
        apart = replay.divergence
        told["divergence"] = {
            "position": apart.position,
            "u": apart.u,
            "cut_by": apart.cut_by,
            "was": vars(apart.was),
            "now": vars(apart.now),
        }
        if apart.coin is not None:
            told["divergence"]["coin"] = apart.coin
    return told


def _number(value: float) -> float | None:
    """Return a number that JSON has."""
    return None if math.isnan(value) else value
