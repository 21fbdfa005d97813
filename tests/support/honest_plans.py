"""Plans that were made here, each with the state and the account that it was made against: what a proof must pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.planning.plan_proof import ProofContext, state_of_plan
from reconciler.engine.plan.make_plan import make_plan
from reconciler.types.address import ResourceRef
from reconciler.types.change import Change
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, Object
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Lifecycle, Manage, Manifest, ManifestSet, Moved, Removed
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.state import Entry, State
from tests.support.lab import Lab
from tests.support.making import at, env, listing, manifest

BODY = {"system_prompt": "Be brief.", "default_face_id": "rfe12d8b9597"}
LLM = {"model": "m", "base_url": "https://u.example", "api_key": env("KEY")}
TOOL = {"name": "look", "description": "Looks.", "delivery": {"api": {"url": "https://a.example", "method": "GET"}}}
RULE = {"guardrail_name": "rule", "guardrail_prompt": "No law.", "modality": "verbal"}
PAGE = {"document_name": "page", "document_url": "https://docs.example/a"}


@dataclass(frozen=True)
class Made:
    """A plan and its ground."""

    plan: Plan
    ground: ProofContext

    def change(self, address: str) -> Change:
        return next(one for one in self.plan.changes if str(one.address) == address)

    def live(self, address: str) -> LiveObject | None:
        return self.ground.live.get((at(address).kind, self.change(address).id or ""))

    def entry(self, address: str) -> Entry | None:
        return state_of_plan(self.plan, self.ground.state).resources.get(at(address))


def plan_here(lab: Lab, wanted: ManifestSet, **options: object) -> Made:
    """A plan of `lab` as it is, nothing blocked for its size, and what it was made against."""
    lifted = {"allow_deletes": True, "allow_mass_change": True, "record": True, **options}
    setting = lab.setting(reading=True)
    made = make_plan(wanted, lab.state, PlanOptions(**lifted), setting)  # type: ignore[arg-type]
    kinds = {kind for kind, _ in made.live}
    listings = {kind: listing(kind, *(one for one in made.live.values() if one.kind == kind)) for kind in kinds}
    return Made(
        made.plan,
        ProofContext(lab.state, made.live, listings, setting.book(lab.state), setting.provider.requests),
    )


@dataclass(frozen=True)
class Story:
    """What was applied, what somebody then did in the account, and what is wanted now."""

    wanted: Sequence[Manifest]
    first: Sequence[Manifest] = ()
    meanwhile: Callable[[Lab], None] = lambda lab: None
    moved: tuple[Moved, ...] = ()
    removed: tuple[Removed, ...] = ()
    options: Object = field(default_factory=dict)

    def told(self) -> Made:
        lab = Lab()
        if self.first:
            lab.apply(*self.first)
        self.meanwhile(lab)
        return plan_here(lab, ManifestSet(tuple(self.wanted), self.moved, self.removed), **self.options)


FULL = Lifecycle()


def persona(name: str = "desk", lifecycle: Lifecycle = FULL, **spec: Json) -> Manifest:
    return replace(manifest(f"persona.{name}", {"pal_name": name, **BODY, **spec}), lifecycle=lifecycle)


def edit(path: str, value: Json, op: str = "replace") -> Callable[[Lab], None]:
    return lambda lab: lab.edit("persona.desk", {"op": op, "path": path, "value": value})


def void(_: object) -> None:
    """For the sake of what was done on the way."""


def _forgotten(lab: Lab) -> None:
    lab.state = State(lab.state.lineage, 1, "lab", salt="00ff")


TOOLED = persona(tools=[ResourceRef("tool.look")], guardrail_ids=[ResourceRef("guardrail.rule")])
CALLER = replace(TOOLED, address=at("persona.caller"))
PARTS = (manifest("tool.look", TOOL), manifest("guardrail.rule", RULE))
READER = persona(document_ids=[ResourceRef("document.page")])
OBSERVED, IGNORING = Lifecycle(manage=Manage.OBSERVE), Lifecycle(ignore=("/system_prompt", "/layers/llm/api_key"))
HERE = Source("moves.yaml")

STORIES = {
    "new": Story([persona(layers={"llm": LLM}, greeting=None), *PARTS, CALLER]),
    "named by a variable": Story([persona(pal_name=env("OTHER"))]),
    "edited": Story(
        [persona(system_prompt="Be kind.", layers={"llm": {**LLM, "model": "n"}, "tts": {}})],
        [persona(layers={"llm": LLM, "tts": {"tts_engine": "cartesia"}}, greeting="Hi")],
    ),
    "layers gone": Story([persona()], [persona(layers={"llm": LLM}, greeting="Hi")]),
    "layers come": Story([persona(layers={"llm": LLM})], [persona()]),
    "parts come": Story([TOOLED, *PARTS], [persona()]),
    "parts go": Story([persona(), *PARTS], [TOOLED, *PARTS]),
    "edited in the account": Story([persona()], [persona()], edit("/system_prompt", "Be rude.")),
    "added in the account": Story([persona()], [persona()], edit("/greeting", "Hello", "add")),
    "edited on both sides": Story(
        [persona(system_prompt="Be kind.")], [persona()], edit("/system_prompt", "Be rude.")
    ),
    "observed": Story(
        [persona(lifecycle=OBSERVED, system_prompt="Be kind.")], [persona()],
    ),
    "observed no more": Story(
        [persona(system_prompt="Be kind.")], [persona()],
        lambda lab: void(lab.apply(persona(lifecycle=OBSERVED))),
    ),
    "ignored": Story(
        [persona(lifecycle=IGNORING, layers={"llm": {**LLM, "model": "n"}})],
        [persona(lifecycle=IGNORING, layers={"llm": LLM})],
        edit("/system_prompt", "Be rude."),
    ),
    "gone": Story([persona("b")], [persona(layers={"llm": LLM}), persona("b"), *PARTS, CALLER]),
    "forgotten": Story([persona("b")], [persona(), persona("b")], removed=(Removed(at("persona.desk"), HERE),)),
    "moved": Story(
        [replace(persona(system_prompt="Be kind."), address=at("persona.other"))], [persona()],
        moved=(Moved(at("persona.desk"), at("persona.other"), HERE),),
    ),
    "taken over": Story([persona(greeting="Hi")], [persona()], _forgotten),
    "made anew": Story(
        [READER, manifest("document.page", {**PAGE, "document_url": "https://docs.example/b"})],
        [READER, manifest("document.page", PAGE)],
        options={"replace": (at("document.page"),)},
    ),
    "destroyed": Story((), [TOOLED, *PARTS], options={"destroy": True}),
    "refreshed": Story([persona()], [persona()], edit("/greeting", "Hello", "add"), options={"refresh_only": True}),
}  # fmt: skip
"""Every way in which a change comes about."""
