"""Lengths of the residual stream are those of Transformers' hidden states and modules."""

import numpy as np
import pytest

from model.interior.residual import updates
from model.network.stream import stream_at
from tests.conftest import TINY_ARCHITECTURES
from tests.numerics.architectures import GROUPED, built
from tests.numerics.dissected import Dissected, dissected, internals_of, prepared

POSITION = 7


@pytest.fixture(scope="module", params=TINY_ARCHITECTURES)
def text(request) -> Dissected:
    return dissected(request.param)


def test_attention_and_mlp_are_told_apart_as_the_modules_of_transformers_are(text):
    found = updates(text.internals, POSITION)
    assert [one.layer for one in found] == list(range(len(text.attention)))
    stream = text.stream[:, POSITION]
    truth = {
        "entering": stream[:-1],
        "total": stream.diff(dim=0),
        "attention": text.attention[:, POSITION],
        "mlp": text.mlp[:, POSITION],
    }
    for name, vectors in truth.items():
        lengths = [getattr(one, name) for one in found]
        np.testing.assert_allclose(lengths, vectors.norm(dim=-1), rtol=1e-3, err_msg=name)


def test_a_model_that_does_not_simply_add_its_attention_tells_the_whole_update_alone():
    """OLMo 2 puts a norm between attention and stream."""
    internals = internals_of(prepared(built("Olmo2ForCausalLM", **GROUPED)))
    stream = stream_at(internals.recording, POSITION).float()
    for one in updates(internals, POSITION):
        assert one.attention is None and one.mlp is None
        assert one.total > 0
        assert one.entering == pytest.approx(stream[one.layer].norm().item(), rel=1e-6)
