"""What a training learns from is made once, before it begins."""

from dataclasses import replace

from model.training.preparation import prepared
from model.training.presets import INDUCTION
from model.training.settings import TrainingSettings


def nobody_writes():
    raise AssertionError


def made_in(folder, settings: TrainingSettings):
    return prepared(folder, settings, lambda _: None, nobody_writes, lambda: None)


def test_in_the_world_of_repeats_every_token_comes_so_that_nothing_else_is_to_be_learned(tmp_path):
    made = made_in(tmp_path, replace(INDUCTION, data=replace(INDUCTION.data, characters=60_000)))
    assert set(made.parts["train"].token_ids.tolist()) == set(range(len(made.tokenizer)))


def test_what_was_made_is_read_again_as_it_was(tmp_path):
    settings = replace(INDUCTION, data=replace(INDUCTION.data, characters=60_000))
    first, again = made_in(tmp_path, settings), made_in(tmp_path, settings)
    assert (first.parts["test"].token_ids == again.parts["test"].token_ids).all()
    assert first.tokenizer.get_vocab() == again.tokenizer.get_vocab()
