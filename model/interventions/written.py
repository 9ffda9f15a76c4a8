"""The text that the model would write with something in it changed, with the dice that it has anyway."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from model.engine.generation import Writer
from model.network.changes import Variant
from model.sampler.distribution import Softmax
from model.texts.run import Run, Step

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.network.language_model import LanguageModel


def written_with(
    model: "LanguageModel", run: Run, position: int, variant: Variant, max_new_tokens: int
) -> Iterator[Step]:
    """Yield the tokens from a position of a text on that the model writes with something in it changed.

    The dice are those of the run: what it recorded, and behind that those of its seed. So what differs from
    what it would write otherwise comes of the change alone. Whoever stops listening stops it.

    Args:
        model: that writes, in float32 whatever the run's format is.
        run: the text; its sampler picks the tokens.
        position: of the first token, 1 to the length of the text.
        variant: what is changed, in the text and in what follows.
        max_new_tokens: at most.
    """
    # They import torch: see above.
    from model.network.hooked_model import HookedModel  # noqa: PLC0415
    from model.network.hooked_pass import Past  # noqa: PLC0415

    thrown = [step for step in run.steps if step.position >= position]
    draws = {step.position: step.u for step in thrown}
    coins = {step.position: step.coin for step in thrown if step.coin is not None}
    token_ids = list(run.token_ids[:position])
    writer = Writer(model, token_ids, run.settings_at(position), run.seed, max_new_tokens, draws, coins)
    new, past = token_ids, Past()
    while True:
        logits, past = model.intervene(partial(HookedModel.read, variant=variant, token_ids=new, past=past))
        step = writer.choose(token_ids, Softmax(logits.cpu().numpy()))
        yield step
        if writer.why_ended(step) is not None:
            return
        token_ids, new = [*token_ids, step.token_id], [step.token_id]
