"""L26: persona words and PAL words in one manifest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from reconciler.core.kind_table import KINDS
from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import escape, split
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    words = _words(manifest.address.kind)
    old = {word: canonical for word, canonical in words.items() if word in manifest.written}
    new = [canonical for canonical in words.values() if canonical in manifest.written]
    if old and new:
        word, canonical = next(iter(old.items()))
        # The pointer is canonical; an overlay may have taken the value away.
        place = f"/{escape(canonical)}" if canonical in manifest.spec else ""
        yield RULE.found(
            manifest,
            place,
            f"persona words ({', '.join(old)}) and PAL words ({', '.join(new)}) in one manifest",
            hint=f"write {canonical} instead of {word}, or the other way round",
        )


@cache
def _words(kind: str) -> dict[str, str]:
    """Persona word -> PAL word of the kind's top-level fields."""
    rows = [row for row in KINDS.get(kind).fields if "persona" in row.words] if kind in KINDS else []
    return {row.words["persona"]: split(row.path)[0] for row in rows if len(split(row.path)) == 1}


RULE = Rule(
    code="L26",
    name="vocabulary-mix",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="met in public code",
    check=check,
    doc=RuleDoc(
        what="One manifest uses persona_name or default_replica_id and pal_name or default_face_id side by side.",
        why="Both mean the same; mixed, a reader has to know that, and two of them may one day disagree.",
        bad="persona_name: Coach\ndefault_face_id: r90bbd427f71\nsystem_prompt: Hi\n",
        good="pal_name: Coach\ndefault_face_id: r90bbd427f71\nsystem_prompt: Hi\n",
    ),
)
