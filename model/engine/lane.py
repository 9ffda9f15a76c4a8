"""The texts that are computed in one number format, pass by pass."""

import numpy as np
import torch
from torch import Tensor

from model.engine.internals import KEPT_LOGITS, Internals, InternalsStore
from model.engine.job import Job, ReadingJob, WritingJob
from model.network.batch import Span
from model.network.blocks import BlockPool
from model.network.key_values import KeyValueSlots
from model.network.language_model import LanguageModel
from model.network.recording import BLOCK, Recording
from model.sampler.distribution import Softmax
from model.texts.comparison import shared

CHUNK = 64
"""Prompt tokens that one pass takes beside the texts that are being written: these wait meanwhile."""
CHUNK_ALONE = 256
"""Prompt tokens of a pass that nobody waits for."""
NOT_NUMBERS = "the model computed what are not numbers from this text; try --precision exact"


class Lane:
    """One network, its batch, and the loop that everything is about.

    Texts of which one token is pending stand in slots 0, 1, ..., so that attention serves them together.
    """

    def __init__(self, model: LanguageModel, form: str, store: InternalsStore) -> None:
        self._model = model
        self._format = form
        self._network = model.networks[form]
        self._store = store
        self._slots = KeyValueSlots()
        self._pool = BlockPool()
        self.jobs: list[Job] = []
        """In the order of their arrival."""

    def bytes_of(self, tokens: int) -> int:
        """Return what a text of so many tokens leaves behind: whole blocks, and the logits kept at hand."""
        rows = -(-tokens // BLOCK) * BLOCK
        logits = KEPT_LOGITS * self._model.info.vocab_size * np.dtype(np.float32).itemsize
        return rows * self._network.bytes_per_token + logits

    @torch.inference_mode()
    def advance(self) -> None:
        """Run the model once over what is pending, and choose a token for every text that is at its end."""
        for stopped in [job for job in self.jobs if isinstance(job, WritingJob) and job.continuation.stopped]:
            stopped.continuation.finish("stop")
            self._leave(stopped)
        try:
            work = self._next_pass()
            if work:
                self._record(work, self._network.forward(self._slots, [span for _, span in work]))
            self._conclude([job for job in self.jobs if job.internals is not None and not job.pending])
            self._close_ranks()
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, and others must go on
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """End all jobs with an error; what was computed on their texts is not trusted any more."""
        for job in list(self.jobs):
            if job.internals is not None:
                self._store.forget(job.internals)
            job.fail(error)
            self._leave(job)

    def _next_pass(self) -> list[tuple[Job, Span]]:
        """Return the tokens of the next pass: one of every text being written, and chunks of prompts."""
        together = sorted(
            (job for job in self.jobs if job.slot is not None and len(job.pending) == 1),
            key=lambda job: job.slot or 0,
        )
        work = [(job, self._span(job, 1)) for job in together]
        room = CHUNK if together else CHUNK_ALONE
        others = [job for job in self.jobs if job not in together]
        # Shortest first, but the oldest always moves on: half of the room is its.
        for job in [*others[:1], *sorted(others[1:], key=lambda job: len(job.pending))]:
            if room <= 0:
                break
            if job.internals is None:
                nearest, known = self._store.nearest(self._format, job.token_ids)
                if _comes_with(job, known, work):
                    continue
                self._start(job, nearest, known)
            share = room // 2 if job is others[0] and len(others) > 1 and room > 1 else room
            count = min(share, len(job.pending))
            if count > 0:
                if job.slot is None:
                    self._give_slot(job, len(together))
                work.append((job, self._span(job, count)))
                room -= count
        return work

    def _span(self, job: Job, count: int) -> Span:
        assert job.internals is not None and job.slot is not None
        return Span(job.pending[:count], len(job.internals), job.slot)

    def _start(self, job: Job, nearest: Internals | None, known: int) -> None:
        """Begin with the `known` tokens that a text shares with the nearest; the rest is to be computed."""
        if nearest is None or known == 0:
            job.internals = Internals(
                self._model, self._format, (), Recording(self._network.layout, self._pool)
            )
        elif known == len(nearest) and not nearest.in_use and job.remembered:
            job.internals = nearest
        else:
            job.internals = nearest.prefix(known)
        job.internals.in_use = True
        self._store.add(job.internals)

    def _give_slot(self, job: Job, first: int) -> None:
        assert job.internals is not None
        taken = {other.slot for other in self.jobs}
        job.slot = next(slot for slot in range(first, first + len(taken) + 1) if slot not in taken)
        if len(job.internals):
            self._slots.reserve(job.slot + 1, len(job.token_ids))
            self._slots.load(job.slot, job.internals.recording)

    def _record(self, work: list[tuple[Job, Span]], rows: Tensor) -> None:
        """Add the (N, width) rows of a pass to its texts; one that led to what is no number ends here."""
        places = [
            place
            for job, span in work
            if job.internals is not None
            for place in job.internals.recording.places(len(span.token_ids), rows)
        ]
        are_numbers = self._network.record(rows, places)
        first = 0
        for job, span in work:
            end = first + len(span.token_ids)
            assert job.internals is not None
            if all(are_numbers[first:end]):
                job.internals.grow(span.token_ids)
            else:
                self._refuse(job, ValueError(NOT_NUMBERS))
            first = end

    def _refuse(self, job: Job, error: Exception) -> None:
        """End a job with an error and leave nothing of it behind: a masked NaN is still a NaN."""
        if job.internals is not None:
            self._store.forget(job.internals)
        if job.slot is not None:
            self._slots.clear(job.slot)
        job.fail(error)
        self._leave(job)

    def _conclude(self, read: list[Job]) -> None:
        """Give the internals to those who look, and choose the next token for those who write."""
        writing: list[WritingJob] = []
        for job in read:
            if isinstance(job, WritingJob):
                writing.append(job)
            elif isinstance(job, ReadingJob):
                assert job.internals is not None
                job.future.set_result(job.internals)
                self._leave(job)
        if not writing:
            return
        ends = [job.internals.recording.place(len(job.internals) - 1) for job in writing if job.internals]
        for job, softmax in zip(writing, self._network.softmaxes(ends), strict=True):
            self._go_on(job, softmax)

    def _go_on(self, job: WritingJob, softmax: Softmax) -> None:
        """Append the next token to a text, or end it."""
        assert job.internals is not None
        job.internals.remember(len(job.token_ids) - 1, softmax)
        try:
            chosen = job.writer.choose(job.token_ids, softmax)
        except ValueError as error:
            self._refuse(job, error)
            return
        job.continuation.add(chosen)
        reason = job.writer.why_ended(chosen)
        if reason is not None:
            job.continuation.finish(reason)
            self._leave(job)
        else:
            job.token_ids.append(chosen.token_id)

    def _leave(self, job: Job) -> None:
        self.jobs.remove(job)
        if job.internals is not None:
            job.internals.in_use = False
            if not job.remembered:
                self._store.forget(job.internals)

    def _close_ranks(self) -> None:
        """Move texts so that those with one pending token fill the first slots."""
        together = [job for job in self.jobs if job.slot is not None and len(job.pending) == 1]
        late = [job for job in together if job.slot is not None and job.slot >= len(together)]
        for hole in set(range(len(together))) - {job.slot for job in together}:
            for squatter in [job for job in self.jobs if job.slot == hole]:
                self._move(squatter, 1 + max(job.slot or 0 for job in self.jobs))
            self._move(late.pop(), hole)

    def _move(self, job: Job, target: int) -> None:
        assert job.internals is not None and job.slot is not None
        self._slots.reserve(target + 1, 1)
        self._slots.move(job.slot, target, len(job.internals))
        job.slot = target


def _comes_with(job: Job, known: int, work: list[tuple[Job, Span]]) -> bool:
    """Return whether a pass computes more of a text for another job than is known: worth a wait.

    Not for a text that is being written again, token by token, unless what is missing is its next one.
    """
    missing = len(job.token_ids) - known
    for other, span in work:
        gain = shared(other.token_ids[: span.end], job.token_ids) - known
        if gain > 0 and (len(other.pending) > 1 or gain == missing):
            return True
    return False
