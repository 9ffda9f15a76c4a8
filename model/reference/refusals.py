"""Why a model cannot be shown, in words for a person who wanted to see it."""

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from model.memory_errors import is_out_of_memory
from model.reference.anatomy import attending_by
from model.reference.attention_calls import TOKENS, Call, attention_calls

INSTEAD = (
    "What can be shown are models that attend in every layer, through Transformers' attention interface, "
    "such as GPT-2, Pythia (GPT-NeoX), OPT, Llama, Mistral, Qwen or Gemma; docs/models.md names them all"
)
"""What to take instead: a sentence without its full stop."""

RECURRENT = {"linear_attention", "conv"}
"""Layers that carry a state along, where attention would look back."""
NO_LOOKING = RECURRENT | {"moe", "mlp"}
MIXED = {"hybrid", "hybrid_sliding"}
"""Layers with attention and a state."""
INDEXED = {
    "indexed_attention",
    "compressed_sparse_attention",
    "heavily_compressed_attention",
    "minimax_m3_sparse",
}
CLOSE = 1e-3
"""What rounding may do to logits."""
STREAMS = ("altup_num_inputs", "hc_mult", "hc_count")
"""Fields that say how many residual streams stand side by side."""


def reason(transformer: PreTrainedModel, problem: Exception | None) -> str:
    """Say what it is that this app cannot do with a model.

    The model is asked, not its name: its configuration, and what it does with eight tokens.

    Args:
        transformer: as loaded. It reads a few tokens.
        problem: what went wrong with it. Its text is taken over only where it is ours.

    Returns:
        A part of a sentence, without a full stop.
    """
    facts = Facts(transformer)
    for sentence in (_layers, _tokens, _interface, _weights, _stream, _places, _logits):
        found = sentence(facts)
        if found:
            return found
    if problem is not None and type(problem).__module__.startswith("model."):
        return str(problem)
    return "its attention and its output did not come out again from what was recorded of them"


class Facts:
    """What is known of a model; each is found when asked for."""

    def __init__(self, transformer: PreTrainedModel) -> None:
        self.transformer = transformer

    @cached_property
    def config(self) -> Any:
        """Of what reads the text."""
        config = self.transformer.config
        try:
            return config.get_text_config(decoder=True)
        except ValueError:  # more than one
            return config

    @cached_property
    def kinds(self) -> set[str]:
        """Of layers, as Transformers calls them; empty where the configuration names none."""
        return set(getattr(self.config, "layer_types", None) or ())

    @cached_property
    def calls(self) -> list[Call] | None:
        """What it asks of the attention interface; None if it cannot read plain tokens."""
        calls: list[Call] | None = _answer(lambda: attention_calls(self.transformer, self.token_ids))
        return calls

    @cached_property
    def ordered_logits(self) -> bool:
        """Whether the logits are in the order of what the output embedding makes of the last hidden states.

        A factor and a cap leave the order as it is.
        """
        return _answer(self._in_order) is not False

    @cached_property
    def token_ids(self) -> list[int]:
        """A few, away from the first ones, which some models keep for padding."""
        return [3 + index % (self.config.vocab_size - 3) for index in range(TOKENS)]

    @cached_property
    def looks_ahead(self) -> bool:
        """Whether the last token changes what is said after the first."""
        first, *_ = self.token_ids
        return _answer(lambda: self._differ([*self.token_ids[:-1], first])) or False

    def _differ(self, others: list[int]) -> bool:
        one, other = (self._read(self.transformer, ids).logits[0, 0] for ids in (self.token_ids, others))
        return not torch.allclose(one, other, atol=CLOSE)

    def _in_order(self) -> bool:
        hidden = self._read(self.transformer.base_model, self.token_ids).last_hidden_state
        output: Any = self.transformer.get_output_embeddings()
        logits = self._read(self.transformer, self.token_ids).logits
        steps = logits.gather(-1, output(hidden).argsort(-1)).float().diff(dim=-1)
        return bool((steps >= -CLOSE).all())

    def _read(self, reader: Any, token_ids: list[int]) -> Any:
        with attending_by(self.transformer, "eager"):
            return reader(torch.tensor([token_ids], device=self.transformer.device), use_cache=False)


def _answer(ask: Callable[[], Any]) -> Any:
    """Return what a model answers, or None: models are written in ways without number."""
    try:
        with torch.inference_mode():
            return ask()
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return None


def _layers(facts: Facts) -> str | None:
    """Layers without attention."""
    if not hasattr(facts.config, "num_hidden_layers"):
        return "it is no plain stack of layers, one on the other"
    if not hasattr(facts.config, "num_attention_heads") or (facts.kinds and facts.kinds <= NO_LOOKING):
        return "it has no attention to show: it carries a state from token to token (a recurrent model)"
    if facts.kinds & NO_LOOKING or 0 < len(facts.calls or ()) < facts.config.num_hidden_layers:
        return "some of its layers have no attention but carry a state from token to token (a hybrid model)"
    if facts.kinds & MIXED:
        return "its layers carry a state from token to token beside their attention (a hybrid model)"
    return None


def _tokens(facts: Facts) -> str | None:
    """What is no text, read from left to right."""
    if facts.calls is None:
        return (
            "it could not read eight plain tokens as a text: it may be made for sound or images, or its "
            "configuration contradicts itself"
        )
    if facts.looks_ahead:
        return "its tokens see those behind them, as in an encoder"
    return None


def _interface(facts: Facts) -> str | None:
    """Attention that is not asked of Transformers' interface, or asked more than once."""
    if not facts.calls:
        own = "it computes its attention itself, not through Transformers' attention interface"
        return f"{own}, and adds a bias for distance to it (ALiBi)" if _alibi(facts) else own
    if len(facts.calls) > facts.config.num_hidden_layers:
        return "it attends more than once in a layer, or goes through its layers more than once"
    return None


def _alibi(facts: Facts) -> bool:
    config = facts.config
    wanted = getattr(config, "alibi", getattr(getattr(config, "attn_config", None), "alibi", None))
    return bool(hasattr(facts.transformer.base_model, "build_alibi_tensor") if wanted is None else wanted)


def _weights(facts: Facts) -> str | None:
    """Attention weights that queries, keys and a mask do not explain."""
    further = {name for call in facts.calls or () for name in call.further}
    if facts.kinds & INDEXED or {"indices", "block_indices"} & further:
        return "it first picks the few keys that a token may look at (sparse attention with an index)"
    if "position_bias" in further or any(call.biased for call in facts.calls or ()):
        return "it adds a bias of its own to its attention"
    if {"s_aux", "sinks"} & further:
        return "its heads may look at nothing (attention sinks)"
    return None


def _stream(facts: Facts) -> str | None:
    """What is between the layers, and that there are as many as it says."""
    depths = {len(module) for module in facts.transformer.modules() if isinstance(module, nn.ModuleList)}
    if facts.config.num_hidden_layers not in depths:
        return "it has another number of layers than its configuration says"
    if any((getattr(facts.config, field, None) or 1) > 1 for field in STREAMS):
        return "it keeps several residual streams side by side"
    return None


def _logits(facts: Facts) -> str | None:
    """What makes its logits."""
    if facts.ordered_logits:
        return None
    return "it makes its logits with more than an output layer, as encoders do that became decoders"


def _places(facts: Facts) -> str | None:
    """How it knows where a token stands."""
    if "position_ids" not in inspect.signature(facts.transformer.base_model.forward).parameters:
        return (
            "it counts its tokens itself and cannot be told where they stand, so texts cannot be computed "
            "side by side"
        )
    for module in facts.transformer.modules():
        if getattr(module, "padding_idx", None) is not None and hasattr(module, "position_embeddings"):
            return "it counts positions from its padding token on, not from 0"
    return None
