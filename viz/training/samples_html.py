"""What a model wrote at every look, one beneath the other."""

from collections.abc import Sequence
from html import escape

from model.training.progress import Look
from viz.words.strings import say
from viz.words.tokens import display_text

MOST_LOOKS = 16
"""That are shown: the first, the last, and evenly between."""


def samples_html(looks: Sequence[Look]) -> str:
    """Return the texts as a table: a row for each look, a column for each prompt, the latest on top."""
    if not looks:
        return f'<p class="say">{escape(say("train.samples.empty"))}</p>'
    prompts = [prompt for prompt, _ in looks[-1].texts]
    head = "".join(f"<th scope='col'>{escape(display_text(prompt))} …</th>" for prompt in prompts)
    rows = "".join(_row(look) for look in reversed(spread(looks)))
    step = escape(say("train.samples.step"))
    names = f"<tr><th scope='col'>{step}</th>{head}</tr>"
    return f"<table class='learned'><thead>{names}</thead><tbody>{rows}</tbody></table>"


def spread(looks: Sequence[Look]) -> list[Look]:
    """Return at most `MOST_LOOKS` of them, the first and the last among them."""
    if len(looks) <= MOST_LOOKS:
        return list(looks)
    places = {round(number * (len(looks) - 1) / (MOST_LOOKS - 1)) for number in range(MOST_LOOKS)}
    return [looks[place] for place in sorted(places)]


def _row(look: Look) -> str:
    cells = "".join(f"<td dir='auto' translate='no'>{escape(text)}</td>" for _, text in look.texts)
    return f"<tr><th scope='row'>{look.step:,}</th>{cells}</tr>"
