"""Answers that are changed on their way: held back until they are whole."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send


class Gathering:
    """One answer on its way: gathered, changed and sent, or passed on as it comes."""

    def __init__(
        self,
        send: Send,
        wanted: Callable[[Message], bool],
        changed: Callable[[bytes, MutableHeaders], Awaitable[bytes]],
    ) -> None:
        """Take an answer.

        Args:
            send: hears of it.
            wanted: tells by its start whether it is to be changed.
            changed: returns another body, and may change the headers; of an answer without a body (to HEAD)
                nothing is changed.
        """
        self._send, self._wanted, self._changed = send, wanted, changed
        self._start: Message | None = None
        """Of an answer that is gathered."""
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start" and self._wanted(message):
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = bytes(self._body)
        if body:
            headers = MutableHeaders(scope=start)
            body = await self._changed(body, headers)
            headers["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
