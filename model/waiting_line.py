"""Who is written next when there are more runs than places."""

from collections import Counter
from collections.abc import Callable, Collection

from model.job import WritingJob


class WaitingLine:
    """Runs that wait for a place: first come, first served, but owners take turns.

    Whoever sends ten runs at once has the second of them served after the first ones of all others.
    """

    def __init__(self) -> None:
        self._jobs: list[WritingJob] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def join(self, job: WritingJob) -> None:
        """Add a run at the end."""
        self._jobs.append(job)

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
            self._jobs.remove(job)
        admitted: list[WritingJob] = []
        in_turn = self._in_turn(written)
        for job in in_turn:
            if not fits([*written, *admitted, job]):
                break
            admitted.append(job)
            self._jobs.remove(job)
            job.continuation.ahead = 0
        for ahead, job in enumerate(in_turn[len(admitted) :], start=1):
            job.continuation.ahead = ahead
        return admitted

    def clear(self) -> list[WritingJob]:
        """Take out all runs."""
        jobs, self._jobs = self._jobs, []
        return jobs

    def _in_turn(self, written: Collection[WritingJob]) -> list[WritingJob]:
        """Return the runs in the order in which they are served."""
        having = Counter(job.owner for job in written)
        turns: list[tuple[int, int]] = []
        for arrival, job in enumerate(self._jobs):
            turns.append((having[job.owner], arrival))
            having[job.owner] += 1
        return [self._jobs[arrival] for _, arrival in sorted(turns)]
