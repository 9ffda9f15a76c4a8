"""The table of the chain for one distribution."""

from dataclasses import replace

import numpy as np

from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from viz.rooms.chain.chain_table import chain_table_value

LOGITS = np.random.default_rng(3).normal(0, 2, 200).astype(np.float32)


def name(token_id):
    return f" t{token_id}"


def table(chosen=None, choice=None, **changes):
    now = replace(SamplerSettings(top_k=20), **changes)
    return chain_table_value(
        shape(LOGITS, now, [1, 2]), now, token_of=name, chosen=chosen, choice=choice, sentence="said"
    )
