"""From a scene to what each component of the page shows."""

from typing import Any, NamedTuple

import gradio as gr
import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from model.interior.attention_view import hide_first, window
from model.sampler.distribution import leading
from model.sampler.effects import ranked_curve, temperature_sweep
from model.sampler.settings import BAN
from model.texts.given import given_steps, only_given
from model.texts.likelihood import Likelihood
from viz.components.bertviz_frame import BertVizValue, head_view_value, head_view_window
from viz.components.bias_chips import BiasChipsValue, bias_chips_value
from viz.components.next_token import NextTokenValue, next_token_value, search_value
from viz.components.spelling import begun_before, explained, spelled
from viz.components.token_strip import StripValue, strip_value
from viz.figures.attention import attention_heatmap
from viz.figures.sampler_effects import HEIGHT, ranked_probability_figure, temperature_sweep_figure
from viz.figures.theme import placeholder
from viz.figures.timeline import timeline
from viz.pages.controls import Controls
from viz.pages.scene import Scene
from viz.pages.search import found_tokens
from viz.words.facts import facts_html, sampler_facts
from viz.words.lines import status_line
from viz.words.percent import count, perplexity_text
from viz.words.strings import say
from viz.words.tokens import display_text, display_token, isolated, told_token

FOLLOWED = 6
"""Tokens with a band of their own in the temperature sweep."""
WINDOW = 48
"""Tokens of a long text that the heatmap shows around the selected one."""


class Screen(NamedTuple):
    """What one event changes on the page, by component; what it leaves alone is skipped."""

    strip: Any = gr.skip()
    timeline: Any = gr.skip()
    bars: Any = gr.skip()
    found: Any = gr.skip()
    sweep: Any = gr.skip()
    ranked: Any = gr.skip()
    facts: Any = gr.skip()
    attention: Any = gr.skip()
    bertviz: Any = gr.skip()
    notice: Any = gr.skip()
    status: Any = gr.skip()
    preset: Any = gr.skip()
    biases: Any = gr.skip()
    prompt: Any = gr.skip()
    seed: Any = gr.skip()
    stop: Any = gr.skip()
    undo: Any = gr.skip()
    redo: Any = gr.skip()
    chain: Any = gr.skip()
    road: Any = gr.skip()
    stages: Any = gr.skip()
    cumulative: Any = gr.skip()
    thrown: Any = gr.skip()
    throws: Any = gr.skip()
    convergence: Any = gr.skip()
    tree: Any = gr.skip()
    lens: Any = gr.skip()
    attribution: Any = gr.skip()
    logit_sum: Any = gr.skip()
    heads_moved: Any = gr.skip()
    residual: Any = gr.skip()
    lens_grid: Any = gr.skip()
    lens_line: Any = gr.skip()
    score_facts: Any = gr.skip()
    score_ranks: Any = gr.skip()
    score_ratios: Any = gr.skip()
    score_entropies: Any = gr.skip()
    head_grid: Any = gr.skip()
    head_told: Any = gr.skip()
    head_map: Any = gr.skip()
    thumbnails: Any = gr.skip()
    model_view: Any = gr.skip()
    neuron_view: Any = gr.skip()


FIGURES = frozenset(
    {
        *("timeline", "sweep", "ranked", "attention", "stages", "cumulative", "throws", "convergence"),
        *("lens", "attribution", "residual", "lens_grid", "score_ranks", "score_ratios", "score_entropies"),
        "head_map",
    }
)
"""Fields that show a Plotly figure."""


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
    return bias_chips_value(controls.settings.logit_bias, scene.token_of)


def bars(scene: Scene, controls: Controls) -> NextTokenValue | None:
    """Return the table of next-token probabilities."""
    why = scene.explanation
    if why is None:
        return None
    return next_token_value(
        why.shaped,
        token_of=scene.token_of,
        chosen=why.token_id,
        u=why.u,
        rows=controls.rows,
        forced=why.forced,
        given=is_given(scene),
        note=_spelling(scene),
        begun=begun_before(scene.pieces, scene.selected),
        banned=_banned(controls),
    )


def _spelling(scene: Scene) -> str:
    """Say which bytes of which character the selected token holds, if it holds no whole one."""
    return " ".join(
        f"{line[0].upper()}{line[1:].rstrip('.')}."
        for line in explained(spelled(scene.pieces).get(scene.selected, ()))
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
    matching = found_tokens(scene.find(query), why)
    typed = isolated(display_text(query))
    value = search_value(
        why.shaped, matching.token_ids, scene.token_of, why.token_id, banned=_banned(controls)
    )
    if matching.count > len(matching.token_ids):
        shown, total = len(matching.token_ids), count(matching.count)
        value["note"] = say("page.more_found", query=typed, shown=shown, count=total)
    if not value["rows"]:
        parts = [told_token(token) for token in scene.split(query)]
        value["note"] = say("page.nothing_found", query=typed)
        if len(parts) > 1:
            value["note"] = say(
                "page.several_tokens", query=typed, count=len(parts), tokens=" · ".join(parts)
            )
    return value


def steps(scene: Scene, controls: Controls) -> go.Figure:
    """Return the timeline."""
    return timeline(scene.run.steps, selected=scene.selected, theme=controls.theme)


def sweep(scene: Scene, controls: Controls) -> go.Figure:
    """Return probability against temperature."""
    why, settings = scene.explanation, controls.settings
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    scores = why.shaped.unheated
    followed = [int(token_id) for token_id in leading(scores, min(FOLLOWED, len(scores)))]
    if why.token_id is not None and why.token_id not in followed:
        followed.append(why.token_id)
    return temperature_sweep_figure(
        temperature_sweep(scores, followed),
        labels=[scene.token_of(token_id) for token_id in followed],
        temperature=settings.temperature,
        chosen=why.token_id,
        theme=controls.theme,
    )


def ranked(scene: Scene, controls: Controls) -> go.Figure:
    """Return probability against rank, with the cuts."""
    why = scene.explanation
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    return ranked_probability_figure(
        ranked_curve(why.shaped), settings=controls.settings, theme=controls.theme
    )


def facts(scene: Scene, _controls: Controls) -> str:
    """Return the numbers of the sampler's panel as HTML."""
    return "" if scene.explanation is None else facts_html(sampler_facts(scene.explanation.shaped))


def attention(scene: Scene, controls: Controls) -> go.Figure:
    """Return the heatmap: the whole text, or a window around the selected query."""
    weights = scene.attention(controls.layer, controls.shown_head)
    if controls.hide_first:
        weights = hide_first(weights)
    return heatmap(weights, scene, controls, scene.length if controls.whole else WINDOW)


def heatmap(weights: NDArray[np.floating], scene: Scene, controls: Controls, size: int) -> go.Figure:
    """Return (T, T) weights as a heatmap, of a long text a window around the selected query."""
    shown = window(scene.length, scene.query, size)
    return attention_heatmap(
        weights[shown.start : shown.stop, shown.start : shown.stop],
        tokens=[piece.token for piece in scene.pieces],
        first_row=shown.start,
        first_column=shown.start,
        selected_row=scene.query if scene.query >= 0 else None,
        theme=controls.theme,
    )


def bertviz(scene: Scene, controls: Controls) -> BertVizValue:
    """Return BertViz's head view of the selected layer."""
    first, end = head_view_window(scene.length, scene.selected)
    return head_view_value(
        [piece.token for piece in scene.pieces[first:end]],
        scene.attention_heads(controls.layer)[:, first:end, first:end],
        layer=controls.layer,
        first=first,
        count=scene.length,
    )


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
