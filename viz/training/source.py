"""The text that a visitor's training would learn from, as far as it is there before it begins."""

from collections.abc import Sequence

from model.training.settings import DataSettings
from model.training.sources import SourceText, own_text, python_text, toy_text
from model.training.toy_worlds import LETTERS, repeats
from viz.pages.visitor import Visitor
from viz.server.service import Trouble
from viz.training.state import TrainingState
from viz.words.strings import say

SEED = 0
"""Of what is made on the fly."""
SEQUENCES, SEQUENCE = 200, 64
"""Of the world of repeats, that are looked at; letters of each."""


def own_of(visitor: Visitor, typed: object) -> str:
    """Return the text of a visitor's own: the chosen file, else what was typed.

    Raises:
        Trouble: there is none.
    """
    file = visitor.kept.of(TrainingState).file
    text = file[1] if file is not None else typed
    if not isinstance(text, str) or not text.strip():
        raise Trouble(say("train.no_text"))
    return text


def text_of(visitor: Visitor, data: DataSettings, typed: object) -> SourceText:
    """Return the text of a source.

    Args:
        visitor: who may have chosen a file.
        data: what is asked for.
        typed: in the field for a text of one's own.

    Raises:
        Trouble: it is not there before the training begins, or their own is asked for and there is none.
        SettingsError: it cannot be learned from.
    """
    if data.source == "stories":
        raise Trouble(say("train.data.stories", topic=data.topic, characters=f"{data.characters:,}"))
    if data.source == "own":
        return own_text(own_of(visitor, typed), data.characters)
    if data.source == "repeats":
        return SourceText(tuple(_letters()), say("train.data.repeats"))
    return python_text(data.characters) if data.source == "python" else toy_text(data, SEED)


def _letters() -> Sequence[str]:
    letters, _ = repeats(SEQUENCES, SEQUENCE, SEED)
    return ["".join(LETTERS[index] for index in row) for row in letters]
