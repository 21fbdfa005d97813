"""Resources bound to live objects, references to ids, and what a plan says of those that lead nowhere."""

from __future__ import annotations

from reconciler.core.planning.bind_resources import bind
from reconciler.core.planning.desired import desire
from reconciler.core.planning.records import Account, Bound, PlanRequest
from reconciler.core.resource_diff.records import Context, Seen
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import Address
from reconciler.types.change import Reason
from reconciler.types.live import Listing
from reconciler.types.manifest import Manifest, ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.state import State
from tests.support.making import at, book, entry, listing, live, manifest, state

TOOL = manifest("tool.look", {"name": "look", "description": "d", "origin": "llm"})
USER = manifest("persona.a", {"pal_name": "A", "tools": ["look"]})
LISTS = {
    "persona": listing("persona", live("persona", "p1", {"pal_name": "A"})),
    "tool": listing("tool", live("tool", "t1", {"name": "look"})),
}


def bound(
    *manifests: Manifest,
    held: State | None = None,
    lists: dict[str, Listing] = LISTS,
    replaced: tuple[Address, ...] = (),
    **options: object,
) -> Bound:
    chosen = PlanOptions(**options)  # type: ignore[arg-type]
    request = PlanRequest(ManifestSet(manifests), held or State("lineage"), chosen, replaced=replaced)
    return bind(request, desire(request), Account(Seen(lists)), Context(book(), KINDS, "pal"))


def test_references_become_the_ids_of_what_is_there() -> None:
    found = bound(TOOL, USER)
    assert found.resources[at("persona.a")].leaves["/tools"] == ["t1"]
    assert found.matching.bindings[at("tool.look")].reason is Reason.ADOPTED_BY_NAME


def test_references_to_what_is_yet_to_be_made_stay_references() -> None:
    found = bound(TOOL, USER, lists={"persona": LISTS["persona"], "tool": listing("tool")})
    assert found.resources[at("persona.a")].leaves["/tools"] != ["t1"]
    assert found.matching.bindings[at("tool.look")].id is None


def test_what_is_replaced_has_no_object_yet() -> None:
    found = bound(USER, TOOL, held=state(persona__a=entry("p1")), replaced=(at("persona.a"),))
    binding = found.matching.bindings[at("persona.a")]
    assert (binding.id, binding.reason) == (None, Reason.REPLACED)


def test_tools_behind_attachments_are_known_with_their_bodies() -> None:
    context = bound(TOOL, USER).context
    body = context.tool("t1")
    assert body is not None
    assert body.name == "look"
    assert context.tool("t-unknown") is None


def test_only_a_run_that_writes_migrates() -> None:
    held = state(persona__a=entry("p1"))
    assert bound(USER, TOOL, held=held, migrate=True).context.migrate
    assert not bound(USER, TOOL, held=held, migrate=True, drift_only=True).context.migrate


def test_an_account_met_without_a_state_is_said_once() -> None:
    assert [one.code for one in bound(TOOL, USER).problems] == ["E-no-state"]
