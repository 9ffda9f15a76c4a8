"""What nobody means well by: texts, values, addresses and whole requests, some five hundred together."""

import json
from itertools import chain
from typing import Any

MARKUP = (
    "<script>window.harmed=1</script>",
    "<img src=x onerror=window.harmed=1>",
    "<svg/onload=window.harmed=1>",
    "</script><script>window.harmed=1</script>",
    "</style><script>window.harmed=1</script>",
    "</textarea><script>window.harmed=1</script>",
    "<iframe srcdoc='<script>parent.harmed=1</script>'>",
    "<a href=javascript:window.harmed=1>x</a>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=window.harmed=1>",
    "<!--<img src=x onerror=window.harmed=1>-->",
    '"><img src=x onerror=window.harmed=1>',
    "' onmouseover=window.harmed=1 '",
    "${window.harmed=1}",
    "`${window.harmed=1}`",
    "{{constructor.constructor('window.harmed=1')()}}",
    "{% raw %}{{ 7*7 }}{% endraw %}",
    "\\u003cscript\\u003ewindow.harmed=1\\u003c/script\\u003e",
    "&lt;script&gt;window.harmed=1&lt;/script&gt;",
    "javascript:window.harmed=1",
    "<base href=//example.org/>",
    "<link rel=stylesheet href=//example.org/x.css>",
    "<meta http-equiv=refresh content='0;url=//example.org'>",
    "<object data=//example.org></object>",
    "<form action=//example.org><button>x",
    "<details open ontoggle=window.harmed=1>",
    "<noscript><p title='</noscript><img src=x onerror=window.harmed=1>'>",
    "[x](javascript:window.harmed=1)",
    "$$\\href{javascript:window.harmed=1}{x}$$",
    "<extra_id_0><|endoftext|><|im_start|>system",
    "%3Cscript%3Ewindow.harmed=1%3C/script%3E",
)
"""Scripts and markup that a page must show and never run."""

LETTERS = (
    "\0",
    "a\0b",
    "\x01\x02\x1b[31m",
    "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "\ufeff",
    "\ufffe\uffff",
    "\u202eabc\u202c",
    "\u2066\u2067\u2068\u2069",
    "\u200b\u200c\u200d\u2060",
    "e" + "\u0301" * 40,
    "👩‍👩‍👧‍👦" * 6,
    "\U0010ffff",
    "\U000e0001\U000e0020",
    "ﷺ",
    "ǆ ﬀ ß İ ı",
    "中文 العربية עברית हिन्दी",
    "\u2028\u2029\u0085",
    "\t\v\f",
    " " * 40,
    "'; DROP TABLE runs; --",
    "' OR 1=1 --",
    "$(touch harmed)",
    "`touch harmed`",
    "| touch harmed",
    "%s%s%n%x",
    "{0.__class__}",
    "{prompt!r}",
    "../../etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:1/",
    "true",
    "null",
    "NaN",
    "-1",
    "__proto__",
    "constructor",
    "CON",
    "-----BEGIN",
    "a" * 1000,
    "\U0001f1e6" * 9,
    "\u0600\u0e01\u0300",
)
"""Characters that something may stumble over: none, invisible, of either direction, of other languages."""

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    -1,
    0.5,
    -0.0,
    10**9,
    2**63,
    -(2**63) - 1,
    10**30,
    5e-324,
    1.7976931348623157e308,
    "",
    "7",
    "seven",
    "NaN",
    "Infinity",
    "\0",
    [],
    [1],
    [[]],
    {},
    {"a": 1},
    {"__type__": "update"},
    {"__type__": "update", "value": "x"},
    {"__proto__": {"harmed": 1}},
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    {"url": "http://127.0.0.1:1/", "meta": {"_type": "gradio.FileData"}},
    {"path": "/etc/passwd", "orig_name": "x", "is_stream": True},
    ["x"] * 1000,
    "x" * 100_000,
    {"x" * 1000: ["y"] * 100},
)
"""What stands where a number, a text or a choice is asked for."""

RAW = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'"data"',
    b'{"data"',
    b'{"data": }',
    b'{"data": null}',
    b'{"data": 7}',
    b'{"data": "x"}',
    b'{"data": {}}',
    b'{"data": [NaN]}',
    b'{"data": [Infinity]}',
    b'{"data": [-Infinity]}',
    b'{"data": [1e400]}',
    b'{"data": [' + b"9" * 5000 + b"]}",
    b'{"data": ["\\ud800"]}',
    b'{"data": ["\\udc00\\ud800"]}',
    b'{"data": ["\xff\xfe"]}',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"data": [' + b"[" * 500 + b"]" * 500 + b"]}",
    b"[" * 100_000,
    b'{"a":' * 5000,
    b'{"data": [], "data": ["x"]}',
    b'{"data": ["x"], "fn_index": "x"}',
    b'{"data": ["x"], "session_hash": 7}',
    b'{"data": ["x"], "session_hash": {"a": 1}}',
    b'{"data": ["x"], "event_id": [], "trigger_id": "x"}',
    b'{"data": ["x"], "batched": "maybe"}',
    b"<xml/>",
    b"data=x&fn_index=0",
    b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\nx\r\n--x--',
    b"\x00" * 1000,
    b"\x1f\x8b\x08\x00",
)
"""Bodies of requests; most are no JSON, or none of the right shape."""

KINDS = (
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "x/\xff",
    "",
)
"""What a body is said to be."""

TRAVERSALS = (
    "/etc/passwd",
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "....//....//etc/passwd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "..%252f..%252fetc%252fpasswd",
    "%00/etc/passwd",
    "x%00.png",
    "file:///etc/passwd",
    "http://127.0.0.1:1/",
    "//127.0.0.1/x",
    "%ff%fe",
    "a" * 5000,
)
"""Names of files that are none of a visitor's business."""

ROUTES = (
    "gradio_api/file=",
    "gradio_api/file/",
    "gradio_api/proxy=",
    "gradio_api/stream/",
    "gradio_api/custom_component/",
    "gradio_api/upload_progress?upload_id=",
    "gradio_api/heartbeat/x/",
    "static/",
    "assets/",
    "svelte/",
    "gradio_api/theme.css/",
    "gradio_api/run-history/records/",
    "gradio_api/call/tokenize/",
    "monitoring/",
    "file=",
)
"""Where such a name may be tried."""

ADDRESSES = (
    "?at=-4",
    "?at=1e400&page=%00",
    "?page=../../etc/passwd&at=abc",
    "?deep_link=..%2f..%2fetc%2fpasswd",
    "?__theme=%3Cscript%3E",
    "?page=%3Cscript%3Ewindow.harmed=1%3C/script%3E",
)
"""Of the page, with pages and tokens that there are not."""


def bodies() -> list[Any]:
    """Return the data of calls: every hostile text and value, by itself."""
    return [*MARKUP, *LETTERS, *VALUES]


def requests() -> list[tuple[str, bytes, str]]:
    """Return bodies as they are sent, each with what it is said to be and where it goes."""
    places = ("gradio_api/queue/join", "gradio_api/call/tokenize", "gradio_api/call/v2/tokenize")
    plain = [(place, body, KINDS[0]) for place in places for body in RAW]
    others = [(place, b'{"data": ["x"]}', kind) for place in places for kind in KINDS[1:]]
    more = [("gradio_api/" + place, body, KINDS[0]) for place in ("cancel", "reset") for body in RAW]
    return [*plain, *others, *more]


def paths() -> list[str]:
    """Return addresses below the app's own."""
    return [*(route + name for route in ROUTES for name in TRAVERSALS), *ADDRESSES]


def everything() -> int:
    """Return how many there are."""
    return len(list(chain(bodies(), requests(), paths())))


def as_json(value: Any) -> bytes:
    """Return the body of a call with one value."""
    return json.dumps({"data": [value]}).encode()
