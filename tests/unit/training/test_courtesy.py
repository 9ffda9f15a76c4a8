"""A training rests while others write, and never longer."""

import itertools
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from model.training.courtesy import let_work, nobody
from tests.patience import PATIENCE


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("others", [0, 1, 5])
def test_it_rests_in_turns_as_long_as_others_write_and_goes_on_after_each(others):
    told = []
    turns = itertools.count()
    let_work(SimpleNamespace(send_signal=told.append), lambda: next(turns) < others, 1.0)
    assert told == [signal.SIGSTOP, signal.SIGCONT] * others


def test_a_real_process_stands_still_meanwhile_and_goes_on_at_the_end():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    stood, original = [], process.send_signal

    def send_signal(number):
        original(number)
        if number == signal.SIGSTOP:
            stood.append(until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED))

    try:
        process.send_signal = send_signal
        let_work(process, lambda: True, 0.3)
        assert stood
        until(lambda: psutil.Process(process.pid).status() != psutil.STATUS_STOPPED)
    finally:
        process.kill()
        process.wait()


def test_one_that_has_ended_is_no_trouble():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    let_work(process, lambda: True, 0.2)
    let_work(process, nobody, 0.0)
