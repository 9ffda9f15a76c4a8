"""The app in numbers for Prometheus, served apart from the page, at an address of their own.

Every number is read where it is kept, when it is asked for: nothing is computed for it meanwhile.
"""

from collections.abc import Callable, Iterator
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from model.engine.tally import Waits
from viz.server.blocks import Blocks

PREFIX = "gpt_inside_out_"


class Numbers(Collector):
    """What is counted of one app."""

    def __init__(self, app: Blocks, pages: Callable[[], int]) -> None:
        """Take what is counted.

        Args:
            app: with its service.
            pages: says how many are open.
        """
        self._app, self._pages = app, pages

    def collect(self) -> Iterator[Metric]:
        """Yield all numbers as they are now; those of the engines once the model is there."""
        service = self._app.service
        assert service is not None
        yield _gauge(
            "ready",
            "Whether the model has loaded and new work is taken: 1 or 0.",
            float(service.ready and not service.shared.draining),
        )
        yield _gauge("pages_open", "Pages that visitors have open.", self._pages())
        refused = CounterMetricFamily(PREFIX + "refusals", "Requests that were refused.", labels=["reason"])
        for reason, count in list(service.refusals.items()):
            refused.add_metric([reason], count)
        yield refused
        events = HistogramMetricFamily(
            PREFIX + "event_step_seconds",
            "What one step of an event took: an event that writes has many.",
            labels=["event"],
        )
        for name, waits in list(self._app.steps.items()):
            events.add_metric([name], buckets=_buckets(waits), sum_value=waits.seconds)
        yield events
        if service.ready:
            yield from self._of_engine()

    def _of_engine(self) -> Iterator[Metric]:
        service = self._app.service
        assert service is not None
        engines, tally = service.shared, service.shared.tally
        yield CounterMetricFamily(PREFIX + "tokens", "Tokens that were written.", tally.tokens)
        texts = CounterMetricFamily(PREFIX + "texts", "Texts that have ended.", labels=["reason"])
        for reason, count in list(tally.texts.items()):
            texts.add_metric([reason], count)
        yield texts
        yield _gauge("texts_writing", "Texts that are being written.", engines.writing)
        yield _gauge("texts_waiting", "Texts that wait for a place.", engines.waiting)
        yield _gauge("recordings_bytes", "Memory of the recordings of all texts.", engines.recorded_bytes)
        yield _gauge("recordings_limit_bytes", "Memory that they may take.", engines.recorded_limit)
        first = tally.first_token
        yield HistogramMetricFamily(
            PREFIX + "first_token_seconds",
            "From the request for a text to its first token, its wait in line included.",
            buckets=_buckets(first),
            sum_value=first.seconds,
        )


def serve_metrics(numbers: Numbers, address: tuple[str, int]) -> WSGIServer:
    """Serve the numbers at a host and port; return the server, to be shut down.

    Raises:
        OSError: nothing can be served there.
    """
    registry = CollectorRegistry()
    registry.register(numbers)
    host, port = address
    server, _ = start_http_server(port, host, registry)
    return server


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, value)


def _buckets(waits: Waits) -> list[tuple[str, float]]:
    """Return the classes as Prometheus wants them: each with all below it."""
    ends = [*(str(end) for end in waits.ends), "+Inf"]
    counts = list(waits.counts)
    return [(end, sum(counts[: place + 1])) for place, end in enumerate(ends)]
