"""Rules of guardrails and objectives: limits of the API, modalities, ways between steps (L24, L25, L34)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.kinds.objectives import circle_of, next_steps
from reconciler.platforms.tavus.rules.body_reader import sequence, text
from reconciler.platforms.tavus.rules.value_rules import out_of_bounds
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Object
from reconciler.types.manifest import Manifest

NAME = re.compile(r"[A-Za-z0-9_]{1,100}")


def check_guardrail_limits(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    kind = manifest.address.kind
    found = out_of_bounds(GUARDRAIL_LIMITS, manifest, context)
    if kind == "persona":
        yield from (diagnostic for diagnostic in found if diagnostic.pointer in ("/guardrail_ids", "/guardrail_tags"))
        return
    yield from found
    if kind == "guardrail":
        if manifest.spec.get("guardrail_name") is None and not NAME.fullmatch(manifest.address.name):
            yield GUARDRAIL_LIMITS.found(
                manifest,
                "",
                f"without guardrail_name the manifest's own name is sent, and {manifest.address.name!r} is refused",
                hint="write a guardrail_name of letters, digits and underscores",
            )
        return
    # Sets of the older form with names like "No legal advice" were taken by the API: not an error there.
    for index, item in enumerate(sequence(manifest.spec, "/data")):
        name = item.get("guardrail_name") if isinstance(item, dict) else None
        if isinstance(name, str) and not NAME.fullmatch(name):
            yield GUARDRAIL_LIMITS.found(
                manifest,
                f"/data/{index}/guardrail_name",
                f"the name {name[:120]!r} should be 1 to 100 letters, digits or underscores",
                severity=Severity.WARNING,
            )


GUARDRAIL_LIMITS = Rule(
    code="L24",
    name="guardrail-limits",
    severity=Severity.ERROR,
    kinds=("guardrail", "guardrail_set", "persona"),
    source="guardrails page, the vendor's contract of June 2026",
    check=check_guardrail_limits,
    doc=RuleDoc(
        what="A guardrail whose name is not 1 to 100 letters, digits or underscores, whose prompt has more than "
        "1,000 or callback_url more than 2,048 characters, or with over 32 tags of 64 characters; a persona with "
        "more than 50 guardrail_ids or guardrail_tags.",
        why="The API refuses such an object, and everything that depends on it waits.",
        bad="guardrail_name: no legal advice\nguardrail_prompt: user asks for legal advice\n",
        good="guardrail_name: no_legal_advice\nguardrail_prompt: user asks for legal advice\n",
    ),
)


def check_guardrail_modality(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    bases = [""]
    if manifest.address.kind == "guardrail_set":
        bases = [f"/data/{index}" for index in range(len(sequence(manifest.spec, "/data")))]
    for base in bases:
        if text(manifest.spec, f"{base}/modality") == "audio":
            yield GUARDRAIL_MODALITY.found(
                manifest,
                f"{base}/modality",
                "modality audio is taken by the vendor's client, but no page names it",
                hint="documented are verbal and visual",
            )


GUARDRAIL_MODALITY = Rule(
    code="L25",
    name="guardrail-modality",
    severity=Severity.WARNING,
    kinds=("guardrail", "guardrail_set"),
    source="vendor client against the contract of June 2026",
    check=check_guardrail_modality,
    doc=RuleDoc(
        what="A guardrail's modality is audio, also inside a guardrail set.",
        why="The client accepts it and the contract does not: the API may refuse it.",
        bad="guardrail_name: no_shouting\nguardrail_prompt: user shouts\nmodality: audio\n",
        good="guardrail_name: no_shouting\nguardrail_prompt: user shouts\nmodality: verbal\n",
    ),
)


def check_objectives_flow(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    steps = {index: item for index, item in enumerate(sequence(manifest.spec, "/data")) if isinstance(item, dict)}
    yield from out_of_bounds(OBJECTIVES_FLOW, manifest, context)
    names: dict[str, int] = {}
    for index, step in steps.items():
        name = step.get("objective_name")
        if isinstance(name, str) and names.setdefault(name, index) != index:
            yield OBJECTIVES_FLOW.found(
                manifest, f"/data/{index}/objective_name", f"a second step is called {name!r}"
            )
    yield from _links(manifest, steps, names)
    if manifest.spec.get("allow_loops") is not True and len(names) == len(steps):
        onwards = {name: [one for one in next_steps(steps[index]) if one != name] for name, index in names.items()}
        yield from _way(manifest, onwards, names)


def _links(manifest: Manifest, steps: dict[int, Object], names: dict[str, int]) -> Iterator[Diagnostic]:
    for index, step in steps.items():
        if step.get("next_required_objective") and step.get("next_conditional_objectives"):
            yield OBJECTIVES_FLOW.found(
                manifest,
                f"/data/{index}/next_required_objective",
                "a step has either next_required_objective or next_conditional_objectives",
            )
        for name in next_steps(step):
            if name == step.get("objective_name"):  # whether loops are allowed or not
                yield OBJECTIVES_FLOW.found(manifest, f"/data/{index}", f"{name!r} cannot lead to itself")
            elif name not in names:
                word = "next_required_objective"
                if step.get(word) != name:
                    word = "next_conditional_objectives"
                yield OBJECTIVES_FLOW.found(manifest, f"/data/{index}/{word}", f"no step is called {name!r}")


def _way(manifest: Manifest, follow: dict[str, list[str]], names: dict[str, int]) -> Iterator[Diagnostic]:
    """One step to begin with, and no way back."""
    targets = {target for several in follow.values() for target in several}
    roots = [name for name in follow if name not in targets]
    circle = circle_of(follow)
    if circle:
        summary = f"the steps lead back: {' -> '.join(circle)}"
        hint = "allow_loops: true, if that is meant"
        yield OBJECTIVES_FLOW.found(manifest, f"/data/{names[circle[0]]}", summary, hint=hint)
    elif len(roots) > 1:
        summary = f"{len(roots)} steps to begin with: {', '.join(roots)}; there must be exactly one"
        hint = "let an earlier step name the others"
        yield OBJECTIVES_FLOW.found(manifest, f"/data/{names[roots[1]]}", summary, hint=hint)


OBJECTIVES_FLOW = Rule(
    code="L34",
    name="objectives-flow",
    severity=Severity.ERROR,
    kinds=("objectives",),
    source="create-objectives page, the vendor's client",
    check=check_objectives_flow,
    doc=RuleDoc(
        what="Steps of a set of objectives that do not have exactly one beginning, lead back to an earlier step, "
        "name a step that is not there, bear the same name twice, or exceed the limits of the API (50 steps, names "
        "of letters, digits and underscores, prompts of 10,000 characters).",
        why="The API checks the set as a whole and refuses it, and the personas that use it wait.",
        bad="name: Intake\ndata:\n- {objective_name: greet, objective_prompt: Say hello.}\n"
        "- {objective_name: close, objective_prompt: Say goodbye.}\n",
        good="name: Intake\ndata:\n- {objective_name: greet, objective_prompt: Say hello., "
        "next_required_objective: close}\n- {objective_name: close, objective_prompt: Say goodbye.}\n",
    ),
)
