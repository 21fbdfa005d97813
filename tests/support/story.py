"""Stories: a project and an account, what happened to them, one command after the other, and what must be true then.

A story is one YAML file (`tests/scenarios/<area>/<what-it-shows>.yaml`):

    about   one sentence, what the story shows
    given   files (below manifests/; text, or a mapping, which gets its apiVersion), project (merged into the
            workspace), workspaces (names of further ones like it), env, account (requests that others sent
            before), mood; `applied: true` applies all this before the story begins
    change  what happened since: files (null removes one), env, project, live (requests that others sent), mood,
            faults (rules, for this turn only), maker (personas that somebody is editing), world (merged into it)
    when    the command line
    then    exit, changes, drift, planned, sent, bodies, blocked, diagnostics, summary, out, err, silent, state,
            paths, account, live: what is named must hold; changes, drift and lists of requests are exact
    next    further turns: a list of {change, when, then}

`<persona.x>` stands for the live id of an address in state, `<word>` for the id that a request with `as: word` made.
"""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from reconciler.api.session import SystemClock
from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.types.json import lookup

BASE = "http://127.0.0.1/v2"
TURN = {"change", "when", "then"}
STORY = {"about", "given", "next", "xfail", *TURN}
GIVEN = {"files", "project", "workspaces", "env", "account", "mood", "applied"}
CHANGE = {"files", "project", "env", "live", "mood", "faults", "maker", "world"}
THEN = {
    "exit", "changes", "drift", "planned", "sent", "bodies", "blocked", "diagnostics", "summary", "out", "err",
    "silent", "state", "paths", "account", "live",
}  # fmt: skip
REPORTING = {"plan", "apply", "destroy", "drift", "validate", "show"}
WRITES = {"POST", "PATCH", "PUT", "DELETE"}
IDS = ("pal_id", "persona_id", "tool_id", "guardrail_id", "uuid", "id")


def load_story(path: Path) -> dict[str, Any]:
    """The story in `path`; a key that nothing reads is an error, so that no expectation is lost to a typing slip."""
    story = yaml.safe_load(path.read_text("utf-8"))
    check_keys(story, STORY, "story")
    check_keys(story.get("given", {}), GIVEN, "given")
    for turn in turns(story):
        check_keys(turn, TURN, "turn")
        check_keys(turn.get("change", {}), CHANGE, "change")
        check_keys(turn["then"], THEN, "then")
        assert "exit" in turn["then"], "a turn without an exit code"
    return story


def check_keys(found: Mapping[str, Any], known: set[str], where: str) -> None:
    assert set(found) <= known, f"{where}: unknown keys {sorted(set(found) - known)}"


def turns(story: Mapping[str, Any]) -> list[dict[str, Any]]:
    first = {key: story[key] for key in TURN if key in story}
    return [first, *story.get("next", ())]


@dataclass
class Seen:
    """One request as the account saw it."""

    method: str
    path: str
    body: Any


@dataclass
class Stage:
    """One project folder, the embedded account behind it, and the command line in this process."""

    root: Path
    call: Callable[..., Any]
    setenv: Callable[[str, str | None], None]
    requests: list[Seen] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    workspace: dict[str, Any] = field(default_factory=lambda: {"provider": {"type": "simulator"}, "parallelism": 1})
    mood: dict[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    recording: bool = True

    @property
    def world(self) -> Path:
        return self.root / ".reconciler" / "sandbox" / "world.json"

    def prepare(self, given: Mapping[str, Any]) -> None:
        (self.root / "manifests").mkdir()
        self.setenv("RECONCILER_DIGEST_KEY", "the key of the stories")
        self.others = tuple(given.get("workspaces", ()))
        self.happen({"live": given.get("account", ())})
        self.happen({key: given[key] for key in ("files", "project", "env", "mood") if key in given})
        if given.get("applied"):
            ended = self.call("apply", "--auto-approve")
            assert ended.code == 0, f"the story does not even begin: {ended}"

    def happen(self, change: Mapping[str, Any]) -> None:
        """What others do between two commands."""
        for name, value in change.get("env", {}).items():
            self.setenv(name, value)
        for name, content in change.get("files", {}).items():
            self.write(name, content)
        self.workspace = merge(self.workspace, change.get("project", {}))
        self.mood |= change.get("mood", {})
        self.recording = False
        for request in change.get("live", ()):
            self.send(request)
        if "maker" in change or "world" in change:
            world = json.loads(self.world.read_text())
            for address in change.get("maker", ()):
                world["objects"]["pals"][self.fill(f"<{address}>")]["$draft"] = {"greeting": "a draft"}
            world = merge(world, json.loads(self.fill(json.dumps(change.get("world", {})))))
            self.world.write_text(json.dumps(world))
        self.settings(change.get("faults", []))
        self.recording = True

    def write(self, name: str, content: Any) -> None:
        path = self.root / "manifests" / name
        if content is None:
            path.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict) and "kind" in content:
            content = {"apiVersion": "personas/v1", **content}
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        path.write_text(self.fill(text), encoding="utf-8")

    def settings(self, faults: list[Any]) -> None:
        """The project file, and the faults of the next command."""
        (self.root / "faults.json").write_text(json.dumps({"rules": faults, "mood": self.mood}))
        sandbox = merge(self.workspace, {"provider": {"faults": "faults.json"}})
        document = {
            "apiVersion": "personas/v1",
            "kind": "Project",
            "metadata": {"name": "story"},
            "default_workspace": "sandbox",
            "workspaces": {"sandbox": sandbox, **dict.fromkeys(self.others, sandbox)},
        }
        (self.root / "manifests" / "reconciler.yaml").write_text(yaml.safe_dump(document))

    def client(self) -> httpx.Client:
        self.world.parent.mkdir(parents=True, exist_ok=True)
        return httpx.Client(transport=SimulatorTransport(self.world), base_url=BASE, headers={"x-api-key": "others"})

    def send(self, request: Mapping[str, Any]) -> None:
        """Somebody else's request, as `{"PATCH /pals/<persona.x>": body}`."""
        (line, body), *_ = ((key, value) for key, value in request.items() if key != "as")
        method, path = self.fill(line).split(" ")
        with self.client() as client:
            body = json.loads(self.fill(json.dumps(body)))
            answer = client.request(method, path, json=body) if body is not None else client.request(method, path)
        assert answer.status_code < 300, f"{line}: {answer.status_code} {answer.text}"
        if "as" in request:
            made = answer.json()
            self.aliases[request["as"]] = next(made[word] for word in IDS if word in made)

    def ids(self) -> dict[str, str]:
        """Word -> live id, of everything that a story may speak of."""
        path = self.root / ".reconciler" / "sandbox" / "state.json"
        state = json.loads(path.read_text()) if path.exists() else {"resources": {}}
        return {**{address: entry["id"] for address, entry in state["resources"].items()}, **self.aliases}

    def fill(self, text: str) -> str:
        ids = self.ids() if "<" in text else {}
        return re.sub(r"<([a-z_]+(?:\.[\w.-]+)?)>", lambda found: ids.get(found[1], found[0]), text)

    def name(self, text: str, known: Mapping[str, str]) -> str:
        """The text with ids in the words of the story."""
        for word, id in sorted(known.items(), key=lambda item: item[0] in self.aliases, reverse=True):
            text = text.replace(id, f"<{word}>")
        return text

    def play(self, turn: Mapping[str, Any]) -> None:
        """One turn: what happened, the command, and everything that the story says about it."""
        self.happen(turn.get("change", {}))
        known = self.ids()
        self.requests.clear()
        words = shlex.split(self.fill(turn["when"]))
        report = self.root / "report.json"
        report.unlink(missing_ok=True)
        verb = next((word for word in words if word in REPORTING), None)
        ended = self.call(*words, *(["--report", f"json={report}"] if verb else []))
        now = self.ids()
        known = {**{word: id for word, id in known.items() if id not in now.values()}, **now}
        found = json.loads(self.name(report.read_text(), known)) if report.exists() else {}
        sent = [Seen(one.method, self.name(one.path, known), one.body) for one in self.requests]
        then = turn["then"]
        shown = f"{turn['when']}: {ended}"
        assert ended.code == then["exit"], shown
        assert "Traceback" not in ended.out + ended.err, shown
        Findings(self, found, sent, self.name(ended.out, known), self.name(ended.err, known), known).check(
            then, shown
        )


@dataclass
class Findings:
    """What one command left behind, and the comparison with what the story expects."""

    stage: Stage
    report: dict[str, Any]
    sent: list[Seen]
    out: str
    err: str
    known: dict[str, str]

    def check(self, then: Mapping[str, Any], shown: str) -> None:
        for key, wanted in then.items():
            if key != "exit":
                getattr(self, f"check_{key}")(wanted, shown)

    def check_changes(self, wanted: dict[str, Any], shown: str) -> None:
        found = {one["address"]: one for one in self.report["resource_changes"]}
        assert sorted(found) == sorted(wanted), shown
        for address, expected in wanted.items():
            one = found[address]
            facts = {
                **one["change"],
                "reason": one.get("action_reason"),
                "previous": one.get("previous_address"),
                "blocked": [block["rule"] for block in one.get("blocked", [])],
                "importing": one["change"].get("importing", {}).get("id"),
                "notes": one.get("notes", []),
            }
            expected = {"actions": expected} if isinstance(expected, str) else expected
            for name, value in expected.items():
                value = [value] if name == "actions" and isinstance(value, str) else value
                if name in {"before", "after", "after_unknown", "before_sensitive", "after_sensitive"} and value:
                    facts[name] = {pointer: lookup(facts[name], pointer) for pointer in value}
                assert facts[name] == value, f"{address} {name}: {facts[name]!r}\n{shown}"

    def check_drift(self, wanted: dict[str, Any], shown: str) -> None:
        found = {
            one["address"]: {change["path"]: change["direction"] for change in one["changes"]}
            for one in self.report["resource_drift"]
        }
        assert found == wanted, shown

    def check_planned(self, wanted: list[str], shown: str) -> None:
        assert [f"{one['method']} {one['path']}" for one in self.report["requests"]] == wanted, shown

    def writes(self) -> list[str]:
        return [f"{one.method} {one.path.removeprefix('/v2')}" for one in self.sent if one.method in WRITES]

    def check_sent(self, wanted: list[str], shown: str) -> None:
        assert self.writes() == wanted, f"{self.writes()}\n{shown}"

    def check_bodies(self, wanted: dict[str, Any], shown: str) -> None:
        bodies = {f"{one.method} {one.path.removeprefix('/v2')}": one.body for one in self.sent}
        for line, body in wanted.items():
            found = json.loads(self.stage.name(json.dumps(bodies[line]), self.known))
            assert found == body, f"{line}: {found!r}\n{shown}"

    def check_blocked(self, wanted: list[str], shown: str) -> None:
        assert sorted(one["rule"] for one in self.report["blocked"]) == sorted(wanted), shown

    def check_diagnostics(self, wanted: list[str], shown: str) -> None:
        assert set(wanted) <= {one["code"] for one in self.report["diagnostics"]}, shown

    def check_summary(self, wanted: dict[str, int], shown: str) -> None:
        found = self.report["summary"]
        assert {key: found[key] for key in wanted} == wanted, shown

    def check_out(self, wanted: list[str], shown: str) -> None:
        for piece in wanted:
            assert piece in self.out, f"{piece!r} is not in\n{shown}"

    def check_err(self, wanted: list[str], shown: str) -> None:
        for piece in wanted:
            assert piece in self.err, f"{piece!r} is not in\n{shown}"

    def check_silent(self, wanted: list[str], shown: str) -> None:
        for piece in wanted:
            assert piece not in self.out + self.err + json.dumps(self.report), f"{piece!r} is in\n{shown}"

    def check_state(self, wanted: list[str], shown: str) -> None:
        assert sorted(self.state()["resources"]) == sorted(wanted), shown

    def check_paths(self, wanted: dict[str, list[str]], shown: str) -> None:
        for address, paths in wanted.items():
            assert sorted(self.state()["resources"][address]["sent"]) == sorted(paths), shown

    def state(self) -> dict[str, Any]:
        path = self.stage.root / ".reconciler" / "sandbox" / "state.json"
        return json.loads(path.read_text()) if path.exists() else {"resources": {}}

    def check_account(self, wanted: dict[str, list[str]], shown: str) -> None:
        world = json.loads(self.stage.world.read_text())["objects"]
        for kind, names in wanted.items():
            own = [one for one in world.get(kind, {}).values() if "$type" not in one]
            found = sorted(one.get("pal_name") or one.get("name") or one.get("guardrail_name") for one in own)
            assert found == sorted(names), f"{kind}: {found}\n{shown}"

    def check_live(self, wanted: dict[str, dict[str, Any]], shown: str) -> None:
        """What the account itself holds: `{<persona.x>: {pointer: value}}`, null for absent."""
        objects = json.loads(self.stage.world.read_text())["objects"]
        own = {id: one for kind in objects.values() for id, one in kind.items()}
        for word, facts in wanted.items():
            held = own[self.stage.ids()[word]]
            for pointer, value in facts.items():
                found = json.loads(self.stage.name(json.dumps(lookup(held, pointer)), self.known))
                assert found == value, f"{word} {pointer}: {found!r}\n{shown}"


def merge(base: Any, patch: Any) -> Any:
    """JSON Merge Patch, as stories use it for settings."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def open_stage(root: Path, call: Callable[..., Any], monkeypatch: Any) -> Stage:
    """A stage in `root`, which becomes the current folder; the clock passes without waiting."""

    def setenv(name: str, value: str | None) -> None:
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)

    stage = Stage(root, call, setenv)
    answer = SimulatorTransport.handle_request

    def watched(self: SimulatorTransport, request: httpx.Request) -> httpx.Response:
        content = request.read()
        if stage.recording:
            path = request.url.path
            stage.requests.append(Seen(request.method, path, json.loads(content) if content else None))
        return answer(self, request)

    monkeypatch.setattr(SimulatorTransport, "handle_request", watched)
    slept: list[float] = []
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: slept.append(seconds))
    monkeypatch.setattr(SystemClock, "monotonic", lambda self: time.monotonic() + sum(slept))
    monkeypatch.chdir(root)
    return stage
