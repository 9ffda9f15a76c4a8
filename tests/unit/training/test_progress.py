"""What is shown of a training is what its journal says, read while it grows and after it was written anew."""

import json

import numpy as np
import pytest

from model.training.journal import FILE as JOURNAL
from model.training.progress import Progress, ProgressReader


def log(step: int, seconds: float, loss: float | None = 3.0) -> dict[str, object]:
    return {
        "kind": "log", "step": step, "seconds": seconds, "loss": loss, "learning_rate": 1e-3,
        "gradient_norm": 1.0, "tokens_per_second": 100.0,
    }  # fmt: skip


def write(folder, *entries, mode="a"):
    with (folder / JOURNAL).open(mode, encoding="utf-8") as journal:
        journal.writelines(json.dumps(entry) + "\n" for entry in entries)


def test_a_journal_that_is_not_there_yet_says_nothing(tmp_path):
    found = ProgressReader(tmp_path).latest()
    assert (found.step, found.seconds, found.reason, found.points) == (0, 0.0, None, [])


def test_every_line_is_taken_once_as_it_comes(tmp_path):
    reader = ProgressReader(tmp_path)
    write(tmp_path, {"kind": "prepared", "step": 0, "parameters": 12, "vocabulary": 7}, log(1, 0.5))
    assert (reader.latest().parameters, reader.latest().vocabulary) == (12, 7)
    write(tmp_path, log(2, 1.0), {"kind": "validation", "step": 2, "loss": 2.5})
    found = reader.latest()
    assert [point.step for point in found.points] == [1, 2]
    assert (found.validations, found.step, found.seconds) == ([(2, 2.5)], 2, 1.0)


def test_half_a_line_waits_for_its_other_half_and_a_torn_one_is_left_out(tmp_path):
    reader = ProgressReader(tmp_path)
    line = json.dumps(log(1, 0.5)) + "\n"
    with (tmp_path / JOURNAL).open("w") as journal:
        journal.write(line[:20])
        journal.flush()
        assert reader.latest().points == []
        journal.write(line[20:] + '{"kind": "log", "st\n')
    assert [point.step for point in reader.latest().points] == [1]


def test_a_journal_that_was_written_anew_is_read_anew(tmp_path):
    reader = ProgressReader(tmp_path)
    write(
        tmp_path,
        log(1, 0.5),
        log(2, 1.0),
        {"kind": "ended", "step": 2, "reason": "paused", "text": "It rests."},
    )
    assert (reader.latest().reason, reader.latest().ending) == ("paused", "It rests.")
    other = tmp_path / "other"
    other.mkdir()
    write(other, log(1, 0.5))
    (other / JOURNAL).replace(tmp_path / JOURNAL)  # as the job does: it goes on from a checkpoint
    found = reader.latest()
    assert [point.step for point in found.points] == [1] and found.reason is None


def test_samples_heads_checkpoints_and_remarks_are_kept_by_their_steps(tmp_path):
    write(
        tmp_path,
        {"kind": "samples", "step": 5, "texts": [{"prompt": "a", "text": "b"}]},
        {"kind": "heads", "step": 5, "previous_token": [[0.1]], "induction": [[0.2]], "first_token": [[0.3]]},
        {"kind": "checkpoint", "step": 5, "folder": "checkpoint-5"},
        {"kind": "remark", "step": 5, "code": "overfitting", "text": "By heart."},
    )
    found = ProgressReader(tmp_path).latest()
    assert found.looks[0].texts == (("a", "b"),)
    assert found.heads[0][1]["induction"] == np.array([[0.2]])
    assert (found.checkpoints, found.remarks) == ([5], [(5, "overfitting", "By heart.")])


@pytest.mark.parametrize("loss", [None, 2.0])
def test_a_loss_that_is_no_number_is_told_as_none(loss):
    progress = Progress()
    progress.take(log(1, 0.5, loss))
    assert np.isnan(progress.points[0].loss) is np.bool_(loss is None)


def test_the_time_left_follows_the_pace_of_the_last_points():
    progress = Progress()
    for step in range(1, 31):
        progress.take(log(step, float(step) * 2))
    assert progress.seconds_left(100) == pytest.approx(140)
    assert Progress().seconds_left(100) is None
