"""Texts that were given as a whole are told from texts that were written by their run alone."""

from dataclasses import replace

import pytest

from model.sampler.settings import SamplerSettings
from model.texts.given import AS_IT_IS, given_steps, given_text, only_given
from model.texts.run import Run, Step

DRAWN = Step(2, 7, " sat", " sat", 0.4, -1.5, 0.5, 10, 6.0, 4)
PUT = replace(DRAWN, forced=True, text=" put")


def run(*steps, prompt=(1,), settings=AS_IT_IS):
    placed = tuple(replace(step, position=len(prompt) + index) for index, step in enumerate(steps))
    return Run("tiny@0", "The", prompt, settings, steps=placed)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        (run(), 0),
        (run(PUT, PUT), 2),
        (run(PUT, PUT, DRAWN, PUT), 2),
        (run(DRAWN, PUT), 0),
        (run(PUT, prompt=(1, 2)), 0),
        (run(PUT, settings=SamplerSettings(temperature=0.7)), 0),
        (run(replace(PUT, settings=AS_IT_IS), PUT, settings=SamplerSettings(temperature=0.7)), 1),
    ],
)
def test_steps_were_given_if_they_are_forced_behind_one_token_and_no_sampler_acts(text, given):
    assert given_steps(text) == given
    assert given_text(text) == "The" + " put" * given
    assert only_given(text) == (0 < given == len(text.steps))
