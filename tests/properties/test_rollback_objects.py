"""Rollback follows objects: whatever was renamed, let go, imported, removed or deleted since, each is what it was."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import effective_value, json_equal, leaf_at
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.vocabulary import live_document
from reconciler.engine.account_reader import read_apart
from reconciler.engine.plan.make_plan import plan_import
from reconciler.engine.state.state_operations import StateAccess, move_entry, remove_entries
from reconciler.errors import PlanBlocked
from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.address import Address, ResourceRef
from tests.support.chronicle import Chronicle, files, moved, removed
from tests.support.making import env, manifest

ANY = {"allow_deletes": True, "allow_mass_change": True}
PATHS = {
    "persona": "pals", "tool": "tools", "guardrail": "guardrails", "objectives": "objectives",
    "pronunciation_dictionary": "pronunciation-dictionaries", "document": "documents",
    "guardrail_set": "guardrails", "deployment": "deployments",
}  # fmt: skip
AUTHS = [
    {"type": "none"}, {"type": "bearer", "token": env("KEY")}, {"type": "hmac", "secret": env("OTHER")},
    {"type": "api_key", "name": "k", "value": env("KEY"), "location": "query"},
    {"type": "basic", "username": "u", "password": env("KEY")},
]  # fmt: skip
OTHER = manifest("persona.other", {"pal_name": "Other", "system_prompt": "p", "default_face_id": "rfe12d8b9597"})
TEXTS = st.sampled_from(["one", "two", "three"])


@st.composite
def bodies(draw, kind_name, name, known):
    """A body of `kind_name` that may refer to what is declared."""
    text = draw(TEXTS)
    if kind_name == "tool":
        delivery = draw(
            st.sampled_from(
                [{"app_message": True}] + [{"api": {"url": "https://x.example/a", "auth": a}} for a in AUTHS]
            )
        )
        return {"name": name, "description": text, "delivery": delivery, "tags": draw(st.sampled_from([[], ["a"]]))}
    if kind_name == "guardrail":
        return {"guardrail_name": name, "guardrail_prompt": text, "tags": draw(st.sampled_from([[], ["a", "b"]]))}
    if kind_name == "guardrail_set":
        names = draw(st.lists(st.sampled_from(["r1", "r2"]), unique=True, min_size=1))
        return {"name": name, "data": [{"guardrail_name": one, "guardrail_prompt": text} for one in names]}
    if kind_name == "deployment":
        who = draw(st.sampled_from([OTHER.address, *(one for one in known if one.kind == "persona")]))
        channel = draw(st.sampled_from(["widget", "embed"]))
        more = draw(st.sampled_from([{}, {"limits": {"daily_call_limit": 3}}, {"password": env("KEY")}]))
        return {"name": name, "pal_id": ResourceRef(str(who)), "channel": channel, **more}
    if kind_name == "pronunciation_dictionary":
        rules = [{"text": text, "pronunciation": "p", "type": "alias"}]
        return {"name": name, **draw(st.sampled_from([{}, {"rules": rules}]))}
    if kind_name == "objectives":
        return {"name": name, "data": [{"objective_name": "a", "objective_prompt": text}]}
    if kind_name == "document":
        return {"document_name": name, "document_url": "https://d.example/a.pdf", "tags": [text]}
    body = {"pal_name": name, "system_prompt": text, "default_face_id": "rfe12d8b9597"}
    body |= draw(st.sampled_from([{}, {"greeting": "Hi"}]))
    for word, used in (("tools", "tool"), ("guardrail_ids", "guardrail"), ("document_ids", "document")):
        if draw(st.booleans()):
            body[word] = [ResourceRef(str(one)) for one in known if one.kind == used]
    if (voice := [one for one in known if one.kind == "pronunciation_dictionary"]) and draw(st.booleans()):
        body["layers"] = {"tts": {"pronunciation_dictionary_id": ResourceRef(str(voice[0]))}}
    return body


class Story:
    """A project, its account, and what both were after each step."""

    def __init__(self, folder, data, mood):
        self.world = Chronicle(folder / "state", mood=mood)
        self.data = data
        self.declared = {OTHER.address: OTHER}
        self.names = {}
        self.by_hand = set()
        self.moments = {}
        self.count = 0
        self.world.apply(OTHER)
        self.remember()

    def remember(self):
        state = self.world.state()
        entries = state.history.entries
        if entries:
            self.moments[entries[-1].serial] = (dict(state.resources), dict(self.declared), self.look(state))

    def look(self, state):
        """What each managed object is at the paths that are ours."""
        provider = self.world.lab.provider(reading=True)
        found = {}
        for address, entry in state.resources.items():
            live = provider.get(address.kind, entry.id)
            if live is not None:
                live = read_apart(provider, live, set(kind(address.kind).separate_pointers) & entry.sent.keys())
                document = live_document(kind(address.kind), live)
                found[address] = {
                    path: effective_value(
                        field_at(kind(address.kind), path), leaf_at(kind(address.kind), document, path)
                    )
                    for path in entry.sent
                }
        return found

    def alive(self, address, id):
        return self.world.lab.provider(reading=True).get(address.kind, id) is not None

    def draw(self, strategy):
        return self.data.draw(strategy)

    def access(self):
        return StateAccess(self.world.backend, "lab", self.world.lab.clock, self.world.events.append)

    def held(self):
        return sorted(a for a in self.world.state().resources if a != OTHER.address)

    def pick(self):
        held = [one for one in self.held() if self.alive(one, self.world.state().resources[one].id)]
        return self.draw(st.sampled_from(held)) if held else None

    def fresh(self, kind_name):
        self.count += 1
        return Address(kind_name, f"n{self.count}")

    def step(self, name):
        """One step; a plan that is blocked (a tool that something still uses) leaves everything as it was."""
        before = dict(self.declared), dict(self.names)
        try:
            getattr(self, name)()
        except PlanBlocked:
            self.declared, self.names = before

    def apply(self, *documents):
        result = self.world.apply(*self.declared.values(), *documents, **ANY)
        assert [(str(s.address), s.message) for s in result.steps if s.outcome != "done"] == []

    def edit(self):
        """Some manifests come, some change, some go; what refers to one that goes is written anew."""
        for _ in range(self.draw(st.integers(1, 3))):
            address = self.draw(st.sampled_from(self.held())) if self.held() and self.draw(st.booleans()) else None
            address = address or self.fresh(self.draw(st.sampled_from(sorted(PATHS))))
            name = self.names.setdefault(address, f"x_{address.name}")
            self.declared[address] = manifest(str(address), self.draw(bodies(address.kind, name, self.users())))
        self.apply()

    def users(self):
        return list(self.declared)

    def drop(self):
        address = self.pick()
        if address is not None:
            self.forget(address)
            self.apply()

    def forget(self, address):
        """The manifest goes, and every mention of it."""
        self.declared.pop(address, None)
        for one, made in list(self.declared.items()):
            if str(address) in str(made.spec):
                self.declared[one] = manifest(str(one), self.draw(bodies(one.kind, self.names[one], self.users())))

    def rename(self, before, after):
        self.names[after] = self.names.pop(before, f"x_{before.name}")
        for one, made in list(self.declared.items()):
            text = renamed_in(made.spec, str(before), str(after))
            self.declared[one] = manifest(str(one), text)
        if before in self.declared:
            self.declared[after] = manifest(str(after), self.declared.pop(before).spec)

    def mv(self):
        address = self.pick()
        if address is not None:
            after = self.fresh(address.kind)
            move_entry(self.access(), address, after)
            self.rename(address, after)

    def moved(self):
        address = self.pick()
        if address is not None:
            after = self.fresh(address.kind)
            self.rename(address, after)
            self.apply(moved(str(address), str(after)))

    def removed(self):
        address = self.pick()
        if address is not None:
            self.forget(address)
            self.apply(removed(str(address)))

    def rm(self):
        address = self.pick()
        if address is not None:
            remove_entries(self.access(), [address])
            if self.draw(st.booleans()) and address in self.declared:
                self.take(address, self.id_of(address))

    def id_of(self, address):
        found = self.world.lab.provider(reading=True).list(address.kind).objects.values()
        return next(one.id for one in found if one.name == self.names[address])

    def take(self, address, id):
        setting = self.world.lab.setting()
        plan = plan_import(address, id, files(self.declared.values()), self.world.state(), setting)
        self.world.carry_out(plan)

    def hand_delete(self):
        address = self.pick()
        if address is not None:
            id = self.world.state().resources[address].id
            users = str([made.spec for made in self.declared.values()])
            if str(address) not in users:
                assert self.world.lab.client.delete(f"/{PATHS[address.kind]}/{id}").status_code < 300

    def hand_edit(self):
        address = self.pick()
        if address is not None and address.kind == "persona":
            id = self.world.state().resources[address].id
            ops = [{"op": "add", "path": "/greeting", "value": "by hand"}]
            self.world.lab.client.patch(f"/pals/{id}", json=ops).raise_for_status()
            self.by_hand.add((id, "/greeting"))


def renamed_in(value, before, after):
    if isinstance(value, dict):
        return {key: renamed_in(member, before, after) for key, member in value.items()}
    if isinstance(value, list):
        return [renamed_in(member, before, after) for member in value]
    return after if value == before else value


STEPS = ("edit", "edit", "edit", "drop", "mv", "moved", "removed", "rm", "hand_delete", "hand_edit")


@settings(max_examples=20, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), mood=st.sampled_from([Mood(), Mood(items="summary", tool_ids=False), Mood(defaults="hide")]))
def test_each_object_is_what_it_was_and_nothing_is_twice(data, mood):
    folder = Path(mkdtemp())
    try:
        story = Story(folder, data, mood)
        for _ in range(data.draw(st.integers(2, 6))):
            story.step(data.draw(st.sampled_from(STEPS)))
            story.remember()
        serial = data.draw(st.sampled_from(sorted(story.moments)))
        entries, declared, looks = story.moments[serial]
        alive = {address for address, entry in entries.items() if story.alive(address, entry.id)}
        plan, result = story.world.rollback(serial, **ANY)
        assert result is None or [(str(s.address), s.message) for s in result.steps if s.outcome != "done"] == []
        not_made = {one.address for one in plan.diagnostics if "not made again" in one.summary}
        state = story.world.state()
        for address, entry in entries.items():
            if address in alive:
                assert state.resources[address].id == entry.id, "the same object"
            elif (left := state.resources.get(address)) is None or left.id != entry.id or address in not_made:
                assert (address in state.resources and story.alive(address, state.resources[address].id)) != (
                    address in not_made
                ), f"{address} is made again, or it is said why not"
        assert not_made & alive == set()
        unkept = {(one.address, one.pointer) for one in plan.diagnostics if "no run has kept what" in one.summary}
        now = story.look(state)
        touched = {address for address, entry in entries.items() for id, _ in story.by_hand if entry.id == id}
        lost = {str(one) for one in not_made}
        for address in (entries.keys() & now.keys()) - not_made - touched:
            for path, value in looks.get(address, {}).items():
                row = field_at(kind(address.kind), path)
                if (row is not None and row.ref is not None) or path == kind(address.kind).attachments:
                    continue  # ids of what was made again differ
                if (address, path) in unkept:
                    assert address not in alive, "only of what went unseen"
                    continue
                assert json_equal(value, now[address].get(path, effective_value(row, None))), (address, path)
        assert len(set(story.world.lab.names("tools"))) == len(story.world.lab.names("tools"))
        names = story.world.lab.names("pals")
        assert len(set(names)) == len(names), "no twins"
        again, result = story.world.rollback(serial, **ANY)
        assert [(str(c.address), c.action, c.fields) for c in again.differences] == []
        if not lost and not story.by_hand and not unkept:
            differences = story.world.differences(*declared.values())
            assert [(str(c.address), c.action, c.fields) for c in differences if c.address in now] == []
    finally:
        shutil.rmtree(folder)
