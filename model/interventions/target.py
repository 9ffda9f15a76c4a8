"""What is explained of a prediction: how likely a token is, or how much more so than another."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor


@dataclass(frozen=True)
class Target:
    """A token, and perhaps one that it is held against.

    Contrastive explanations say why this and not that (Yin and Neubig 2022, "Interpreting Language Models
    with Contrastive Explanations"): what speaks for both tokens alike falls out of the difference.
    """

    token_id: int
    against: int | None = None

    def of(self, logits: "Tensor") -> "Tensor":
        """Return (n,) numbers in nats, given (n, V) logits.

        They are the token's logprobs, or with another token the differences of the two logprobs, which are
        those of their logits.
        """
        if self.against is None:
            return logits.log_softmax(-1)[:, self.token_id]
        return logits[:, self.token_id] - logits[:, self.against]
