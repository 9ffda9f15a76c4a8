"""What is said in words of the neurons of a layer."""

from model.interior.neurons import LayerNeurons
from viz.words.percent import count, signed
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import told_token


def neurons_html(found: LayerNeurons, token: str) -> str:
    """Return how few neurons do half of the writing, and what all of them did to a token, as escaped HTML.

    Args:
        found: the neurons of a layer at one step.
        token: raw text of the token whose logit is told apart.
    """
    sentence = say(
        "interior.neurons.half",
        half=count(found.half),
        count=count(len(found.activations)),
        layer=found.layer,
        logit=signed(float(found.logits.sum())),
        token=told_token(token),
    )
    paragraphs = (sentence, say("interior.neurons.caveat"))
    return "".join(f'<p class="say">{prose(paragraph)}</p>' for paragraph in paragraphs)
