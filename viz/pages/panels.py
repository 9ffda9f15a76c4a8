"""The panels of the page itself, whichever room is open."""

from model.sampler.settings import BAN
from model.texts.given import given_steps, only_given
from model.texts.likelihood import Likelihood
from viz.components.bias_chips import BiasChipsValue, bias_chips_value
from viz.components.next_token import NextTokenValue, next_token_value, no_table, search_value
from viz.components.spelling import begun_before, noted, spelled
from viz.components.token_strip import StripValue, strip_value
from viz.figures.figure import Figure
from viz.figures.timeline import timeline
from viz.pages import way
from viz.pages.controls import Controls
from viz.pages.notices import notice
from viz.pages.panel import On, Panel, Panels
from viz.pages.scene import Scene
from viz.pages.search import found_tokens
from viz.pages.shell import texts_label
from viz.words.lines import status_line
from viz.words.percent import count, perplexity_text
from viz.words.strings import say
from viz.words.tokens import display_text, display_token, isolated, told_token


def strip(scene: Scene, controls: Controls) -> StripValue:
    """Return the token strip."""
    return strip_value(
        scene.pieces,
        scene.run,
        selected=scene.selected,
        colour_by=controls.colour_by,
        writing=scene.writing,
        next_token=not scene.writing and scene.run.finish_reason not in ("eos", "context"),
    )


def biases(scene: Scene, controls: Controls) -> BiasChipsValue:
    """Return the tokens that are banned or boosted now."""
    return bias_chips_value(controls.settings.logit_bias, scene.source.token_of)


def bars(scene: Scene, controls: Controls) -> NextTokenValue | None:
    """Return the table of next-token probabilities."""
    why = scene.explanation
    if why is None:
        return None
    return next_token_value(
        why.shaped,
        token_of=scene.source.token_of,
        chosen=why.token_id,
        u=why.u,
        rows=controls.rows,
        forced=why.forced,
        given=is_given(scene),
        note=noted(spelled(scene.pieces).get(scene.selected, ())),
        begun=begun_before(scene.pieces, scene.selected),
        banned=_banned(controls),
    )


def is_given(scene: Scene) -> bool:
    """Return whether the selected token is part of a text that was given as a whole, or of a prompt."""
    return scene.selected < len(scene.run.prompt_token_ids) + given_steps(scene.run)


def _banned(controls: Controls) -> set[int]:
    return {token_id for token_id, bias in controls.settings.logit_bias if bias == BAN}


def found(scene: Scene, controls: Controls) -> NextTokenValue | None:
    """Return the tokens that match the search, or None without one."""
    query = controls.query
    if scene.explanation is None or not query:
        return None
    why = scene.explanation
    matching = found_tokens(scene.source.find(query), why)
    typed = isolated(display_text(query))
    value = search_value(
        why.shaped, matching.token_ids, scene.source.token_of, why.token_id, banned=_banned(controls)
    )
    if matching.count > len(matching.token_ids):
        shown, total = len(matching.token_ids), count(matching.count)
        value["note"] = say("page.more_found", query=typed, shown=shown, count=total)
    if not value["rows"]:
        parts = [told_token(token) for token in scene.source.split(query)]
        value["note"] = say("page.nothing_found", query=typed)
        if len(parts) > 1:
            value["note"] = say(
                "page.several_tokens", query=typed, count=len(parts), tokens=" · ".join(parts)
            )
    return value


def steps(scene: Scene, controls: Controls) -> Figure:
    """Return the timeline."""
    return timeline(scene.run.steps, selected=scene.selected, theme=controls.theme)


def status(scene: Scene, _controls: Controls) -> str:
    """Return a line on the text as a whole: how long it is and why it ended."""
    run, reason = scene.run, scene.run.finish_reason
    given, tokens = given_steps(run), len(run.token_ids)
    if only_given(run):
        perplexity = perplexity_text(Likelihood.of(run.steps).perplexity)
        whole = say("page.scored", tokens=tokens, precision=run.precision)
        stopped = say("page.finish.stop") if reason == "stop" else ""
        return status_line(whole, say("page.perplexity", perplexity=perplexity), stopped)
    last = display_token(run.steps[-1].token) if run.steps else ""
    ended = say(f"page.finish.{reason}", token=last) if reason else ""
    return status_line(
        say(
            "page.tokens_given" if given else "page.tokens",
            prompt=len(run.prompt_token_ids) + given,
            new=len(run.steps) - given,
            precision=run.precision,
        ),
        ended,
    )


def texts(scene: Scene, _controls: Controls) -> str:
    """Return what the button of the drawer reads."""
    return texts_label(len(scene.tree.branches))


PAGE: Panels = {
    "strip": Panel(strip, On.TEXT | On.GROWTH, of_text=True, kept=True),
    "timeline": Panel(steps, On.SELECTION | On.TURN, figure=True, of_text=True),
    "bars": Panel(bars, On.SETTINGS | On.GROWTH, instead=no_table),
    "found": Panel(found, On.SETTINGS | On.SEARCH),
    "notice": Panel(notice, On.SETTINGS),
    "status": Panel(status, On.SELECTION, of_text=True),
    "biases": Panel(biases, On.SETTINGS, kept=True),
    "texts": Panel(texts, On.TEXT, of_text=True, kept=True),
    **way.PANELS,
}
"""By the fields of `Screen`."""
