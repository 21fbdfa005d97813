"""The page of the kinds: every field with its type, default, limits and source."""

from __future__ import annotations

import json

from reconciler.core.fields.json_schema import ENVELOPE
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.kind import Field, KindSpec
from reference import code, table


def page() -> str:
    """The envelope, then every kind."""
    head = (
        "Paths are JSON pointers in PAL words; `*` stands for any member. `reconciler explain persona.layers.llm` "
        "shows one field, `reconciler schema` the same facts for an editor."
    )
    around = "## Around the spec\n\nMembers of every manifest.\n\n" + fields(ENVELOPE)
    return "\n\n".join([head, around, *(section(spec) for spec in KINDS.all().values())])


def section(spec: KindSpec) -> str:
    """One kind."""
    words = ", ".join(code(word) for word in spec.manifest_kinds)
    head = f"{spec.doc} Addresses: `{spec.name}.NAME`; `kind:` is {words}."
    return f"## {spec.manifest_kinds[0]}\n\n{head}\n\n{fields(spec)}"


def fields(spec: KindSpec) -> str:
    """The field table of a kind."""
    rows = [(code(row.path), row.type.value, facts(row), f"{row.doc}{source(row)}") for row in spec.fields]
    return table(("field", "type", "facts", "meaning"), rows)


def source(row: Field) -> str:
    """Where the fact comes from."""
    return f" ({row.source})" if row.source else ""


def facts(row: Field) -> str:
    """What is special about a field, in words."""
    words = sorted({*row.wire_names.values(), *row.aliases})
    found = [
        "required" if row.required else "",
        "secret: `{env: NAME}` or `{file: path}`" if row.secret else "",
        "read only" if row.server_owned else "",
        "fixed once created" if row.immutable else "",
        f"**deprecated**: {row.deprecated}" if row.deprecated else "",
        f"default {code(json.dumps(row.default, ensure_ascii=False))}" if row.default is not None else "",
        f"values {', '.join(code(value) for value in row.enum)}" if row.enum else "",
        row.further_limits,
        f"id of a {code(row.ref)}, or `{{ref: {row.ref}.NAME}}`" if row.ref else "",
        f"also spelt {', '.join(code(word) for word in words)}" if words else "",
    ]
    return "; ".join(one for one in found if one)
