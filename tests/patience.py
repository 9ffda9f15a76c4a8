"""How long a test waits for something before it has failed: a slow or busy machine is no failure.

No test waits for a fixed time, or asserts one: it waits for what is to come, which is there at once on a fast
machine.
"""

PATIENCE = 120
"""Seconds."""
EVERY_REQUEST = {"timeout": PATIENCE}
"""For `gradio_client`, whose requests would give up after five seconds."""
