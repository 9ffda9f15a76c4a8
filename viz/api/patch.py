"""Activation patching for programs: an endpoint of the same name."""

import math
from typing import Any

import gradio as gr

from model.interventions.patching import patched
from viz.api.explore import Endpoints, explained
from viz.server.contrasts import contrast_of, prompts_of, site_of
from viz.server.limits import SEARCHING
from viz.server.service import Service
from viz.words.strings import say


def add_patch_api(service: Service) -> None:
    """Add the endpoint to the app that is being built."""
    gr.api(PatchApi(service).patch, api_name="patch", api_description=say("api.patch"), **SEARCHING)


class PatchApi(Endpoints):
    """The endpoint."""

    def patch(
        self, clean: str, corrupted: str, answer: str, distractor: str, site: str = "residual"
    ) -> dict[str, Any]:
        """Return how much of a clean prompt's logit difference comes back place by place.

        Args:
            clean: the prompt whose activations are put into the run of the other.
            corrupted: the other prompt, of as many tokens.
            answer: the token for which the clean prompt speaks, one token with its leading space.
            distractor: the token for which the corrupted prompt speaks, likewise.
            site: residual, attention, mlp or head.
        """
        with explained():
            self.ready()
            prompts = prompts_of(self.service, clean, corrupted, answer, distractor)
            where = site_of(self.service, site)
            pair = contrast_of(self.service, prompts)
            *_, values = patched(self.service.model, pair, where)
            token_of = self.service.text.token
            return {
                "values": [[float(one) if math.isfinite(one) else None for one in row] for row in values],
                "tokens_clean": [token_of(token_id) for token_id in prompts.clean],
                "tokens_corrupted": [token_of(token_id) for token_id in prompts.corrupted],
                "logit_difference_clean": pair.clean_difference,
                "logit_difference_corrupted": pair.corrupted_difference,
            }
