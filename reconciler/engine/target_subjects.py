"""export --target: personas of the manifests or of the account, as the export targets take them; reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.canonical.references import resources_of
from reconciler.core.canonical.vocabulary import canonical_words
from reconciler.core.export.exported_manifests import ExportedManifest
from reconciler.core.export.target import AttachedTool, Subject
from reconciler.core.kind_table import kind
from reconciler.core.text import matches
from reconciler.engine.export_account import ExportChoice, export_account
from reconciler.engine.run_context import RunContext
from reconciler.types.address import Address
from reconciler.types.json import Object
from reconciler.types.live import LiveObject
from reconciler.types.manifest import ManifestSet
from reconciler.types.reference import ResourceRef
from reconciler.types.state import State

PERSONA = "persona"


def subjects_of_manifests(manifests: ManifestSet, state: State) -> tuple[Subject, ...]:
    """Every persona of the files, with the id that the manifest or the state knows."""
    resources = resources_of(manifests.manifests)
    tools = {address: resource.spec for address, resource in resources.items() if address.kind == "tool"}
    found: list[Subject] = []
    for address, resource in resources.items():
        if address.kind == PERSONA:
            entry = state.resources.get(address)
            id = entry.id if entry is not None else resource.id
            found.append(Subject(address, resource.spec, id, _attached(resource.spec, tools)))
    return tuple(sorted(found, key=lambda subject: subject.address))


@dataclass(frozen=True, slots=True)
class AgentChoice(ExportChoice):
    """Personas by name, and every tool: they may have any."""

    def takes(self, live: LiveObject) -> bool:
        return live.kind.name == "tool" or (live.kind.name == PERSONA and ExportChoice.takes(self, live))

    def require_matches(self, there: Sequence[LiveObject]) -> None:
        """Left to who chooses the subjects: only they know which names are personas."""


def subjects_of_account(state: State, setting: RunContext, names: tuple[str, ...]) -> tuple[Subject, ...]:
    """The personas of the account whose names fit; called as state calls them. Sends nothing but GET requests.

    Raises `ProviderError` when the account cannot be read.
    """
    found = export_account(ManifestSet(), state, setting, AgentChoice(names=names))
    tools = {one.address: _spec(one) for one in found.manifests if one.address.kind == "tool"}
    return tuple(
        Subject(one.address, spec := _spec(one), one.id, _attached(spec, tools))
        for one in sorted(found.manifests, key=lambda one: one.address)
        if one.address.kind == PERSONA
    )


def choose_subjects(subjects: Iterable[Subject], names: tuple[str, ...]) -> list[Address]:
    """Addresses of those whose name (in the manifest, or the one people see) fits one of the globs; all for none."""
    chosen: list[Address] = []
    for subject in subjects:
        both = (subject.address.name.casefold(), str(subject.spec.get("pal_name") or "").casefold())
        if not names or any(matches(one, glob.casefold()) for glob in names for one in both):
            chosen.append(subject.address)
    return chosen


def _attached(spec: Object, tools: Mapping[Address, Object]) -> tuple[AttachedTool, ...]:
    """The registry tools of a persona, with what is known about them."""
    by_name = {str(body.get("name")): address for address, body in tools.items()}
    by_name |= {address.name: address for address in tools}
    items = spec.get("tools")
    found: list[AttachedTool] = []
    for item in items if isinstance(items, list) else ():
        refers = isinstance(item, ResourceRef)
        text = item.address if isinstance(item, ResourceRef) else item if isinstance(item, str) else ""
        address = by_name.get(text.removeprefix("tool.") if refers else text)
        found.append(AttachedTool(text or "?", tools[address] if address is not None else None))
    return tuple(found)


def _spec(one: ExportedManifest) -> Object:
    """The body of an exported manifest in canonical words."""
    return canonical_words(kind(one.address.kind), one.spec)[0]
