"""A replay as one HTML document that opens from disk: no server, no network, nothing that a text could run.

All that comes from a text or a model stands in it compressed and in base64: no markup can be in that. The
policy of the document lets its one script and its one style in, by their hashes, and nothing else.
"""

import gzip
import json
import math
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from model.engine.internals import MEAN_HEAD
from model.texts.given import given_text
from model.texts.run import Run, Step
from viz.components.next_token import table_words
from viz.components.token_strip import strip_words
from viz.figures.theme import DARK, LIGHT
from viz.offline.attention import HeadWeights
from viz.offline.replay import Replay
from viz.words.assets import ASSETS
from viz.words.stages import stage_label
from viz.words.strings import catalogue, say
from viz.words.tokens import display_text

HERE = Path(__file__).parent
COMPONENTS = HERE.parent / "components"
SCRIPTS = (
    *(COMPONENTS / f"{name}.js" for name in ("dom", "token_cells", "next_token_table")),
    *(HERE / f"{name}.js" for name in ("attention", "timeline", "replay")),
)
"""In their order; those of the page are its own."""
SHEETS = (
    *(ASSETS / f"{name}.css" for name in ("style", "scripts", "touch-and-contrast")),
    HERE / "replay.css",
)
LONGEST_TITLE = 60
"""Characters of a text that the title of its page holds."""


def document(replay: Replay) -> str:
    """Return the page of a run."""
    script, style = _joined(SCRIPTS), _joined(SHEETS)
    title = display_text(given_text(replay.run))
    shortened = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"
    template = Template((HERE / "replay.html").read_text(encoding="utf-8"))
    return template.substitute(
        policy=policy(script, style),
        title=_shown(say("offline.title", text=shortened)),
        no_scripts=_shown(say("offline.no_scripts")),
        too_old=_shown(say("offline.too_old")),
        text=_shown(given_text(replay.run) + _written(replay.run)),
        style=style,
        script=script,
        data=_packed(json.dumps(_data(replay), allow_nan=False, separators=(",", ":")).encode("ascii")),
        weights=_packed(b"".join(one.rows for one in replay.heads)),
    )


def policy(script: str, style: str) -> str:
    """Return the Content-Security-Policy of a page with this script and this style, and nothing else."""
    parts = (
        "default-src 'none'",
        f"script-src '{_hash(script)}'",
        f"style-src '{_hash(style)}'",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(parts)


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _joined(paths: tuple[Path, ...]) -> str:
    return "\n" + "\n".join(path.read_text(encoding="utf-8") for path in paths)


def _packed(data: bytes) -> str:
    """Return bytes as the script reads them: gzip in base64, the same whenever they are packed."""
    return b64encode(gzip.compress(data, mtime=0)).decode()


def _shown(text: str) -> str:
    """Return a text for the document itself, escaped; what UTF-8 cannot hold reads `?`."""
    return escape(text.encode("utf-8", errors="replace").decode())


def _written(run: Run) -> str:
    return run.text if given_text(run) == run.prompt else ""


def _data(replay: Replay) -> dict[str, Any]:
    run = replay.run
    return {
        "words": {name: say(f"offline.words.{name}") for name in catalogue()["offline"]["words"]},
        "stripWords": strip_words("tokens"),
        "tableWords": table_words(),
        "strip": replay.strip,
        "names": replay.names,
        "tables": replay.tables,
        "course": [_bits(run.step_at(position)) for position in range(len(run.token_ids))],
        "heads": [_head(one) for one in replay.heads],
        "heat": {"light": _colours(LIGHT.heat), "dark": _colours(DARK.heat)},
        "facts": _facts(run),
        "prompt": len(run.prompt_token_ids),
        "selected": replay.selected,
        "opened": replay.opened,
        "run": json.dumps(run.to_json(), separators=(",", ":")),
    }


def _bits(step: Step | None) -> tuple[float, float] | None:
    """Return surprisal and entropy in bits of a step; None for the prompt, and where the one has no end."""
    if step is None or not math.isfinite(step.surprisal_bits):
        return None
    return step.surprisal_bits, step.entropy_bits


def _head(one: HeadWeights) -> dict[str, Any]:
    key = "mean" if one.head == MEAN_HEAD else "head"
    name = say(f"offline.{key}", layer=one.layer, head=one.head)
    return {"name": name, "first": one.first, "size": len(one.rows)}


def _colours(heat: tuple[tuple[float, str], ...]) -> list[str]:
    return [colour for _, colour in heat]


def _facts(run: Run) -> list[tuple[str, str]]:
    """Return what wrote the text: names and values."""
    name, _, fingerprint = run.model.partition("@")
    settings = run.settings
    chain = [
        f"{stage_label(stage)} {len(value) if isinstance(value, tuple) else f'{value:g}'}"
        for stage in settings.chain
        for value in [getattr(settings, stage)]
    ]
    values = {
        "model": name,
        "fingerprint": fingerprint,
        "precision": run.precision,
        "seed": str(run.seed),
        "sampler": " → ".join(chain) or say("offline.fact.no_stage"),
        "tokens": say("offline.fact.counted", prompt=len(run.prompt_token_ids), written=len(run.steps)),
    }
    return [(say(f"offline.fact.{key}"), value) for key, value in values.items()]
