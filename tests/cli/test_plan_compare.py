"""plan --compare: two accounts of one project, told apart by overlays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Call = Callable[..., Any]
HERE, THERE = "sk-secret-of-staging", "sk-secret-of-production"


def envelope(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "personas/v1", "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


@pytest.fixture
def two(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Staging and production: a persona with a tool, a guardrail and a key; production greets and has its own key."""
    for name, value in {"STAGING_KEY": HERE, "PRODUCTION_KEY": THERE, "RECONCILER_DIGEST_KEY": "k"}.items():
        monkeypatch.setenv(name, value)
    simulator = {"provider": {"type": "simulator"}}
    settings = {
        "apiVersion": "personas/v1",
        "kind": "Project",
        "metadata": {"name": "two"},
        "default_workspace": "staging",
        "workspaces": {"staging": simulator, "production": {**simulator, "overlays": ["overlays/production"]}},
    }
    llm = {"model": "mine", "base_url": "https://llm.example.com/v1", "api_key": {"env": "STAGING_KEY"}}
    write(project, "reconciler.yaml", settings)
    write(project, "tool.yaml", envelope("Tool", "look_up", {"description": "Looks it up"}))
    write(project, "guardrail.yaml", envelope("Guardrail", "calm", {"guardrail_prompt": "Somebody shouts."}))
    spec = {
        "pal_name": "Desk", "system_prompt": "You help.", "default_face_id": "r90bbd427f71", "tools": ["look_up"],
        "guardrail_ids": [{"ref": "guardrail.calm"}], "layers": {"llm": llm},
    }  # fmt: skip
    write(project, "desk.yaml", envelope("Persona", "desk", spec))
    over = {"greeting": "Welcome.", "layers": {"llm": {"api_key": {"env": "PRODUCTION_KEY"}}}}
    write(project, "overlays/production/desk.yaml", envelope("Persona", "desk", over))
    return project


def write(root: Path, name: str, document: dict[str, Any]) -> None:
    path = root / "manifests" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def compare(call: Call, *more: str) -> tuple[int, dict[str, Any], dict[str, dict[str, Any]]]:
    ended = call("-w", "staging", "plan", "--compare", "production", "--format", "json", *more)
    assert ended.err == ""
    assert HERE not in ended.out
    assert THERE not in ended.out
    found = json.loads(ended.out)
    return ended.code, found, {one["address"]: one for one in found["comparison"]["resources"]}


def standings(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {address: one["standing"] for address, one in found.items()}


def kept(root: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in (root / ".reconciler").rglob("*.json")}


def apply(call: Call, *workspaces: str) -> None:
    for workspace in workspaces:
        ended = call("-w", workspace, "apply", "--auto-approve", "--allow-deletes")
        assert ended.code == 0, ended


def test_what_is_in_neither_in_one_and_in_both(two: Path, call: Call) -> None:
    code, _, found = compare(call, "--detailed-exitcode")
    assert (code, set(standings(found).values())) == (2, {"in_neither"})
    apply(call, "staging")
    code, plan, found = compare(call, "--detailed-exitcode")
    assert (code, set(standings(found).values())) == (2, {"only_in_from"})
    assert plan["workspace"] == "production"
    assert plan["summary"]["add"] == 3
    assert {one["action"] for one in found.values()} == {"create"}
    apply(call, "production")
    code, plan, found = compare(call, "--detailed-exitcode")
    assert standings(found) == {"persona.desk": "differs", "guardrail.calm": "same", "tool.look_up": "same"}
    assert code == 0, "each account holds what its manifests want"
    assert found["persona.desk"]["desired"] == [
        {"path": "/greeting", "from": None, "to": "Welcome."},
        {"path": "/layers/llm/api_key", "from": {"env": "STAGING_KEY"}, "to": {"env": "PRODUCTION_KEY"}},
    ]
    assert found["persona.desk"]["pending"] == []


def test_the_ids_of_the_accounts_differ_and_are_no_difference(two: Path, call: Call) -> None:
    apply(call, "staging", "production")
    state = {name: json.loads((two / f".reconciler/{name}/state.json").read_text()) for name in
             ("staging", "production")}  # fmt: skip
    ids = {name: one["resources"]["guardrail.calm"]["id"] for name, one in state.items()}
    assert ids["staging"] != ids["production"]
    # Also where an overlay names the object of its account by its id, and not by reference.
    over = envelope("Persona", "desk", {"guardrail_ids": [ids["production"]]})
    write(two, "overlays/production/desk.yaml", over)
    _, _, found = compare(call)
    assert "/guardrail_ids" not in [one["path"] for one in found["persona.desk"]["desired"]]


def test_what_waits_in_the_other_account(two: Path, call: Call) -> None:
    apply(call, "staging", "production")
    manifest = two / "manifests" / "guardrail.yaml"
    manifest.write_text(manifest.read_text().replace("shouts", "cries"))
    write(two, "new.yaml", envelope("Guardrail", "new", {"guardrail_prompt": "Somebody lies."}))
    apply(call, "staging")
    before = kept(two)
    code, plan, found = compare(call, "--detailed-exitcode")
    assert code == 2
    assert standings(found)["guardrail.calm"] == "differs"
    assert found["guardrail.calm"]["desired"] == []
    assert found["guardrail.calm"]["pending"] == ["/guardrail_prompt"]
    assert standings(found)["guardrail.new"] == "only_in_from"
    assert plan["summary"] | {"add": 1, "change": 1} == plan["summary"]
    assert kept(two) == before, "neither state nor account was written"
    assert compare(call)[0] == 0


def test_what_is_only_in_the_other_account(two: Path, call: Call) -> None:
    apply(call, "production")
    _, plan, found = compare(call)
    assert set(standings(found).values()) == {"only_in_to"}
    assert any("staging itself waits for 3 changes" in note for note in plan["notes"])
    apply(call, "staging")
    (two / "manifests" / "guardrail.yaml").unlink()
    desk = two / "manifests" / "desk.yaml"
    desk.write_text(desk.read_text().replace("  guardrail_ids:\n  - ref: guardrail.calm\n", ""))
    apply(call, "staging")
    _, plan, found = compare(call)
    assert standings(found)["guardrail.calm"] == "only_in_to"
    assert found["guardrail.calm"]["action"] == "delete"
    assert plan["applyable"] is False


def test_a_part_of_the_addresses(two: Path, call: Call) -> None:
    apply(call, "staging", "production")
    assert set(compare(call, "--target", "tool.look_up")[2]) == {"tool.look_up"}
    assert set(compare(call, "--exclude", "tool.look_up")[2]) == {"guardrail.calm"}
    assert set(compare(call, "manifests/guardrail.yaml")[2]) == {"guardrail.calm"}


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_for_people(two: Path, call: Call, format: str) -> None:
    apply(call, "staging", "production")
    ended = call("-w", "staging", "plan", "--compare", "production", "--format", format)
    assert ended.code == 0
    for words in ("differs", "2 same, 1 differs", "Welcome.", "STAGING", "PRODUCTION"):
        assert words in ended.out
    assert "No changes." in ended.out
    assert HERE not in ended.out
    assert THERE not in ended.out


def test_a_secret_that_is_not_here_is_compared_by_its_name(
    two: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(call, "staging", "production")
    monkeypatch.delenv("PRODUCTION_KEY")
    code, _, found = compare(call, "--detailed-exitcode")
    assert code == 0
    assert [one["path"] for one in found["persona.desk"]["desired"]] == ["/greeting", "/layers/llm/api_key"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--compare", "producton"), "did you mean 'production'?"),
        (("--compare", "staging"), "is the workspace staging itself"),
        (("--compare", "production", "--out", "x.plan"), "--compare and --out exclude each other"),
        (("--compare", "production", "--destroy"), "--compare and --destroy exclude each other"),
        (("--compare", "production", "--refresh-only"), "--compare and --refresh-only exclude each other"),
        (("--compare", "production", "--migrate"), "--compare and --migrate exclude each other"),
    ],
)
def test_what_cannot_be_compared(two: Path, call: Call, words: tuple[str, ...], message: str) -> None:
    ended = call("plan", *words)
    assert ended.code == 64
    assert message in ended.err


def test_an_error_says_which_account_it_is_about(two: Path, call: Call) -> None:
    write(two, "overlays/production/desk.yaml", envelope("Persona", "desk", {}, id="p00000000000"))
    ended = call("plan", "--compare", "production")
    assert ended.code == 1
    assert "workspace production: " in ended.err


@pytest.mark.parametrize(("theirs", "standing"), [(THERE, "differs"), (HERE, "same")])
def test_literals_at_one_place_are_told_apart_and_never_shown(
    two: Path, call: Call, theirs: str, standing: str
) -> None:
    llm = {"model": "mine", "base_url": "https://llm.example.com/v1", "api_key": HERE}
    spec = {
        "pal_name": "Desk",
        "system_prompt": "You help.",
        "default_face_id": "r90bbd427f71",
        "layers": {"llm": llm},
    }
    write(two, "desk.yaml", envelope("Persona", "desk", spec))
    over = {"layers": {"llm": {"api_key": theirs}}}
    write(two, "overlays/production/desk.yaml", envelope("Persona", "desk", over))
    for workspace in ("staging", "production"):
        done = call("-w", workspace, "apply", "--auto-approve", "--allow-literal-secrets")
        assert done.code == 0, done
    shown = call("-w", "staging", "plan", "--compare", "production", "--format", "json", "--allow-literal-secrets")
    found = {one["address"]: one for one in json.loads(shown.out)["comparison"]["resources"]}["persona.desk"]
    assert found["standing"] == standing
    sides = {side for one in found["desired"] for side in (one["from"], one["to"])}
    assert sides == ({"(sensitive)"} if standing == "differs" else set())
    for words in (HERE, THERE, '"told"'):
        assert words not in shown.out + shown.err
    text = call("-w", "staging", "plan", "--compare", "production", "--allow-literal-secrets", "--no-color")
    assert HERE not in text.out
    assert THERE not in text.out
