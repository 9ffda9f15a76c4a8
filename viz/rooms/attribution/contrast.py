"""The token that is held against the one asked about, as a person types it."""

from typing import TYPE_CHECKING

from model.tokenizer.pieces import UnreadableText
from viz.rooms.attribution.controls import LONGEST_WORD
from viz.server.service import Trouble
from viz.words.strings import say
from viz.words.tokens import told_token

if TYPE_CHECKING:
    from model.network.language_model import LanguageModel

MOST_NAMED = 6


def contrast(model: "LanguageModel", typed: str, token_id: int) -> int | None:
    """Return the one token that was typed; None where nothing was.

    Most words begin with a space, which nobody types: where the token asked about does, it is put there
    first.

    Args:
        model: whose tokens they are.
        typed: as it stands in the field.
        token_id: the token asked about.

    Raises:
        Trouble: it is no single token, or the one asked about.
    """
    if not typed.strip():
        return None
    if len(typed) > LONGEST_WORD:
        raise Trouble(say("why.attribution.contrast.long", most=LONGEST_WORD))
    spaced = model.text.token(token_id).startswith(" ") and not typed.startswith(" ")
    readings = [_tokens(model, text) for text in ([f" {typed}", typed] if spaced else [typed])]
    found = next((one for one in readings if len(one) == 1), None)
    if found is None:
        tokens = [told_token(model.text.token(one)) for one in readings[0]]
        named = ", ".join([*tokens[:MOST_NAMED], *(["…"] if len(tokens) > MOST_NAMED else [])])
        raise Trouble(say("why.attribution.contrast.several", count=len(tokens), tokens=named))
    if found[0] == token_id:
        raise Trouble(say("why.attribution.contrast.same", token=told_token(model.text.token(token_id))))
    return found[0]


def _tokens(model: "LanguageModel", text: str) -> list[int]:
    """Return the tokens of what was typed, without those that the tokenizer puts before every text.

    Raises:
        Trouble: it cannot be read.
    """
    try:
        typed = model.typed(text)
    except UnreadableText as error:
        raise Trouble(str(error)) from error
    return [one for one, part in zip(typed.token_ids, typed.slices, strict=True) if part]
