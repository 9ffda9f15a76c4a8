"""GPT Inside Out: read the command line, load the model, build the pages, serve."""

import errno
import os
import signal
import socket
import sys
from importlib.util import find_spec
from types import FrameType
from typing import Any

# No message about this machine leaves it. Set before the libraries are imported, which read it once.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# After each event Gradio sums up those of the past, for a page that nobody opens: 11 ms for the 10,000 that
# it remembers, 6 ms for a hundred.
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
# Weights lie in huge pages where Linux gives them on request: every token reads all of them. One row through
# float32 layers of 768 × 3072 took 10.5 ms where it had taken 12.5, on two cores of an Intel Xeon.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
# Progress is told in sentences; bars of the libraries would draw over them.
os.environ["TQDM_DISABLE"] = "1"

from model.weights.background import BackgroundModel
from model.weights.catalog import ModelError, require_catalog, resolve
from viz.command_line import Options, read_options
from viz.server.log import LOG, begin_log, take_over_server_log
from viz.server.passwords import PasswordFile, PasswordFileError

THREADS_TO_SPARE = 24
"""Threads of the server for clicks and sliders, beside one for everybody whose text is written or waits."""


class Terminated(BaseException):
    """The app was told to end (SIGTERM), as systemd and Docker do; like KeyboardInterrupt."""


def main() -> int:
    """Serve until interrupted; return the exit status."""
    options = read_options()
    begin_log(options.log_format, texts=options.log_texts)
    signal.signal(signal.SIGTERM, _terminated)
    problem = why_not_begun(options) or why_not_served(options.host, options.port)
    if problem:
        return failed(problem)
    app: Any = None
    try:
        model = BackgroundModel(options.model, device=options.device, precision=options.precision, report=say)
        app = build(model, options)
        app.launch(**launch_options(options))
        take_over_server_log()
        if options.metrics and (problem := count(app, options.metrics)):
            app.close(verbose=False)
            return failed(problem)
        announce(app, options)
        # Only now: both imports hold the interpreter, and the page with its stored example comes first.
        model.start()
        model.wait()
        app.block_thread()
    except ModelError as error:
        app.close(verbose=False)
        return failed(error)
    except KeyboardInterrupt:
        app.close(verbose=False)
    except Terminated:
        end_well(app, options)
    finally:
        if app is not None and app.trainings is not None:
            app.trainings.close()  # what is being learned rests behind a checkpoint
    return 0


def _terminated(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # who says it twice does not want to wait
    raise Terminated


def end_well(app: Any, options: Options) -> None:
    """Let texts that are being written end, then close; the app may not be served yet."""
    if app is None:
        return
    from viz.server.drain import drain  # noqa: PLC0415 - as in build

    say("Told to end: nothing new begins, and texts that are being written have a moment.")
    finished, cut = drain(app, options.drain_seconds)
    say(f"{finished} texts were finished, {cut} were cut.")
    app.close(verbose=False)


def count(app: Any, address: tuple[str, int]) -> str | None:
    """Serve the app's numbers for Prometheus; return why that is not possible, or None."""
    from viz.server.gradio_private import open_pages  # noqa: PLC0415 - as in build
    from viz.server.metrics import Numbers, serve_metrics  # noqa: PLC0415

    try:
        serve_metrics(Numbers(app, lambda: open_pages(app.app)), address)
    except OSError as error:
        host, port = address
        return f"The numbers cannot be served at {host}:{port} ({error.strerror}). Use another --metrics."
    return None


def why_not_begun(options: Options) -> str | None:
    """Return what these options lack and what to do, or None if the app can begin with them."""
    try:
        (require_catalog if options.public else resolve)(options.model)
        if options.auth_file is not None:
            PasswordFile(options.auth_file, say)
    except (ModelError, PasswordFileError) as error:
        return str(error)
    if options.mcp and find_spec("mcp") is None:
        return "--mcp needs the package mcp, which is not here: pip install -r requirements-mcp.txt"
    if options.mcp and (options.auth or options.auth_file):
        return "--mcp cannot ask for a password: leave out --mcp, or --auth and --auth-file."
    return None


def build(model: BackgroundModel, options: Options) -> Any:
    """Return the Gradio app, not yet served."""
    # Gradio takes seconds to import: --help and a wrong option answer without it.
    from viz.explore import build_app  # noqa: PLC0415
    from viz.server.limits import Limits  # noqa: PLC0415

    limits = Limits(
        max_prompt_tokens=options.max_prompt_tokens,
        max_new_tokens=options.max_new_tokens,
        places=options.places,
        queue_size=options.queue_size,
        internals_bytes=options.internals_memory * 2**20,
        rollout_tokens=options.rollout_tokens,
    )
    trainings = trainings_of(options)
    return build_app(model, limits, lambda own: shelf(own, options, trainings), trainings)


def shelf(own: Any, options: Options, trainings: Any) -> Any:
    """Return what keeps the models that visitors may choose beside the server's own."""
    import psutil  # noqa: PLC0415 - as in build

    from viz.server.models import MIB, Models, catalogue  # noqa: PLC0415
    from viz.training.trained import trained  # noqa: PLC0415

    memory = options.models_memory * MIB or psutil.virtual_memory().available // 3
    own_title = resolve(options.model).title
    others = [one for one in catalogue(options.models) if one.title != own_title]
    return Models(
        own,
        catalog=others,
        trained=trained(trainings),
        memory=memory,
        device=options.device,
        precision=options.precision,
    )


def trainings_of(options: Options) -> Any:
    """Return the line of trainings, or None if visitors may train nothing here."""
    if not options.trains:
        return None
    from model.training.line import Bounds, TrainingLine  # noqa: PLC0415 - as in build
    from model.weights.cache import cache_folder  # noqa: PLC0415

    return TrainingLine(
        cache_folder() / "training",
        Bounds(options.training_steps, options.training_minutes, kept_mib=options.training_disk),
    )


def launch_options(options: Options) -> dict[str, Any]:
    """Return the arguments of Gradio's `launch`: where, to whom and how to serve, and its look."""
    from viz.launch import launch_arguments  # noqa: PLC0415 - as in build

    if options.public and not options.trusted_proxies:
        # Gradio's server would believe what a proxy on this machine passes on, whoever wrote it.
        os.environ.setdefault("FORWARDED_ALLOW_IPS", "")
    passwords = options.auth_file and PasswordFile(options.auth_file, say).lets_in
    return {
        "server_name": _bracketed(options.host),
        "server_port": options.port,
        "share": options.share,
        "root_path": options.root_path,
        "auth": passwords or options.auth,
        "mcp_server": options.mcp,
        "prevent_thread_lock": True,
        "quiet": True,
        "max_threads": THREADS_TO_SPARE + options.places + options.queue_size,
        **launch_arguments(
            options.frame_ancestors or "", public=options.public, trusted_proxies=options.trusted_proxies
        ),
    }


def _bracketed(host: str) -> str:
    """Return a host as it stands in an address: that of version 6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def why_not_served(host: str, port: int) -> str | None:
    """Return why this address cannot be served and what to do, or None if it can."""
    try:
        # Gradio also probes 127.0.0.1, whatever the host.
        for name in (host.strip("[]"), "127.0.0.1"):
            family, kind, protocol, _, address = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"Port {port} is in use. Choose another one, e.g. --port {port % 65535 + 1}."
        if error.errno == errno.EACCES:
            return f"Port {port} may not be used by this user. Choose one above 1023, e.g. --port 7860."
        return f"The app cannot be served at {host} ({error.strerror}). Use --host 127.0.0.1 or 0.0.0.0."
    return None


def announce(app: Any, options: Options) -> None:
    """Print where the app can be reached, and by whom."""
    say(f"GPT Inside Out is at {app.local_url}")
    if options.share and not app.share_url:
        say("A public link could not be made (is the internet reachable?); the app is served locally only.")
    if options.mcp:
        say(f"Its MCP tools are at {app.local_url}gradio_api/mcp/")
    if options.public and not options.trusted_proxies and options.root_path:
        say("Behind a proxy all visitors have its address: say how many there are, e.g. --trusted-proxies 1")
    if options.is_public and not (options.auth or options.auth_file):
        say("Whoever knows the address can use it. To ask for a password: GPT_INSIDE_OUT_AUTH=user:password")


def say(line: str) -> None:
    """Put a sentence into the log, at once: the console."""
    LOG.info(line)


def failed(reason: object) -> int:
    """Say why the app ends; return the exit status."""
    LOG.error(str(reason))
    return 1


if __name__ == "__main__":
    sys.exit(main())
