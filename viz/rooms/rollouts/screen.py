"""What the room of rollouts shows of what was rolled."""

import math
from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from model.lab.rolled import Rolled, Swept
from model.lab.rollout_statistics import MOST_NODES, RolloutStatistics, rollout_tree, statistics_of
from model.lab.rollouts import MOST_ROLLOUTS
from model.numbers import MAX_SEED
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from viz.figures.diversity import Tried, diversity_figure
from viz.figures.first_tokens import first_tokens_figure
from viz.figures.theme import Theme
from viz.pages.notices import said_setting
from viz.rooms.rollouts.rollout_texts import RolloutTextsValue, rollout_texts_value
from viz.rooms.rollouts.rollout_tree import RolloutTreeValue, rollout_tree_value
from viz.words.facts import Fact, fact, facts_html
from viz.words.fit import fit_numbers, fit_words, on_demand
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import display_text, isolated

TAIL = 60
"""Characters of the text that rollouts continue, as it is quoted."""
WHOLE_TREE = 2 * MOST_ROLLOUTS
"""No tree has more nodes: every text adds at most a leaf and the node where it leaves the others."""


class RolloutScreen(NamedTuple):
    """What one event changes in the room, by component; what it leaves alone is skipped."""

    state: Any = gr.skip()
    facts: Any = gr.skip()
    first: Any = gr.skip()
    verdict: Any = gr.skip()
    guessed: Any = gr.skip()
    tree: Any = gr.skip()
    texts: Any = gr.skip()
    diversity: Any = gr.skip()
    swept: Any = gr.skip()
    roll: Any = gr.skip()
    sweep: Any = gr.skip()
    cancel: Any = gr.skip()


def rolled_screen(
    rolled: Rolled, theme: Theme, token_of: Callable[[int], str], guessed: str = ""
) -> RolloutScreen:
    """Return everything that is shown of rollouts.

    Args:
        rolled: as far as they are there.
        theme: the colours.
        token_of: the token of an id.
        guessed: how the guess did, in words; empty where nothing was guessed.
    """
    labels = [token_of(row.token_id) for row in rolled.first]
    return RolloutScreen(
        facts=facts(rolled) + said_of(rolled.start, count=rolled.count),
        first=first_tokens_figure(rolled.first, labels, theme=theme),
        verdict=said_html(fit_words(rolled.fit)) + on_demand(fit_numbers(rolled.fit)),
        guessed=said_html(guessed) if guessed else "",
        tree=tree(rolled, token_of),
        texts=texts(rolled),
    )


def swept_screen(swept: Swept, theme: Theme, settings: SamplerSettings | None) -> RolloutScreen:
    """Return what is shown of a sweep.

    Args:
        swept: the sweep.
        theme: the colours.
        settings: where the page's sampler stands; None where that is not known.
    """
    now = getattr(settings, swept.setting, None)
    tried = [
        Tried(
            value_label(swept.setting, point.value),
            statistics_of(point.runs),
            whole=len(point.runs) == swept.count,
            now=point.value == now,
        )
        for point in swept.points
    ]
    short = "" if all(one.whole for one in tried) else said_html(say("lab.rollouts.partial_point"))
    return RolloutScreen(
        diversity=diversity_figure(tried, setting=say(f"lab.rollouts.of.{swept.setting}"), theme=theme),
        swept=short + said_of(swept.start, count=swept.count, swept=swept.setting),
    )


def said_html(sentence: str) -> str:
    """Return a sentence as escaped HTML."""
    return f'<p class="say">{prose(sentence)}</p>'


def facts(rolled: Rolled) -> str:
    """Return the numbers on the rollouts that have ended, as escaped HTML; it says if some are missing."""
    numbers = facts_html(rollout_facts(statistics_of(rolled.runs)))
    if rolled.whole:
        return numbers
    return numbers + said_html(say("lab.rollouts.partial", done=len(rolled.runs), count=rolled.count))


def rollout_facts(said: RolloutStatistics) -> list[Fact]:
    """Return the numbers on some rollouts together."""
    return [
        fact("distinct_1", value=_number(said.distinct_1, 2)),
        fact("distinct_2", value=_number(said.distinct_2, 2)),
        fact("different", different=str(said.different), count=str(said.count)),
        fact("mean_length", value=_number(said.mean_length, 1)),
        fact("mean_logprob", value=_number(said.mean_logprob, 2)),
        fact("mean_entropy", value=_number(said.mean_entropy_bits, 2)),
    ]


def tree(rolled: Rolled, token_of: Callable[[int], str]) -> RolloutTreeValue | None:
    """Return the tree, its rarest branches left out where there are too many to tell apart."""
    whole = rollout_tree(rolled.runs, WHOLE_TREE)
    drawn = whole if len(whole) <= MOST_NODES else rollout_tree(rolled.runs)
    left_out = len(whole) - len(drawn)
    return rollout_tree_value(drawn, rollouts=len(rolled.runs), left_out=left_out, token_of=token_of)


def texts(rolled: Rolled) -> RolloutTextsValue:
    """Return the list of the texts."""
    return rollout_texts_value(
        [(rolled.number(run), run.text, statistics_of([run]).mean_logprob) for run in rolled.runs]
    )


def value_label(setting: str, value: float) -> str:
    """Return a value of a setting as it stands in the figure."""
    if value == 0 and setting == "top_k":
        return say("lab.rollouts.off")
    return f"{value:g}"


def said_of(start: Run, *, count: int, swept: str = "") -> str:
    """Return what rollouts continue, and under which settings, as escaped HTML.

    Args:
        start: of the rollouts.
        count: how many were asked for, under each value if there are several.
        swept: the setting that differs between them.
    """
    acting = [said_setting(start.settings, name) for name in start.settings.chain if name != swept]
    quoted = " ".join(start.prompt[-TAIL:].split())
    told = say(
        f"lab.rollouts.{'each_after' if swept else 'after'}",
        count=count,
        text=isolated(("…" if len(start.prompt) > TAIL else "") + display_text(quoted)),
        settings=", ".join(acting) or say("lab.rollouts.plain"),
        first=start.seed,
        last=(start.seed + count - 1) % (MAX_SEED + 1),
    )
    return said_html(told)


def progress_html(done: int, count: int, *parts: str) -> str:
    """Return a bar with a line beneath it, as escaped HTML."""
    line = escape(" · ".join(part for part in parts if part))
    label = escape(say("lab.rollouts.progress"))
    bar = f'<progress max="{count}" value="{done}" aria-label="{label}"></progress>'
    return f'<div class="rolling">{bar}<p class="say">{line}</p></div>'


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}".replace("-", "−")
