"""The sampling lab for programs. Every function here is an endpoint of the same name."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr

from model.lab.beam_search import MOST_BEAMS, BeamSearch, beam_search
from model.lab.branching import branched
from model.lab.replay import Replaying
from model.lab.rollout_statistics import first_tokens
from model.lab.rollouts import MOST_ROLLOUTS, Rollouts
from model.numbers import MAX_SEED, OutOfRange, within
from model.sampler.sampling import shaped
from model.texts.run import Run
from model.texts.stored_run import stored_run
from viz.api.explore import DEFAULT_PRECISION, STREAM_SECONDS, Endpoints, explained
from viz.api.lab_answers import followed, replayed, rolled
from viz.server.limits import LOOKERS, SEARCHING
from viz.server.service import Service, Trouble
from viz.words.strings import say

Value = TypeVar("Value")

FIRST_TOKENS = 100
"""Most first tokens that rollouts report."""


def add_lab_api(service: Service) -> None:
    """Add the endpoints to the app that is being built."""
    api = LabApi(service)
    reading = {"concurrency_limit": LOOKERS, "concurrency_id": "programs"}
    gr.api(api.stages, api_name="stages", api_description=say("api.stages"), **reading)
    writing = {"concurrency_limit": service.limits.writers, "concurrency_id": "branch"}
    gr.api(api.branch, api_name="branch", api_description=say("api.branch"), **writing)
    for name in ("replay", "rollouts", "beam_search"):
        gr.api(getattr(api, name), api_name=name, api_description=say(f"api.{name}"), **SEARCHING)


class LabApi(Endpoints):
    """The endpoints. Those that write stream what they have; the last value is the whole answer."""

    def stages(
        self,
        text: str,
        settings: dict[str, Any] | None = None,
        top: int = 20,
        precision: str = DEFAULT_PRECISION,
        coin: float | None = None,
    ) -> dict[str, Any]:
        """Return what every stage of the sampler leaves of the next-token distribution after a text.

        Args:
            text: what stands before the token that is asked for.
            settings: sampler settings by name, and `order`: the stages that act, in order.
            top: leading tokens to follow through the stages; 0 for the whole vocabulary.
            precision: "fast" for the number format that is fastest here, "exact" for float32.
            coin: what the coin of XTC shows, in [0, 1]: it acts below its probability, and without a coin.
        """
        with explained():
            self.ready()
            shown = None if coin is None else within("coin", coin, 0, 1)
            chosen = self.settings(settings)
            token_ids = self.service.encode(text, "text")
            vocab_size = self.service.info.vocab_size
            count = int(within("top", top, 0, vocab_size, whole=True)) or vocab_size
            internals = self.service.read(token_ids, self.service.precision(precision))
            landmarks = self.service.model.landmarks
            softmax = internals.softmax(len(token_ids) - 1)
            left = shaped(softmax, chosen, token_ids, coin=shown, landmarks=landmarks)
            return followed(left, count, self.service.text.token)

    def branch(
        self, run: dict[str, Any], position: int, token_id: int, max_new_tokens: int = 48
    ) -> Iterator[dict[str, Any]]:
        """Put a token at a position of a run, forced, and write on from there with the run's settings.

        Args:
            run: a run as /generate gave it, whole and unchanged.
            position: where the token is put, in the whole text and after the prompt.
            token_id: of the token, as /tokenize and /next_token name it.
            max_new_tokens: how many tokens to write behind it at most; 0 writes none.
        """
        with explained():
            original = self._run(run)
            most = self.service.limits.max_new_tokens
            length = int(within("max_new_tokens", max_new_tokens, 0, most, whole=True))
            last = len(original.token_ids)
            at = int(within("position", position, len(original.prompt_token_ids), last, whole=True))
            chosen = int(within("token_id", token_id, 0, self.service.info.vocab_size - 1, whole=True))
            with _refused():
                begun = branched(self.service.engine, original, at, chosen)
            length = min(length, self.service.room(begun))
            if length < 1:
                yield begun.finished("length").to_json()
                return
            written = self.service.write(begun, length, begun.settings, begun.seed, owner=None)
            yield from self.streamed(written, begun)

    def replay(self, run: dict[str, Any], settings: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Write a run again with the dice it recorded under other settings: how far do the texts agree?

        Args:
            run: a run as /generate gave it, whole and unchanged.
            settings: sampler settings by name; null for those of the run, which writes the same text again.
        """
        with explained():
            original = self._run(run)
            chosen = None if settings is None else self.settings(settings)
            self.service.require_room_in_line()
            with _refused():
                replaying = Replaying(self.service.engine, original, chosen)
                for replay in _sparse(replaying):
                    yield replayed(replay)

    def rollouts(
        self,
        prompt: str,
        n: int = 64,
        max_new_tokens: int = 24,
        settings: dict[str, Any] | None = None,
        seed: int = 42,
        precision: str = DEFAULT_PRECISION,
    ) -> Iterator[dict[str, Any]]:
        """Continue a prompt n times with other dice, and say how the texts differ.

        Args:
            prompt: the text that all of them go on from.
            n: how many continuations.
            max_new_tokens: of each of them, at most.
            settings: sampler settings by name, such as {"temperature": 0.7, "typical_p": 0.9}.
            seed: of the first one's dice; each has the next seed.
            precision: "fast" for the number format that is fastest here, "exact" for float32.
        """
        with explained():
            self.ready()
            count = int(within("n", n, 1, MOST_ROLLOUTS, whole=True))
            longest = min(self.service.limits.max_new_tokens, self.service.limits.rollout_tokens // count)
            length = int(within("max_new_tokens", max_new_tokens, 1, longest, whole=True))
            first = int(within("seed", seed, 0, MAX_SEED, whole=True))
            begun = self.service.new_run(prompt, self.settings(settings), first, precision)
            self.service.require_room_in_line(share=0.5)  # the other half is for those who write one text
            with _refused():
                rollouts = Rollouts(self.service.engine, begun, count, min(length, self.service.room(begun)))
                counted = self._first_tokens(rollouts)
                for runs in _sparse(rollouts):
                    yield rolled(runs, count) | {"first_tokens": counted}

    def beam_search(
        self,
        prompt: str,
        beams: int = 4,
        max_new_tokens: int = 12,
        length_penalty: float = 1.0,
        precision: str = DEFAULT_PRECISION,
    ) -> Iterator[dict[str, Any]]:
        """Search for the most likely continuations of a prompt; return them and all candidates looked at.

        Args:
            prompt: the text that they go on from.
            beams: how many hypotheses are kept side by side; 1 is greedy decoding.
            max_new_tokens: of a hypothesis, at most.
            length_penalty: power of the length by which the sum of logprobs is divided.
            precision: "fast" for the number format that is fastest here, "exact" for float32.
        """
        with explained():
            self.ready()
            token_ids = self.service.encode(prompt)
            width = int(within("beams", beams, 1, MOST_BEAMS, whole=True))
            form = self.service.precision(precision)
            with _refused():
                search = beam_search(
                    self.service.engine, token_ids, width, max_new_tokens, length_penalty, precision=form
                )
                for found in search:
                    yield self._searched(token_ids, found)

    def _run(self, data: object) -> Run:
        """Return a run that a caller sent."""
        self.ready()
        info, limits = self.service.info, self.service.limits
        longest = min(info.context_length, limits.max_text_tokens)
        with _refused():
            run = stored_run(data, vocab_size=info.vocab_size, context_length=longest)
        if run.model != info.identity:
            other = run.model.partition("@")[0]
            raise Trouble(say("page.other_model", other=other, name=info.name))
        if not run.prompt_token_ids:
            raise Trouble(say("page.empty", name="prompt"))
        self.service.require_precision(run.precision)
        return run

    def _first_tokens(self, rollouts: Rollouts) -> list[dict[str, Any]]:
        """Return how often each token came first in all rollouts, those that are still to be written too."""
        token_of = self.service.text.token
        return [
            {
                "token_id": one.token_id,
                "token": token_of(one.token_id),
                "count": one.count,
                "probability": one.probability,
            }
            for one in first_tokens(rollouts.begun, rollouts.first_step().shaped, FIRST_TOKENS)
        ]

    def _text(self, prompt: tuple[int, ...], token_ids: tuple[int, ...]) -> str:
        """Return what a text gained by some tokens."""
        pieces = self.service.text.pieces([*prompt, *token_ids])
        return "".join(piece.text for piece in pieces[len(prompt) :])

    def _searched(self, prompt: tuple[int, ...], found: BeamSearch) -> dict[str, Any]:
        text = self.service.text
        return {
            "sequences": [
                {
                    "token_ids": list(one.token_ids),
                    "text": self._text(prompt, one.token_ids),
                    "score": one.score,
                    "logprob": one.logprob_sum,
                    "finished": one.finished,
                }
                for one in found.hypotheses
            ],
            "tree": [
                {
                    "id": node.id,
                    "parent": node.parent,
                    "token_id": node.token_id,
                    "token": text.token(node.token_id),
                    "logprob": node.logprob,
                    "logprob_sum": node.logprob_sum,
                    "step": node.step,
                    "fate": node.fate,
                }
                for node in found.nodes
            ],
            "finish_reason": found.finish_reason,
        }


def _sparse(values: Iterable[Value]) -> Iterator[Value]:
    """Yield of many values one now and then, and always the last; whoever stops listening stops them."""
    said = 0.0
    unsaid: list[Value] = []
    for value in values:
        unsaid = [value]
        if time.monotonic() - said >= STREAM_SECONDS:
            said = time.monotonic()
            yield unsaid.pop()
    yield from unsaid


@contextmanager
def _refused() -> Iterator[None]:
    """Turn what the model layer refuses into a sentence for the caller."""
    try:
        yield
    except OutOfRange:
        raise
    except ValueError as error:
        raise Trouble(str(error)) from error
