"""A student learns from a teacher: what the teacher thinks of every token, beside the token that came.

Hinton, Vinyals & Dean 2015 (arXiv:1503.02531). The other student, that learns without a teacher, is the same
training as pretraining: see `alone`.
"""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax

from model.training.settings import DistillationSettings, SettingsError, TrainingSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

UNCOUNTED = -100
"""Transformers' label of a token that the loss leaves out."""
PARTS = ("model", "normalizer", "pre_tokenizer")
"""What decides in a tokenizer's file which tokens a text becomes, its added ones apart."""


class DistillationLoss:
    """share T² KL(teacher_T || student_T) + (1 - share) cross-entropy, mean over the tokens that count.

    At a temperature T logits are divided by it before the softmax; T² keeps the gradient of the soft targets
    as large as it was. At share 0 it is Transformers' own loss, and the teacher is not asked. Beside the
    logits of student and teacher it holds two more tables of that size in memory (tokens of a step times
    vocabulary, float32).
    """

    def __init__(self, teacher: "PreTrainedModel", settings: DistillationSettings) -> None:
        """Freeze a teacher.

        Args:
            teacher: read only, on the device of the inputs; `require_teacher` says whether it fits.
            settings: temperature and share.
        """
        self.teacher = teacher.eval().requires_grad_(False)
        self.settings = settings

    def __call__(self, student: Any, inputs: dict[str, Tensor]) -> Tensor:
        """Return the loss of a batch, as Trainer's `compute_loss` takes it.

        Args:
            student: the model that learns, or what Trainer has wrapped around it.
            inputs: `input_ids` and `labels`, both (B, T); labels of `UNCOUNTED` do not count.

        Returns:
            One number that gradients flow from, into the student alone.
        """
        read = {name: value for name, value in inputs.items() if name != "labels"}
        following = inputs["labels"][:, 1:]
        counts = following != UNCOUNTED
        logits = student(**read, use_cache=False).logits[:, :-1][counts].float()
        share = self.settings.share
        hard = cross_entropy(logits, following[counts])
        if share == 0:
            return hard
        with torch.no_grad():
            soft = self.teacher(**read, use_cache=False).logits[:, :-1][counts].float()
        # Ids beyond the student's are none of the tokenizer's: tables are padded to even sizes.
        return (
            share * softened(soft[:, : logits.shape[1]], logits, self.settings.temperature)
            + (1 - share) * hard
        )


def softened(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    """Return T² KL(teacher_T || student_T) in nats, mean over the tokens.

    Args:
        teacher: (n, vocabulary) logits.
        student: (n, vocabulary) logits.
        temperature: above 0.
    """
    wanted = log_softmax(teacher / temperature, dim=-1)
    told = log_softmax(student / temperature, dim=-1)
    divergence = (wanted.exp() * (wanted - told)).sum(dim=-1)
    return temperature**2 * divergence.mean()


def require_teacher(
    teacher: "PreTrainedModel",
    own: "PreTrainedTokenizerFast",
    students: "PreTrainedTokenizerFast",
    context: int,
) -> None:
    """Refuse a teacher that a student cannot learn from.

    Args:
        teacher: the model.
        own: the teacher's tokenizer.
        students: the student's tokenizer.
        context: tokens of a sequence.

    Raises:
        SettingsError: another tokenizer, or a teacher that reads fewer tokens.
    """
    if not same_tokenizer(own, students):
        raise SettingsError(
            "Teacher and student have different tokenizers, so that what the teacher says of its tokens "
            "tells the student nothing about its own. Take the teacher's tokenizer for the student."
        )
    most = getattr(teacher.config, "max_position_embeddings", None)
    if most is not None and most < context:
        raise SettingsError(
            f"The teacher reads {most:,} tokens at most, and a sequence has {context:,}. "
            "Take a shorter context for the student."
        )


def same_tokenizer(one: "PreTrainedTokenizerFast", other: "PreTrainedTokenizerFast") -> bool:
    """Return whether two tokenizers make the same tokens, under the same ids, of any text."""
    files = [json.loads(tokenizer.backend_tokenizer.to_str()) for tokenizer in (one, other)]
    return one.get_vocab() == other.get_vocab() and all(files[0][part] == files[1][part] for part in PARTS)


def alone(settings: TrainingSettings) -> TrainingSettings:
    """Return the training of the same student without a teacher: same seed, same data in the same order."""
    return replace(settings, kind="pretraining", name=f"{settings.name} without a teacher")
