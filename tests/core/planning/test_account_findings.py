"""What a plan says beside its changes: what nothing claims, namesakes, references, what could not be compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.core.planning.account_findings import (
    drift_from_state,
    drift_items,
    find_incomplete,
    find_namesakes,
    find_references,
    find_unmanaged,
    incomplete_from_state,
    parse_moment,
    shown_moment,
    unlisted_text,
)
from reconciler.core.planning.assemble_changes import bind
from reconciler.core.planning.desired import build_desired
from reconciler.core.planning.records import Account, Compared, PlanRequest
from reconciler.core.resource_diff.resource_plan import DiffContext, Seen
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.serialization.digest import SecretDigests
from reconciler.core.state.entry_records import record
from reconciler.errors import ProviderError
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.change import Action, Direction, Request
from reconciler.types.history import History, HistoryEntry, RunHeader
from reconciler.types.json import SENSITIVE, Json
from reconciler.types.manifest import Lifecycle, ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Obstacle
from tests.support.making import SALT, at, book, entry, env, listing, live, manifest, state
from tests.support.records import change_of

LISTS = {
    "persona": listing("persona", live("persona", "p1", {"pal_name": "A"}), live("persona", "p9", {"pal_name": "Z"})),
    "tool": listing("tool", live("tool", "t1", {"name": "look"})),
}
REQUEST = PlanRequest(
    ManifestSet((manifest("persona.a", {"pal_name": "A"}), manifest("tool.look", {"name": "look"}))),
    state(persona__a=entry("p1"), persona__gone=entry("p5"), tool__look=entry("t1")),
    PlanOptions(),
)


def compared(seen: Seen = Seen(LISTS)) -> Compared:  # noqa: B008 - frozen
    desired = build_desired(REQUEST)
    account = Account(seen)
    return Compared(desired, account, bind(REQUEST, desired, account, DiffContext(book(), KINDS, "pal")), {}, {})


def test_what_neither_a_manifest_nor_the_state_claims() -> None:
    assert [(one.kind, one.id) for one in find_unmanaged(compared())] == [("persona", "p9")]


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)), st.sampled_from(range(-12, 13)))
def test_every_spelling_of_a_moment_is_the_moment(naive: datetime, hours: int) -> None:
    moment = naive.replace(microsecond=0, tzinfo=UTC)
    local = moment.astimezone(timezone(timedelta(hours=hours)))
    for text in (
        moment.isoformat(), local.isoformat(), moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        moment.strftime("%Y-%m-%dT%H:%M:%S"), format_datetime(local),
    ):  # fmt: skip
        assert parse_moment(text) == moment


@given(st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.lists(st.integers(), max_size=2))
def test_what_is_no_moment_hurts_nobody(value: Json) -> None:
    assert shown_moment(parse_moment(value)) is None or isinstance(value, str)


def test_a_create_knows_the_objects_that_bear_its_name_already() -> None:
    create = change_of(at("persona.z"), Action.CREATE, name="Z")
    assert find_namesakes(compared(), [create, change_of(at("persona.a"), Action.UPDATE)]) == {"persona.z": ("p9",)}


def test_lists_count_as_they_were_read_before_a_part_was_left_out() -> None:
    found = compared()
    found = replace(found, account=replace(found.account, whole=LISTS, seen=Seen({"persona": listing("persona")})))
    assert find_namesakes(found, [change_of(at("persona.z"), Action.CREATE, name="Z")]) == {"persona.z": ("p9",)}


def test_what_a_write_refers_to_and_the_plan_leaves_alone_is_remembered() -> None:
    request = Request("PATCH", "/pals/p1", at("persona.a"))
    user = change_of(at("persona.a"), Action.UPDATE, id="p1", depends_on=(at("tool.look"),), requests=(request,))
    assert list(find_references(compared(), [user])) == ["tool/t1"]
    assert find_references(compared(), [replace(user, requests=())]) == {}
    assert find_references(compared(), [replace(user, action=Action.DELETE)]) == {}
    tool = change_of(at("tool.look"), Action.UPDATE, id="t1", requests=(request,))
    assert find_references(compared(), [user, tool]) == {}


def test_what_is_gone_has_drifted() -> None:
    (item,) = drift_items(compared(Seen(LISTS, gone=frozenset({"p5"}))), REQUEST, None)
    assert (item.address, item.reason) == (at("persona.gone"), "deleted_outside")


def test_kinds_and_objects_that_were_not_shown_are_incomplete() -> None:
    found = replace(compared(), unread={at("persona.a"): "no"}, unlisted={"guardrail": ProviderError("not today")})
    kinds, one = find_incomplete(found)
    assert kinds.detail == unlisted_text("guardrail", "not today")
    assert (one.address, one.detail) == (at("persona.a"), "no")


SECRETS = book(KEY="sk-1")
MANAGED = {"/greeting": "hi", "/pipeline_mode": "full", "/layers/llm/api_key": env("KEY"), "/tools": ["t1"]}
SHOWN = {"pal_name": "A", "greeting": "hi", "layers": {"llm": {"api_key": "********"}}}


def known(**more):
    change = change_of(at("persona.a"), Action.UPDATE, id="p1", managed=MANAGED, **more)
    return record(change, live("persona", "p1", SHOWN, tools=("t1",)), None, SECRETS, {})


def drift(shown, *, tools=("t1",), **more):
    item = drift_from_state(at("persona.a"), known(**more), live("persona", "p1", shown, tools=tools), SECRETS)
    return {field.path: (field.before_unknown, field.after) for field in item.changes} if item else {}


def test_nothing_moved():
    assert drift(SHOWN) == {}
    assert drift({**SHOWN, "pipeline_mode": "full", "description": "not ours"}) == {}


def test_what_moved_is_named_and_the_value_before_unknown():
    assert drift({**SHOWN, "greeting": "hey", "pipeline_mode": "echo"}) == {
        "/greeting": (True, "hey"),
        "/pipeline_mode": (True, "echo"),
    }


def test_a_member_that_went_away():
    assert drift({"pal_name": "A"}) == {"/greeting": (True, None), "/layers/llm/api_key": (True, None)}


def test_a_secret_that_the_server_now_shows():
    assert drift({**SHOWN, "layers": {"llm": {"api_key": "sk-1"}}}) == {}
    assert drift({**SHOWN, "layers": {"llm": {"api_key": "sk-2"}}}) == {"/layers/llm/api_key": (True, "(sensitive)")}


def test_attachments():
    assert drift(SHOWN, tools=("t1", "t2")) == {"/tools": (True, ["t1", "t2"])}
    assert drift(SHOWN, tools=None) == {}


def test_ignored_paths_do_not_drift():
    assert drift({**SHOWN, "greeting": "hey"}, lifecycle=Lifecycle(ignore=("/greeting",))) == {}


def test_a_secret_that_no_table_knows_may_be_hidden_and_is_never_shown():
    place, items = "/layers/llm/extra_body/token", "/layers/llm/extra_body/items"
    managed = {"/greeting": "hi", place: env("KEY"), items: ["a", {"token": env("KEY")}]}
    change = change_of(at("persona.a"), Action.UPDATE, id="p1", managed=managed)

    def shown(token, *more):
        return live(
            "persona", "p1", {"greeting": "hi", "layers": {"llm": {"extra_body": {**token, "items": [*more]}}}}
        )

    hidden = ("a", {"token": "****"})
    entry = record(change, shown({"token": "****"}, *hidden), None, SECRETS, {})
    assert entry.secret_paths == {place, items}
    for token in ({"token": "****"}, {"token": "sk-1"}):
        assert drift_from_state(at("persona.a"), entry, shown(token, *hidden), SECRETS) is None
    for token in ({"token": None}, {}):  # the mask is gone, and what it stood for
        found = drift_from_state(at("persona.a"), entry, shown(token, *hidden), SECRETS)
        assert [(field.path, field.after) for field in found.changes] == [(place, None)]
    found = drift_from_state(at("persona.a"), entry, shown({"token": "sk-other"}, *hidden), SECRETS)
    assert [(field.path, field.after) for field in found.changes] == [(place, "(sensitive)")]
    open_entry = record(change, shown({"token": "sk-1"}, "a", {"token": "sk-1"}), None, SECRETS, {})
    found = drift_from_state(at("persona.a"), open_entry, shown({"token": "sk-1"}, "a", {"token": "sk-2"}), SECRETS)
    assert [(field.path, field.after) for field in found.changes] == [(items, "(sensitive)")]


KEY_PATH = "/layers/llm/api_key"
IN_CLEAR = {**SHOWN, "layers": {"llm": {"api_key": "sk-1"}}}


def incomplete(shown, *, secrets=None, held=None, **lifecycle):
    entry_ = replace(held or known(), lifecycle=Lifecycle(**lifecycle))
    found = incomplete_from_state(at("persona.a"), entry_, live("persona", "p1", shown), secrets or ELSEWHERE)
    return [(one.obstacle, one.path) for one in found]


ELSEWHERE = SecretBook(SecretDigests(SALT, b"another key"), lambda reference: "sk-1")


def test_a_value_that_is_shown_and_whose_digest_another_key_made_cannot_be_compared():
    missed = [(Obstacle.DIGEST_KEY, KEY_PATH)]
    assert incomplete(IN_CLEAR) == missed
    assert incomplete(IN_CLEAR, held=known_as(IN_CLEAR)) == missed
    assert incomplete(IN_CLEAR, secrets=SECRETS) == []
    assert incomplete(SHOWN) == incomplete({"pal_name": "A"}) == [], "what is hidden tells nobody anything"
    assert incomplete(IN_CLEAR, ignore=("/layers/llm",)) == []


def known_as(shown):
    change = change_of(at("persona.a"), Action.UPDATE, id="p1", managed=MANAGED)
    return record(change, live("persona", "p1", shown, tools=("t1",)), None, SECRETS, {})


def test_what_drifted_from_a_place_that_state_knows_as_a_secret_is_never_shown():
    """The manifest is gone, and no table says that a greeting is secret."""
    change = change_of(at("persona.a"), Action.UPDATE, id="p1", managed={"/greeting": env("KEY")})
    entry_ = record(change, live("persona", "p1", {"greeting": "sk-1"}), None, SECRETS, {})
    assert drift_from_state(at("persona.a"), entry_, live("persona", "p1", {"greeting": "sk-1"}), SECRETS) is None
    found = drift_from_state(at("persona.a"), entry_, live("persona", "p1", {"greeting": "sk-other"}), SECRETS)
    [field] = found.changes
    assert (field.before, field.after, field.sensitive) == (SENSITIVE, SENSITIVE, True)
    [gone] = drift_from_state(at("persona.a"), entry_, live("persona", "p1", {}), SECRETS).changes
    assert (gone.before, gone.after, gone.sensitive) == (SENSITIVE, None, True)
    assert "sk-" not in repr(found)


def test_what_is_no_secret_is_shown_as_it_is():
    [field] = drift_from_state(
        at("persona.a"), known(), live("persona", "p1", {**SHOWN, "greeting": "hey"}, tools=("t1",)), SECRETS
    ).changes
    assert (field.before, field.after, field.sensitive, field.direction) == (None, "hey", False, Direction.LIVE)


def test_who_changed_an_object_and_when_stands_beside_its_drift() -> None:
    change = change_of(at("persona.gone"), Action.UPDATE, id="p5", managed={"/greeting": "hi"})
    held = record(change, live("persona", "p5", {"greeting": "hi"}), None, book(), {})
    found = compared()
    spec = replace(kind("persona"), updated_by_member="edited_by")
    body = {"greeting": "hey", spec.updated_at_member: "2026-10-01T08:30:00Z", spec.updated_by_member: "ada"}
    state_ = replace(found.desired.state, resources={at("persona.gone"): replace(held, source="gone.yaml")})
    shown = replace(live("persona", "p5", body), kind=spec)
    found = replace(found, desired=replace(found.desired, state=state_), live={("persona", "p5"): shown})
    [item] = drift_items(found, REQUEST, None)
    assert (item.source, item.edited, item.reason) == ("gone.yaml", "2026-10-01 08:30 UTC", None)
    assert item.editor == "ada"
    assert drift_items(replace(found, live={}), REQUEST, None) == ()


def made_at(text: Json) -> bool:
    """Whether an object of that age counts as new at 08:30."""
    lists = {"persona": listing("persona", live("persona", "p9", {"pal_name": "Z", "created_at": text}))}
    [one] = find_unmanaged(compared(Seen(lists)), datetime(2026, 10, 1, 8, 30, tzinfo=UTC))
    return one.is_new


def test_what_was_made_since_is_new_to_the_second() -> None:
    assert made_at("2026-10-01T08:30:00Z") and made_at("2026-10-01T08:30:01Z")
    assert not made_at("2026-10-01T08:29:59Z")
    assert made_at(None) and made_at("yesterday"), "what tells no age may be new"


def test_without_a_time_that_was_asked_for_new_is_what_was_made_after_the_last_run() -> None:
    runs = [HistoryEntry(number, number, number - 1, RunHeader("apply", at=f"2026-10-0{number}T08:00:00Z"), "done")
            for number in (1, 2)]  # fmt: skip
    made = {"p8": "2026-10-01T12:00:00Z", "p9": "2026-10-02T12:00:00Z"}
    objects = [live("persona", id, {"pal_name": id, "created_at": when}) for id, when in made.items()]
    found = compared(Seen({"persona": listing("persona", *objects)}))
    held = replace(found.desired.state, history=History(entries=tuple(runs)))
    found = replace(found, desired=replace(found.desired, state=held))
    assert [(one.id, one.is_new) for one in find_unmanaged(found)] == [("p8", False), ("p9", True)]
    early = datetime(2026, 9, 1, tzinfo=UTC)
    assert [one.is_new for one in find_unmanaged(found, early)] == [True, True]
    assert [one.is_new for one in find_unmanaged(compared(found.account.seen))] == [True, True]


def test_what_the_vendor_exchanged_for_its_successor_is_nobodys_edit() -> None:
    path = "/layers/llm/model"
    change = change_of(at("persona.a"), Action.UPDATE, id="p1", managed={path: "tavus-llama-4", "/greeting": "hi"})
    before = {"greeting": "hi", "layers": {"llm": {"model": "tavus-llama-4"}}}
    entry_ = record(change, live("persona", "p1", before), None, SECRETS, {})

    def found(greeting: str = "hi", catalogue=load_catalogue):
        now = live("persona", "p1", {"greeting": greeting, "layers": {"llm": {"model": "tavus-gpt-oss"}}})
        return drift_from_state(at("persona.a"), entry_, now, SECRETS, catalogue)

    [field] = found().changes
    assert (field.direction, field.before, field.after, found().reason) == (
        Direction.VENDOR, "tavus-llama-4", "tavus-gpt-oss", "vendor",
    )  # fmt: skip
    assert field.note
    assert found("hey").reason is None, "somebody else moved something, too"
    assert [one.direction for one in found(catalogue=None).changes] == [Direction.LIVE]


def test_what_could_not_be_compared_stands_in_the_order_of_addresses() -> None:
    unread = {at(f"persona.{name}"): "no" for name in "cab"}
    found = replace(compared(), unread=unread, unseen={("tool", "t9"): "busy"})
    assert [str(one.address or one.detail) for one in find_incomplete(found)] == [
        "what tool t9 uses is not known: busy", "persona.a", "persona.b", "persona.c",
    ]  # fmt: skip
    assert unlisted_text("guardrail", "not today") == "guardrail objects cannot be listed: not today"
