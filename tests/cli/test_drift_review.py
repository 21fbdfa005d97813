"""drift --review on a real terminal: each answer does what it says, and nothing else."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from reconciler.cli.drift_review import ACCEPT, IGNORE, QUIT, REVERT, SKIP
from tests.support import forked
from tests.support.dashboard import dashboard, edit_persona, id_of, replaced

ROOT = Path(__file__).resolve().parents[2]
GREETING, MODEL = replaced("/greeting", "Hey!"), replaced("/layers/llm/model", "tavus-glm-4.7")


@pytest.fixture
def edited(project: Path, call: Callable) -> Path:
    """An applied project of which somebody edited two fields by hand."""
    done = call("apply", "--auto-approve")
    assert done.code == 0, done
    edit_persona(project, "Desk", GREETING, MODEL)
    return project


def answer(*answers: str) -> tuple[int, str]:
    """Exit code of a review in which a person answers like this, and what the terminal showed."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    command = [sys.executable, "-m", "reconciler", "drift", "--review"]
    with forked.Popen(command, env=environ, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown, waiting = b"", b""
        left = [*answers]
        try:
            while piece := os.read(ours, 65536):
                shown += piece
                waiting += piece
                if left and waiting.endswith((b"? for help: ", b"Enter a value: ")):
                    os.write(ours, f"{left.pop(0)}\n".encode())
                    waiting = b""
        except OSError:
            pass  # Linux says EIO once the other side is closed
        os.close(ours)
    assert not left, shown.decode()
    return process.returncode, shown.decode()


def live(root: Path) -> tuple[str, str]:
    """The greeting and the model as the account has them."""
    with dashboard(root) as client:
        body = client.get(f"/pals/{id_of(client, 'Desk')}").json()
    return body["greeting"], body["layers"]["llm"]["model"]


OLD, NEW = ("Hello.", "tavus-gpt-oss"), ("Hey!", "tavus-glm-4.7")


@pytest.mark.parametrize(
    ("answers", "code", "account", "says", "says_not"),
    [
        (["accept", "a"], 0, NEW, ["greeting: Hey!", "model: tavus-glm-4.7"], ["ignore"]),
        (["i", "ignore"], 0, NEW, ["greeting: Hello.", "/greeting", "/layers/llm/model"], ["Hey!"]),
        (["r", "r", "yes"], 0, OLD, ["greeting: Hello."], ["ignore", "Hey!"]),
        (["a", "r", "yes"], 0, ("Hey!", OLD[1]), ["greeting: Hey!", "model: tavus-gpt-oss"], ["ignore"]),
        (["i", "r", "yes"], 0, ("Hey!", OLD[1]), ["greeting: Hello.", "/greeting"], ["Hey!", "/layers/llm/model"]),
        (["s", "r"], 2, NEW, ["greeting: Hello."], ["ignore", "Hey!"]),
        (["s", "skip"], 2, NEW, ["greeting: Hello."], ["ignore", "Hey!"]),
        (["q"], 2, NEW, ["greeting: Hello."], ["ignore", "Hey!"]),
        (["?", "nonsense", "", "a", "q"], 2, NEW, ["greeting: Hey!", "model: tavus-gpt-oss"], ["ignore"]),
        (["r", "r", "no"], 1, NEW, ["greeting: Hello."], ["ignore", "Hey!"]),
    ],
)  # fmt: skip
def test_each_answer_does_what_it_says(
    answers: Sequence[str], code: int, account: tuple[str, str], says: Sequence[str], says_not: Sequence[str],
    edited: Path, call: Callable,
) -> None:  # fmt: skip
    found, shown = answer(*answers)
    assert found == code, shown
    assert "Nothing there has drifted" not in shown
    told = "1 more drifted" in shown
    assert told == (code == 2 and any(one[0] == "a" for one in answers[-2:])), "only of what was left as it drifted"
    assert live(edited) == account, shown
    text = (edited / "manifests" / "desk.yaml").read_text()
    assert all(one in text for one in says), text
    assert not any(one in text for one in says_not), text
    assert call("drift").code == (2 if code else 0), "what was decided is no drift any more, all else still is"


def test_without_a_terminal_nobody_is_asked(edited: Path, call: Callable) -> None:
    done = call("drift", "--review")
    assert done.code == 64
    assert "terminal" in done.err
    assert live(edited) == NEW


def test_what_cannot_be_done_is_not_offered(edited: Path) -> None:
    with dashboard(edited) as client:
        client.delete(f"/pals/{id_of(client, 'Desk')}")
    code, shown = answer("a", "i", "r", "yes")
    assert code == 0, shown
    assert "'a' is no answer" in shown
    assert live(edited) == OLD, "an object that is gone is made again"


def test_the_choices_differ_in_their_first_letter() -> None:
    assert len({one[0] for one in (ACCEPT, REVERT, IGNORE, SKIP, QUIT)}) == 5
