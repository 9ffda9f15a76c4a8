"""Whether the text on the page has begun to repeat itself: what the room shows of a scene."""

from model.lab.degeneration import HIGH_SHARE, LOW_BITS, NGRAM, REP_WINDOW, WINDOW, Symptoms, symptoms
from viz.figures.degeneration import said_before_figure, sliding_entropy_figure
from viz.figures.figure import Figure
from viz.pages.controls import Controls
from viz.pages.panel import On, Panel, Panels
from viz.pages.scene import Scene
from viz.words.facts import Fact, fact, facts_html
from viz.words.percent import GAP, percent
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import told_token

HIGH = f"{HIGH_SHARE:.0%}".replace("%", f"{GAP}%")


def verdict(scene: Scene, controls: Controls) -> str:
    """Return what the numbers say, and the numbers, as escaped HTML."""
    found = scene.once(_symptoms)
    if not found.tokens:
        return ""
    told = [part for part in (_loop(scene, found), _repeats(found), _sure(found)) if part]
    told = told or [say("why.probes.text.none", window=WINDOW, share=HIGH, bits=LOW_BITS)]
    paragraphs = [" ".join(told), _repeat(scene, found)]
    said = "".join(f'<p class="say">{prose(one)}</p>' for one in paragraphs if one)
    return said + facts_html(_facts(found))


def said_before(scene: Scene, controls: Controls) -> Figure:
    """Return how much was said before, position by position."""
    tokens = [piece.token for piece in scene.pieces]
    return said_before_figure(scene.once(_symptoms), tokens, theme=controls.theme)


def entropy(scene: Scene, controls: Controls) -> Figure:
    """Return how undecided the model was over the last few tokens, position by position."""
    tokens = [piece.token for piece in scene.pieces]
    return sliding_entropy_figure(scene.once(_symptoms), tokens, theme=controls.theme)


def _symptoms(scene: Scene) -> Symptoms:
    run = scene.run
    return symptoms(run.token_ids, [step.entropy_bits for step in run.steps])


def _loop(scene: Scene, found: Symptoms) -> str:
    if found.loop is None:
        return ""
    turn = "".join(piece.token for piece in scene.pieces[found.loop.start :][: found.loop.period])
    return say(
        "why.probes.text.loop",
        start=found.loop.start,
        times=found.loop.times,
        period=found.loop.period,
        turn=told_token(turn, 40),
    )


def _repeats(found: Symptoms) -> str:
    if found.repeats_from is None:
        return ""
    return say(
        "why.probes.text.repeats",
        start=found.repeats_from,
        share=HIGH,
        window=WINDOW,
        n=NGRAM,
    )


def _sure(found: Symptoms) -> str:
    if found.sure_from is None:
        return ""
    return say("why.probes.text.sure", start=found.sure_from, window=WINDOW, bits=LOW_BITS)


def _repeat(scene: Scene, found: Symptoms) -> str:
    if found.repeat is None:
        return say("why.probes.text.no_repeat")
    one = found.repeat
    stretch = "".join(piece.token for piece in scene.pieces[one.first : one.first + one.length])
    return say(
        "why.probes.text.repeat",
        length=one.length,
        first=one.first,
        again=one.again,
        stretch=told_token(stretch, 40),
    )


def _facts(found: Symptoms) -> list[Fact]:
    shares = {"seq_rep": found.seq_rep, "rep": found.rep}
    shown = [
        fact(name, value=percent(share), window=str(REP_WINDOW))
        for name, share in shares.items()
        if share is not None
    ]
    return [
        *shown,
        *([fact("distinct_pairs", value=f"{found.distinct:.3f}")] if found.distinct is not None else []),
    ]


PANELS: Panels = {
    "probes_verdict": Panel(verdict, On.TEXT),
    "probes_said_before": Panel(said_before, On.TEXT, figure=True),
    "probes_entropy": Panel(entropy, On.TEXT, figure=True),
}
