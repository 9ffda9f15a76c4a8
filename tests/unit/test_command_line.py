import socket

import pytest

import app
from tests.imports import modules_after_importing
from viz.command_line import PREFIX, PUBLIC, Options, read_options


def test_without_arguments_the_defaults_are_private_and_modest():
    options = read_options([], {})
    assert options == Options()
    assert (options.host, options.share, options.auth, options.port) == ("127.0.0.1", False, None, 7860)
    assert not options.is_public


def test_every_option_is_read_from_the_command_line():
    text = (
        "--model gpt2 --device cuda:1 --precision fast --host 0.0.0.0 --port 7861 --share --root-path /gpt "
        "--auth ann:a:b --public --trusted-proxies 2 --mcp "
        "--max-prompt-tokens 100 --max-new-tokens 50 --places 4 --queue-size 9 "
        "--internals-memory 256 --rollout-tokens 99 --models-memory 300 --models pythia-160m,GPT2 "
        "--training off --training-steps 7 --training-minutes 8 --training-disk 64"
    )
    running = "--metrics 127.0.0.1:9100 --log-format json --log-texts --drain-seconds 3"
    assert read_options((text + " " + running).split(), {}) == Options(
        model="gpt2",
        device="cuda:1",
        precision="fast",
        host="0.0.0.0",
        port=7861,
        share=True,
        root_path="/gpt",
        auth=("ann", "a:b"),
        public=True,
        trusted_proxies=2,
        mcp=True,
        max_prompt_tokens=100,
        max_new_tokens=50,
        places=4,
        queue_size=9,
        internals_memory=256,
        rollout_tokens=99,
        training="off",
        training_steps=7,
        training_minutes=8,
        training_disk=64,
        models="gpt2,pythia-160m",
        models_memory=300,
        metrics=("127.0.0.1", 9100),
        log_format="json",
        log_texts=True,
        drain_seconds=3,
    )
    assert read_options(["--auth-file", "users.txt"], {}) == Options(auth_file="users.txt")


def test_every_option_is_read_from_its_environment_variable():
    variables = {
        "MODEL": "gpt2", "DEVICE": "cpu", "PRECISION": "exact", "HOST": "::1", "PORT": "80", "SHARE": "Yes",
        "ROOT_PATH": "https://example.org/gpt", "AUTH": "ann:secret", "PUBLIC": "yes",
        "TRUSTED_PROXIES": "1", "MCP": "on", "MAX_PROMPT_TOKENS": "1", "MAX_NEW_TOKENS": "2", "PLACES": "3",
        "QUEUE_SIZE": "4", "INTERNALS_MEMORY": "500", "ROLLOUT_TOKENS": "5",
        "MODELS": "none", "MODELS_MEMORY": "0",
        "FRAME_ANCESTORS": "*",
        "METRICS": "9100", "LOG_FORMAT": "json", "LOG_TEXTS": "on", "DRAIN_SECONDS": "0",
        "TRAINING": "on", "TRAINING_STEPS": "6", "TRAINING_MINUTES": "7", "TRAINING_DISK": "65",
    }  # fmt: skip
    alone = {"AUTH_FILE": "users.txt"}  # instead of AUTH
    assert {name.lower() for name in variables | alone} == set(Options.__dataclass_fields__) - {"config"}
    assert read_options([], {PREFIX + "AUTH_FILE": "users.txt"}) == Options(auth_file="users.txt")
    options = read_options([], {PREFIX + name: value for name, value in variables.items()})
    assert options == Options(
        model="gpt2",
        device="cpu",
        precision="exact",
        host="::1",
        port=80,
        share=True,
        root_path="https://example.org/gpt",
        auth=("ann", "secret"),
        public=True,
        trusted_proxies=1,
        mcp=True,
        max_prompt_tokens=1,
        max_new_tokens=2,
        places=3,
        queue_size=4,
        internals_memory=500,
        rollout_tokens=5,
        models="none",
        models_memory=0,
        metrics=("127.0.0.1", 9100),
        log_format="json",
        log_texts=True,
        frame_ancestors="*",
        drain_seconds=0,
        training="on",
        training_steps=6,
        training_minutes=7,
        training_disk=65,
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
        ("rollout-tokens", "0", "1 to 1000000"),
        ("models", "gpt2,EleutherAI/pythia-70m", "names of the catalog"),
        ("models-memory", "-1", "0 to 1048576"),
        ("trusted-proxies", "10", "0 to 9"),
        ("auth-file", " ", "the name of a file"),
        ("model", " ", "the name of a model"),
        ("metrics", "9100x", "127.0.0.1:9100"),
        ("metrics", "127.0.0.1:70000", "127.0.0.1:9100"),
        ("log-format", "xml", "plain or json"),
        ("drain-seconds", "-1", "0 to 3600"),
    ],
)
def test_a_wrong_value_names_the_option_and_its_range(name, value, allowed, capsys):
    with pytest.raises(SystemExit) as ended:
        read_options([f"--{name}={value}"], {})
    message = capsys.readouterr().err
    assert ended.value.code == 2
    assert f"--{name} must be" in message and allowed in message


@pytest.fixture
def config(tmp_path):
    """Write a file of options and return its name."""

    def written(text: str) -> str:
        (tmp_path / "gpt.toml").write_text(text, encoding="utf-8")
        return str(tmp_path / "gpt.toml")

    return written


def test_a_file_gives_options_under_environment_and_arguments(config):
    name = config(
        'port = 9000\nplaces = 5\nqueue-size = 6\nmax_new_tokens = 7\nlog-texts = true\nmodel = "gpt2"'
    )
    options = read_options(["--config", name, "--places", "8"], {PREFIX + "PORT": "9001"})
    assert options == Options(
        model="gpt2", port=9001, places=8, queue_size=6, max_new_tokens=7, log_texts=True, config=name
    )
    assert read_options([], {PREFIX + "CONFIG": name}).port == 9000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 1", "says 'prot', which is no option. Did you mean 'port'?"),
        ('config = "other.toml"', "which is no option"),
        ("port = 70000", "gpt.toml: port must be a whole number from 1 to 65535, not '70000'"),
        ("port = [1]", "'port' must be a text, a whole number, true or false"),
        ("port = ", "is no TOML"),
        ("queue-size = 1\nqueue_size = 2", "twice"),
    ],
)
def test_what_a_file_says_wrong_is_refused_with_a_sentence(config, capsys, text, told):
    with pytest.raises(SystemExit) as ended:
        read_options(["--config", config(text)], {})
    assert ended.value.code == 2 and told in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told(tmp_path, capsys):
    with pytest.raises(SystemExit):
        read_options(["--config", str(tmp_path / "none.toml")], {})
    assert "cannot be read: No such file or directory" in capsys.readouterr().err


def test_a_password_in_a_file_is_not_echoed(config, capsys):
    with pytest.raises(SystemExit):
        read_options(["--config", config('auth = "hunter2"')], {})
    assert "hunter2" not in capsys.readouterr().err


def test_in_a_space_everybody_is_served_within_limits_that_can_be_changed():
    space = {"SPACE_ID": "somebody/gpt-inside-out", "GRADIO_SERVER_PORT": "7861"}
    options = read_options([], space)
    assert (options.host, options.port, options.share) == ("0.0.0.0", 7861, False)
    assert options.max_new_tokens < Options.max_new_tokens and options.places < Options.places
    assert read_options(["--places", "2"], {**space, PREFIX + "HOST": "127.0.0.1"}).host == "127.0.0.1"
    assert read_options([], {"GRADIO_SERVER_PORT": "7861"}) == Options()


def test_a_wrong_environment_variable_is_named_as_such(capsys):
    with pytest.raises(SystemExit):
        read_options([], {PREFIX + "SHARE": "perhaps"})
    assert "GPT_INSIDE_OUT_SHARE must be yes or no, not 'perhaps'" in capsys.readouterr().err


def test_a_password_is_not_echoed_when_it_is_malformed(capsys):
    with pytest.raises(SystemExit):
        read_options([], {PREFIX + "AUTH": "hunter2"})
    assert "hunter2" not in capsys.readouterr().err


def test_public_sets_tighter_limits_where_nothing_else_is_said():
    usual, public = (
        Options(),
        read_options(["--public", "--max-new-tokens", "200"], {PREFIX + "PLACES": "40"}),
    )
    assert public.public and public.max_new_tokens == 200 and public.places == 40
    for name in ("max_prompt_tokens", "queue_size", "internals_memory", "rollout_tokens"):
        assert getattr(public, name) == PUBLIC[name] < getattr(usual, name)
    assert public.models == "none" and read_options(["--public", "--models", "gpt2"], {}).models == "gpt2"
    assert PUBLIC["max_new_tokens"] < usual.max_new_tokens and PUBLIC["places"] < usual.places


@pytest.mark.parametrize("model", ["EleutherAI/pythia-70m", "."])
def test_a_public_server_takes_models_of_the_catalog_only(model, monkeypatch, capsys, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr("sys.argv", ["app.py", "--public", "--model", model.replace(".", str(tmp_path))])
    assert app.main() == 1
    assert "With --public the model must be one of the catalog" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["gpt2", "GPT-2", "openai-community/gpt2", "smollm2-135m-instruct"])
def test_a_model_of_the_catalog_may_be_public_whatever_it_is_called(model):
    assert app.why_not_begun(Options(public=True, model=model)) is None


def test_one_password_and_a_file_of_them_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        read_options(["--auth-file", "users.txt"], {PREFIX + "AUTH": "ann:hunter2"})
    said = capsys.readouterr().err
    assert "exclude each other" in said and "hunter2" not in said


def test_a_file_of_passwords_that_cannot_be_used_ends_the_app(monkeypatch, capsys, tmp_path):
    (tmp_path / "users.txt").write_text("ann:hunter2")
    monkeypatch.setattr("sys.argv", ["app.py", "--auth-file", str(tmp_path / "users.txt")])
    assert app.main() == 1
    said = capsys.readouterr().err
    assert "Line 1 of the file of passwords" in said and "hunter2" not in said


def test_tools_without_their_package_say_what_to_install(monkeypatch):
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    assert "pip install -r requirements-mcp.txt" in (app.why_not_begun(Options(mcp=True)) or "")


def test_tools_cannot_ask_for_a_password(monkeypatch):
    monkeypatch.setattr(app, "find_spec", lambda name: True)
    assert "cannot ask for a password" in (app.why_not_begun(Options(mcp=True, auth=("a", "b"))) or "")


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
