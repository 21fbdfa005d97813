"""The records that describe a kind: its fields, their bounds, and all that the core has to know, as data.

A kind knows nothing of endpoints (`client/`) and nothing of comparing (`core/`). Whatever is special about a field
is a property declared here, so that validation, comparison, redaction, `explain` and the JSON Schema all follow from
one row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from reconciler.registry import Registry
from reconciler.types.json import Json, Object


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one field; each that is not given does not count. A value of another type has no bounds."""

    minimum: float | None = None
    """The smallest number."""
    maximum: float | None = None
    """The largest number."""
    exclusive_minimum: float | None = None
    """A number has to be larger than this."""
    min_length: int = 0
    """Characters of a text."""
    max_length: int | None = None
    pattern: str = ""
    """What the whole text has to match; an empty one is the affair of `min_length`."""
    pattern_description: str = ""
    """`pattern` in words: "letters, digits or underscores"."""
    min_items: int = 0
    """Items of a list."""
    max_items: int | None = None
    max_members: int | None = None
    """Members of an object."""
    each: Bounds | None = None
    """Of each text of a list of texts."""
    unique_member: str = ""
    """The member that no two items of a list have in common."""

    def describe(self) -> str:
        """The limits for people, empty where there are none."""
        parts: list[str] = []
        if self.exclusive_minimum is not None:
            parts.append(f"above {self.exclusive_minimum:,g}")
        if self.minimum is not None and self.maximum is not None:
            parts.append(f"{self.minimum:,g} to {self.maximum:,g}")
        elif self.minimum is not None:
            parts.append(f"at least {self.minimum:,g}")
        elif self.maximum is not None:
            parts.append(f"at most {self.maximum:,g}")
        if self.pattern_description:
            parts.append(self.pattern_description)
        parts += _range(self.min_length, self.max_length, "character")
        parts += _range(self.min_items, self.max_items, "item")
        if self.max_members is not None:
            parts.append(f"at most {self.max_members:,} members" if self.max_members else "takes no members")
        if self.each is not None:
            parts.append(f"each {self.each.describe()}")
        if self.unique_member:
            parts.append(f"each {self.unique_member} once")
        return ", ".join(parts)


def _range(low: int, high: int | None, what: str) -> list[str]:
    if high is None:
        return [f"at least {low:,} {what}{'' if low == 1 else 's'}"] if low else []
    return [f"{low:,} to {high:,} {what}s" if low else f"at most {high:,} {what}s"]


class Type(Enum):
    """The JSON type of a field's value."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    STRINGS = "list of strings"
    LIST = "list"
    OBJECT = "object"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Field:
    """One row: a place in the API body and what is known about it."""

    path: str
    """Canonical JSON pointer; a `*` token stands for any member of a free object."""
    type: Type
    doc: str
    """One or two sentences for `explain` and for editors."""
    source: str = ""
    """Where the fact comes from: the page of the vendor's documentation, its client, or observation."""
    default: Json = None
    """The documented default; absent and null read as this. None: absent and null are equal, nothing else is."""
    default_needs_parent: bool = False
    """The default holds only while the parent object exists (an absent conversational flow is inactive)."""
    omitted_values: tuple[Json, ...] = ()
    """Further values that some servers leave out on read because they are the default there."""
    enum: tuple[str, ...] = ()
    """Known values; the service adds values, so others are a warning."""
    closed: bool = False
    """The vendor's contract or client refuses every value that is not in `enum`: others are an error."""
    observed_values: tuple[str, ...] = ()
    """Values outside a closed list that published examples hold: a warning, and never an error."""
    wire_names: Mapping[str, str] = field(default_factory=dict)
    """Wire word per vocabulary where it differs from the canonical one: `{"persona": "persona_name"}`."""
    aliases: tuple[str, ...] = ()
    """Further words that mean the same on read."""
    secret: bool = False
    """Hidden on read (mask, null or absent), redacted everywhere, kept only as a keyed digest."""
    by_look: str = ""
    """The name of a header or parameter that is no credential's: its value is secret where it looks like one. Set by
    `core.canonical.field_tree`, from a row for any member that is `secret`."""
    presence_field: str | None = None
    """The server's field that says whether this one, which it never shows, is set."""
    server_owned: bool = False
    """Assigned by the server: dropped before comparing, never sent."""
    atomic: bool = False
    """The API replaces the object whole: one leaf, compared after `server_defaults`."""
    server_defaults: Mapping[str, Json] = field(default_factory=dict)
    """Members the server fills in inside an atomic object, or inside each item of a list, by relative pointer."""
    server_default_conditions: Mapping[str, tuple[str, tuple[Json, ...]]] = field(default_factory=dict)
    """A pointer of `server_defaults` that exists only beside certain values -> where these stand, and the values.
    Beside others its default says nothing, and may be refused."""
    immutable: bool = False
    """Taken in when the object is created and never changed afterwards; servers may not show it again."""
    set_like: bool = False
    """A list whose order means nothing."""
    absent_from_lists: bool = False
    """Left out of list items: whether it is there only a GET of the one object tells."""
    keyed: bool = False
    """A list of function tools: one leaf per function name."""
    item_key: str | None = None
    """The member by which the items of a list are known: each is an object of its own, whose members are leaves."""
    ref: str | None = None
    """The kind whose id stands here (in each item, for a list)."""
    sibling_reference: bool = False
    """Names other items of the same list: a text, a list of texts, or an object by its keys."""
    library: str | None = None
    """face | voice: the vendor's library that the id is from. Read only; ids are checked before they are written."""
    verbatim: bool = False
    """Never look for `{env}`, `{file}` or `{ref}` inside: the value is a schema or a foreign format."""
    open_ended: bool = False
    """An object with some known members where any other is welcome too: no warning about unknown ones."""
    required: bool = False
    """A new object needs it, wherever the object or list item that it belongs to exists (what is only needed under a
    condition stands in `conditional_requirements`). A resource always has a name: the manifest's is sent."""
    deprecated: str | None = None
    """Why and what to use instead."""
    tolerated_types: tuple[Type, ...] = ()
    """Further types that published bodies hold and the API was seen to take: for the rules (L20) to say, and no
    reason to refuse the file."""
    bounds: Bounds | None = None
    """What the vendor refuses to exceed: told by the rules, the JSON Schema, `explain` and the simulated API."""
    further_limits: str = ""
    """Further limits in words, for `explain`: "best below 5,000 tokens"."""
    example: Json = None

    @property
    def describe_limits(self) -> str:
        """All limits, for people."""
        return ", ".join(
            part for part in (self.bounds.describe() if self.bounds else "", self.further_limits) if part
        )


@dataclass(frozen=True, slots=True)
class Companion:
    """Values that must be sent with any write under `under` while the object has `when`."""

    under: str
    when: str
    pointers: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class ConditionalRequirement:
    """Members that a new object has to have under a condition. Canonical pointers."""

    members: tuple[str, ...]
    when: str
    """The member that decides."""
    values: tuple[Json, ...] = ()
    """What it has to be, None among them where its absence means the same; empty: anything that says something."""


@dataclass(frozen=True, slots=True)
class SupersededField:
    """An older field that has no effect beside the one that succeeded it. Canonical pointers."""

    pointer: str
    decided_by: str
    """The field that decides."""
    deciding_values: tuple[Json, ...]
    """What the deciding field has to be."""
    superseded_values: tuple[Json, ...] = ()
    """What may stand at `pointer`; empty: anything."""


@dataclass(frozen=True, slots=True)
class Processing:
    """How an object shows that the vendor still works on it after it was created. Canonical pointers."""

    status: str
    busy: tuple[str, ...]
    """Values of `status` to wait through; any other that is not in `failed` means done."""
    failed: tuple[str, ...]
    progress: str | None = None
    """Percent, where shown."""
    message: str | None = None
    """Why it failed."""
    remedy: str = ""
    """What to do about a failure, or what a person has to do."""
    ready: tuple[str, ...] = ()
    """Set where a person has to do something outside: the values that say that it was done."""
    done_at: str | None = None
    """The address where that is done, which the answer to a create shows, and nothing else."""


@dataclass(frozen=True, slots=True, eq=False)
class KindSpec:
    """One kind."""

    name: str
    """snake_case, the first part of an address."""
    manifest_kinds: tuple[str, ...]
    """Words behind `kind:`; the first is the one we speak of."""
    doc: str
    fields: tuple[Field, ...]
    id_members: tuple[str, ...]
    """Members that hold the id on read, best first."""
    name_field: str
    """Canonical pointer of the human name, used for adoption."""
    level: int
    """Creates and updates run from low to high, deletes from high to low."""
    shared: bool = False
    """Several objects of other kinds may use one of these: what is made is for whoever refers to it."""
    exported: bool = False
    """An export writes these where nobody says which kinds to write."""
    vocabularies: tuple[str, ...] = ()
    """Names of the sets of words that the API understands (`Field.wire_names`), the one that we write first; empty
    where there is only one."""
    merge_patch: bool = False
    """True when the API's PATCH takes a partial object instead of RFC 6902 operations."""
    unique_names: bool = False
    """The API refuses a second object of the same name."""
    reserved_names: frozenset[str] = frozenset()
    """Names that objects of the vendor bear, which no list of the account shows: as taken as any other."""
    renamed_fields: Mapping[str, str] = field(default_factory=dict)
    """Old canonical pointer -> its successor of the same meaning: one `move` instead of add and remove."""
    merged_texts: Mapping[str, str] = field(default_factory=dict)
    """Deprecated text -> the text that the vendor itself merged it into, on the server."""
    moved_fields: Mapping[str, str] = field(default_factory=dict)
    """Places that are gone -> where the same value means what it meant there."""
    superseded_fields: tuple[SupersededField, ...] = ()
    superseded_references: Mapping[str, str] = field(default_factory=dict)
    """Old way to refer to something -> the new one. Both count where both are there."""
    inline_tools: Mapping[str, str] = field(default_factory=dict)
    """Lists of tools inside the object -> the `origin` that such a tool has in the registry."""
    misplaced_keys: Mapping[str, str] = field(default_factory=dict)
    """Where keys are often put and mean nothing -> where they belong; empty: nowhere."""
    unknown_key_hints: Mapping[str, str] = field(default_factory=dict)
    """Unknown keys that are often written (canonical pointers) -> what to write instead, as a hint."""
    patched_alone: tuple[str, ...] = ()
    """Pointers that must be patched by a request of their own."""
    companions: tuple[Companion, ...] = ()
    attachments: str | None = None
    """Canonical pointer of the set written through a sub resource (`/tools`), and the kind of its items in `ref`."""
    conditional_requirements: tuple[ConditionalRequirement, ...] = ()
    written_before_attaching: tuple[str, ...] = ()
    """Pointers without whose value what is attached does nothing: written before it."""
    subresources: tuple[str, ...] = ()
    """Pointers of objects that the API keeps in a sub resource: read by a GET, written whole by a PUT."""
    subresource_reference_kinds: frozenset[str] = frozenset()
    """Kinds whose ids may stand in one of the parts."""
    mirrored_lists: tuple[tuple[str, str], ...] = ()
    """Named lists whose items the API also lists as objects of another kind: pointer of the list, that kind. Those
    come and go with this object, so they are nobody's to adopt."""
    processing: Processing | None = None
    """Set where a new object is of no use until the vendor is done with it."""
    find_refusal: Callable[[Object], tuple[str, str] | None] | None = None
    """Why the API would not take such an object as a whole, in canonical words: the place, and the reason."""
    setting_tables: Mapping[str, str] = field(default_factory=dict)
    """Free objects -> the table of the catalogue whose entries say which members each takes."""
    catalogue_tables: Mapping[str, str] = field(default_factory=dict)
    """Places that hold a name out of the model catalogue -> the table it is in; `llm` are the language models."""
    follow_up_migrations: Mapping[str, str] = field(default_factory=dict)
    """Table of the catalogue, or a text of `merged_texts` -> the migration that lets a manifest follow the vendor."""
    removed_fields: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Places that no row declares any more -> what is to be said of them, and what to use instead."""
    prompts: tuple[str, ...] = ()
    """Texts that together are what it is told. The first is what stands below the front matter of a Markdown file."""
    prominent_fields: tuple[str, ...] = ()
    """What decides who it is, whom it talks to and what it can do: changes there are shown first."""
    lost_with_object: str = ""
    """What goes with a deleted object and is kept nowhere, for people: it does not come back with a rollback."""
    item_name_member: str | None = None
    """The member that tells the items of its `data`: what names an item in a body that is no more than a list."""
    bare_keys: frozenset[str] = frozenset()
    """A file without `kind` whose top-level keys include one of these is a body of this kind..."""
    bare_required_keys: frozenset[str] = frozenset()
    """... if it has all of these too."""
    preferred_manifest_kind: str = ""
    """The word behind `kind:` that goes with today's words of the body; empty: the first of `manifest_kinds`."""
    created_at_member: str = "created_at"
    """The member of the body that says when it was made."""
    updated_at_member: str = "updated_at"
    """The member that says when it was last changed."""
    updated_by_member: str = ""
    """The member that says by whom; empty where the API does not tell."""
    folder: str = ""
    """Where new manifests of the kind go; empty: a folder called after the kind."""

    @property
    def separate_pointers(self) -> tuple[str, ...]:
        """Pointers that are no members of the body on the wire: attachments and parts."""
        return (*((self.attachments,) if self.attachments else ()), *self.subresources)


class Kinds(Registry[KindSpec]):
    """The kinds of one platform, by name, in the order in which it lists them."""

    def __init__(self, package: str, entries: Mapping[str, str]) -> None:
        super().__init__("kind", package, entries)

    def add(self, name: str, entry: str) -> None:
        super().add(name, entry)
        for made_of_all in ("by_manifest_kind", "kinds_by_id_member", "vocabularies", "attached", "bare"):
            self.__dict__.pop(made_of_all, None)

    @cached_property
    def by_manifest_kind(self) -> Mapping[str, KindSpec]:
        """Every word that may stand behind `kind:` in a manifest, with what it means; two may mean the same."""
        return {word: spec for spec in self.all().values() for word in spec.manifest_kinds}

    @cached_property
    def kinds_by_id_member(self) -> Mapping[str, str]:
        """Last word of every field that holds ids -> the name of the kind of those objects."""
        rows = (row for spec in self.all().values() for row in spec.fields)
        return {row.path.rpartition("/")[2]: row.ref for row in rows if row.ref is not None}

    @cached_property
    def vocabularies(self) -> tuple[str, ...]:
        """The vocabularies of all of them, those that we write first."""
        return tuple(dict.fromkeys(word for spec in self.all().values() for word in spec.vocabularies))

    @cached_property
    def attached(self) -> frozenset[str]:
        """The kinds whose objects are attached to others, and may be named there by their names."""
        rows = (row for spec in self.all().values() for row in spec.fields if row.path == spec.attachments)
        return frozenset(row.ref for row in rows if row.ref is not None)

    @cached_property
    def bare(self) -> tuple[KindSpec, ...]:
        """Those whose bodies are known without a `kind`."""
        return tuple(spec for spec in self.all().values() if spec.bare_keys)

    @property
    def default(self) -> KindSpec:
        """The kind that is meant where none is named: the first."""
        return self.get(next(iter(self)))
