"""What a training would learn from, looked at before it begins: its parts, and how they begin."""

from collections.abc import Sequence
from html import escape

from model.training.parts import PARTS, Part, split
from model.training.settings import DataSettings
from model.training.sources import SourceText
from model.training.toy_worlds import LETTERS, repeats
from viz.words.strings import say

SHOWN = 320
"""Characters of a part that are shown."""
SEQUENCES = 6
"""Of the world of repeats, that are shown."""
SEQUENCE = 64
"""Letters of such a sequence."""
SEED = 0


def preview_html(text: SourceText, data: DataSettings) -> str:
    """Return the parts of a text, and how each begins."""
    return f'<p class="say">{escape(text.remark)}</p>{_parts_html(text.texts, data)}'


def _parts_html(texts: Sequence[str], data: DataSettings) -> str:
    parts = split(texts, data)
    rows = "".join(_part_html(name, "".join(parts[name])) for name in PARTS)
    head = "".join(
        f"<th scope='col'>{escape(say(f'train.data.column.{one}'))}</th>"
        for one in ("part", "characters", "different", "beginning")
    )
    return f"<table class='parts'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _part_html(name: Part, text: str) -> str:
    title, use = say(f"train.data.part.{name}.title"), say(f"train.data.part.{name}.use")
    begins = text[:SHOWN] + ("…" if len(text) > SHOWN else "")
    return (
        f"<tr><th scope='row'>{escape(title)}<small>{escape(use)}</small></th>"
        f"<td class='n'>{len(text):,}</td><td class='n'>{len(set(text)):,}</td>"
        f"<td><pre dir='auto' translate='no'>{escape(begins)}</pre></td></tr>"
    )


def repeats_html() -> str:
    """Return some sequences of random letters, what can be foreseen in them marked."""
    letters, known = repeats(SEQUENCES, SEQUENCE, SEED)
    lines = []
    for row, foreseen in zip(letters, known, strict=True):
        marked = (
            f"<mark>{LETTERS[index]}</mark>" if told else LETTERS[index]
            for index, told in zip(row, foreseen, strict=True)
        )
        lines.append("".join(marked))
    shown = "\n".join(lines)
    told = escape(say("train.data.repeats"))
    return f"<p class='say'>{told}</p><pre class='repeats' translate='no'>{shown}</pre>"
