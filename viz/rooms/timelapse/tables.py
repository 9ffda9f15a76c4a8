"""What a checkpoint said, as tables."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from viz.server.checkpoint_download import address_of
from viz.training.trained import key_of
from viz.words.percent import percent
from viz.words.strings import say
from viz.words.tokens import display_token

if TYPE_CHECKING:  # written with Transformers, which the page does not wait for
    from model.training.moment import Guess, Moment


def written_html(moments: "Sequence[Moment]", at: int, prompt: str) -> str:
    """Return what every checkpoint wrote, one beneath the other, the one that is looked at marked."""
    rows = []
    for number, moment in enumerate(moments):
        here = " aria-current='true'" if number == at else ""
        rows.append(
            f"<tr{here}><th scope='row'>{moment.step:,}</th>"
            f"<td dir='auto' translate='no'><b>{escape(prompt)}</b>{escape(moment.written)}</td></tr>"
        )
    head = f"<th scope='col'>{escape(say('train.samples.step'))}</th>"
    title = f"<th scope='col'>{escape(say('train.timelapse.text'))}</th>"
    return f"<table class='film'><thead><tr>{head}{title}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def guesses_html(moment: "Moment") -> str:
    """Return the most likely next tokens, with bars."""
    return _table([(_token(one), one.probability) for one in moment.next])


def layers_html(moment: "Moment") -> str:
    """Return what each layer would say is next."""
    names = [say("train.timelapse.embedding")] + [
        say("train.timelapse.after", layer=number) for number in range(len(moment.layers) - 1)
    ]
    return _table(
        [
            (f"<span class='say'>{escape(name)}</span> {_token(one)}", one.probability)
            for name, one in zip(names, moment.layers, strict=True)
        ]
    )


def take_html(training: str, step: int) -> str:
    """Return what a checkpoint is opened with, as the model of this page, and what takes it away."""
    told = f"{step:,}"
    opens, takes = (escape(say(f"train.timelapse.{one}", step=told)) for one in ("open", "take"))
    key = escape(key_of(f"{training}/{step}"), quote=True)
    return (
        f'<div class="of-checkpoint"><button type="button" data-model="{key}" data-then="explore">'
        f'{opens}</button> <a href="{address_of(training, step)}" download>{takes}</a></div>'
    )


def _table(rows: Sequence[tuple[str, float]]) -> str:
    cells = "".join(
        f"<tr><th scope='row'>{name}</th><td class='bar'><i style='--share: {value:.4f}'></i></td>"
        f"<td class='n'>{percent(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table class='guesses'><tbody>{cells}</tbody></table>"


def _token(one: "Guess") -> str:
    return f"<code translate='no' dir='auto'>{escape(display_token(one.token))}</code>"
