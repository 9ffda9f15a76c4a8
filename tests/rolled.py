"""A rollout of given tokens."""

from model.texts.run import Run, Step


def rollout(*token_ids: int, probability: float = 0.5, logprob: float = -1.0) -> Run:
    steps = tuple(
        Step(1 + index, token_id, str(token_id), str(token_id), 0.2, logprob, probability, 1, 2.0, 3)
        for index, token_id in enumerate(token_ids)
    )
    return Run(model="tiny@00", prompt="p", prompt_token_ids=(0,), steps=steps)
