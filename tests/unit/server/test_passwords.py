"""Several passwords from a file of hashes."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from viz.server.passwords import PasswordFile, PasswordFileError, line_of, users_of

ROOT = Path(__file__).parents[3]
SAID: list[str] = []


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "passwords.txt"
    path.write_text(
        f"# a class\n\n{line_of('ann', 'hunter2')}\n{line_of('bob', 'naïve:pässwörd')}\n", "utf-8"
    )
    return path


def test_each_user_has_a_password_of_their_own(file):
    users = PasswordFile(file, SAID.append)
    assert asyncio.run(users.lets_in("ann", "hunter2")) and users.knows("bob", "naïve:pässwörd")
    for name, password in (("ann", "naïve:pässwörd"), ("bob", "hunter2"), ("eve", "hunter2"), ("ann", "")):
        assert not users.knows(name, password)


def test_a_password_that_only_begins_as_the_right_one_is_wrong(tmp_path):
    (tmp_path / "long").write_text(line_of("ann", "a" * 1024))
    users = PasswordFile(tmp_path / "long", SAID.append)
    assert users.knows("ann", "a" * 1024) and not users.knows("ann", "a" * 1025)


def test_no_two_lines_are_alike_and_none_shows_the_password():
    one, other = line_of("ann", "hunter2"), line_of("ann", "hunter2")
    assert one != other and "hunter2" not in one + repr(users_of(one))


def test_the_command_takes_a_password_from_a_pipe_and_its_line_is_read(tmp_path):
    command = [sys.executable, "-m", "viz.server.passwords", "ann"]
    made = subprocess.run(command, input="hunter2\n", capture_output=True, text=True, check=True, cwd=ROOT)
    (tmp_path / "file").write_text(made.stdout)
    assert PasswordFile(tmp_path / "file", SAID.append).knows("ann", "hunter2")


def test_a_file_that_has_changed_is_read_again(file):
    told: list[str] = []
    users = PasswordFile(file, told.append)
    file.write_text(line_of("eve", "new"))
    assert users.knows("eve", "new") and not users.knows("ann", "hunter2")
    assert told == [f"{file} was read again: 1 users."]


@pytest.mark.parametrize("broken", ["", "ann:hunter2", None])
def test_a_file_that_has_broken_leaves_the_users_before_and_says_so_once(file, broken):
    told: list[str] = []
    users = PasswordFile(file, told.append)
    if broken is None:
        os.remove(file)
    else:
        file.write_text(broken)
    assert users.knows("ann", "hunter2") and told[0].endswith("The users before stay.")
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names nobody"),
        ("# nobody\n", "names nobody"),
        ("ann:hunter2", "Line 1"),
        ("\nann", "Line 2"),
        ("ann:scrypt$16384$8$1$$", "Line 1"),
        ("ann:scrypt$3$8$1$c2FsdHNhbHQ=$c2FsdHNhbHRzYWx0c2FsdA==", "Line 1"),
        ("ann:scrypt$1073741824$8$1$c2FsdHNhbHQ=$c2FsdHNhbHRzYWx0c2FsdA==", "Line 1"),
        ("ann:scrypt$x$8$1$c2FsdHNhbHQ=$c2FsdHNhbHRzYWx0c2FsdA==", "Line 1"),
        (":scrypt$16384$8$1$c2FsdHNhbHQ=$c2FsdHNhbHRzYWx0c2FsdA==", "no name"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_without_quoting_it(text, why):
    with pytest.raises(PasswordFileError, match=why) as error:
        users_of(text)
    assert "hunter2" not in str(error.value)


def test_a_name_that_comes_twice_is_said():
    line = line_of("ann", "hunter2")
    with pytest.raises(PasswordFileError, match="Line 2"):
        users_of(f"{line}\n{line}")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(PasswordFileError, match="cannot be read"):
        PasswordFile(tmp_path / "none", SAID.append)
