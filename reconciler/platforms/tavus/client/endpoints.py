"""Where the objects of each kind live in the API: one row a kind, and how answers of any shape are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from sys import intern
from typing import TypeVar

from reconciler.types.json import Json, Object, split
from reconciler.types.kind import KindSpec

T = TypeVar("T")
LONG = 100
"""Characters from which on a text is worth keeping once."""
PAGE_LIMIT = 100
"""The largest page that most collections are known to serve."""
VOCABULARIES = ("pal", "persona")
LIST_WORDS = ("data", "deployments", "results", "items")
TOTAL_WORDS = ("total_count", "total")
MOST_DIGITS = 30
"""Of a total; what is longer says nothing, and the interpreter refuses to read thousands."""
ID_WORDS = ("id", "uuid")
NAME_WORDS = ("name",)


class PatchStyle(Enum):
    """What the body of a PATCH is."""

    JSON_PATCH = "json_patch"
    """An RFC 6902 array."""
    MERGE = "merge"
    """A partial object: what is present changes, null clears."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the API keeps in a sub resource of an object: read by a GET, written whole by a PUT."""

    name: str
    """Of the sub resource, behind the object's path."""
    read: Callable[[Json], Json]
    """The answer to the GET -> the value in a manifest's shape; None when the answer is something else."""
    write: Callable[[Json], Object]
    """That value -> the body of the PUT."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One kind in the API."""

    kind: str
    paths: Mapping[str, str]
    """Vocabulary -> path of the collection below the base URL."""
    list_query: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Vocabulary -> what a list is asked for besides its page: only the account's own objects."""
    get_query: Mapping[str, str] = field(default_factory=dict)
    page_base: int = 1
    """The number of the first page, as documented; servers that count otherwise are found out."""
    page_limit: int = PAGE_LIMIT
    oldest_first: bool = False
    """Lists are documented to be in the order in which their objects were made."""
    list_words: tuple[str, ...] = ()
    """Where the items may stand, besides `data` and a bare array."""
    nameless_lists: bool = False
    """List items may be hardly more than ids: those without a name are read by a GET each."""
    type_words: tuple[str, ...] = ()
    """Members that say `user` or `system`."""
    system_flags: tuple[str, ...] = ()
    """Members that are true for the vendor's own objects."""
    patch_style: PatchStyle = PatchStyle.JSON_PATCH
    attachments: str | None = None
    """Name of the sub resource that holds the attached tools."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """Canonical pointer -> the sub resource that holds what stands there."""
    create_needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Vocabulary -> canonical members without which a create in these words is refused."""
    create_else: Mapping[str, str] = field(default_factory=dict)
    """Vocabulary -> the one to create in instead; ids and objects are the same."""
    newer: bool = False
    """Servers of before do not have the collection: there a list that is answered with 404 is an empty one."""
    force_query: Mapping[str, str] = field(default_factory=dict)
    """What a PATCH carries to discard a person's unpublished edits."""


def everywhere(value: T) -> dict[str, T]:
    """The same for both vocabularies: what is no persona has one set of words."""
    return dict.fromkeys(VOCABULARIES, value)


def id_of(spec: KindSpec, item: Json) -> str | None:
    """The id, under whichever of the kind's words; None where there is none."""
    if isinstance(item, dict):
        for word in (*spec.id_members, *ID_WORDS):
            value = item.get(word)
            if isinstance(value, str) and value:
                return value
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
    return None


def name_of(spec: KindSpec, item: Object) -> str | None:
    """The human name, in either vocabulary."""
    return next((value for word in name_words(spec) if isinstance(value := item.get(word), str)), None)


@cache
def name_words(spec: KindSpec) -> tuple[str, ...]:
    """Every member that may hold the name: the canonical word, its wire words and spellings, `name`."""
    (word,) = split(spec.name_field)
    row = next((row for row in spec.fields if row.path == spec.name_field), None)
    others = (*row.wire_names.values(), *row.aliases) if row is not None else ()
    return tuple(dict.fromkeys((word, *others, *NAME_WORDS)))


def object_in(spec: KindSpec, answer: Json) -> Object | None:
    """The object in the answer to a GET or a create: flat, `{data: {...}}` or `{data: [{...}]}`."""
    if isinstance(answer, list):
        return object_in(spec, answer[0]) if len(answer) == 1 else None
    if not isinstance(answer, dict):
        return None
    if id_of(spec, answer) is None:
        if answer.get("data") == []:
            return None
        for word in ("data", spec.name):
            inner = answer.get(word)
            if isinstance(inner, list) and len(inner) == 1:
                inner = inner[0]
            if isinstance(inner, dict) and id_of(spec, inner) is not None:
                return inner
    return answer


def is_answer_about(spec: KindSpec, id: str, answer: Json) -> bool:
    """Whether the answer to a GET of `id` is that object, or an empty `data` that says that there is none."""
    if isinstance(answer, dict) and answer.get("data") == [] and id_of(spec, answer) is None:
        return True
    body = object_in(spec, answer)
    if body is None:
        return False
    shown = id_of(spec, body)
    # Without an id something must be there that is no wrapping and no error.
    return shown == id if shown is not None else bool(body.keys() - {"data", "error", "message"})


def is_answer_to(spec: KindSpec, id: str, answer: Json) -> bool:
    """Whether this is an answer of the API to a write that makes no object: nothing, a list, or an object that tells
    of no error and of no id but `id` (empty: any). Texts and the pages of what stands in between are none."""
    if not isinstance(answer, dict):
        return answer is None or isinstance(answer, list)
    shown = id_of(spec, object_in(spec, answer))
    if shown is None:
        return not answer.get("error") or bool(answer.keys() & {"data", "message"})
    return not id or shown == id


def share_texts(items: list[Json]) -> list[Json]:
    """The items, long texts and all that stands deeper kept once: manifests say the same, and so do other objects of
    the account. Ids, names and times are each its own."""
    for item in items:
        if not isinstance(item, dict):
            continue
        for word, member in item.items():
            if isinstance(member, str):
                if len(member) > LONG:
                    item[word] = intern(member)
            else:
                _share(member)
    return items


def _share(value: Json) -> None:
    # `dict | list` would be made anew each time: this runs once for every value of the account.
    if type(value) is dict:
        for word, member in value.items():
            if isinstance(member, str):
                value[word] = intern(member)
            elif type(member) is dict or type(member) is list:
                _share(member)
    elif type(value) is list:
        for index, item in enumerate(value):
            if isinstance(item, str):
                value[index] = intern(item)
            elif type(item) is dict or type(item) is list:
                _share(item)


def items_in(words: Iterable[str], answer: Json) -> list[Json] | None:
    """The items of a list's answer; None when the answer is no list in any known shape."""
    if isinstance(answer, list):
        return answer
    if isinstance(answer, dict):
        for word in (*LIST_WORDS, *words):
            items = answer.get(word)
            if isinstance(items, list):
                return items
        for word in (*LIST_WORDS, *words):  # an empty list that is written as null
            if word in answer and answer[word] is None:
                return []
    return None


def total_in(answer: Json) -> int | None:
    """How many objects the list says there are, None where it does not say."""
    if isinstance(answer, dict):
        for word in TOTAL_WORDS:
            value = answer.get(word)
            if isinstance(value, str) and value.isdecimal() and len(value) <= MOST_DIGITS:
                return int(value)
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**MOST_DIGITS:
                return value
    return None


def is_stock(endpoint: Endpoint, item: Object) -> bool:
    """Whether the item itself says that it belongs to the vendor and not to the account."""
    if any(item.get(flag) is True for flag in endpoint.system_flags):
        return True
    return any(item.get(word) in ("system", "stock") for word in endpoint.type_words)


def attached_in(item: Json) -> tuple[str, ...] | None:
    """Ids under `tool_ids`, sorted; None where the object does not carry the member."""
    if not isinstance(item, dict) or "tool_ids" not in item:
        return None
    ids = item["tool_ids"]
    if ids is None:
        return ()
    if not isinstance(ids, list) or not all(isinstance(value, str) for value in ids):
        return None
    return tuple(sorted({value for value in ids if isinstance(value, str)}))


def owners_in(items: Iterable[Object]) -> Iterator[str]:
    """Every `owner_id` that the items show."""
    for item in items:
        owner = item.get("owner_id")
        if isinstance(owner, str) and owner:
            yield owner


def read_skills(answer: Json) -> Object | None:
    """Skill -> configuration out of the answer to a GET; None when the answer has no known shape.

    Documented is `{"data": {id: {"skill_id": id, "config": {...}, ...}}}`; a list of such entries is understood, too.
    """
    data = answer.get("data", answer.get("skills", answer)) if isinstance(answer, dict) else answer
    if data is None:
        return {}
    if isinstance(data, list):
        rows = [(row.get("skill_id") or row.get("id"), row) for row in data if isinstance(row, dict)]
        if len(rows) != len(data) or not all(isinstance(id, str) for id, _ in rows):
            return None
        return {str(id): _config(row) for id, row in rows}
    if not isinstance(data, dict) or not all(isinstance(row, dict | None) for row in data.values()):
        return None
    return {id: _config(row) for id, row in data.items()}


def _config(row: Json) -> Json:
    config = row.get("config") if isinstance(row, dict) else None
    return config if isinstance(config, dict) else {}


def write_skills(skills: Json) -> Object:
    """The body of the PUT that replaces the whole set; skills that are not named are taken away."""
    return {"skills": skills if isinstance(skills, dict) else {}}


ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.kind: endpoint
    for endpoint in (
        # Sources: pages list-pals, get-pal, patch-pal; the vendor's client reads one with include_settings=true.
        # POST /pals refuses a body without default_face_id (page create-pal, and seen live), POST /personas takes it;
        # both are names of one collection, so such an object is created through the older one.
        Endpoint(
            kind="persona",
            paths={"pal": "/pals", "persona": "/personas"},
            list_query={"pal": {"pal_type": "user"}, "persona": {"persona_type": "user"}},
            get_query={"include_settings": "true"},
            oldest_first=True,
            list_words=("pals", "personas"),
            type_words=("pal_type", "persona_type"),
            attachments="tools",
            parts={"/skills": Part("skills", read_skills, write_skills)},
            create_needs={"pal": ("default_face_id",)},
            create_else={"pal": "persona"},
            force_query={"force": "true"},
        ),
        # Sources: pages get-tools, update-tool (a partial object; `parameters` and `delivery` are replaced whole).
        Endpoint(
            kind="tool",
            paths=everywhere("/tools"),
            list_query=everywhere({"type": "user"}),
            oldest_first=True,
            list_words=("tools",),
            type_words=("type",),
            system_flags=("is_system_tool",),
            patch_style=PatchStyle.MERGE,
        ),
        # Source: guardrails page; the collection of the legacy sets, too, told apart by `legacy`.
        Endpoint(
            kind="guardrail",
            paths=everywhere("/guardrails"),
            list_query=everywhere({"legacy": "false", "type": "user"}),
            oldest_first=True,
            list_words=("guardrails",),
            type_words=("guardrail_type", "type"),
        ),
        # Source: page legacy-guardrail-sets; the list gives ids and dates, so each set is read by a GET.
        Endpoint(
            kind="guardrail_set",
            paths=everywhere("/guardrails"),
            list_query=everywhere({"legacy": "true", "type": "user"}),
            list_words=("guardrails",),
            type_words=("guardrail_type", "type"),
            nameless_lists=True,
        ),
        # Sources: pages get-objectives, patch-objectives; whether list items are whole sets is told differently.
        Endpoint(
            kind="objectives",
            paths=everywhere("/objectives"),
            list_query=everywhere({"type": "user"}),
            list_words=("objectives",),
            type_words=("objectives_type", "objective_type", "type"),
            nameless_lists=True,
        ),
        # Sources: pages create-document, list-documents, update-document (a plain object: name and tags).
        Endpoint(
            kind="document",
            paths=everywhere("/documents"),
            page_base=0,
            list_words=("documents",),
            patch_style=PatchStyle.MERGE,
        ),
        # Sources: pages list- and update-pronunciation-dictionary; lists leave the rules out, and JSON Patch takes
        # /name and /rules only.
        Endpoint(
            kind="pronunciation_dictionary",
            paths=everywhere("/pronunciation-dictionaries"),
            page_base=0,
            list_words=("pronunciation_dictionaries", "dictionaries"),
        ),
        # Sources: pages create-, list- and update-connector (a partial object); of pages of the list none speaks.
        Endpoint(
            kind="connector",
            paths=everywhere("/connectors"),
            list_words=("connectors",),
            patch_style=PatchStyle.MERGE,
            newer=True,
        ),
        # Source: the vendor's client, which asks for 200 at once; rows under `deployments` as well as under `data`.
        Endpoint(
            kind="deployment",
            paths=everywhere("/deployments"),
            page_base=0,
            page_limit=200,
            list_words=("deployments",),
        ),
    )
}
