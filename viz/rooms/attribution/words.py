"""What the room says of a method and its scores."""

import math
from html import escape

from model.interventions.token_scores import Completeness, Method, Sampled, TokenScores
from model.tokenizer.pieces import Piece
from viz.words.lines import status_line
from viz.words.percent import percent, signed
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import told_token


def method_name(method: Method) -> str:
    """Return what a method is called."""
    return say(f"why.attribution.method.{method}.name")


def score_text(value: float, method: Method) -> str:
    """Return a score with its unit: a share of rollout, nats of all others."""
    if method == "rollout":
        return percent(value)
    return say("why.attribution.nats", value=("+" if value > 0 else "") + signed(value))


def strip_words() -> dict[str, str]:
    """Return what the strip says of itself and of the ends of its scale."""
    keys = {
        "group": "strip", "hint": "hint", "against": "speaks_against", "for": "speaks_for",
        "least": "least", "most": "most",
    }  # fmt: skip
    return {word: say(f"why.attribution.{key}") for word, key in keys.items()}


def token_title(piece: Piece, position: int, value: float, method: Method) -> str:
    """Return what is told of a token of the context, whose score may be NaN."""
    scored = not math.isnan(value)
    return say(
        "why.attribution.token" if scored else "why.attribution.token_unscored",
        token=told_token(piece.token, 40),
        position=position,
        score=score_text(value, method) if scored else "",
    )


def asked_html(token: str, against: str | None, worth: float) -> str:
    """Return what is explained, as escaped HTML."""
    if against is None:
        return status_line(say("why.attribution.asked", token=told_token(token), worth=signed(worth)))
    return status_line(
        say(
            "why.attribution.asked_against",
            token=told_token(token),
            against=told_token(against),
            worth=signed(worth),
        )
    )


def told_html(scores: TokenScores) -> str:
    """Return what a method means and when it misleads, and what it told about itself, as escaped HTML."""
    parts = [say(f"why.attribution.method.{scores.method}.means"), _checked(scores)]
    return "".join(f'<p class="say">{prose(part)}</p>' for part in parts if part)


def no_scores_html(method: Method) -> str:
    """Return what to press for a method that was not measured yet, and what it means, as escaped HTML."""
    invitation = say("why.attribution.empty", method=method_name(method))
    means = say(f"why.attribution.method.{method}.means")
    return f'<p class="say">{prose(invitation)}</p><p class="say">{prose(means)}</p>'


def progress_html(done: int, total: int, told: str) -> str:
    """Return a bar with a line beneath it, as escaped HTML."""
    line = told if total <= 1 else f"{told} · {say('why.attribution.readings', done=done, total=total)}"
    label = escape(say("why.attribution.progress"))
    bar = f'<progress max="{max(1, total)}" value="{done}" aria-label="{label}"></progress>'
    return f'<div class="rolling">{bar}<p class="say">{prose(line)}</p></div>'


def _checked(scores: TokenScores) -> str:
    checked = scores.checked
    if isinstance(checked, Completeness):
        return say(
            "why.attribution.complete",
            steps=checked.steps,
            change=signed(checked.change),
            sum=signed(checked.change + checked.gap),
            gap=signed(checked.gap),
        )
    if isinstance(checked, Sampled):
        return say(
            "why.attribution.sampled",
            samples=checked.samples,
            distinct=checked.distinct,
            seed=checked.seed,
        )
    return ""
