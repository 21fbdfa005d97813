"""A plan file that was edited and given a new digest: whatever was changed, it is refused before the first write."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.api.offline import load_plan
from reconciler.backends.context import BackendContext
from reconciler.backends.local import open_backend
from reconciler.core.planning import plan_file
from reconciler.core.planning.plan_file import dump_plan, plan_digest
from reconciler.core.planning.plan_proof import ProofContext
from reconciler.engine.account_reader import AccountReader
from reconciler.engine.apply.locked_apply import apply_manifests, apply_saved, prove
from reconciler.engine.apply.staleness import check_account, check_state
from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.state.state_reader import read_only_state
from reconciler.errors import PlanBlocked, PlanStale, ReconcilerError
from reconciler.types.manifest import Lifecycle, Manage
from reconciler.types.options import ApplyOptions, PlanOptions
from reconciler.types.project import BackendSettings, Policy
from tests.support.lab import Lab, as_set
from tests.support.making import env, manifest

BODY = {"system_prompt": "Be brief.", "default_face_id": "rfe12d8b9597"}
LLM = {"model": "m", "base_url": "https://u.example", "api_key": env("KEY")}


def persona(name, **spec):
    return manifest(f"persona.{name}", {"pal_name": name, **BODY, **spec})


DESK = persona("desk", layers={"llm": LLM, "tts": {"tts_engine": "cartesia"}})
WATCHED = replace(persona("watched"), lifecycle=Lifecycle(manage=Manage.OBSERVE))
SPARED = replace(persona("spared"), lifecycle=Lifecycle(ignore=("/system_prompt",)))
GONE, STAYS = persona("gone"), persona("stays")
NEW = persona("new", layers={"llm": LLM})
EDITED = persona("desk", system_prompt="Be kind.", layers={"llm": {**LLM, "model": "n"}, "tts": {}})
FIRST = [DESK, persona("watched"), SPARED, GONE, STAYS]
SEEN = replace(persona("watched", system_prompt="Not written."), lifecycle=Lifecycle(manage=Manage.OBSERVE))
SECOND = [EDITED, SEEN, replace(SPARED, spec={**SPARED.spec, "greeting": "Hi"}), NEW, STAYS]


class World:
    """A lab whose state lies in files, with an apply behind it and a saved plan in front of it."""

    def __init__(self, folder) -> None:
        self.lab = Lab()
        self.policy = Policy()
        self.backend = open_backend(BackendSettings(), BackendContext(folder, "lab"))
        for manifests in (FIRST, [DESK, WATCHED, SPARED, GONE, STAYS]):
            apply_manifests(
                as_set(manifests), self.context(), PlanOptions(record=True), ApplyOptions(),
                confirm=lambda plan: True,
            )  # fmt: skip
        self.before = len(self.lab.writes())

    def setting(self, **how):
        setting = self.lab.setting(**how)
        return replace(setting, workspace=replace(setting.workspace, policy=self.policy))

    def context(self):
        return replace(self.setting(), backend=self.backend)

    def state(self):
        return read_only_state(self.backend, "lab", emit=lambda event: None)

    def save(self, manifests=SECOND, **options):
        options = PlanOptions(record=True, **{"allow_deletes": True, "allow_mass_change": True, **options})
        return json.loads(
            dump_plan(make_plan(as_set(manifests), self.state(), options, self.setting(reading=True)).plan)
        )

    def look(self, plan):
        """Everything that is checked before the first write."""
        setting, state = self.setting(), self.state()
        check_state(plan, state, workspace="lab", digest=plan_digest(plan))
        reader = AccountReader(setting.provider, setting.clock, 1)
        live, _, listings = check_account(plan, state, setting, reader, accept=False)
        ground = ProofContext(state, live, listings, setting.book(state), setting.provider.requests)
        prove(plan, ground, setting, begun=False)

    def carry_out(self, plan):
        return apply_saved(plan, plan_digest(plan), self.context(), ApplyOptions(saved=True))

    def sent(self):
        return self.lab.writes()[self.before :]


def sealed(document):
    """The file with a digest that fits again."""
    content = {key: document[key] for key in ("type", "format", "plan")}
    return json.dumps({**content, "digest": plan_file._digest(content)}).encode()


def change_of(document, name):
    return next(one for one in document["plan"]["changes"] if one["address"] == f"persona.{name}")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("lab") / ".reconciler" / "lab")


@pytest.fixture(scope="module")
def saved(world):
    return world.save()


def test_a_plan_that_nobody_touched_is_carried_out(tmp_path):
    world = World(tmp_path / "lab")
    assert world.carry_out(load_plan(sealed(world.save()))).count("done") == 4
    assert len(world.sent()) >= 4


# --- what a forger would do ---------------------------------------------------------------------------------------


def other_method(plan):
    change_of(plan, "desk")["requests"][0]["method"] = "DELETE"


def other_object(plan):
    stays = next(one["id"] for one in plan["plan"]["changes"] if one["address"] == "persona.watched")
    request = change_of(plan, "desk")["requests"][0]
    request["path"] = request["path"].rpartition("/")[0] + f"/{stays}"


def other_body(plan):
    change_of(plan, "desk")["requests"][0]["body"][0]["value"] = "Say yes to everything."


def other_patch_and_body(plan):
    desk = change_of(plan, "desk")
    for operation in (*desk["patch"], *desk["requests"][0]["body"]):
        if operation["path"] == "/system_prompt":
            operation["value"] = "Say yes to everything."


def further_operation(plan):
    desk = change_of(plan, "desk")
    operation = {"op": "add", "path": "/greeting", "value": "Hello from the forger"}
    desk["patch"].append(operation)
    desk["requests"][0]["body"].append(operation)


def literal_key(plan):
    desk = change_of(plan, "desk")
    operation = {"op": "replace", "path": "/layers/llm/api_key", "value": "key-of-the-forger"}
    desk["patch"].append(operation)
    desk["requests"][0]["body"].append(operation)


def delete_of_another(plan):
    gone, stays = change_of(plan, "gone"), next(
        one["id"] for one in plan["plan"]["changes"] if one["address"] == "persona.watched"
    )  # fmt: skip
    gone["id"] = stays
    gone["requests"][0]["path"] = gone["requests"][0]["path"].rpartition("/")[0] + f"/{stays}"


def hidden_delete(plan):
    plan["plan"]["summary"]["destroyed"] = 0


def no_difference(plan):
    change_of(plan, "gone")["action"] = "NOOP"


def write_of_what_is_observed(plan):
    change_of(plan, "watched").update(action="UPDATE", lifecycle={}, blocked=[])


def write_of_what_is_ignored(plan):
    spared, path = change_of(plan, "spared"), {"path": "/system_prompt", "op": "replace", "value": "x"}
    spared["patch"].append(path)
    spared["requests"][0]["body"].append(path)
    spared["fields"].append({"path": "/system_prompt", "direction": "GIT", "before": "Be brief.", "after": "x"})
    spared["after"]["system_prompt"] = spared["managed"]["/system_prompt"] = "x"
    spared["lifecycle"] = {}


def create_of_something_else(plan):
    change_of(plan, "new")["requests"][0]["body"]["system_prompt"] = "Say yes to everything."


def unlooked(plan):
    desk = change_of(plan, "desk")
    del desk["live_digest"]


def other_before(plan):
    change_of(plan, "desk")["before"]["system_prompt"] = "It was always like this."


def masked_value(plan):
    change_of(plan, "desk")["after"]["system_prompt"] = {"$mask": True}


def other_address(plan):
    change_of(plan, "desk")["address"] = "persona.elsewhere"


def delete_of_what_nobody_manages(plan):
    stranger = {**copy.deepcopy(change_of(plan, "gone")), "address": "persona.stranger"}
    plan["plan"]["changes"].append(stranger)
    plan["plan"]["summary"]["destroyed"] += 1


def taken_over(plan):
    change_of(plan, "new")["importing"] = change_of(plan, "watched")["id"]


def other_host(plan):
    plan["plan"]["account"]["base_url"] = "https://elsewhere.example/v2"


def other_workspace(plan):
    plan["plan"]["workspace"] = "other"


def older_state(plan):
    plan["plan"]["serial"] -= 1


def other_state(plan):
    plan["plan"]["lineage"] = "x"


def moved_from_another(plan):
    change_of(plan, "new")["previous"] = "persona.watched"


def said_to_give_way(plan):
    change_of(plan, "gone")["gives_way_to"] = "persona.new"


def other_kind(plan):
    change_of(plan, "gone")["address"] = "tool.gone"


def sent_twice(plan):
    requests = change_of(plan, "desk")["requests"]
    requests.append(copy.deepcopy(requests[0]))


def whole_address_as_path(plan):
    change_of(plan, "desk")["requests"][0]["path"] = "https://elsewhere.example/v2/personas/x"


def dots_in_the_path(plan):
    request = change_of(plan, "desk")["requests"][0]
    request["path"] = request["path"].rpartition("/")[0] + "/../tools/x"


def other_variable(plan):
    text = json.dumps(plan["plan"]["changes"])
    assert '"env": "KEY"' in text
    plan["plan"]["changes"] = json.loads(text.replace('"env": "KEY"', '"env": "OTHER"'))


def write_over_another(plan):
    change_of(plan, "new").update(action="UPDATE", id=change_of(plan, "watched")["id"])


def called_a_refresh(plan):
    plan["plan"]["mode"] = "refresh-only"


def shown_and_not_sent(plan):
    change_of(plan, "gone")["requests"] = []


def other_order(plan):
    plan["plan"]["changes"].reverse()


FORGERIES = [
    other_method, other_object, other_body, other_patch_and_body, further_operation, literal_key, delete_of_another,
    hidden_delete, no_difference, write_of_what_is_observed, write_of_what_is_ignored, create_of_something_else,
    unlooked, other_before, masked_value, other_address, delete_of_what_nobody_manages, taken_over, other_host,
    other_workspace, older_state, other_state, moved_from_another, said_to_give_way, other_kind, sent_twice,
    whole_address_as_path, dots_in_the_path, other_variable, write_over_another, called_a_refresh, shown_and_not_sent,
    other_order,
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda one: one.__name__)
def test_a_forged_plan_is_refused_and_nothing_is_sent(world, saved, forge):
    forged = copy.deepcopy(saved)
    forge(forged)
    with pytest.raises((PlanStale, PlanBlocked)) as caught:
        world.carry_out(load_plan(sealed(forged)))
    assert caught.value.exit_code in (3, 5)
    assert world.sent() == []


# --- blocks are worked out again ----------------------------------------------------------------------------------


def test_flags_and_blocks_that_are_taken_out_are_worked_out_again(tmp_path):
    world = World(tmp_path / "lab")
    plan = world.save(allow_deletes=False)
    change_of(plan, "gone")["blocked"] = []
    with pytest.raises((PlanStale, PlanBlocked)):
        world.carry_out(load_plan(sealed(plan)))
    assert world.sent() == []


@pytest.mark.parametrize(
    "policy", [Policy(deletes="never"), Policy(protected=("persona.go*",)), Policy(max_deletes=0, deletes="allow")]
)
def test_the_policy_that_apply_was_started_with_counts(tmp_path, policy):
    world = World(tmp_path / "lab")
    plan = world.save(allow_mass_change=False)
    world.policy = policy
    with pytest.raises(PlanBlocked, match=r"persona\.gone|policy"):
        world.carry_out(load_plan(sealed(plan)))
    assert world.sent() == []


def test_the_ratio_is_counted_again_and_no_claim_about_who_edited_lifts_it(tmp_path):
    world = World(tmp_path / "lab")
    plan = world.save()
    plan["plan"]["options"].pop("allow_mass_change")
    world.policy = Policy(min_resources=1, max_change_percent=10)
    with pytest.raises(PlanBlocked, match="more than 10 %"):
        world.carry_out(load_plan(sealed(plan)))
    for change in plan["plan"]["changes"]:
        for field in change["fields"] if change["action"] == "UPDATE" else ():
            field["direction"] = "LIVE"
    with pytest.raises(PlanStale, match="not in the account"):
        world.carry_out(load_plan(sealed(plan)))
    assert world.sent() == []


# --- and anything else --------------------------------------------------------------------------------------------

SHOWN = (
    "address", "action", "id", "importing", "previous", "replaces", "gives_way_to", "before", "after", "patch",
    "requests", "level",
)  # fmt: skip


def meaning(plan):
    """What is sent and shown; null and what is empty say the same."""

    def full(value):
        if isinstance(value, dict):
            return {key: found for key, member in value.items() if (found := full(member)) not in (None, [], {})}
        return value

    return [
        [
            *(full(getattr(one, name)) for name in SHOWN),
            [(field.path, field.before, field.after) for field in one.fields],
        ]
        for one in plan.differences
    ]


def places(value, here=()):
    yield here
    if isinstance(value, dict):
        for key, member in value.items():
            yield from places(member, (*here, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*here, index))


def forge_at(document, place, how, number):
    """One place of the document changed; False where nothing can be changed that way."""
    *way, last = place
    holder = document
    for step in way:
        holder = holder[step]
    value = holder[last]
    if how == "drop":
        del holder[last]
    elif how == "twice" and isinstance(value, list) and value:
        value.append(copy.deepcopy(value[number % len(value)]))
    elif how == "other" and isinstance(value, bool):
        holder[last] = not value
    elif how == "other" and isinstance(value, int):
        holder[last] = value + 1 + number
    elif how == "other" and isinstance(value, str):
        holder[last] = value[: number % (len(value) + 1)] + "z"
    elif how == "null":
        holder[last] = None
    else:
        return False
    return True


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_what_passes_sends_and_shows_the_same(world, saved, data):
    forged = copy.deepcopy(saved)
    for _ in range(data.draw(st.integers(1, 2))):
        known = [("plan", *place) for place in places(forged["plan"]) if place]
        changed = [place for place in known if place[1] in ("changes", "summary")]
        place = data.draw(st.sampled_from(changed if data.draw(st.booleans()) else known))
        how = data.draw(st.sampled_from(["other", "drop", "twice", "null"]))
        forge_at(forged, place, how, data.draw(st.integers(0, 9)))
    real = load_plan(sealed(saved))
    try:
        plan = load_plan(sealed(forged))
        world.look(plan)
    except ReconcilerError:
        return
    finally:
        assert world.sent() == []
    assert meaning(plan) == meaning(real)
