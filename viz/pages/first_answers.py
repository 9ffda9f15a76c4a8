"""The table beside every token of the stored example: what a click is answered with before Gradio is there.

Computed by this app with the embedded model; `python -m viz.pages.first_answers` computes it again.
"""

import json
from dataclasses import replace

from model.interior.explain import explain
from viz.components.next_token import NextTokenValue
from viz.pages.controls import Controls
from viz.pages.example import load_example
from viz.pages.panels import bars
from viz.pages.scene import unread_scene
from viz.pages.visitor import Visitor
from viz.server.limits import Limits
from viz.server.service import Service
from viz.words.assets import FIRST_ANSWERS


def first_answers(service: Service) -> list[NextTokenValue | None]:
    """Return the tables of the example as the page draws them at first, by position.

    Args:
        service: whose model has loaded, the one that wrote the example.
    """
    example, controls = load_example(), Controls()
    visitor = Visitor(example.run, example.pieces, 0, service)
    answers: list[NextTokenValue | None] = [None]
    for at in range(1, len(example.run.token_ids) + 1):
        visitor.selected = at
        why = explain(service.engine, example.run, at, controls.settings)
        answers.append(bars(replace(unread_scene(visitor), explanation=why), controls))
    return answers


def record_answers() -> None:
    """Compute the tables with the embedded model and store them."""
    from model.weights.background import BackgroundModel  # noqa: PLC0415 - only this needs a model

    background = BackgroundModel(precision="exact")
    background.start()
    background.wait()
    told = first_answers(Service(background, Limits()))
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in told)
    FIRST_ANSWERS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{FIRST_ANSWERS.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    record_answers()
