"""Gets the embedded model ready before the tests: converted, and its formats measured, by one process alone.

Run as `python -m tests.embedded_once` (`make test` does). What is measured while others compute is
believed by nobody, and each start of the app would measure it once more. It is measured for the one thread
that each of several processes of tests has (see `tests/conftest.py`), and so have the apps that they start.
"""

from model.weights.loading import load_model

if __name__ == "__main__":
    load_model(device="cpu", precision="auto")
