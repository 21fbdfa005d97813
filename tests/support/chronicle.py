"""A lab whose state lives in a real backend, with applies and rollbacks as a user runs them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

from reconciler.api.offline import load_plan
from reconciler.backends.context import BackendContext
from reconciler.backends.local import open_backend
from reconciler.core.planning.plan_file import dump_plan, plan_digest
from reconciler.engine.apply.locked_apply import apply_manifests, apply_rollback, apply_saved
from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.plan.plan_rollback import plan_rollback
from reconciler.engine.run_context import RunContext
from reconciler.engine.state.state_reader import read_only_state
from reconciler.types.address import Address
from reconciler.types.change import Change
from reconciler.types.diagnostic import Source
from reconciler.types.event import Event
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Manifest, ManifestSet, Moved, Removed
from reconciler.types.options import ApplyOptions, PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from reconciler.types.report import ApplyResult
from reconciler.types.state import State
from tests.support.lab import Lab

LISTS = {"pals": "pal_type", "tools": "type", "guardrails": "type", "documents": "type"}
SERVER = {"created_at", "updated_at", "pal_id", "id", "tool_id", "guardrails_id", "uuid", "document_uuid"}
SETS = ("document_tags", "document_ids", "guardrail_ids", "guardrail_tags")
"""Lists whose order means nothing."""

Document: TypeAlias = Manifest | Moved | Removed
FILE = Source("documents.yaml")


def moved(before: str, after: str) -> Moved:
    return Moved(Address.parse(before), Address.parse(after), FILE)


def removed(address: str) -> Removed:
    return Removed(Address.parse(address), FILE)


def files(documents: Iterable[Document]) -> ManifestSet:
    """What the loader makes of these documents."""
    given = tuple(documents)
    return ManifestSet(
        tuple(one for one in given if isinstance(one, Manifest)),
        tuple(one for one in given if isinstance(one, Moved)),
        tuple(one for one in given if isinstance(one, Removed)),
    )


class Chronicle:
    """One account and its history."""

    def __init__(self, folder: Path, backend: Backend | None = None, **lab: Any) -> None:
        self.lab = Lab(**lab)
        self.backend = backend or open_backend(BackendSettings(), BackendContext(folder, "lab"))
        self.events: list[Event] = []

    def context(self) -> RunContext:
        return self.lab.writing(self.backend, self.events.append)

    def apply(self, *documents: Document, **options: Any) -> ApplyResult:
        plan, result = apply_manifests(
            files(documents), self.context(),
            PlanOptions(record=True, allow_empty=True, **options), ApplyOptions(), confirm=lambda plan: True,
        )  # fmt: skip
        assert result is not None, plan
        return result

    def rollback(self, serial: int, **options: Any) -> tuple[Plan, ApplyResult | None]:
        return apply_rollback(
            serial, self.context(), PlanOptions(record=True, **options), ApplyOptions(),
            confirm=lambda plan: True,
        )  # fmt: skip

    def plan_back(self, serial: int, **options: Any) -> Plan:
        """The plan as it comes back from its file, by a client that cannot write."""
        options = {"record": True, **options}
        plan = plan_rollback(serial, self.state(), PlanOptions(**options), self.lab.setting(reading=True)).plan
        return load_plan(dump_plan(plan))

    def differences(self, *documents: Document) -> tuple[Change, ...]:
        """What a plan says now."""
        setting = self.lab.setting(reading=True)
        return make_plan(files(documents), self.state(), PlanOptions(allow_empty=True), setting).plan.differences

    def carry_out(self, plan: Plan) -> ApplyResult:
        return apply_saved(plan, plan_digest(plan), self.context(), ApplyOptions(saved=True))

    def state(self) -> State:
        return read_only_state(self.backend, "lab", emit=self.events.append)

    def world(self, collection: str = "pals") -> dict[str, Object]:
        """The account's own objects by name: bodies without ids and times, sets sorted, attached tools by name."""
        found: dict[str, Object] = {}
        for row in self._rows(collection):
            id = row.get("pal_id") or row.get("id") or row.get("tool_id")
            body = {key: value for key, value in row.items() if key not in SERVER}
            body |= {key: sorted(map(str, value)) for key in SETS if isinstance(value := body.get(key), list)}
            if collection == "pals":
                answer = self.lab.client.get(f"/pals/{id}/tools").json()
                tools = answer.get("data", answer.get("tools", [])) if isinstance(answer, dict) else answer
                body["tool_ids"] = sorted(str(tool["name"]) for tool in tools)
            found[str(row.get("pal_name") or row.get("name"))] = body
        return found

    def _rows(self, collection: str) -> list[dict[str, Json]]:
        rows: list[dict[str, Json]] = []
        for page in range(1, 9):
            answer = self.lab.client.get(
                f"/{collection}", params={"limit": 100, "page": page, LISTS[collection]: "user"}
            ).json()
            more = answer if isinstance(answer, list) else answer.get("data", answer.get(collection))
            rows += more
            if len(more) < 100:
                break
        return rows
