"""The project that a newcomer starts with, and the edit of an account that the tour finds."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import yaml

from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.starter import EDITED_TEXT, edit_by_hand, starter_files
from reconciler.types.address import Address
from reconciler.types.change import Request
from reconciler.types.json import Object
from reconciler.types.live import LiveObject
from reconciler.types.ports import Answer
from reconciler.types.state import Entry, State
from tests.support.records import live_of


def test_every_document_parses_and_says_what_it_is() -> None:
    files = starter_files("museum")
    kinds = {path: yaml.safe_load(text)["kind"] for path, text in files.items() if path.endswith(".yaml")}
    assert sorted(kinds.values()) == ["Persona", "Project", "Tool"]


def test_the_prompt_that_the_persona_names_is_there() -> None:
    files = starter_files("museum")
    persona = yaml.safe_load(files["manifests/personas/front-desk.yaml"])
    assert persona["spec"]["system_prompt"] == {"file": "../prompts/front-desk.md"}
    assert "manifests/prompts/front-desk.md" in files


def test_the_real_account_is_never_the_default() -> None:
    project = yaml.safe_load(starter_files("museum")["manifests/reconciler.yaml"])
    assert project["default_workspace"] == "sandbox"
    assert project["workspaces"]["sandbox"]["provider"] == {"type": "simulator"}
    assert project["workspaces"]["production"]["provider"]["api_key"] == {"env": "TAVUS_API_KEY"}


def test_the_tool_says_all_that_it_means() -> None:
    tool = yaml.safe_load(starter_files("x")["manifests/tools/lookup_opening_hours.yaml"])
    assert tool["spec"]["parameters"]["properties"]["day"] == {
        "type": "string",
        "description": "The day in ISO 8601, e.g. 2026-05-01",
    }


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
    assert (edit.address, edit.path, edit.value) == (B, "/greeting", EDITED_TEXT)
    (request,) = account.sent
    assert (request.method, request.path) == ("PATCH", "/pals/p2")
    assert request.body == [{"op": "replace", "path": "/greeting", "value": EDITED_TEXT}]


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
