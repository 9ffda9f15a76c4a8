import socket

import pytest

import app
from tests.imports import modules_after_importing
from viz.command_line import PREFIX, Options, read_options


def test_without_arguments_the_defaults_are_private_and_modest():
    options = read_options([], {})
    assert options == Options()
    assert (options.host, options.share, options.auth, options.port) == ("127.0.0.1", False, None, 7860)
    assert not options.is_public


def test_every_option_is_read_from_the_command_line():
    text = (
        "--model gpt2 --device cuda:1 --precision fast --host 0.0.0.0 --port 7861 --share --root-path /gpt "
        "--auth ann:a:b --max-prompt-tokens 100 --max-new-tokens 50 --places 4 --queue-size 9 "
        "--internals-memory 256"
    )
    assert read_options(text.split(), {}) == Options(
        "gpt2", "cuda:1", "fast", "0.0.0.0", 7861, True, "/gpt", ("ann", "a:b"), 100, 50, 4, 9, 256
    )


def test_every_option_is_read_from_its_environment_variable():
    variables = {
        "MODEL": "gpt2", "DEVICE": "cpu", "PRECISION": "exact", "HOST": "::1", "PORT": "80", "SHARE": "Yes",
        "ROOT_PATH": "https://example.org/gpt", "AUTH": "ann:secret", "MAX_PROMPT_TOKENS": "1",
        "MAX_NEW_TOKENS": "2", "PLACES": "3", "QUEUE_SIZE": "4", "INTERNALS_MEMORY": "500",
    }  # fmt: skip
    assert {name.lower() for name in variables} == set(Options.__dataclass_fields__)
    options = read_options([], {PREFIX + name: value for name, value in variables.items()})
    assert options == Options(
        "gpt2",
        "cpu",
        "exact",
        "::1",
        80,
        True,
        "https://example.org/gpt",
        ("ann", "secret"),
        1,
        2,
        3,
        4,
        500,
    )


def test_an_argument_wins_over_the_environment_and_an_empty_variable_is_none():
    environment = {PREFIX + "PORT": "9000", PREFIX + "MODEL": " ", PREFIX + "SHARE": "0"}
    options = read_options(["--port", "9001"], environment)
    assert (options.port, options.model, options.share) == (9001, Options.model, False)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("port", "0", "1 to 65535"),
        ("port", "70000", "1 to 65535"),
        ("port", "http", "1 to 65535"),
        ("precision", "float32", "exact, fast or auto"),
        ("device", "gpu", "auto, cpu, cuda"),
        ("host", "a b", "host name"),
        ("root-path", "gpt", "a path such as /gpt"),
        ("auth", "nobody", "user:password"),
        ("auth", ":secret", "user:password"),
        ("max-prompt-tokens", "-1", "1 to 100000"),
        ("max-new-tokens", "1e3", "1 to 10000"),
        ("places", "nan", "1 to 256"),
        ("queue-size", "0", "1 to 1000"),
        ("internals-memory", "1", "16 to 1048576"),
        ("model", " ", "the name of a model"),
    ],
)
def test_a_wrong_value_names_the_option_and_its_range(name, value, allowed, capsys):
    with pytest.raises(SystemExit) as ended:
        read_options([f"--{name}={value}"], {})
    message = capsys.readouterr().err
    assert ended.value.code == 2
    assert f"--{name} must be" in message and allowed in message


def test_a_wrong_environment_variable_is_named_as_such(capsys):
    with pytest.raises(SystemExit):
        read_options([], {PREFIX + "SHARE": "perhaps"})
    assert "GPT_INSIDE_OUT_SHARE must be yes or no, not 'perhaps'" in capsys.readouterr().err


def test_a_password_is_not_echoed_when_it_is_malformed(capsys):
    with pytest.raises(SystemExit):
        read_options([], {PREFIX + "AUTH": "hunter2"})
    assert "hunter2" not in capsys.readouterr().err


def test_help_names_every_option_and_the_models(capsys):
    with pytest.raises(SystemExit) as ended:
        read_options(["--help"], {})
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert all("--" + name.replace("_", "-") in shown for name in Options.__dataclass_fields__)
    assert "gpt2-medium" in shown


@pytest.mark.parametrize(
    ("options", "public"),
    [
        (Options(host="localhost"), False),
        (Options(host="::1"), False),
        (Options(host="0.0.0.0"), True),
        (Options(host="192.168.1.5"), True),
        (Options(share=True), True),
    ],
)
def test_public_means_reachable_from_other_machines(options, public):
    assert options.is_public is public


def test_a_taken_port_is_said_clearly():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Port {port} is in use" in (app.why_not_served("127.0.0.1", port) or "")
    assert app.why_not_served("127.0.0.1", port) is None


def test_a_host_that_is_not_this_machine_is_said_clearly():
    # 192.0.2.1 is reserved for documentation: no machine has it. Port 0 is always free.
    assert "cannot be served at 192.0.2.1" in (app.why_not_served("192.0.2.1", 0) or "")


def test_help_needs_neither_gradio_nor_torch():
    assert not {"gradio", "torch", "transformers", "plotly"} & modules_after_importing("app")


def test_an_unknown_model_ends_the_app_with_status_1_before_anything_is_loaded(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["app.py", "--model", "gtp2"])
    assert app.main() == 1
    assert "Did you mean" in capsys.readouterr().err
