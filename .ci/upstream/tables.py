"""The vendor client's models against the field tables: members, closed lists and limits."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from reconciler.core.canonical.field_tree import Node, build_field_tree
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.kinds.persona_skills import COMPONENTS
from reconciler.platforms.tavus.kinds.tool import SIZE
from reconciler.types.kind import Bounds, Field
from upstream.declared import Member, Module, Unreadable

ROOTS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("pal.py", "PalCreate"): ("persona", ""),
    ("guardrail.py", "GuardrailCreate"): ("guardrail", ""),
    ("objective.py", "ObjectivesCreate"): ("objectives", ""),
    ("pronunciation.py", "PronunciationDictionaryCreate"): ("pronunciation_dictionary", ""),
    ("tool.py", "ToolCreate"): ("tool", ""),
    ("deployment.py", "DeploymentLimits"): ("deployment", "/limits"),
    ("deployment.py", "PageButton"): ("deployment", "/customization/landing_page/cta/*"),
}
"""Module and class -> the kind and the place in it that the class describes."""
APART = frozenset(
    {
        "LandingPageDeploymentCreate",  # arguments of a command: the body that it makes is spelt otherwise
        "SiteDeploymentCreate",
        "_DeploymentCreateBase",
    }
)
"""Models of creates that describe no body."""
LIMITS: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("pal.py", "MAX_PAL_TOOLS"): ("persona", "/tools", "max_items"),
    ("guardrail.py", "MAX_GUARDRAILS_NAME_LENGTH"): ("guardrail", "/guardrail_name", "max_length"),
    ("guardrail.py", "MAX_GUARDRAIL_TAGS_PER_ITEM"): ("guardrail", "/tags", "max_items"),
    ("objective.py", "MAX_OBJECTIVE_NAME_LEN"): ("objectives", "/data/*/objective_name", "max_length"),
    ("objective.py", "MAX_OBJECTIVE_CALLBACK_URL_LEN"): ("objectives", "/data/*/callback_url", "max_length"),
    ("objective.py", "MAX_OBJECTIVE_OUTPUT_VARIABLES"): ("objectives", "/data/*/output_variables", "max_items"),
    ("objective.py", "MAX_OBJECTIVES_NAME_LEN"): ("objectives", "/name", "max_length"),
    ("objective.py", "MAX_OBJECTIVES_COUNT"): ("objectives", "/data", "max_items"),
    ("pronunciation.py", "MAX_RULES_PER_DICTIONARY"): ("pronunciation_dictionary", "/rules", "max_items"),
}
"""Constants of the client -> the limit of a field that they are."""
KNOWN = frozenset(
    {
        # One field of three spellings; the table closes it by the Create Persona page.
        "persona /layers/conversational_flow/face_interruptibility",
    }
)


def client_differences(modules: Mapping[str, Module]) -> Iterator[str]:
    """What the client's models say and the tables do not. Raises `Unreadable` where a model is gone."""
    for (where, name), (kind, prefix) in ROOTS.items():
        module = modules.get(where)
        if module is None or name not in module.models:
            raise Unreadable(f"{where} has no {name} any more")
        yield from _walk(kind, _node_at(kind, prefix), prefix, module, name)
    told = {name for _, name in ROOTS} | APART
    for where, module in modules.items():
        new = [name for name in module.models if name.endswith("Create") and name not in told]
        yield from (f"{where} has a model {name}, which no kind is held against" for name in new)
    for (where, name), (kind, pointer, which) in LIMITS.items():
        theirs = modules[where].constants.get(name)
        row = _node_at(kind, pointer).row
        ours = getattr(row.bounds, which) if row is not None and row.bounds is not None else None
        if theirs != ours:
            yield f"{name} is {theirs}; {kind} {pointer} has {ours}"
    if modules["tool.py"].constants.get("MAX_TOOL_SIZE") != SIZE:
        yield f"MAX_TOOL_SIZE is {modules['tool.py'].constants.get('MAX_TOOL_SIZE')}; here it is {SIZE}"
    yield from _gone(modules)


def _node_at(kind: str, pointer: str) -> Node:
    node = build_field_tree(KINDS.get(kind))
    for token in pointer.split("/")[1:]:
        node = node.child(token)
    return node


def _walk(kind: str, node: Node, prefix: str, module: Module, name: str) -> Iterator[str]:
    for word, member in module.models[name].items():
        if word == "model_config":
            continue
        place, child = f"{prefix}/{word}", node.children.get(node.renames.get(word, word))
        if child is None:
            yield f"{kind} {place} is not in the field table"
            continue
        row = child.row
        if row is not None and f"{kind} {place}" not in KNOWN:
            needed = row.required or any(
                row.path in need.members for need in KINDS.get(kind).conditional_requirements
            )
            yield from (f"{kind} {place}: {line}" for line in _row_differences(row, member, needed=needed))
        inner = child.children.get("*") or child.star if member.is_list else child
        for model in member.models:
            if model in module.models and inner is not None:
                yield from _walk(kind, inner, f"{place}/*" if member.is_list else place, module, model)


def _row_differences(row: Field, member: Member, *, needed: bool) -> Iterator[str]:
    ours = {*row.enum, *row.observed_values}
    if member.words and ours and not member.words <= ours:
        yield f"the client takes {', '.join(sorted(member.words - ours))}, too"
    bounds = row.bounds or Bounds()
    pairs = {
        "min_length": bounds.min_items if member.is_list else bounds.min_length,
        "max_length": bounds.max_items if member.is_list else bounds.max_length,
        "ge": bounds.minimum, "le": bounds.maximum, "gt": bounds.exclusive_minimum,
    }  # fmt: skip
    for word, theirs in member.limits.items():
        if word in pairs and pairs[word] != theirs and not (word == "min_length" and needed):
            yield f"{word} is {theirs} for the client, {pairs[word]} here"


def _gone(modules: Mapping[str, Module]) -> Iterator[str]:
    """Fields that only the client was the witness of, and that it does not name any more."""
    named = {word for module in modules.values() for members in module.models.values() for word in members}
    kinds = {kind for kind, _ in ROOTS.values()} - {"deployment"}
    for kind in sorted(kinds):
        for row in KINDS.get(kind).fields:
            word = row.path.rpartition("/")[2]
            words = {word, *row.wire_names.values(), *row.aliases}
            if (
                row.source == "vendor client"
                and not row.server_owned
                and not words & named
                and row.path.count("/") == 3
            ):
                yield f"{kind} {row.path}: the client, its only witness, does not name it any more"


def skills_differences(module: Module) -> Iterator[str]:
    """The skills and the components of the canvas."""
    catalogue = module.constants.get("MAGIC_CANVAS_COMPONENT_IDS")
    if not isinstance(catalogue, tuple):
        raise Unreadable(f"{module.where} lists no components any more")
    ours = {name for name, _ in COMPONENTS}
    yield from (f"skill magic_canvas has a component {name}" for name in sorted(set(map(str, catalogue)) - ours))
    yield from (f"skill magic_canvas has no component {name} any more" for name in sorted(ours - set(catalogue)))
    known = {row.path.split("/")[2] for row in KINDS.get("persona").fields if row.path.startswith("/skills/")}
    yield from (f"a skill {name} is not known" for name in sorted(_skills(module) - known))


def _skills(module: Module) -> set[str]:
    return {
        value.value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "rqh_skill_id"
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }
