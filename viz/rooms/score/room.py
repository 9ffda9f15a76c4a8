"""The room of a given text: how likely the model finds it, and how its tokens stand with the model."""

from html import escape
from typing import Any

import gradio as gr

from model.interior.score_histograms import entropy_histogram, rank_counts, ratio_histogram
from model.interior.scoring import ScoredText
from model.sampler.distribution import Floats
from model.texts.given import given_steps
from model.texts.run import Run
from viz.components.heading import heading, heading_html
from viz.figures.figure import Figure
from viz.figures.score_histograms import HEIGHT, entropy_figure, rank_figure, ratio_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.layout import Laid, Plan
from viz.pages.panel import On, Panel, Panels
from viz.pages.plot import plot
from viz.pages.room import Room
from viz.pages.scene import Scene
from viz.words.facts import Fact, fact, facts_html
from viz.words.percent import perplexity_text
from viz.words.strings import say

HISTOGRAMS = ("ranks", "ratios", "entropies")


class ScoreState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.ratios: tuple[Run, Floats] | None = None
        """Those of the text that was looked at last."""


def lay_out(plan: Plan) -> Laid:
    """Create the room."""
    with gr.Column(elem_classes=["card"]):
        return Laid(_components())


def _components() -> dict[str, Any]:
    heading("interior.score")
    outputs: dict[str, Any] = {"score_facts": gr.HTML(elem_id="score-facts", apply_default_css=False)}
    with gr.Row(elem_classes=["histograms"]):
        for name in HISTOGRAMS:
            with gr.Column(min_width=280):
                title, caption = say(f"interior.score.{name}.title"), say(f"interior.score.{name}.say")
                gr.HTML(heading_html(title, caption), apply_default_css=False)
                outputs[f"score_{name}"] = plot(None, f"score-{name}")
    source = escape(say("interior.score.source"))
    gr.HTML(f'<p class="say">{source}</p>', apply_default_css=False)
    return outputs


def facts(scene: Scene, controls: Controls) -> str:
    """Return the numbers of the text as escaped HTML, and under them what they count."""
    scored = scene.source.score()
    counted = f'<p class="say">{escape(_counted(scored))}</p>'
    return counted if not scored.run.steps else facts_html(_facts(scored)) + counted


def ranks(scene: Scene, controls: Controls) -> Figure:
    """Return the ranks of the tokens."""
    return rank_figure(rank_counts([step.rank for step in scene.run.steps]), theme=controls.theme)


def ratios(scene: Scene, controls: Controls) -> Figure:
    """Return how near to the most likely token they were; not while the text is being written."""
    if scene.writing:
        return placeholder(say("interior.score.later"), theme=controls.theme, height=HEIGHT)
    return ratio_figure(ratio_histogram(_ratios(scene)), theme=controls.theme)


def entropies(scene: Scene, controls: Controls) -> Figure:
    """Return how undecided the model was before each of them."""
    bits = [step.entropy_bits for step in scene.run.steps]
    return entropy_figure(entropy_histogram(bits, scene.source.vocab_size), theme=controls.theme)


def _ratios(scene: Scene) -> Floats:
    """Return the ratios of the text, worked out once for each: the model reads all of it."""
    state = scene.kept.of(ScoreState)
    if state.ratios is None or state.ratios[0] is not scene.run:
        state.ratios = scene.run, scene.source.ratios()
    return state.ratios[1]


def _facts(scored: ScoredText) -> list[Fact]:
    bits, tokens = scored.total_bits, scored.likelihood.tokens
    perplexity, per_byte = scored.perplexity, scored.bits_per_byte
    found = [fact("perplexity", value=perplexity_text(perplexity))]
    if per_byte is not None:
        found.append(fact("bits_per_byte", value=f"{per_byte:.3f}"))
    return [
        *found,
        fact("total_bits", value=f"{bits:,.1f}"),
        fact("mean_surprisal", value=f"{bits / tokens:.2f}"),
    ]


def _counted(scored: ScoredText) -> str:
    """Say which tokens the numbers are of."""
    run, tokens = scored.run, len(scored.run.steps)
    if not tokens:
        return say("interior.score.nothing")
    name = "given" if given_steps(run) else "written"
    values = {"tokens": tokens, "bytes": scored.scored_bytes, "prompt": len(run.prompt_token_ids)}
    return say(f"interior.score.counted.{name}", **values)


PANELS: Panels = {
    "score_facts": Panel(facts, On.TEXT, of_text=True),
    "score_ranks": Panel(ranks, On.TEXT, figure=True, of_text=True),
    "score_ratios": Panel(ratios, On.TEXT, figure=True),
    "score_entropies": Panel(entropies, On.TEXT, figure=True),
}
SCORE = Room("score", "explore", lay_out, PANELS)
