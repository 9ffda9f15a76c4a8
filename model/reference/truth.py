"""What Transformers itself says of a model: what it computes from a short text, and by which rules."""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from model.memory_errors import is_out_of_memory
from model.reference.anatomy import attending_by, layers_of, text_config
from model.reference.attention_rule import AttentionRule
from model.reference.attention_rules import UnknownRule, constant_length, rules_of
from model.reference.logit_function import LogitFunction, logit_function_of
from model.reference.refusals import INSTEAD, reason
from model.reference.sublayers import attention_outputs

PROBE_LENGTH = 24
"""Tokens of the probe; more where a window or a chunk ends soon after."""
LONGEST_PROBE = 144


class UnrecordableModel(Exception):
    """What was recorded does not explain what the model computed, so nothing could be shown truthfully."""


@dataclass(frozen=True)
class Truth:
    """What Transformers itself computes from the probe, and what it says of longer texts."""

    token_ids: list[int]
    attention: tuple[Tensor, ...]
    """By layer (heads, T, T)."""
    probabilities: Tensor
    """(T, V)."""
    attention_outputs: tuple[Tensor | None, ...]
    """By layer (T, width) what attention added to the stream; None where that could not be told."""
    rules: tuple[AttentionRule, ...]
    """By layer."""
    logit_function: LogitFunction
    context_length: int
    """Most tokens of a text for which all of this holds."""


@torch.inference_mode()
def truth_of(transformer: PreTrainedModel) -> Truth:
    """Let Transformers read the probe with its own attention, and ask it for its rules.

    Raises:
        UnrecordableModel: it cannot, or its rules are none that are computed here.
    """
    transformer.eval()
    try:
        context = constant_length(transformer, _longest_text(transformer))
        rules = rules_of(transformer, context)
        logit_function = logit_function_of(transformer)
        return _read(transformer, rules, logit_function, context)
    except Exception as problem:
        if is_out_of_memory(problem):
            raise
        raise unrecordable(transformer, problem) from problem


def unrecordable(transformer: PreTrainedModel, problem: Exception | None) -> UnrecordableModel:
    """Return the refusal of a model, in words for a person."""
    refused = f"{type(transformer).__name__} cannot be recorded exactly, so it is not shown at all"
    return UnrecordableModel(f"{refused}: {reason(transformer, problem)}. {INSTEAD}.")


def _longest_text(transformer: PreTrainedModel) -> int:
    longest = getattr(text_config(transformer), "max_position_embeddings", None)
    if not isinstance(longest, int) or longest < 1:
        raise UnknownRule("its configuration does not say how long a text may be")
    return longest


def _probe_length(rules: tuple[AttentionRule, ...], context: int) -> int:
    """Return a length that lies behind the ends of short windows and chunks."""
    ends = [edge for rule in rules for edge in (rule.visibility.window, rule.visibility.chunk) if edge]
    near = [2 * edge + 8 for edge in ends if 2 * edge + 8 <= LONGEST_PROBE]
    return min(context, max([PROBE_LENGTH, *near]))


def _read(
    transformer: PreTrainedModel,
    rules: tuple[AttentionRule, ...],
    logit_function: LogitFunction,
    context: int,
) -> Truth:
    ids = [index % text_config(transformer).vocab_size for index in range(_probe_length(rules, context))]
    with attending_by(transformer, "eager"), attention_outputs(layers_of(transformer)) as added:
        read = transformer(
            torch.tensor([ids], device=transformer.device), output_attentions=True, use_cache=False
        )
    attention = tuple(layer[0].float() for layer in read.attentions)
    probabilities = read.logits[0].float().softmax(-1)
    return Truth(ids, attention, probabilities, tuple(added), rules, logit_function, context)
