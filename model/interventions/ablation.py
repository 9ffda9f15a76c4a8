"""Something taken away: a head, the attention of a layer, its MLP, or a token of the context.

What a part did is what is missed once it is gone (Michel et al. 2019, "Are Sixteen Heads Really Better than
One?", arXiv:1905.10650). It is no more than that: others may do its work once it is gone (McGrath et al.
2023, "The Hydra Effect", arXiv:2307.15771).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from model.interventions.effect import Effect, effects, read_clean
from model.interventions.limits import MOST_TOKENS
from model.interventions.reference_means import reference_means
from model.network.changes import Change, Masked, Variant, replaced_by, zero
from model.numbers import within

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.network.hooked_model import CleanPass
    from model.network.language_model import LanguageModel

Part: TypeAlias = Literal["head", "attention", "mlp", "token"]
PARTS: tuple[Part, ...] = get_args(Part)
Instead: TypeAlias = Literal["zero", "text_mean", "reference_mean"]
"""What stands in its place: nothing, its mean over this text, its mean over other texts."""
INSTEADS: tuple[Instead, ...] = get_args(Instead)
Scope: TypeAlias = Literal["step", "text"]
"""Where it is gone: at the position that chooses the token, or at all positions of the text."""
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True)
class Ablation:
    """What is taken away, and what stands in its place."""

    part: Part
    layer: int = 0
    """Of a head, an attention or an MLP."""
    head: int = 0
    position: int = 0
    """Of a token."""
    instead: Instead = "zero"
    """Not of a token: that is masked, so that no other looks at it, in any layer."""
    scope: Scope = "text"
    """Likewise."""

    def checked(self, model: "LanguageModel", length: int) -> "Ablation":
        """Return it with whole numbers.

        Args:
            model: from which it is taken.
            length: tokens of the text.

        Raises:
            OutOfRange: the model has no such layer or head, or the text no such position.
            ValueError: no such part, or nothing of that name can stand in its place; or the text is too long.
        """
        if self.part not in PARTS or self.instead not in INSTEADS or self.scope not in SCOPES:
            raise ValueError("no such part of the model can be taken away")
        require_short(length)
        layer = within("layer", self.layer, 0, model.info.layers - 1, whole=True)
        head = within("head", self.head, 0, model.info.heads - 1, whole=True)
        of_token = self.part == "token"
        position = within("position", self.position, 0, length - 1, whole=True) if of_token else 0
        return Ablation(self.part, int(layer), int(head), int(position), self.instead, self.scope)

    def variant(self, model: "LanguageModel", clean: "CleanPass") -> Variant:
        """Return what is changed in a text.

        Args:
            model: that reads it.
            clean: the text.
        """
        if self.part == "token":
            return (Masked(self.position),)
        site = self.part
        head = self.head if site == "head" else None
        start = len(clean.token_ids) - 1 if self.scope == "step" else 0
        if self.instead == "zero":
            return (Change(site, self.layer, zero, head=head, start=start),)
        if self.instead == "text_mean":
            mean = clean.at(site, self.layer, head).mean(0)
        else:
            mean = reference_means(model).at(site, self.layer, head, model.info.heads)
        return (Change(site, self.layer, replaced_by(mean), head=head, start=start),)


def ablate(
    model: "LanguageModel", token_ids: Sequence[int], ablation: Ablation, token_id: int | None = None
) -> tuple[Effect, Effect]:
    """Return what the next token is with everything in place, and once something is taken away.

    Args:
        model: that reads.
        token_ids: the text.
        ablation: what is taken away.
        token_id: whose logprob is followed; the most likely one by default.

    Raises:
        OutOfRange: as `Ablation.checked` does; so does ValueError.
        UnknownPart: the model has no such part that could be told apart.
    """
    checked = ablation.checked(model, len(token_ids))
    clean = read_clean(model, token_ids)
    followed = int(clean.logits.argmax()) if token_id is None else token_id
    ((whole, without),) = effects(model, clean, [(), checked.variant(model, clean)], followed)
    return whole, without


def require_short(length: int) -> None:
    """Refuse a text that is too long for something to be taken away, or has no token.

    Raises:
        ValueError: says how many tokens fit.
    """
    if length < 1:
        raise ValueError("there is no token before this one")
    if length > MOST_TOKENS:
        raise ValueError(
            f"at most {MOST_TOKENS} tokens can stand before the one that is asked about, and here are "
            f"{length:,}: choose an earlier token"
        )
