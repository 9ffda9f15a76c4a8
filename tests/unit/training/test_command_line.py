"""The command line of trainings refuses in sentences what cannot be, before anything is begun."""

import pytest

from model.training import command_line
from model.training.settings import TrainingSettings
from model.training.settings_file import write_settings


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_curves_are_not_sent_to_what_is_not_installed(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setattr(command_line, "find_spec", lambda _: None)
    write_settings(tmp_path / "settings.json", TrainingSettings())
    before = sorted(tmp_path.iterdir())
    assert command_line.main([str(tmp_path), "--report-to", name]) == 2
    assert f"pip install {name}" in capsys.readouterr().out
    assert sorted(tmp_path.iterdir()) == before, "nothing is begun"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--settings", "nowhere.json"], "The settings cannot be read: No such file"),
        (["empty"], "holds no training"),
        (["--export", "out"], "Name the folder"),
        (["new", "--text", "nowhere.txt"], "cannot be read"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, monkeypatch, capsys, given, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "trainings_folder", lambda: tmp_path / "trainings")
    assert command_line.main(given) == 2
    assert said in capsys.readouterr().out
