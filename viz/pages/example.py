"""The example run that the page shows before any model has loaded.

Computed by this app with the embedded model; `python -m viz.pages.example` computes it again.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from model.engine.internals import MEAN_HEAD
from model.interior.explain import Explanation
from model.interior.journey import ModelSizes, model_sizes
from model.sampler.landmarks import Landmarks
from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from model.tokenizer.pieces import Piece
from viz.pages.controls import Controls
from viz.words.assets import ASSETS

NUMBERS = ASSETS / "example.json"
ARRAYS = ASSETS / "example.safetensors"
PROMPT = "The old lighthouse keeper climbed the stairs and"
SEED = 4
LENGTH = Controls.max_new_tokens
LEADING = 200
"""Tokens stored by name: as many as the longest table shows, and some to spare for other settings."""


@dataclass(frozen=True, eq=False)
class Example:
    """A run, and the internals of one of its steps."""

    run: Run
    pieces: tuple[Piece, ...]
    selected: int
    """Position whose step is stored."""
    sizes: ModelSizes
    """Of the model that wrote it."""
    layer: int
    """The layer whose attention is stored."""
    head: int
    names: dict[int, str]
    """Text of the leading tokens of that step, by id."""
    logits: NDArray[np.float32]
    """(V,) at the query before the selected position."""
    attention: NDArray[np.float32]
    """(T, T) of the stored layer and head."""

    @property
    def layers(self) -> int:
        """Of the model."""
        return self.sizes.layers

    @property
    def heads(self) -> int:
        """Of each layer."""
        return self.sizes.heads

    @property
    def scored_bytes(self) -> int:
        """UTF-8 bytes of the text after the prompt."""
        return len(self.run.text.encode())

    def token(self, token_id: int) -> str:
        """Return the text of a token, where it is stored."""
        return self.names.get(token_id, f"#{token_id}")

    def explain(self, settings: SamplerSettings) -> Explanation:
        """Explain the selected token through a sampler."""
        previous = self.run.token_ids[: self.selected]
        step = self.run.step_at(self.selected)
        assert step is not None
        landmarks = Landmarks(self.names.items)
        shaped = shape(
            self.logits, settings, previous, coin=self.run.coin_at(self.selected), landmarks=landmarks
        )
        return Explanation(self.selected, shaped, step.token_id, step.u, False)


@cache
def load_example() -> Example:
    """Return the stored example."""
    stored = json.loads(NUMBERS.read_text(encoding="utf-8"))
    arrays = load_file(ARRAYS)
    return Example(
        run=Run.from_json(stored["run"]),
        pieces=tuple(Piece(**piece) for piece in stored["pieces"]),
        selected=stored["selected"],
        sizes=ModelSizes(**stored["sizes"]),
        layer=stored["layer"],
        head=stored["head"],
        names={int(token_id): text for token_id, text in stored["names"].items()},
        logits=arrays["logits"],
        attention=arrays["attention"],
    )


def record_example() -> None:
    """Compute the example with the embedded model and store it."""
    # Only this needs a model; the page that shows the example must not wait for one.
    from model.engine.engine import Engine  # noqa: PLC0415
    from model.weights.loading import load_model  # noqa: PLC0415

    model = load_model()
    engine = Engine(model, 2**30)
    *_, run = engine.write(Run(model.info.identity, PROMPT, model.encode(PROMPT), seed=SEED), LENGTH)
    selected = most_telling(run)
    controls = Controls()
    internals = engine.read(run.token_ids)
    logits = internals.logits(selected - 1)
    leading = shape(logits, controls.settings).ranking[:LEADING]
    chosen = [step.token_id for step in run.steps]
    numbers = {
        "run": run.to_json(),
        "pieces": [asdict(piece) for piece in model.text.pieces(run.token_ids)],
        "selected": selected,
        "sizes": asdict(model_sizes(internals)),
        "layer": controls.layer,
        "head": MEAN_HEAD,
        "names": {int(token_id): model.text.token(int(token_id)) for token_id in [*leading, *chosen]},
    }
    NUMBERS.write_text(json.dumps(numbers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    attention = internals.attention(controls.layer, MEAN_HEAD, len(run.token_ids))
    save_file({"logits": logits, "attention": np.ascontiguousarray(attention)}, ARRAYS)
    print(f"{run.text!r}\nposition {selected}, {ARRAYS.stat().st_size / 1e3:.0f} kB")


def most_telling(run: Run) -> int:
    """Return the position of a late step that shows a sampler at work: undecided, not the first choice."""
    late = run.steps[len(run.steps) // 3 :]
    return max(late, key=lambda step: (2 <= step.rank <= 6, step.kept >= 6, step.entropy_bits)).position


if __name__ == "__main__":
    record_example()
