"""JSON Schema (draft-07, for editors) of manifests from the field tables of kinds and of the envelope."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.canonical.field_tree import Node, build_field_tree
from reconciler.core.fields.field_check import bounds_schema
from reconciler.core.fields.field_hints import when_needed
from reconciler.types.address import NAME_PATTERN
from reconciler.types.json import Json, Object
from reconciler.types.kind import Field, Kinds, KindSpec, Type

SOURCE = "manifest format"

ENVELOPE = KindSpec(
    name="manifest",
    manifest_kinds=("Manifest",),
    doc="What stands around the API body of every kind: its address, how it is treated, and the body as spec.",
    id_members=(),
    name_field="/metadata/name",
    level=0,
    fields=(
        Field(
            "/apiVersion", Type.STRING, "The version of this format.", SOURCE, required=True, enum=("personas/v1",)
        ),
        Field("/kind", Type.STRING, "Persona (or PAL), Tool and so on; Moved and Removed.", SOURCE, required=True),
        Field("/metadata", Type.OBJECT, "Who it is for us; never sent.", SOURCE, required=True),
        Field(
            "/metadata/name",
            Type.STRING,
            "The second half of the address (persona.claims-desk). Unique per kind; a rename needs a Moved document.",
            SOURCE,
            required=True,
            further_limits="letters, digits, _ . -, at most 128",
            example="claims-desk",
        ),
        Field(
            "/metadata/id",
            Type.ANY,
            "Take over exactly this live object: its id, or a map of workspace to id where there are several "
            "workspaces. Without it an object of the same unique name is taken over, else one is created.",
            SOURCE,
            example={"sandbox": "p7c1e0a9b42d"},
        ),
        Field("/metadata/labels", Type.OBJECT, "For --selector; never sent.", SOURCE, example={"team": "claims"}),
        Field("/metadata/labels/*", Type.STRING, "One label.", SOURCE),
        Field("/lifecycle", Type.OBJECT, "How changes are treated; remembered when the manifest is gone.", SOURCE),
        Field("/lifecycle/protect", Type.BOOLEAN, "Refuse deletion.", SOURCE, default=False),
        Field(
            "/lifecycle/ignore",
            Type.STRINGS,
            "JSON pointers that are written on create, then neither compared nor written.",
            SOURCE,
            default=[],
            set_like=True,
            example=["/layers/tts/voice_settings"],
        ),
        Field(
            "/lifecycle/manage",
            Type.STRING,
            "full: compare and write; observe: compare and report, never write.",
            SOURCE,
            default="full",
            enum=("full", "observe"),
        ),
        Field(
            "/lifecycle/adopt",
            Type.STRING,
            "Which live object of its name is taken over; any: the only one of that name; same: only if its content "
            "is the same, else the change is blocked as name_taken. Manifests that migrations write say same.",
            SOURCE,
            default="any",
            enum=("any", "same"),
        ),
        Field(
            "/spec",
            Type.OBJECT,
            "The API body in either vocabulary. A member that is left out is not ours; null means ours and absent.",
            SOURCE,
            required=True,
        ),
    ),
)
"""Facts: the manifest format of this tool (README, section manifests)."""


DRAFT = "http://json-schema.org/draft-07/schema#"
API_VERSION = "personas/v1"
ENV: Object = {"$ref": "#/definitions/env"}
FILE: Object = {"$ref": "#/definitions/file"}
REFERENCE: Object = {"$ref": "#/definitions/ref"}
VALUE: Object = {"$ref": "#/definitions/value"}
JOIN: Object = {"$ref": "#/definitions/join"}
LIST_OR_VALUE: Object = {
    "type": ["array", "object", "null"],
    "properties": {"value": {"type": "string"}},
    "required": ["value"],
    "additionalProperties": False,
}
"""A list, or the value of the project file that holds one: what is said of objects is said of no list."""
TAKEN: Object = {"$ref": "#/definitions/literal"}
ADDRESS: Object = {"type": "string", "pattern": rf"^[a-z_]+\.{NAME_PATTERN.pattern}$"}


def schema_of(kinds: Kinds, names: Iterable[str] | None = None) -> Object:
    """The schema of one manifest document: an envelope of any of the kinds (those of `names`, where given), a bare
    body, Moved or Removed.

    Specs take every vocabulary, `{env}`, `{file}`, `{ref}` and `{literal}` where the loader takes them, and further
    fields.
    """
    specs = [kinds.get(name) for name in (kinds if names is None else names)]
    definitions: Object = {
        "env": _single("env", {"type": "string"}, "The value of an environment variable."),
        "file": _single("file", {"type": "string"}, "The text of a file, relative to the manifest."),
        "ref": _single("ref", ADDRESS, "The id of another manifest's object."),
        "value": _single("value", {"type": "string"}, "A value of the project file, by its name."),
        "join": _single("join", {"type": "array"}, "Texts put together: texts, {file}, {value}, {join}."),
        "literal": _single("literal", {}, "Data as it stands, whatever it looks like: nothing in it is resolved."),
        "metadata": _metadata(),
        "lifecycle": _lifecycle(),
    }
    for spec in specs:
        definitions[f"{spec.name}_spec"] = {"title": spec.doc, **_object(spec, build_field_tree(spec))}
        definitions[spec.name] = _envelope(spec)
    definitions["moved"] = _document("Moved", {"from": ADDRESS, "to": ADDRESS})
    definitions["removed"] = _document("Removed", {"address": ADDRESS})
    choices: list[Json] = [_when(spec.manifest_kinds, spec.name) for spec in specs]
    choices += [_when(("Moved",), "moved"), _when(("Removed",), "removed")]
    words: list[Json] = [word for spec in specs for word in spec.manifest_kinds]
    bare: list[Json] = [_bare(spec) for spec in specs if spec.bare_keys]
    return {
        "$schema": DRAFT,
        "title": f"Manifest of a {kinds.default.name} or of what belongs to it",
        "definitions": definitions,
        "type": "object",
        "properties": {"kind": {"enum": [*words, "Moved", "Removed"]}},
        "if": {"required": ["kind"]},
        "then": {"allOf": choices},
        "else": {"anyOf": bare} if bare else {"required": ["kind"]},
    }


def _single(key: str, value: Object, doc: str) -> Object:
    return {
        "type": "object",
        "description": doc,
        "properties": {key: value},
        "required": [key],
        "additionalProperties": False,
    }


def _when(words: Iterable[str], definition: str) -> Object:
    return {
        "if": {"properties": {"kind": {"enum": list(words)}}},
        "then": {"$ref": f"#/definitions/{definition}"},
    }


def _bare(spec: KindSpec) -> Object:
    """A body without `kind`: it has one of the keys that give it away."""
    some: list[Json] = [{"required": [key, *sorted(spec.bare_required_keys)]} for key in sorted(spec.bare_keys)]
    return {"allOf": [{"$ref": f"#/definitions/{spec.name}_spec"}, {"anyOf": some}]}


def _envelope(spec: KindSpec) -> Object:
    return {
        "type": "object",
        "description": spec.doc,
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"enum": list(spec.manifest_kinds)},
            "metadata": {"$ref": "#/definitions/metadata"},
            "lifecycle": {"$ref": "#/definitions/lifecycle"},
            "spec": {"$ref": f"#/definitions/{spec.name}_spec"},
        },
        "required": ["apiVersion", "kind", "metadata"],
        "additionalProperties": False,
    }


def _document(kind: str, members: Object) -> Object:
    return {
        "type": "object",
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}, **members},
        "required": ["kind", *members],
        "additionalProperties": False,
    }


def _metadata() -> Object:
    texts: Object = {"type": "object", "additionalProperties": {"type": "string"}}
    return {
        "type": "object",
        "properties": {
            "name": {
                "type": "string",
                "pattern": f"^{NAME_PATTERN.pattern}$",
                "description": "The second half of the address; unique per kind.",
            },
            "id": {
                "description": "Import exactly this live object; with several workspaces a map of them.",
                "anyOf": [{"type": "string"}, texts],
            },
            "labels": {**texts, "description": "Ours: selectable with --selector, never sent."},
        },
        "required": ["name"],
        "additionalProperties": False,
    }


def _lifecycle() -> Object:
    return {
        "type": "object",
        "properties": {
            "protect": {"type": "boolean", "description": "Refuse deletion."},
            "ignore": {
                "type": "array",
                "description": "JSON pointers that are written on create, then neither compared nor written.",
                "items": {"type": "string", "pattern": "^/"},
            },
            "manage": {"enum": ["full", "observe"], "description": "observe: compare and report, never write."},
            "adopt": {
                "enum": ["any", "same"],
                "description": "same: a live object of this name is taken over only if its content is the same.",
            },
        },
        "additionalProperties": False,
    }


def _object(spec: KindSpec, node: Node) -> Object:
    """The members of an object that groups declared fields; others are let through."""
    properties: Object = {}
    for word, child in node.children.items():
        schema = _field(spec, child)
        properties[word] = schema
        for spelling, canonical in node.renames.items():
            if canonical == word:
                properties[spelling] = schema
    result: Object = {"type": "object", "properties": properties}
    if node.star is not None:
        result["additionalProperties"] = _field(spec, node.star)
    return result


def _field(spec: KindSpec, node: Node) -> Object:
    row = node.row
    if row is None:
        return _nullable(_object(spec, node))
    described: Object = {"description": _description(spec, row)}
    if row.deprecated:
        described["deprecated"] = True
        described["deprecationMessage"] = row.deprecated
    if row.server_owned:
        return {**described, "readOnly": True}
    if row.default is not None and not row.secret:
        described["default"] = row.default
    if row.example is not None:
        described["examples"] = [row.example]
    forms = _forms(spec, row, node)
    return {**described, **(forms[0] if len(forms) == 1 else {"anyOf": list[Json](forms)})}


def _description(spec: KindSpec, row: Field) -> str:
    parts = [row.doc]
    # Said, not demanded: overlays and manifests of objects that exist hold a part of a body.
    if row.required and row.path != spec.name_field:
        parts.append("Required: a new object needs it.")
    parts += when_needed(spec, row.path)
    if row.describe_limits:
        parts.append(f"Limits: {row.describe_limits}.")
    if row.secret:
        parts.append("Secret: {env: NAME} or {file: path}.")
    if row.deprecated:
        parts.append(f"Deprecated: {row.deprecated}.")
    return " ".join(parts)


def _forms(spec: KindSpec, row: Field, node: Node) -> list[Object]:
    """What may stand at a field: its type, null, and the references that the loader takes there."""
    references: list[Object] = [REFERENCE] if row.ref else []
    bounds = {kind: bounds_schema(row.bounds, kind) for kind in ("string", "array", "number")} if row.bounds else {}
    match row.type:
        case Type.ANY:
            return [{}]
        case Type.STRING:
            text: Object = {"type": ["string", "null"], **bounds.get("string", {})}
            if row.enum:
                # Known values are offered; another text is the linter's affair, since the service adds values.
                known: list[Json] = list(row.enum)
                if row.closed:
                    return [
                        {"enum": [*known, *row.observed_values, None]},
                        ENV,
                        FILE,
                        VALUE,
                        JOIN,
                        *references,
                        TAKEN,
                    ]
                return [{"enum": known}, text, ENV, FILE, VALUE, JOIN, *references, TAKEN]
            return [text, ENV, FILE, VALUE, JOIN, *references, TAKEN]
        case Type.BOOLEAN | Type.INTEGER | Type.NUMBER:
            return [{"type": [row.type.value, "null"], **bounds.get("number", {})}, ENV, VALUE, TAKEN]
        case Type.STRINGS:
            each = bounds_schema(row.bounds.each, "string") if row.bounds and row.bounds.each else {}
            item: Json = {"anyOf": [{"type": "string", **each}, ENV, FILE, VALUE, JOIN, *references, TAKEN]}
            return [{**LIST_OR_VALUE, "items": item, **bounds.get("array", {})}]
        case Type.LIST:
            items: Object = {"items": _object(spec, node.star)} if node.star is not None else {}
            if row.keyed:
                function: Object = {"type": "object", "properties": {"function": {"type": "object"}}}
                items = {"items": function}
            return [{**LIST_OR_VALUE, **items, **bounds.get("array", {})}]
        case Type.OBJECT:
            if row.atomic and not node.children:
                return [{"type": ["object", "null"]}]
            limits = bounds_schema(row.bounds, "object") if row.bounds else {}
            return [_nullable(_object(spec, node)) | limits]


def _nullable(schema: Object) -> Object:
    return {**schema, "type": ["object", "null"]}
