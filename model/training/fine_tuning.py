"""A model that is there learns a text of one's own: all of its weights, or a few beside them that are merged.

Low-rank adaptation (Hu et al. 2022, arXiv:2106.09685) by peft: beside each linear layer, the unembedding
left out, two narrow ones whose product is added to it. The weights of the model stay as they are and need
neither gradients nor Adam's two moments, so that beside the weights there are the activations of a step and
little else. A merged model is one as any other.
"""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers.pytorch_utils import Conv1D

from model.training.evaluation import ScoredBlocks, perplexity_ratio
from model.training.intervals import Interval
from model.training.settings import LoraSettings, SettingsError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

FLOAT = 4
"""Bytes of a float32."""
ADAPTER = "adapter"
"""The folder in a checkpoint with what was learned beside the weights: safetensors and JSON."""


@dataclass(frozen=True)
class Forgetting:
    """What a model that has learned something new still knows of a text from before."""

    before: Interval
    """Perplexity of the text before it learned."""
    after: Interval
    ratio: Interval
    """After over before, block by block of the same text: above 1 where it has forgotten."""


def prepared(model: "PreTrainedModel", lora: LoraSettings, seed: int = 0) -> "PreTrainedModel | PeftModel":
    """Return a model that can learn: with low ranks beside its layers, or with all of its weights.

    Args:
        model: in float32; with ranks it is changed in place, and computes the same until it has learned.
        lora: rank and alpha; at rank 0 all weights learn.
        seed: of the ranks' first values.
    """
    if lora.rank == 0:
        return model.requires_grad_(True)
    from peft import LoraConfig, TaskType, get_peft_model  # noqa: PLC0415 - wanted for this alone

    asked = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        adapted = get_peft_model(model, asked)
    for told in adapted.peft_config.values():
        told.base_model_name_or_path = ""  # else peft writes the path on this machine
    return adapted


def learning(model: torch.nn.Module) -> tuple[int, int]:
    """Return how many numbers of a model learn, and how many there are."""
    sizes = [(parameter.requires_grad, parameter.numel()) for parameter in model.parameters()]
    return sum(size for learns, size in sizes if learns), sum(size for _, size in sizes)


def step_memory(model: "PreTrainedModel | PeftModel", tokens: int) -> int:
    """Return the bytes that a step takes, roughly: the libraries' own few hundred MB come on top.

    They are bounded by the tokens of a step: weights, for each number that learns its gradient and Adam's
    two moments, and for each token what a layer keeps for its way back (about twelve vectors of the width
    and six of the MLP) and its logits with their softmax and gradients. Rank 8 on the embedded model, which
    has 137 million parameters of which 2.4 million learn: 2.0 GB for 512 tokens; 2.8 GB were measured, the
    libraries included.
    """
    some, all_of_them = learning(model)
    shape: Any = model.config
    inner = getattr(shape, "intermediate_size", None) or 4 * shape.hidden_size  # GPT-2 leaves it out
    layer = 12 * shape.hidden_size + 6 * inner
    of_token = shape.num_hidden_layers * layer + 4 * shape.vocab_size
    return FLOAT * (all_of_them + 3 * some + tokens * int(of_token))


def require_memory(model: "PreTrainedModel | PeftModel", tokens: int, free: int) -> None:
    """Refuse a step that is larger than what is free.

    Args:
        model: as `prepared` returned it.
        tokens: of a step: the batch times the context.
        free: bytes for it, the weights included.

    Raises:
        SettingsError: says what it takes, and what takes less.
    """
    needed = step_memory(model, tokens)
    if needed > free:
        raise SettingsError(
            f"A step of {tokens:,} tokens needs about {needed / 1e9:,.1f} GB of memory, and "
            f"{free / 1e9:,.1f} GB are free. Take a smaller batch or a shorter context, or low ranks (LoRA) "
            "in place of all weights."
        )


def merged(model: "PreTrainedModel | PeftModel") -> "PreTrainedModel":
    """Return a plain model with what was learned in its weights.

    With ranks it is a copy: the one that learns goes on to the last bit as if nobody had asked, and for a
    moment the weights are in memory twice.
    """
    adapted: Any = model
    plain: PreTrainedModel = copy.deepcopy(adapted).merge_and_unload() if _adapted(model) else adapted
    return plain.requires_grad_(True)


def save(
    model: "PreTrainedModel | PeftModel", tokenizer: "PreTrainedTokenizerFast | None", folder: Path
) -> None:
    """Write what `from_pretrained` opens as a plain model, and what `resumed` goes on with.

    Args:
        model: as `prepared` returned it.
        tokenizer: written beside it; None if it is there.
        folder: whole only when this returns; let it get its name then.
    """
    merged(model).save_pretrained(folder)
    if _adapted(model):
        model.save_pretrained(str(folder / ADAPTER), save_embedding_layers=False)
        (folder / ADAPTER / "README.md").unlink(missing_ok=True)  # peft's template, which says nothing
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)


def resumed(base: "PreTrainedModel", folder: Path) -> "PreTrainedModel | PeftModel":
    """Return the model that `save` wrote, ready to learn on.

    Args:
        base: with ranks, the model that the training began with; without, the one that is in the folder.
        folder: of the checkpoint.
    """
    if not (folder / ADAPTER).is_dir():
        return base.requires_grad_(True)
    from peft import PeftModel  # noqa: PLC0415 - as above

    return PeftModel.from_pretrained(base, folder / ADAPTER, is_trainable=True)


def forgetting(before: ScoredBlocks, after: ScoredBlocks) -> Forgetting:
    """Return what was forgotten of a text that `evaluated` has read before and after, in the same blocks."""
    return Forgetting(
        before.evaluation().perplexity, after.evaluation().perplexity, perplexity_ratio(after, before)
    )


def _adapted(model: Any) -> bool:
    return hasattr(model, "peft_config")
