"""L18: a key that no source names."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from reconciler.core.shape import Node, shape
from reconciler.kinds import KINDS
from reconciler.rules.base import Rule, RuleContext, RuleDoc
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, escape, is_marker
from reconciler.types.manifest import Manifest

QUIET = {
    "/layers/llm": ("disable_vision", "enable_llm_proxy", "model_name", "is_custom", "endpoint"),
    "/layers/perception": ("screen_tools",),
}
"""Keys that other rules speak about (L19), or that are known to be met."""


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if manifest.address.kind not in KINDS:
        return
    severity = Severity.ERROR if context.strict else Severity.WARNING
    for pointer, word, near in _unknown(shape(KINDS.get(manifest.address.kind)), manifest.spec, ""):
        yield RULE.found(
            manifest,
            pointer,
            f"unknown key {word!r}",
            hint=f"did you mean {near!r}?" if near else "it is passed on untouched",
            severity=severity,
        )


def _unknown(node: Node, value: Json, path: str) -> Iterator[tuple[str, str, str | None]]:
    free = not node.children or node.star is not None or (node.row is not None and node.row.verbatim)
    if not isinstance(value, dict) or is_marker(value) or free or _is_free_below(path):
        return
    for word, member in value.items():
        pointer = f"{path}/{escape(word)}"
        child = node.children.get(word)
        if child is not None:
            yield from _unknown(child, member, pointer)
        elif word not in QUIET.get(path, ()) and word not in node.renames:
            yield pointer, word, _similar(word, node)


def _is_free_below(path: str) -> bool:
    return path.endswith(("/extra_body", "/voice_settings"))


def _similar(word: str, node: Node) -> str | None:
    """The nearest key; also one of whose words it consists, as `prompt` in `system_prompt`."""
    known = (*node.children, *node.renames)
    close = get_close_matches(word.lower(), known, n=1)
    return close[0] if close else next((one for one in known if word.lower() in one.split("_")), None)


RULE = Rule(
    code="L18",
    name="unknown-key",
    severity=Severity.WARNING,
    kinds=(),
    source="public code; the loader looks at overlays as well",
    check=check,
    doc=RuleDoc(
        what="A key that the kind does not declare, at a place whose keys are known. An error with --strict.",
        why="Most are typos, and a typo has no effect: the setting stays at its default without a word. Real "
        "fields that are newer than this version are passed on untouched.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, speculative_inferense: true}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, speculative_inference: true}}\n",
    ),
)
