"""Simulated visitors of the Explore page: what a person does there, and what came back to them.

Each is a coroutine on one event loop. A `PageVisitor` speaks the page's own protocol as the browser does:
join an event, read its answers as server-sent events, let a moved slider replace the one that still waits.
An `ApiVisitor` does the like with gradio_client on the public endpoints.
"""

import asyncio
import re
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import orjson
from gradio_client import Client
from gradio_client.exceptions import AppError
from gradio_client.utils import QueueError

GLANCE = (2, 8)
"""Seconds that a person looks at what has come before touching anything again."""
SILENCE = 300
"""Seconds after which an event that was not heard of has been forgotten by the server."""
POLL = 0.02
"""Seconds between looks at a run that gradio_client receives, itself by looking every 0.05 s."""
BUSY = re.compile(
    r"queue|busy|\bwait|in line|too many|\bplaces?\b|later|being written|try again", re.IGNORECASE
)
"""What a server says, in whatever words, that turns a visitor away because of what else it does."""
PUTS_OFF = {"step", "continue", "cut", "undo"}
"""Actions of the page that a sentence may answer well: nothing to undo, the text has ended."""
SENTENCES = {"notice", "status", "stop", "undo"}
"""Outputs that are no figure."""

WORDS = (
    "lighthouse",
    "robot",
    "harbour",
    "winter",
    "violin",
    "forest",
    "planet",
    "kitchen",
    "river",
    "library",
)
STORY = "The {word} was quiet that morning, and nobody remembered who had left the {word} door open. "
PROMPTS = (
    "The {word}",
    "Once upon a time there was a {word} that nobody had ever seen. Every morning",
    STORY * 8 + "Then",
    "def {word}_count(items):\n    total = 0\n    for item in items:\n",
    'import json\n\nclass {word}:\n    """Keeps',
    "从前有一个小机器人，它住在 {word} 里。每天早上",
    "🌊🤖✨ {word} 🎻👩‍🚀 means",
    "Dear {word},\n\nthank you for your letter. I",
)


class Refused(Exception):
    """The server said in a sentence that it will not."""


class Broken(Exception):
    """The server failed, or its answer is not one."""


@dataclass
class Text:
    """What a visitor saw of a text while it grew."""

    by: str
    kind: str
    pressed: float = field(default_factory=time.perf_counter)
    before: int = 0
    """Generated tokens that were there already."""
    seen: list[tuple[float, int]] = field(default_factory=list)
    """When an update with more tokens came, and how many were new since the press."""

    def saw(self, generated: int) -> None:
        """Note an update, which may bring several tokens or none."""
        if generated - self.before > (self.seen[-1][1] if self.seen else 0):
            self.seen.append((time.perf_counter(), generated - self.before))


@dataclass
class Tally:
    """What all visitors did and saw."""

    actions: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    texts: list[Text] = field(default_factory=list)
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """From an action to the figures that show it."""
    waiting: dict[object, float] = field(default_factory=dict)
    """Actions that are not over, and when they were last heard of."""
    silences: list[tuple[float, str]] = field(default_factory=list)
    """Seconds that each action was not heard of at a stretch, the longest of it."""

    @contextmanager
    def action(self, kind: str) -> Iterator[Callable[[], None]]:
        """Count an action, and whatever goes wrong in it: the visitor carries on.

        Yields:
            What is to be called with every news of it.
        """
        key = object()
        self.actions[kind] += 1
        self.waiting[key] = time.perf_counter()
        longest = 0.0

        def heard() -> None:
            nonlocal longest
            now = time.perf_counter()
            longest, self.waiting[key] = max(longest, now - self.waiting[key]), now

        try:
            yield heard
        except Refused as sentence:
            expected = kind in PUTS_OFF or BUSY.search(str(sentence))
            (self.refusals if expected else self.errors)[f"{kind}: {sentence}"] += 1
        except Exception as error:  # noqa: BLE001 - to count what a visitor may meet is what this is for
            name = "" if isinstance(error, Broken) else f"{type(error).__name__}: "
            self.errors[f"{kind}: {name}{error}"[:400]] += 1
        finally:
            heard()
            self.silences.append((longest, kind))
            del self.waiting[key]


async def live(visitor: "PageVisitor | ApiVisitor") -> None:
    """Come, write some texts, look around, leave, and come back as somebody new, without an end."""
    while True:
        try:
            if not await visitor.arrive():
                await asyncio.sleep(1)
                continue
            for _ in range(visitor.random.randint(2, 4)):
                if not await write_and_look(visitor):
                    break
        finally:
            await visitor.leave()


async def write_and_look(visitor: "PageVisitor | ApiVisitor") -> bool:
    """Write a text and look around meanwhile and afterwards; return False after leaving in the middle."""
    random = visitor.random
    fate = random.choices(["read", "stop", "leave"], [80, 12, 8])[0]
    patience = random.randint(1, 5)  # looks before a visitor who will not read to the end presses or leaves
    visitor.choose()
    writing = asyncio.create_task(visitor.write("generate"))
    try:
        while not (await asyncio.wait([writing], timeout=random.uniform(*GLANCE)))[0]:
            patience -= 1
            if patience <= 0 and fate == "leave":
                visitor.tally.actions["leave in the middle"] += 1
                return False
            if patience <= 0 and fate == "stop" and visitor.can_stop:
                fate = "read"
                await visitor.stop()
            else:
                await visitor.look(random.choice(["click", "slider", "head"]))
    finally:
        writing.cancel()
    for _ in range(random.randint(1, 4)):
        await asyncio.sleep(random.uniform(*GLANCE))
        match random.choices(["look", "step", "continue", "cut"], [70, 12, 6, 12])[0]:
            case "look":
                await visitor.look(random.choice(["click", "slider", "head"]))
            case "cut":
                await visitor.cut()
            case kind:
                await visitor.write(kind)
    return True


class Visitor:
    """What both kinds share: a prompt and settings of their own, and a seeded mind."""

    by = "nobody"

    def __init__(self, address: str, http: httpx.AsyncClient, tally: Tally, random: Random) -> None:
        self.address, self.http, self.tally, self.random = address, http, tally, random
        self.prompt = ""
        self.settings: dict[str, Any] = {}
        self.can_stop = True
        """Whether Stop can be pressed: on the page only from the moment that the button allows it."""

    def choose(self) -> None:
        """Think of a prompt and settings."""
        self.prompt = self.random.choice(PROMPTS).format(word=self.random.choice(WORDS))
        self.settings = self.dials() | {
            "seed": self.random.randrange(10**6),
            "max_new_tokens": self.random.randint(32, 128),
        }

    def dials(self) -> dict[str, Any]:
        """Return a place of the sampler's sliders; one in three is greedy."""
        if self.random.random() < 1 / 3:
            return {"temperature": 0, "top_k": 0, "top_p": 1.0, "min_p": 0, "repetition_penalty": 1.0}
        return {
            "temperature": round(self.random.uniform(0.3, 1.5), 2),
            "top_k": self.random.choice([0, 5, 40]),
            "top_p": self.random.choice([0.8, 0.95, 1.0]),
            "min_p": self.random.choice([0, 0, 0.05]),
            "repetition_penalty": self.random.choice([1.0, 1.0, 1.2]),
        }


class Session:
    """One open page: its heartbeat, its stream of messages, and the events that wait for an answer."""

    def __init__(self, address: str, http: httpx.AsyncClient) -> None:
        self.address, self.http = address, http
        self.name = secrets.token_hex(6)
        self.inboxes: dict[str, asyncio.Queue[dict[str, Any]]] = defaultdict(asyncio.Queue)
        self.answered: set[str] = set()
        self.heart: asyncio.Task[None] | None = None
        self.stream: asyncio.Task[None] | None = None
        self.elements: dict[int, str] = {}
        self.values: dict[str, Any] = {}
        """What the controls stand at, by the id of their element."""
        self.functions: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        """Component and function of everything that an event starts."""

    async def open(self) -> None:
        """Load the page."""
        await self._answer("GET", "")
        config = (await self._answer("GET", "config")).json()
        for component in config["components"]:
            name = component["props"].get("elem_id") or ""
            self.elements[component["id"]] = name
            self.values[name] = component["props"].get("value")
        self.values[""] = None  # states, which the server keeps
        for function in config["dependencies"]:
            if not function["backend_fn"]:
                continue  # the browser's own
            for target, event in function["targets"]:
                self.functions[self.elements.get(target, ""), event].append((target, function))
        self.heart = asyncio.create_task(self._heartbeat())
        await self.run("", "load")

    def close(self) -> None:
        """Drop every connection, as a closed tab does."""
        for task in filter(None, (self.heart, self.stream)):
            task.cancel()

    async def run(
        self, element: str, event: str, *, saw: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Send an event with what the controls stand at, and return its last outputs by element.

        Args:
            element: what was clicked or moved, by its id.
            event: what happened to it.
            saw: called with the outputs of each update on the way.

        Raises:
            Broken: it failed or nothing came.
            Refused: the queue is full.
        """
        if self.heart is None or self.heart.done():
            raise Broken("the heartbeat has ended")
        if not (started := self.functions[element, event]):
            raise Broken(f"the page has no event {event} of #{element}")
        answers = await asyncio.gather(*(self._run(*one, element, event, saw) for one in started))
        return {name: value for answer in answers for name, value in answer.items()}

    async def _run(
        self,
        trigger: int,
        function: dict[str, Any],
        element: str,
        event: str,
        saw: Callable[[dict[str, Any]], None] | None,
    ) -> dict[str, Any]:
        """Run one function of an event."""
        inputs, outputs = ([self.elements[one] for one in function[side]] for side in ("inputs", "outputs"))
        body = {
            "session_hash": self.name,
            "fn_index": function["id"],
            "data": [self.values[name] for name in inputs],
            "event_data": self.values[element] if event == "select" else None,
            "trigger_id": trigger,
        }
        if not function["queue"]:
            answer = (await self._answer("POST", "gradio_api/run/predict", body)).json()
            return dict(zip(outputs, answer["data"], strict=True))
        event_id = (await self._answer("POST", "gradio_api/queue/join", body)).json()["event_id"]
        inbox = self.inboxes[event_id]
        if self.stream is None and event_id not in self.answered:
            self.stream = asyncio.create_task(self._listen())
        data: list[Any] | None = None
        try:
            while True:
                async with asyncio.timeout(SILENCE):
                    message = await inbox.get()
                if message["msg"] == "process_generating" and message.get("success", True):
                    data = followed(data, message["output"]["data"])
                    if saw:
                        saw(dict(zip(outputs, data, strict=True)))
                elif message["msg"] == "process_completed" and message["success"]:
                    return dict(zip(outputs, message["output"]["data"], strict=True))
                elif not message.get("success", True):
                    said = message.get("output", message)
                    raise Broken(said.get("error") or said.get("message") or "an error without words")
        except TimeoutError:
            raise Broken(f"nothing came for {SILENCE} s") from None
        finally:
            del self.inboxes[event_id]

    async def _answer(self, method: str, path: str, body: Any = None) -> httpx.Response:
        answer = await self.http.request(method, self.address + path, json=body)
        if answer.status_code == 503 and "queue" in answer.text.lower():
            raise Refused(answer.json()["detail"])
        if answer.is_error:
            raise Broken(f"{method} /{path}: status {answer.status_code}: {answer.text[:200]}")
        return answer

    async def _heartbeat(self) -> None:
        """Hold the connection by which the server knows that the page is open."""
        async with self.http.stream("GET", f"{self.address}gradio_api/heartbeat/{self.name}") as response:
            with suppress(httpx.HTTPError):  # the next event will tell
                async for _ in response.aiter_raw():
                    pass

    async def _listen(self) -> None:
        """Give every event its messages until the server has answered all."""
        why = "the stream ended before the answer"
        try:
            while True:
                async for message in self._messages():
                    if message["msg"] == "close_stream":
                        break
                    if event_id := message.get("event_id"):
                        self.inboxes[event_id].put_nowait(message)
                        if message["msg"] == "process_completed":
                            self.answered.add(event_id)
                    elif message["msg"] == "unexpected_error":
                        raise Broken(message["message"])
                else:
                    raise Broken(why)
                if self.answered.issuperset(self.inboxes):  # else one joined as the server closed
                    return
        except (httpx.HTTPError, Broken) as error:
            for event_id in set(self.inboxes) - self.answered:
                lost = {"msg": "lost", "success": False, "message": f"{type(error).__name__}: {error}"}
                self.inboxes[event_id].put_nowait(lost)
        finally:
            self.stream = None

    async def _messages(self) -> AsyncIterator[dict[str, Any]]:
        place = f"{self.address}gradio_api/queue/data"
        async with self.http.stream("GET", place, params={"session_hash": self.name}) as response:
            if response.is_error:
                raise Broken(f"queue/data: status {response.status_code}")
            rest = b""
            async for chunk in response.aiter_bytes():
                *lines, rest = (rest + chunk).split(b"\n\n")
                for line in lines:
                    yield orjson.loads(line.removeprefix(b"data:"))


class PageVisitor(Visitor):
    """Somebody at a browser."""

    by = "page"

    async def arrive(self) -> bool:
        """Open the page; return whether it is there."""
        self.session = Session(self.address, self.http)
        self.tokens, self.generated = 1, 0
        self.moved: dict[str, float] = {}
        self.redraws: dict[str, asyncio.Task[None]] = {}
        here = False
        with self.tally.action("open"):
            await self.session.open()
            here = True
        return here

    async def leave(self) -> None:
        """Close the tab."""
        for task in self.redraws.values():
            task.cancel()
        self.session.close()

    async def write(self, kind: str) -> None:
        """Press Generate, Step or Continue, and read to the end."""
        self.session.values["prompt"] = self.prompt
        self._set(self.settings)
        text = Text(self.by, kind, before=0 if kind == "generate" else self.generated)
        self.tally.texts.append(text)

        self.can_stop = self.stopping = False

        def saw(outputs: dict[str, Any], heard: Callable[[], None]) -> None:
            heard()
            self.can_stop = (outputs.get("stop") or {}).get("interactive", self.can_stop)
            self._read(outputs["tokens"])
            if isinstance(outputs["tokens"], dict) and "tokens" in outputs["tokens"]:
                text.saw(self.generated)

        with self.tally.action(kind) as heard:
            button = "more" if kind == "continue" else kind
            last = await self.session.run(button, "click", saw=lambda outputs: saw(outputs, heard))
            if not text.seen and not self.stopping:
                raise Refused(sentence(last)) if sentence(last) else Broken("ended without a token")

    async def stop(self) -> None:
        """Press Stop."""
        self.stopping = True
        with self.tally.action("stop"):
            await self.session.run("stop", "click")

    async def cut(self) -> None:
        """Click a token, cut the text there, and think better of it every other time."""
        await self.look("click")
        for kind in ("cut", "undo")[: self.random.randint(1, 2)]:
            await self._draw(kind, kind, "click")

    async def look(self, kind: str) -> None:
        """Click a token, or drag: the page waits for an answer and then asks for the latest place."""
        steps = {"click": 1, "head": 1, "slider": self.random.randint(5, 10)}[kind]
        for _ in range(steps):
            element, event = self._move(kind)
            self.moved[kind] = time.perf_counter()
            if kind not in self.redraws or self.redraws[kind].done():
                self.redraws[kind] = asyncio.create_task(self._draw(kind, element, event))
            if steps > 1:
                await asyncio.sleep(self.random.uniform(0.03, 0.15))
        await self.redraws[kind]

    def _move(self, kind: str) -> tuple[str, str]:
        """Change one control, and return it and its event."""
        values, random = self.session.values, self.random
        if kind == "click":
            values["selection"] = {"index": random.randrange(self.tokens)}
            return "selection", "select"
        if kind == "slider":
            self._set({"temperature": round(random.uniform(0, 2), 2)})
            return "temperature", "change"
        element = random.choice(["layer", "head", "mean-heads"])
        values[element] = not values[element] if element == "mean-heads" else random.randrange(9)
        return element, "change"

    async def _draw(self, kind: str, element: str, event: str) -> None:
        """Ask for figures until they show the last move."""
        self.moved.setdefault(kind, time.perf_counter())
        while moved := self.moved.pop(kind, None):
            with self.tally.action(kind):
                outputs = await self.session.run(element, event)
                figures = [name for name in outputs if name not in SENTENCES and changed(outputs[name])]
                if not figures:
                    raise Refused(sentence(outputs)) if sentence(outputs) else Broken("no figure changed")
                self.tally.seconds[f"{self.by}: {kind}"].append(time.perf_counter() - moved)
                self._read(outputs.get("tokens"))
                if isinstance(outputs.get("prompt"), str):  # Undo brings back what the text began with
                    self.prompt = outputs["prompt"]

    def _set(self, settings: dict[str, Any]) -> None:
        self.session.values |= {name.replace("_", "-"): value for name, value in settings.items()}

    def _read(self, strip: Any) -> None:
        if isinstance(strip, dict) and "tokens" in strip:
            self.tokens = max(1, len(strip["tokens"]))
            self.generated = sum(orjson.loads(token)["kind"] == "generated" for token in strip["tokens"])


class ApiVisitor(Visitor):
    """A program that does what a person would."""

    by = "api"

    async def arrive(self) -> bool:
        """Connect; return whether it worked."""
        self.client: Client | None = None
        self.job: Any = None
        self.written = ""
        with self.tally.action("open"):
            # A context that loads no certificates, for gradio_client makes one for every request.
            self.client = await asyncio.to_thread(
                Client, self.address, verbose=False, ssl_verify=False, analytics_enabled=False
            )
        return self.client is not None

    async def leave(self) -> None:
        """Disconnect. What is being written is cancelled: gradio_client cannot hang up."""
        if self.job and not self.job.done():
            await asyncio.to_thread(self.job.cancel)
        if self.client:
            await asyncio.to_thread(self.client.close)

    async def write(self, kind: str) -> None:
        """Generate, and watch the run grow; a step is a run of one token."""
        length = 1 if kind == "step" else self.settings["max_new_tokens"]
        prompt = self.prompt if kind == "generate" else (self.written or self.prompt)[-1000:]
        text = Text(self.by, kind)
        self.tally.texts.append(text)
        with self.tally.action(kind) as heard:
            settings = self.settings | {"max_new_tokens": length}
            self.job = job = self.client.submit(prompt, **settings, api_name="/generate")
            done, known = False, 0
            while not done:
                await asyncio.sleep(POLL)
                done = job.done()
                if (runs := job.outputs()) and len(runs) > known:
                    heard()
                    known = len(runs)
                    text.saw(len(runs[-1]["steps"]))
                    self.written = prompt + runs[-1]["text"]
            if job.communicator.should_cancel:
                return
            if error := job.exception():
                raise explained(error)
            if not text.seen:
                raise Broken("ended without a token")

    async def stop(self) -> None:
        """Cancel the run."""
        with self.tally.action("stop"):
            await asyncio.to_thread(self.job.cancel)

    async def cut(self) -> None:
        """Drop the second half of the text, which only this program knows of."""
        self.written = self.written[: len(self.written) // 2]

    async def look(self, kind: str) -> None:
        """Ask for the figures' numbers: attention for a click or a head, probabilities for a slider."""
        text = (self.written or self.prompt)[-1000:]
        for _ in range(self.random.randint(5, 10) if kind == "slider" else 1):
            with self.tally.action(kind):
                moved = time.perf_counter()
                if kind == "slider":
                    job = self.client.submit(text, **self.dials(), api_name="/next_token")
                else:
                    layer, head = self.random.randrange(9), self.random.randrange(-1, 9)
                    job = self.client.submit(text, layer=layer, head=head, api_name="/attention")
                try:
                    answer = await asyncio.wait_for(asyncio.wrap_future(job.future), SILENCE)
                except (QueueError, AppError) as error:
                    raise explained(error) from error
                if not answer["tokens"]:
                    raise Broken("an empty answer")
                self.tally.seconds[f"{self.by}: {kind}"].append(time.perf_counter() - moved)


def explained(error: BaseException) -> BaseException:
    """Return a refusal if the server was too busy, in gradio_client's words or its own."""
    if isinstance(error, QueueError | AppError):
        return Refused(str(error)) if BUSY.search(str(error)) else Broken(str(error))
    return error


def changed(value: Any) -> bool:
    """Tell whether an output is something to draw, not left as it was."""
    return not (isinstance(value, dict) and value.get("__type__") == "update")


def sentence(outputs: dict[str, Any]) -> str:
    """Return what the notice says, without its tags."""
    notice = outputs.get("notice")
    return re.sub(r"<[^>]*>", "", notice).strip() if isinstance(notice, str) else ""


def followed(data: list[Any] | None, update: list[Any]) -> list[Any]:
    """Return the outputs after an update: the first is whole, later ones are edits, done in place."""
    if data is None:
        return update
    return [edited(old, edits) for old, edits in zip(data, update, strict=True)]


def edited(value: Any, edits: list[Any]) -> Any:
    """Return a value after Gradio's edits."""
    for action, path, new in edits:
        if not path:
            value = value + new if action == "append" else new
            continue
        *way, last = path
        place = value
        for key in way:
            place = place[key]
        if action == "delete":
            del place[last]
        elif action == "append":
            place[last] += new
        elif action == "add" and isinstance(place, list):
            place.insert(int(last), new)
        else:
            place[last] = new
    return value
