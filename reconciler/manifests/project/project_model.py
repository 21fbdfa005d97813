"""The shape of the project file, checked by pydantic, with messages of ours; imported only for such a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationInfo,
    model_validator,
)

from reconciler.core.text import matches
from reconciler.manifests.project.watch_model import WATCH_KEYS, Duration, WatchModel, seconds
from reconciler.types.address import NAME_PATTERN
from reconciler.types.history import DEFAULT_RETENTION
from reconciler.types.json import Json

WANTED = {
    "bool": "true or false", "dict": "a mapping", "float": "a number", "int": "a whole number", "list": "a list",
    "model": "a mapping", "string": "a text", "model_attributes": "a mapping",
}  # fmt: skip
"""The first word of pydantic's `..._type` error codes (and of `..._parsing`), as what had to stand there."""
LIMITS = {
    "greater_than": ("gt", "more than"), "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"), "less_than_equal": ("le", "at most"),
}  # fmt: skip


def explain_errors(errors: Iterable[Mapping[str, Any]], document: Json) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Place, kind of error and what is wrong, for each of pydantic's errors about `document`; the text is empty for
    unknown and missing keys, whose names say it. A value that may be of several types has one error for each of them
    there, and one here.
    """
    rest = [(_place(one, document), one) for one in errors]
    done: set[tuple[str, ...]] = set()
    for place, error in rest:
        if _wanted(error) is None:
            yield place, str(error["type"]), _said(error)
        elif place not in done:
            done.add(place)
            words = dict.fromkeys(str(wanted) for at, one in rest if at == place and (wanted := _wanted(one)))
            if WANTED["float"] in words:
                words.pop(WANTED["int"], None)  # a whole number is a number
            given = error.get("input")
            what = "a text" if isinstance(given, str) else shown(given)  # it may be a secret at the wrong place
            yield place, str(error["type"]), f"{' or '.join(words)} is wanted here, not {what}"


def shown(value: object) -> str:
    """A value as a person would call it; never the whole of a long one."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    cut = text if len(text) <= 60 else f"{text[:57]}..."
    return repr(cut) if isinstance(value, str) else f"the number {cut}"


def _place(error: Mapping[str, Any], document: Json) -> tuple[str, ...]:
    """The keys that lead there; what else pydantic notes (the member of a union that was tried) stands in no file."""
    found: list[str] = []
    here = document
    for token in error["loc"]:
        if (isinstance(here, dict) and token in here) or (
            isinstance(here, list) and isinstance(token, int) and token < len(here)
        ):
            here = here[token]
        elif error["type"] != "missing":
            continue
        found.append(str(token))
    return tuple(found)


def _wanted(error: Mapping[str, Any]) -> str | None:
    """The type that had to stand there, where that is what is wrong."""
    word, _, end = str(error["type"]).rpartition("_")
    return WANTED.get(word) if end in {"type", "parsing"} else None


def _said(error: Mapping[str, Any]) -> str:
    word, about = str(error["type"]), error.get("ctx") or {}
    value = error.get("input")
    given = shown(value)
    if word in {"extra_forbidden", "missing"}:
        return ""
    if word == "literal_error":
        known = re.findall(r"'([^']*)'", str(about.get("expected", "")))
        close = get_close_matches(value, known, n=1) if isinstance(value, str) else []
        meant = f"; did you mean {close[0]}?" if close and len(known) > 1 else ""
        return f"{' or '.join(known)} is wanted here, not {given}{meant}"
    if word in LIMITS:
        name, text = LIMITS[word]
        return f"{text} {about.get(name)} is wanted here, not {given}"
    if word in {"too_short", "string_too_short"}:
        return "it is empty: leave the key out, or name something"
    if word == "string_pattern_mismatch":
        return f"{given} is no name: letters, digits and _ . - are, at most 128, and the first is no . or -"
    if word == "value_error":
        text = str(about.get("error", "")) or "this value is not accepted"
        return text[:1].lower() + text[1:]
    return f"{given} is not accepted here"


Name: TypeAlias = Annotated[str, Field(pattern=f"^(?:{NAME_PATTERN.pattern})$")]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
Number: TypeAlias = StrictInt | StrictFloat
Count: TypeAlias = Annotated[int, Field(ge=0)]
AnswerWord: TypeAlias = str | StrictBool | StrictInt | StrictFloat


def _check_host(pattern: str) -> str:
    if "/" in pattern or "@" in pattern or not pattern.strip():
        raise ValueError("a host alone is meant, without scheme and path, as in *.example.com or localhost:8080")
    return pattern


def _check_address(pattern: str, info: ValidationInfo) -> str:
    """A pattern whose kind does not exist would protect nothing, silently."""
    word = pattern.partition(".")[0]
    if not any(matches(name, word) for name in (info.context or {})["kinds"]):
        known = ", ".join((info.context or {})["kinds"])
        raise ValueError(f"no kind is called {word!r}; a pattern looks like persona.prod-*, of the kinds {known}")
    return pattern


HostGlob: TypeAlias = Annotated[str, AfterValidator(_check_host)]
AddressGlob: TypeAlias = Annotated[str, AfterValidator(_check_address)]
Item = TypeVar("Item")
Globs: TypeAlias = Annotated[list[Item], Field(min_length=1)]
"""An empty list would allow nothing at all: more likely a slip than a wish."""


SHORTEST_LEASE, LONGEST_LEASE = 15.0, 3600.0
MigrateWord: TypeAlias = Literal["auto", "ask", "off"]


class _Strict(BaseModel):
    """Nothing is coerced and nothing unknown is accepted."""

    model_config = ConfigDict(strict=True, extra="forbid", defer_build=True)


class _Open(BaseModel):
    """Settings whose keys belong to a plug-in; they are checked where they are listed (`plugin_settings`)."""

    model_config = ConfigDict(strict=True, extra="allow", defer_build=True)


class MetadataModel(_Strict):
    name: Name
    """What the project is called in plans and reports."""
    labels: dict[str, str] = {}
    """For people; not interpreted."""


class ProviderModel(_Open):
    type: Text
    """Who speaks to the account: a platform by its name, or its simulation in this process."""
    vocabulary: Text | None = None
    """The words on the wire; the platform's own by default."""
    account: Name | None = None
    """Which of `accounts` this is; workspaces that name the same one keep to its limits together."""


class StateModel(_Open):
    backend: Text = "local"
    """Where the state is kept; its settings stand beside this key."""


class SharedModel(_Open):
    backend: Literal["postgres"]
    """Where all processes take their turns; its settings (`dsn`, `password`, `schema`, `name`) stand beside this key.
    `name` is what the account is called there, by default PROJECT/ACCOUNT."""


class AccountModel(_Strict):
    requests_per_second: Annotated[Number, Field(gt=0, le=10_000)] | None = None
    """What all workspaces of the account may send together; below it the rate that the account takes is learned."""
    concurrency: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Requests of all its workspaces at a time, in one process."""
    shared: SharedModel | None = None
    """Have several processes and machines keep to `requests_per_second` together."""

    @model_validator(mode="after")
    def _rated(self) -> AccountModel:
        if self.shared is not None and self.requests_per_second is None:
            raise ValueError("`shared` divides a rate: say which, with requests_per_second")
        return self


def _check_temporal(address: Any) -> Any:
    if isinstance(address, str) and re.fullmatch(r"([^\s:/@]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}", address) is None:
        raise ValueError("write HOST:PORT, as in temporal.example.com:7233")
    return address


class FleetModel(_Strict):
    engine: Literal["temporal"] = "temporal"
    """What schedules the rounds."""
    address: Annotated[str | dict[Literal["env"], str], AfterValidator(_check_temporal)] | None = None
    """HOST:PORT of Temporal, or {env: NAME}; by default TEMPORAL_ADDRESS, else 127.0.0.1:7233."""
    namespace: Text | None = None
    """Of Temporal; by default TEMPORAL_NAMESPACE, else `default`."""
    heartbeat: Duration = "15s"
    """A worker without a sign of life for so long is replaced; must be shorter than `lease`."""
    lease: Duration = "60s"
    """How long the lock of a state outlives a run that is not heard of any more; 15s to 1h."""

    @model_validator(mode="after")
    def _in_order(self) -> FleetModel:
        lease = seconds(self.lease)
        if not SHORTEST_LEASE <= lease <= LONGEST_LEASE:
            raise ValueError("a lease is between 15s and 1h")
        if not 1.0 <= seconds(self.heartbeat) < lease:
            raise ValueError("heartbeat is at least 1s and shorter than lease: who is replaced must not hold a lock")
        return self


class PolicyModel(_Strict):
    deletes: Literal["deny", "allow", "never"] = "deny"
    """Whether a plan may delete: deny (`--allow-deletes` lifts it), allow, or never."""
    max_change_percent: Annotated[Number, Field(ge=0, le=100)] = 30
    """A plan that changes or deletes more than this share of what is managed is blocked."""
    min_resources: Count = 10
    """The share counts from this many managed resources on."""
    max_deletes: Count | None = None
    """A plan that deletes more objects than this is blocked."""
    protected: list[AddressGlob] = []
    """Patterns of addresses whose objects are never deleted."""
    allowed_models: Globs[Text] | None = None
    """Patterns; a model that none of them fits is not written."""
    denied_models: list[Text] = []
    """Patterns of models that are not written."""
    allowed_hosts: Globs[HostGlob] | None = None
    """Patterns of hosts; an address of a model, tool or document on another host is not written."""
    https_only: bool = False
    """No address without TLS is written."""
    max_prompt_tokens: Annotated[int, Field(ge=1)] | None = None
    """No longer prompt is written."""
    no_deprecated: bool = False
    """Nothing that the catalogue calls deprecated or gone is written."""
    unknown_fields: Literal["warn", "deny"] = "warn"
    """A field of a manifest that no table knows: a warning (it is sent as it is), or an error (deny)."""


class SourcesModel(_Strict):
    exclude: list[Text] = []
    """Patterns over paths relative to the project file; files and folders that one fits are not looked at. `*` stands
    for any run of characters, slashes included."""


class HistoryModel(_Strict):
    keep: Annotated[int, Field(ge=1, le=10_000)] = DEFAULT_RETENTION.keep
    """How many applies the history keeps; older ones go first."""
    max_bytes: Annotated[int, Field(ge=1)] = DEFAULT_RETENTION.max_bytes
    """How large the history may get inside the state, in bytes."""


class WorkspaceModel(_Strict):
    provider: ProviderModel
    """The account."""
    state: StateModel = StateModel()
    """Where the state is kept; by default `.reconciler/WORKSPACE/state.json`."""
    overlays: list[Text] = []
    """Folders with what differs in this workspace, relative to the project file; later ones win."""
    policy: PolicyModel = PolicyModel()
    """What a plan may do here."""
    parallelism: Annotated[int, Field(ge=1, le=100)] = 10
    """Requests at a time."""
    max_requests_per_second: Annotated[Number, Field(gt=0)] | None = None
    """An upper bound for all threads together; below it the rate that the account takes is learned."""
    give_up_after: Duration = "10m"
    """How long the account may let nothing through (429) before a change fails that met its limit."""
    migrate: MigrateWord | None = None
    """When plan and apply work on the migrated manifests; what the project says where it is not given."""
    history: HistoryModel = HistoryModel()
    """How much of what was applied is kept, to look at and to go back to."""
    values: dict[Name, Any] = {}
    """What `{value: NAME}` in manifests stands for in this workspace; goes over the project's `values`."""
    watch: WatchModel | None = None
    """How `reconciler watch` looks after this workspace; without it, it is looked at only when it is named."""


class DefaultsModel(_Strict):
    kind: Text
    """Manifests of this kind ..."""
    folder: Text | None = None
    """... in this folder, relative to the project file; without it, wherever they are."""
    spec: dict[str, Any]
    """What they say where they say nothing themselves; null in a manifest says that a field is to be absent."""


class ProjectModel(_Strict):
    apiVersion: Literal["personas/v1"]  # noqa: N815 - the word in the file
    """The version of this format."""
    kind: Literal["Project"]
    """Tells the project file from manifests."""
    metadata: MetadataModel
    """Who the project is."""
    default_workspace: Text | None = None
    """The workspace of commands without `--workspace`; without it `sandbox`, else the first."""
    migrate: MigrateWord = "ask"
    """When plan and apply work on the manifests as `migrate` would write them: auto (always), ask (with --migrate),
    off (never)."""
    catalogue: Text | None = None
    """A file beside the project file, merged over the model catalogue."""
    source: Text | None = None
    """Where the pipelines of `init --ci` install this program from: OWNER/REPO@COMMIT, git+https://HOST/PATH@COMMIT,
    the URL of a wheel, or ==VERSION; without it, where the program that runs `init` came from."""
    sources: SourcesModel = SourcesModel()
    """Which files are looked at."""
    values: dict[Name, Any] = {}
    """What `{value: NAME}` in manifests stands for: texts, numbers, true or false, lists, mappings."""
    defaults: list[DefaultsModel] = []
    """What manifests of a kind or of a folder have in common; what stands later goes over what stands before."""
    workspaces: dict[Name, WorkspaceModel] = {}
    """One account plus its settings each."""
    accounts: dict[Name, AccountModel] = {}
    """What accounts take that several workspaces, or several machines, use together."""
    fleet: FleetModel = FleetModel()
    """How `reconciler fleet` schedules the rounds of the workspaces with `watch:`."""
    migrations: dict[str, AnswerWord | dict[str, AnswerWord]] = {}
    """Answers by migration; one word answers every question of it."""


KNOWN_KEYS: dict[str, tuple[str, ...]] = {
    "": tuple(ProjectModel.model_fields),
    "/metadata": tuple(MetadataModel.model_fields),
    "/defaults/*": tuple(DefaultsModel.model_fields),
    "/sources": tuple(SourcesModel.model_fields),
    "/accounts/*": tuple(AccountModel.model_fields),
    "/fleet": tuple(FleetModel.model_fields),
    "/workspaces/*": tuple(WorkspaceModel.model_fields),
    "/workspaces/*/policy": tuple(PolicyModel.model_fields),
    "/workspaces/*/history": tuple(HistoryModel.model_fields),
    **{f"/workspaces/*/watch{place}": keys for place, keys in WATCH_KEYS.items()},
}
"""Keys by place, for did-you-mean."""
