"""The API: the page's numbers for programs. Every function here is an endpoint of the same name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
import numpy as np

from model.engine.continuation import Continuation
from model.engine.internals import MEAN_HEAD
from model.numbers import MAX_SEED, OutOfRange, within
from model.sampler.coin import Sides, sides
from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from viz.server.failing import UNDERSTOOD
from viz.server.limits import LOOKERS
from viz.server.service import CHOICES, Service, Trouble
from viz.words.strings import say

DEFAULTS = SamplerSettings()
DEFAULT_PRECISION = CHOICES[0]
STREAM_SECONDS = 0.1
"""A growing run is sent this often at most."""
LOADING_SECONDS = 120
"""A call waits this long for the model to load."""
DECIMALS = 7
"""Of attention weights, which are float32."""


def add_api(service: Service) -> None:
    """Add the endpoints to the app that is being built."""
    api = Api(service)
    writing = {"concurrency_limit": service.limits.writers, "concurrency_id": "generate"}
    gr.api(api.generate, api_name="generate", api_description=say("api.generate"), **writing)
    # Of their own: a program that asks for many texts keeps no person waiting who looks at one.
    reading = {"concurrency_limit": LOOKERS, "concurrency_id": "programs"}
    gr.api(api.next_token, api_name="next_token", api_description=say("api.next_token"), **reading)
    gr.api(api.attention, api_name="attention", api_description=say("api.attention"), **reading)
    gr.api(api.tokenize, api_name="tokenize", api_description=say("api.tokenize"), **reading)
    gr.api(api.model, api_name="model", api_description=say("api.model"), **reading)


class Endpoints:
    """What all endpoints share. Bad arguments are answered with an error that names them and their range."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def ready(self) -> None:
        """Wait for the model.

        Raises:
            Trouble: it is still loading.
        """
        if not self.service.wait(LOADING_SECONDS):
            raise Trouble(self.service.progress)

    def settings(self, given: object, usual: SamplerSettings = DEFAULTS) -> SamplerSettings:
        """Return sampler settings that a caller sent by name; what is not said stays as usual.

        Raises:
            OutOfRange: a value that the sampler does not take.
            Trouble: no settings.
        """
        try:
            said = usual.to_json() | given if isinstance(given, dict) else given
            settings = usual if said is None else SamplerSettings.from_json(said)
            settings.require_known(self.service.info.vocab_size)
        except OutOfRange:
            raise
        except ValueError as error:
            raise Trouble(str(error)) from error
        return settings

    def streamed(self, written: Continuation, run: Run) -> Iterator[dict[str, Any]]:
        """Yield a run as it grows, and at last as it ended. Whoever stops listening stops it."""
        try:
            with self.service.pace.page():
                while not written.done:
                    run = written.latest(beyond=run, timeout=STREAM_SECONDS)
                    yield run.to_json()
                    written.wait(max(STREAM_SECONDS, self.service.pace.interval))
            yield written.latest().to_json()
        finally:
            written.stop()


class Api(Endpoints):
    """The endpoints of the Explore page."""

    def generate(
        self,
        prompt: str,
        max_new_tokens: int = 48,
        temperature: float = DEFAULTS.temperature,
        top_k: int = DEFAULTS.top_k,
        top_p: float = DEFAULTS.top_p,
        min_p: float = DEFAULTS.min_p,
        repetition_penalty: float = DEFAULTS.repetition_penalty,
        seed: int = 42,
        precision: str = DEFAULT_PRECISION,
        settings: dict[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Write on from a prompt and stream the run as it grows; the last value is the whole run.

        Args:
            prompt: the text to go on from, as it stands; no chat template is put around it.
            max_new_tokens: how many tokens to write at most.
            temperature: divides the logits; below 1 the likely tokens gain, 0 is greedy.
            top_k: keeps so many of the most likely tokens; 0 switches it off.
            top_p: keeps the most likely tokens that together have this probability; 1 switches it off.
            min_p: cuts every token less likely than this share of the most likely one; 0 switches it off.
            repetition_penalty: makes tokens that stand in the text less likely; 1 switches it off.
            seed: of the dice; the same seed, prompt and settings write the same text.
            precision: "fast" for the number format that is fastest here, "exact" for float32.
            settings: sampler settings by name, such as {"temperature": 0.7, "typical_p": 0.9}.
        """
        with explained():
            self.ready()
            dials = SamplerSettings(temperature, top_k, top_p, min_p, repetition_penalty)
            chosen = self.settings(settings, dials)
            length = within(
                "max_new_tokens", max_new_tokens, 1, self.service.limits.max_new_tokens, whole=True
            )
            checked_seed = within("seed", seed, 0, MAX_SEED, whole=True)
            prompted = self.service.new_run(prompt, chosen, int(checked_seed), precision)
            length = min(int(length), self.service.room(prompted))
            written = self.service.write(prompted, length, chosen, int(checked_seed), owner=None)
            yield from self.streamed(written, prompted)

    def next_token(
        self,
        text: str,
        temperature: float = DEFAULTS.temperature,
        top_k: int = DEFAULTS.top_k,
        top_p: float = DEFAULTS.top_p,
        min_p: float = DEFAULTS.min_p,
        repetition_penalty: float = DEFAULTS.repetition_penalty,
        top: int = 20,
        precision: str = DEFAULT_PRECISION,
        settings: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return what the model could say after a text: exact, over the whole vocabulary and all coins.

        Args:
            text: what stands before the token that is asked for.
            temperature: divides the logits; below 1 the likely tokens gain, 0 is greedy.
            top_k: keeps so many of the most likely tokens; 0 switches it off.
            top_p: keeps the most likely tokens that together have this probability; 1 switches it off.
            min_p: cuts every token less likely than this share of the most likely one; 0 switches it off.
            repetition_penalty: makes tokens that stand in the text less likely; 1 switches it off.
            top: how many of the most likely tokens to list; 0 for the whole vocabulary.
            precision: "fast" for the number format that is fastest here, "exact" for float32.
            settings: sampler settings by name, such as {"temperature": 0.7, "typical_p": 0.9}.
        """
        with explained():
            self.ready()
            dials = SamplerSettings(temperature, top_k, top_p, min_p, repetition_penalty)
            chosen = self.settings(settings, dials)
            token_ids = self.service.encode(text, "text")
            vocab_size = self.service.info.vocab_size
            count = int(within("top", top, 0, vocab_size, whole=True)) or vocab_size
            internals = self.service.read(token_ids, self.service.precision(precision))
            logits = internals.logits(len(token_ids) - 1)
            model = self.service.model
            shaped = shape(logits, chosen, token_ids, landmarks=model.landmarks)
            return described(sides(shaped), count, model.text.token)

    def attention(
        self, text: str, layer: int, head: int, precision: str = DEFAULT_PRECISION
    ) -> dict[str, Any]:
        """Return the attention weights of a layer and head over a text, queries by keys.

        Args:
            text: what the model reads.
            layer: which layer, counted from 0.
            head: which head of that layer, counted from 0; -1 is the mean over all.
            precision: "fast" for the number format that is fastest here, "exact" for float32.
        """
        with explained():
            self.ready()
            info = self.service.info
            checked_layer = int(within("layer", layer, 0, info.layers - 1, whole=True))
            checked_head = int(within("head", head, MEAN_HEAD, info.heads - 1, whole=True))
            token_ids = self.service.encode(text, "text")
            internals = self.service.read(token_ids, self.service.precision(precision))
            weights = internals.attention(checked_layer, checked_head, len(token_ids))
            return {
                "tokens": [self.service.text.token(token_id) for token_id in token_ids],
                "weights": np.round(weights.astype(np.float64), DECIMALS).tolist(),
            }

    def tokenize(self, text: str) -> list[dict[str, Any]]:
        """Return the tokens of a text.

        Args:
            text: to be split as the model reads it.
        """
        with explained():
            self.ready()
            token_ids = self.service.encode(text, "text")
            return [
                {"token_id": token_id, "token": self.service.text.token(token_id), "position": position}
                for position, token_id in enumerate(token_ids)
            ]

    def model(self) -> dict[str, Any]:
        """Return which model this is, and what its numbers mean."""
        with explained():
            self.ready()
            info = self.service.info
            told = ("name", "fingerprint", "layers", "heads", "vocab_size", "context_length", "parameters")
            ends = [{"token_id": token_id, "token": name} for token_id, name in self.service.model.ends]
            return {name: getattr(info, name) for name in told} | {
                "formats": list(info.formats),
                "end_tokens": ends,
            }


def described(either: Sides, count: int, token_of: Any) -> dict[str, Any]:
    """Return a distribution as plain values: the `count` leading tokens by themselves, the rest together."""
    shaped = either.parts[0].shaped  # the model's own side is the same for all
    leading = [int(token_id) for token_id in shaped.most_likely(count)]
    raw, after = shaped.probabilities, either.shaped
    return {
        "vocab_size": len(shaped.logits),
        "entropy_bits": shaped.entropy_bits,
        "shaped_entropy_bits": either.entropy_bits,
        "kept": either.kept,
        "kept_mass": either.kept_mass,
        "tokens": [
            {
                "token_id": token_id,
                "token": token_of(token_id),
                "logit": float(shaped.logits[token_id]),
                "probability": float(raw[token_id]),
                "shaped_probability": float(after[token_id]),
                "rank": rank,
                "cut_by": either.cut_by(token_id),
            }
            for rank, token_id in enumerate(leading, start=1)
        ],
        "rest": {
            "count": len(shaped.logits) - len(leading),
            "probability": max(0.0, 1.0 - float(raw[leading].sum())) if count < len(raw) else 0.0,
            "shaped_probability": max(0.0, 1.0 - float(after[leading].sum())) if count < len(raw) else 0.0,
        },
    }


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a caller can mend into the error that Gradio passes on; anything else stays a fault."""
    try:
        yield
    except UNDERSTOOD as trouble:
        raise gr.Error(str(trouble), print_exception=False) from trouble
