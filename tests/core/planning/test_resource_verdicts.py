"""Verdicts about single resources: what they rest on, and what the next run makes of them."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.planning.resource_verdicts import ResourceVerdict, ResourceVerdicts, kept_of
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import Address
from reconciler.types.json import Object
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import Lifecycle
from reconciler.types.state import Entry, State

PERSONA = kind("persona")
KEPT = kept_of(Lifecycle())
NAME = PERSONA.name_field[1:]
ADDRESS = Address("persona", "desk")
LINE = b'"persona.desk": {"id": "p1", "kind": "persona", "sent": {"/greeting": "abc"}}'


def body() -> Object:
    """Equal each time, and no part of it the same object twice."""
    word = "".join(["wel", "come"])
    return {"greeting": word, "layers": {"llm": {"model": word, "speed": 1}}}


def live(content: Object) -> LiveObject:
    return LiveObject(PERSONA, "p1", "Desk", content)


def known(content: Object, line: bytes = LINE) -> ResourceVerdicts:
    """The verdicts of a run after one that saw this object and this line of the state."""
    before = ResourceVerdicts(lambda: None, b"key")
    before.entry("persona.desk", line)
    marks = before._marks["persona.desk"], before._mark_live(live(content))
    verdict = ResourceVerdict(
        "persona",
        "desk",
        0,
        "/spec",
        {NAME: "Desk"},
        None,
        (),
        (),
        (),
        (),
        marks[0],
        (),
        (),
        KEPT,
        KEPT,
        "p1",
        "Desk",
        "desk.yaml",
        marks[1],
        (),
    )
    before._found["desk.yaml"] = (b"digest", (verdict,))
    kept = before.dump()
    assert kept is not None
    found = ResourceVerdicts(lambda: kept, b"key")
    found.begin()
    return found


def seen(content: Object) -> dict[str, Listing]:
    return {"persona": Listing("persona", {"p1": live(content)})}


def test_what_is_as_it_was_stands_for_the_resource() -> None:
    verdicts = known(body())
    (verdict,) = verdicts.of_file("desk.yaml", b"digest")
    assert verdict.address == ADDRESS
    assert verdict.spec() == {NAME: "Desk"}
    entry = verdicts.entry("persona.desk", LINE)
    assert entry == Entry("p1", name="Desk", source="desk.yaml")
    assert verdicts.moved(State("l", resources={ADDRESS: entry}), seen(body())) == []


def test_other_bytes_of_the_file_have_to_be_read() -> None:
    verdicts = known(body())
    assert verdicts.of_file("desk.yaml", b"other") == ()
    assert verdicts.of_file("more.yaml", b"digest") == ()
    assert verdicts.entry("persona.desk", LINE) is None  # for it is compared
    assert not verdicts.taken


def test_whatever_moved_in_state_or_account_is_found() -> None:
    for line, content, held in (
        (LINE.replace(b"abc", b"abd"), body(), True),
        (LINE, {**body(), "greeting": "Hi."}, True),
        (LINE, {**body(), "layers": {"llm": {"model": "welcome", "speed": 1.0}}}, True),
        (LINE, {**body(), "layers": {"llm": {"model": "welcome", "speed": True}}}, True),
        (LINE, body(), False),
    ):
        verdicts = known(body())
        verdicts.of_file("desk.yaml", b"digest")
        entry = verdicts.entry("persona.desk", line) or Entry("p1", name="Desk", source="desk.yaml")
        state = State("l", resources={ADDRESS: entry} if held else {})
        assert verdicts.moved(state, seen(content)) == [ADDRESS]


def test_an_entry_that_somebody_replaced_is_none_that_was_looked_at() -> None:
    verdicts = known(body())
    verdicts.of_file("desk.yaml", b"digest")
    entry = verdicts.entry("persona.desk", LINE)
    assert entry is not None
    assert verdicts.moved(State("l", resources={ADDRESS: replace(entry)}), seen(body())) == [ADDRESS]


def test_what_was_dropped_is_read_from_then_on() -> None:
    verdicts = known(body())
    assert verdicts.of_file("desk.yaml", b"digest")
    assert verdicts.drop([ADDRESS])
    assert not verdicts.drop([ADDRESS])
    verdicts.begin()
    assert verdicts.of_file("desk.yaml", b"digest") == ()
    assert not verdicts.taken


def test_marks_tell_nothing_without_the_key() -> None:
    one, other = (ResourceVerdicts(lambda: None, key) for key in (b"one", b"other"))
    assert one._mark_live(live(body())) != other._mark_live(live(body()))
