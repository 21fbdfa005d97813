"""The simulator started by itself: its arguments, what it prints, and how it fails."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import UsageError
from reconciler.platforms.tavus.simulator import __main__ as program


@pytest.fixture
def served(monkeypatch):
    calls = []

    def serve(host, port, **more):
        more.pop("ready")("http://127.0.0.1:4711/v2")
        calls.append((host, port, more))

    monkeypatch.setattr(program, "serve", serve)
    return calls


def test_the_base_url_is_the_first_line_and_the_port_is_free_to_choose(served, capsys):
    assert program.main([]) == 0
    assert capsys.readouterr().out == "http://127.0.0.1:4711/v2\n"
    assert served == [("127.0.0.1", 0, {"world": None, "seed": None, "faults": None, "verbose": False})]


def test_every_argument_arrives(served, tmp_path):
    words = ["--port", "81", "--world", "w.json", "--seed", "s.json", "--faults", "f.yaml", "--verbose"]
    assert program.main(words) == 0
    ((_, port, more),) = served
    assert (port, str(more["world"]), str(more["seed"]), str(more["faults"]), more["verbose"]) == (
        81, "w.json", "s.json", "f.yaml", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"rules": [{"statsu": 500}]}, "did you mean 'status'?"),
        ({"mood": {"secrets": "shout"}}, "secrets is 'shout'"),
        ({"rules": [{"path": ""}]}, "path"),
    ],
)
def test_a_faults_file_that_is_wrong_is_a_message_and_no_traceback(tmp_path, capsys, content, says):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(content))
    assert program.main(["--faults", str(path)]) == UsageError("x").exit_code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert says in captured.err


def test_a_seed_that_is_missing(tmp_path, capsys):
    assert program.main(["--seed", str(tmp_path / "none.json")]) != 0
    assert "none.json" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--port", "x"], ["--nonsense"], ["one", "two"]])
def test_wrong_arguments_end_with_the_usage(words, capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(words)
    assert ended.value.code == 2
    assert "usage: simulator" in capsys.readouterr().err
