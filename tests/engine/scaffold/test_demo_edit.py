"""The edit by hand that the tour makes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from reconciler.engine.scaffold.demo_edit import WORDS, edit_by_hand
from reconciler.errors import ReconcilerError
from reconciler.types.address import Address
from reconciler.types.change import Request
from reconciler.types.json import Object
from reconciler.types.live import LiveObject
from reconciler.types.ports import Answer
from reconciler.types.state import Entry, State
from tests.support.records import live_of

A, B, TOOL = Address("persona", "a"), Address("persona", "b"), Address("tool", "t")


@dataclass
class Account:
    """As much of a provider as the edit needs."""

    bodies: dict[str, Object]
    vocabulary: str = "pal"
    sent: list[Request] = field(default_factory=list)

    def get(self, kind: str, id: str) -> LiveObject | None:
        return live_of(kind, id, None, self.bodies[id]) if id in self.bodies else None

    def send(self, request: Request) -> Answer:
        self.sent.append(request)
        return Answer(200)


def state(**entries: tuple[Address, tuple[str, ...]]) -> State:
    return State("l", resources={a: Entry(id, sent=dict.fromkeys(paths, "d")) for id, (a, paths) in entries.items()})


def test_the_greeting_of_the_first_persona_that_manages_one() -> None:
    account = Account({"p1": {"system_prompt": "x"}, "p2": {"greeting": "Hello.", "system_prompt": "x"}})
    held = state(p1=(A, ("/system_prompt",)), p2=(B, ("/greeting", "/system_prompt")), t1=(TOOL, ("/greeting",)))
    edit = edit_by_hand(account, held)  # type: ignore[arg-type]
    assert (edit.address, edit.path, edit.value) == (B, "/greeting", WORDS)
    (request,) = account.sent
    assert (request.method, request.path) == ("PATCH", "/pals/p2")
    assert request.body == [{"op": "replace", "path": "/greeting", "value": WORDS}]


def test_the_prompt_where_nobody_greets() -> None:
    account = Account({"p1": {"system_prompt": "x"}}, vocabulary="persona")
    edit = edit_by_hand(account, state(p1=(A, ("/system_prompt",))))  # type: ignore[arg-type]
    assert edit.path == "/system_prompt"
    assert account.sent[0].path == "/personas/p1"


@pytest.mark.parametrize("bodies", [{}, {"p1": {}}, {"p1": {"greeting": None}}], ids=["gone", "without", "null"])
def test_nothing_to_edit(bodies: dict[str, Object]) -> None:
    account = Account(bodies)
    with pytest.raises(ReconcilerError, match="no persona here"):
        edit_by_hand(account, state(p1=(A, ("/greeting",))))  # type: ignore[arg-type]
    assert account.sent == []
