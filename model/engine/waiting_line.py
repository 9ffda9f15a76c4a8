"""Who is written next when there are more runs than places."""

from collections.abc import Callable, Collection, Hashable

from model.engine.job import WritingJob
from model.engine.turnover import Turnover


class WaitingLine:
    """Runs that wait for a place: first come, first served, but owners take turns.

    Whoever sends ten runs at once has the second of them served after the first ones of all others.
    """

    def __init__(self) -> None:
        self._turnover = Turnover()
        self._jobs: list[WritingJob] = []
        """In the order of their arrival."""
        self._turns: dict[WritingJob, int] = {}
        self._latest: dict[Hashable, int] = {}
        """The last turn that each owner who is written or waits has taken or waits for."""
        self._turn = 0
        """That is being served."""

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def jobs(self) -> tuple[WritingJob, ...]:
        """The runs, in the order of their arrival."""
        return tuple(self._jobs)

    def join(self, job: WritingJob) -> None:
        """Add a run: its turn is the present one, or the one after the last of its owner."""
        turn = max(self._turn, self._latest.get(job.owner, -1) + 1)
        self._jobs.append(job)
        self._turns[job] = self._latest[job.owner] = turn

    def admit(
        self, written: Collection[WritingJob], fits: Callable[[Collection[WritingJob]], bool]
    ) -> list[WritingJob]:
        """Take out the runs whose turn it is, and tell the others how many are ahead of them.

        Args:
            written: runs that have a place.
            fits: whether such runs can be written at the same time.
        """
        for job in [job for job in self._jobs if job.continuation.stopped]:
            job.continuation.finish("stop")
            self._leave(job)
        admitted: list[WritingJob] = []
        in_turn = sorted(self._jobs, key=self._turns.__getitem__)
        for job in in_turn:
            if not fits([*written, *admitted, job]):
                break
            admitted.append(job)
            self._turn = self._turns[job]
            self._leave(job)
            job.continuation.ahead, job.continuation.expected = 0, None
        self._turnover.note(len(admitted), len(self._jobs))
        for ahead, job in enumerate(in_turn[len(admitted) :], start=1):
            job.continuation.ahead, job.continuation.expected = ahead, self._turnover.seconds(ahead)
        present = {job.owner for job in (*written, *in_turn)}
        self._latest = {owner: turn for owner, turn in self._latest.items() if owner in present}
        return admitted

    def clear(self) -> list[WritingJob]:
        """Take out all runs."""
        jobs = list(self._jobs)
        for job in jobs:
            self._leave(job)
        return jobs

    def _leave(self, job: WritingJob) -> None:
        self._jobs.remove(job)
        del self._turns[job]
