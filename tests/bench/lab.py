"""The sampling lab: rollouts against as many single runs, and how soon a branch has a new token."""

import time
from itertools import pairwise
from typing import Any

from model.lab.branching import branched
from model.lab.rollouts import Rollouts
from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.bench.contenders import our_engine, our_run, usual_format
from tests.bench.processes import own_process
from tests.bench.report import Row, ratio, spread
from tests.bench.written import prompt_ids

ROLLOUTS, LENGTH = 64, 24
TEXT, LEAVE = 200, (150, 100, 50)
"""Tokens of a run, and how many stand before a branch that leaves it."""
SINGLE = 12
"""Tokens over which the cost of a single one is measured."""
DICE = SamplerSettings(temperature=1.0, top_k=0, top_p=1.0)


def measure_lab(rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure rollouts and branches in a process of their own."""
    with own_process() as us:
        us(rollouts, 0, 2)  # loads the model
        rolled = [us(rollouts, number, ROLLOUTS) for number in range(1, 1 + rounds)]
        branches, steps = zip(*(us(branches_and_steps, number) for number in range(rounds)), strict=True)
    together, alone = zip(*rolled, strict=True)
    first = [one for found in branches for one in found]
    step = [sum(found) / len(found) for found in steps]
    rows = [
        ratio(f"{ROLLOUTS} rollouts of {LENGTH} tokens: time, together / one after another", together, alone),
        ratio(
            f"first new token of a branch of {TEXT} tokens: time / that of a single-token step",
            first,
            [step[number // len(LEAVE)] for number in range(len(first))],
        ),
        spread("lab", f"{ROLLOUTS} rollouts of {LENGTH} tokens", together, "s"),
        spread("lab", "from the press to the first new token of a branch", [1000 * one for one in first]),
        spread("lab", f"one more token after {TEXT}", [1000 * one for one in step]),
    ]
    return rows, {"rollouts_s": together, "single_runs_s": alone, "branch_s": first, "step_s": step}


def rollouts(number: int, count: int) -> tuple[float, float]:
    """Return the seconds that rollouts take together, and as single runs one after another."""
    engine, run = our_engine(), begun(number)
    start = time.perf_counter()
    *_, runs = Rollouts(engine, run, count, LENGTH)
    together = time.perf_counter() - start
    start = time.perf_counter()
    for seed in range(run.seed, run.seed + count):
        *_, alone = engine.write(run, LENGTH, seed=seed)
        if alone.token_ids != runs[seed - run.seed].token_ids:
            raise RuntimeError(f"rollout {seed} is not the run of its seed")
    return together, time.perf_counter() - start


def branches_and_steps(number: int) -> tuple[list[float], list[float]]:
    """Return the seconds to the first new token of some branches of one run, and those of single tokens."""
    engine = our_engine()
    *_, run = engine.write(begun(number), TEXT)
    waits = []
    for left in LEAVE:
        position = len(run.prompt_token_ids) + left
        token_id = other_token(run, position)
        start = time.perf_counter()
        branch = engine.write(branched(engine, run, position, token_id), 1)
        *_, grown = branch
        waits.append(time.perf_counter() - start)
        assert len(grown.steps) == left + 2
    arrivals = [time.perf_counter()]
    for _ in engine.write(run, SINGLE):
        arrivals.append(time.perf_counter())
    return waits, [after - before for before, after in pairwise(arrivals)]


def begun(number: int) -> Run:
    """Return a run that has not begun, sampled and not greedy."""
    run = our_run(usual_format(), prompt_ids(number))
    return Run(run.model, run.prompt, run.prompt_token_ids, DICE, number, precision=run.precision)


def other_token(run: Run, position: int) -> int:
    """Return the most likely token that does not stand at a position."""
    previous = run.token_ids[:position]
    logits = our_engine().read(previous, run.precision).softmax(position - 1).scores
    likely = shape(logits, DICE).most_likely(2)
    return int(next(token_id for token_id in likely if token_id != run.token_ids[position]))
