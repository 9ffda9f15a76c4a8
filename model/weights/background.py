"""A model that loads in a thread while the page is already up."""

import logging
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from model.weights.cache import Report
from model.weights.catalog import DEFAULT, ModelError

if TYPE_CHECKING:
    from model.network.language_model import LanguageModel
    from model.weights.precision import Precision


class BackgroundModel:
    """The language model of this process: first a promise with a progress line, then the model.

    Made at once and cheap; `start` begins the work. Safe to read from any thread.
    """

    def __init__(
        self,
        spec: str = DEFAULT,
        *,
        device: str = "auto",
        precision: "Precision" = "auto",
        report: Report = print,
        title: str | None = None,
        turn: AbstractContextManager[object] | None = None,
    ) -> None:
        """Promise a model.

        Args:
            spec: see `catalog.resolve`.
            device: see `load_model`.
            precision: see `load_model`.
            report: receives sentences on the progress.
            title: see `load_model`.
            turn: held while it loads, so that of several models one is loaded at a time.
        """
        self._title, self._turn = title, turn or nullcontext()
        self.spec, self.device, self.precision = spec, device, precision
        self.report_line = "Starting."
        """The latest sentence on the progress."""
        self.error: ModelError | None = None
        self._report = report
        self._model: LanguageModel | None = None
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._load, name="model loading", daemon=True)

    def start(self) -> None:
        """Begin to load.

        Raises:
            RuntimeError: called twice.
        """
        self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether `wait` returns the model at once."""
        return self._model is not None

    def wait(self, timeout: float | None = None) -> "LanguageModel":
        """Return the model, waiting up to `timeout` seconds for it (None: as long as it takes).

        Raises:
            ModelError: loading failed, or is not done in time.
        """
        self._finished.wait(timeout)
        if self._model is not None:
            return self._model
        if self.error is not None:
            raise self.error
        raise ModelError(f"The model is still loading. {self.report_line} Try again in a moment.")

    def _load(self) -> None:
        try:
            # Torch and Transformers take seconds to import, which is why all this happens in a thread.
            from model.weights.loading import load_model  # noqa: PLC0415

            with self._turn:
                self._model = load_model(
                    self.spec,
                    device=self.device,
                    precision=self.precision,
                    report=self._progress,
                    title=self._title,
                )
        except ModelError as error:
            self.error = error
        except Exception as error:  # whoever waits must hear of any failure
            logging.getLogger(__name__).exception("Loading %s failed unexpectedly.", self.spec)
            self.error = ModelError(
                f"Loading {self.spec} failed unexpectedly ({type(error).__name__}: {error}). "
                "This is a fault of the app: please report it with the lines above."
            )
        finally:
            self._finished.set()

    def _progress(self, line: str) -> None:
        self.report_line = line
        self._report(line)
