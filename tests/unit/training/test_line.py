"""The line of trainings: one at a time, in their order, each a process that is watched, paused and ended."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from model.training.line import Bounds, LineFull, TrainingLine
from model.training.processes import PROCESS, end_orphans, job_of, note_process
from model.training.settings import OptimisationSettings, SettingsError, TrainingSettings
from tests.patience import PATIENCE

OBEDIENT = """
import json, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
journal = (folder / "journal.jsonl").open("a")
(folder / "began").touch()
go = "on"
while go == "on":
    time.sleep(0.02)
    if (folder / "wanted.json").exists():
        go = json.loads((folder / "wanted.json").read_text())["go"]
reason = {"pause": "paused", "stop": "stopped"}[go]
journal.write(json.dumps({"kind": "ended", "step": 3, "reason": reason, "text": "Ended."}) + "\\n")
"""
"""A job that learns nothing, and ends when it is told to: here only the line is looked at."""
FAST = TrainingSettings(optimisation=OptimisationSettings(steps=10))


def until(condition) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def make_line(tmp_path):
    made: list[TrainingLine] = []

    def make(**bounds) -> TrainingLine:
        line = TrainingLine(
            tmp_path / "training",
            Bounds(**bounds),
            lambda folder: [sys.executable, "-c", OBEDIENT, str(folder)],
        )
        made.append(line)
        return line

    yield make
    for line in made:
        line.close()


def began(line: TrainingLine, name: str) -> bool:
    return (line.folder(name) / "began").exists()


def test_trainings_are_made_one_at_a_time_in_their_order(make_line):
    line = make_line()
    first, second = line.begin([], FAST), line.begin([], FAST)
    until(lambda: began(line, first))
    assert (line.standing(first), line.standing(second), line.ahead(second)) == ("running", "waiting", 1)
    line.end(first, for_good=True)
    until(lambda: began(line, second))
    assert line.standing(first) == "ended" and line.progress(first).reason == "stopped"


def test_a_paused_training_goes_on_where_it_is_asked_to(make_line):
    line = make_line()
    name = line.begin([], FAST)
    until(lambda: began(line, name))
    line.end(name, for_good=False)
    until(lambda: line.standing(name) == "ended")
    (line.folder(name) / "began").unlink()
    line.resume([name], name, more_steps=5)
    until(lambda: began(line, name))
    assert line.settings(name).optimisation.steps == 15


def test_one_that_waits_leaves_the_line_at_once(make_line):
    line = make_line()
    first, second = line.begin([], FAST), line.begin([], FAST)
    line.end(second, for_good=True)
    until(lambda: began(line, first))
    assert line.standing(second) == "interrupted" and not began(line, second)


def test_a_person_has_one_training_under_way_and_the_line_is_bounded(make_line):
    line = make_line(waiting=1, steps=100)
    name = line.begin([], FAST)
    with pytest.raises(SettingsError, match="under way"):
        line.begin([name], FAST)
    until(lambda: began(line, name))
    waiting = line.begin([], FAST)
    with pytest.raises(LineFull, match="wait already"):
        line.begin([], FAST)
    line.end(waiting, for_good=True)
    with pytest.raises(SettingsError, match="at most 100 steps"):
        line.begin([], TrainingSettings(optimisation=OptimisationSettings(steps=101)))


def test_a_job_that_was_killed_is_told_as_interrupted_and_the_next_one_begins(make_line):
    line = make_line()
    first, second = line.begin([], FAST), line.begin([], FAST)
    until(lambda: began(line, first) and job_of(line.folder(first)))
    job_of(line.folder(first)).kill()
    until(lambda: began(line, second))
    assert line.standing(first) == "interrupted"


def test_a_training_pauses_when_its_time_is_over(make_line):
    line = make_line(minutes=0.005)
    name = line.begin([], FAST)
    until(lambda: line.standing(name) == "ended")
    assert line.progress(name).reason == "paused"


def test_the_end_of_the_server_pauses_what_runs(make_line):
    line = make_line()
    name = line.begin([], FAST)
    until(lambda: began(line, name))
    line.close()
    assert line.progress(name).reason == "paused"


def test_the_oldest_goes_where_the_disk_would_be_over_full_but_none_that_runs(make_line):
    line = make_line(kept_mib=1)
    first = line.begin([], FAST)
    until(lambda: began(line, first))
    second = line.begin([], FAST)
    line.end(second, for_good=True)
    for name in (first, second):
        (line.folder(name) / "weights").write_bytes(bytes(2**20))
    third = line.begin([], FAST)
    assert (line.exists(first), line.exists(second), line.exists(third)) == (True, False, True)


def test_only_what_has_ended_is_deleted(make_line):
    line = make_line()
    name = line.begin([], FAST)
    with pytest.raises(SettingsError, match="Stop it first"):
        line.delete(name)
    line.end(name, for_good=True)
    until(lambda: line.standing(name) in ("ended", "interrupted"))
    line.delete(name)
    assert not line.exists(name)


@pytest.mark.parametrize("name", ["", "..", "../../etc", "0123456789ab", "ABCDEFABCDEF", "0123456789a/"])
def test_what_is_no_training_of_this_server_is_refused(make_line, name):
    line = make_line()
    assert not line.exists(name)
    with pytest.raises(SettingsError, match="not on this server"):
        line.folder(name)


def test_a_text_of_ones_own_lies_in_the_folder(make_line):
    line = make_line()
    name = line.begin([], FAST, "Ein Satz.\n")
    assert (line.folder(name) / "data" / "own.txt").read_text(encoding="utf-8") == "Ein Satz.\n"


def sleeping() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def test_orphans_of_a_dead_server_are_ended_and_those_of_a_living_one_are_not(tmp_path):
    orphan, child, server = sleeping(), sleeping(), sleeping()
    try:
        for name, job in (("a", orphan), ("b", child)):
            (tmp_path / name).mkdir()
            note_process(tmp_path / name, job.pid)
        note = json.loads((tmp_path / "a" / PROCESS).read_text())
        note["server"] = {"pid": server.pid, "began": psutil.Process(server.pid).create_time()}
        (tmp_path / "a" / PROCESS).write_text(json.dumps(note))
        orphan.send_signal(signal.SIGSTOP)  # as it is while texts are written
        server.kill()
        server.wait()
        end_orphans(tmp_path)
        assert not psutil.pid_exists(orphan.pid) and not (tmp_path / "a" / PROCESS).exists()
        assert child.poll() is None and job_of(tmp_path / "b").pid == child.pid
    finally:
        for process in (orphan, child, server):
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    "note", ["", "{", "[]", '{"job": 3}', '{"job": {"pid": "x"}}', '{"job": {"pid": 1}}']
)
def test_a_note_that_is_damaged_means_nobody(tmp_path: Path, note):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / PROCESS).write_text(note)
    assert job_of(tmp_path / "a") is None
    end_orphans(tmp_path)
    assert not (tmp_path / "a" / PROCESS).exists()
