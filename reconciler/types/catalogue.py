"""The model catalogue: its entries with status, limits, settings and successors, and questions asked of it.

Beside it what is known of LiveKit Inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum

from reconciler.types.json import Json


class Status(Enum):
    """How one generation of the vendor's documentation (or its client) speaks of an entry."""

    DEFAULT = "default"
    RECOMMENDED = "recommended"
    AVAILABLE = "available"
    REPORTED = "reported"
    """Only met in public code: no vendor source names it."""
    LEGACY = "legacy"
    """Still accepted, no longer advised."""
    DEPRECATED = "deprecated"
    UNLISTED = "unlisted"
    """Was listed once and is not any more; what the API answers is unknown."""
    REMOVED = "removed"
    INTERNAL = "internal"
    """The vendor's own use: must not stand in a manifest."""
    UNKNOWN = "unknown"
    """Not in the catalogue, or not before a later generation."""

    @property
    def is_current(self) -> bool:
        return self in (Status.DEFAULT, Status.RECOMMENDED, Status.AVAILABLE)

    @property
    def is_outdated(self) -> bool:
        """Something to move away from."""
        return self in (Status.LEGACY, Status.DEPRECATED, Status.UNLISTED, Status.REMOVED)


@dataclass(frozen=True, slots=True)
class Scores:
    """1 to 3 symbols in the vendor's comparison table; more is better."""

    speed: int
    intelligence: int
    naturalness: int


@dataclass(frozen=True, slots=True)
class Successor:
    """What to use instead. Only `basis: documented` may be followed without asking a person."""

    id: str | None = None
    """None: a person has to choose. `@default`: the default of the configured generation."""
    reason: str = ""
    basis: str = "judgement"
    """documented | client | report | judgement | guess"""
    alternatives: tuple[str, ...] = ()

    @property
    def is_documented(self) -> bool:
        return self.basis == "documented"


@dataclass(frozen=True, slots=True)
class Setting:
    """What one voice setting or request parameter takes."""

    min: float | None = None
    max: float | None = None
    words: tuple[str, ...] = ()
    """Texts that are accepted in place of a number, or the names of a `name:level` tag."""
    levels: tuple[str, ...] = ()
    type: str = "number"
    """number | boolean | tags"""

    def in_words(self) -> str:
        """What it takes, for people."""
        names = ", ".join(self.words)
        if self.type == "boolean":
            return "true or false"
        if self.type == "tags":
            return f"a list of {names}" + (f", each with :{' :'.join(self.levels)}" if self.levels else "")
        number = "a number" if self.min is None or self.max is None else f"{self.min:g} to {self.max:g}"
        return f"{number}, or {names}" if names else number


@dataclass(frozen=True, slots=True)
class Entry:
    """One model, engine or value."""

    status: Mapping[str, Status] = field(default_factory=dict)
    """By generation; a generation that is not named has the status of the one before it. `all` stands for any."""
    family: str = ""
    context_window: int | None = None
    """Tokens; None where no vendor source states it."""
    recommended_prompt: int | None = None
    degraded_from: int | None = None
    """Tokens from which answers become slower or follow instructions less; set where it differs from the
    generation's."""
    scores: Scores | None = None
    best_for: str = ""
    extra_body: tuple[str, ...] | None = None
    """Request parameters a hosted model takes; None: what the catalogue says for all."""
    exclusive: tuple[str, ...] = ()
    """Parameters that must not be given together."""
    successor: Successor | None = None
    engine: str = ""
    """For a voice model: whose it is."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """For a voice model: its voice_settings."""
    forbids: tuple[str, ...] = ()
    """Sibling fields that do not go with it."""
    markup_exclusive: bool = False
    """Voice settings have no effect together with speech tags in the LLM's text."""
    also: tuple[str, ...] = ()
    """Other spellings."""
    providers: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    """For a LiveKit id: the lists that name it."""
    note: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveKitChoice:
    """The nearest model of LiveKit Inference for a hosted one."""

    id: str | None = None
    confidence: str = "none"
    why: str = ""
    plugin: str = ""
    """The plugin that serves it where LiveKit Inference does not, e.g. `anthropic`."""
    plugin_model: str = ""
    """What that plugin calls it."""


@dataclass(frozen=True, slots=True)
class LiveKitEar:
    """The speech recognition of LiveKit Inference nearest to one of the vendor's engines."""

    id: str
    language: str = "multi"
    """What it is told to listen for where the persona names no language."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class LiveKitCall:
    """How a plugin's language model is made in one language of the framework."""

    package: str
    """As people install it, from PyPI or npm."""
    module: str = ""
    """What is imported: of `livekit.plugins` in Python, the word for the package in Node; Python's where left out."""
    call: str = "LLM"
    """A class or a function of the module."""
    model: str = "model"
    """The argument that names the model."""
    takes: tuple[str, ...] = ()
    """Members of a custom model's layer, and sampling parameters, that it has an argument for."""


@dataclass(frozen=True, slots=True)
class LiveKitPlugin:
    """A provider of language models that LiveKit speaks to through a plugin, with an account of one's own there."""

    name: str
    page: str = ""
    """Of LiveKit's documentation."""
    languages: tuple[str, ...] = ()
    """Those that LiveKit's overview names: python, node."""
    hosts: tuple[str, ...] = ()
    """Of a `base_url`; `*` is one label of the name."""
    variables: tuple[str, ...] = ()
    """Environment variables that the plugin reads its credentials from."""
    address: str = ""
    """Where the provider itself speaks OpenAI's protocol, for a language without a plugin."""
    label: str = ""
    """The argument that takes what `*` of the host stands for."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Members of `default_query` that are arguments; all are needed."""
    needs: str = ""
    """What no manifest has and the plugin cannot be made without."""
    python: LiveKitCall | None = None
    node: LiveKitCall | None = None
    note: str = ""
    sources: tuple[str, ...] = ()

    def call_in(self, language: str) -> LiveKitCall | None:
        """How it is made in `python` or `node`; None where that language has none."""
        return self.node if language == "node" else self.python


@dataclass(frozen=True, slots=True)
class LiveKit:
    """What is known about LiveKit Inference, and of the plugins beside it."""

    release: str = ""
    """The newest of the lists that `models` were read from, as in `Entry.releases`."""
    models: Mapping[str, Entry] = field(default_factory=dict)
    nearest: Mapping[str, LiveKitChoice] = field(default_factory=dict)
    voices: Mapping[str, str] = field(default_factory=dict)
    ears: Mapping[str, LiveKitEar] = field(default_factory=dict)
    """By speech recognition engine of the vendor."""
    realtime_renames: Mapping[str, str] = field(default_factory=dict)
    plugins: Mapping[str, LiveKitPlugin] = field(default_factory=dict)
    """By the word for them in `LiveKitChoice.plugin`, in the order of LiveKit's overview."""
    notes: tuple[str, ...] = ()

    def status(self, id: str) -> Status:
        """What the newest list says of a model: one that only older lists name is gone, one of no list is hearsay."""
        row = self.models.get(id)
        if row is None:
            return Status.UNKNOWN
        if not row.releases:
            return Status.REPORTED
        return Status.AVAILABLE if self.release in row.releases else Status.UNLISTED

    def listed(self) -> frozenset[str]:
        """The models that the newest list names."""
        return frozenset(id for id, row in self.models.items() if self.release in row.releases)


HOSTED_PREFIX = "tavus-"


@dataclass(frozen=True, slots=True)
class Generation:
    """One state of the vendor's documentation."""

    id: str
    period: str
    vocabulary: str
    default_llm: str
    context_window: int | None = None
    """Tokens that every hosted model of the time is documented to take; None: per model."""
    safe_window: int = 32000
    """Tokens to stay below where the window is not stated."""
    recommended_prompt: int | None = None
    degraded_from: int | None = None
    degraded_until: int | None = None
    tools: str = ""
    perception: str = ""
    turn_taking: str = ""
    basis: str = "documented"
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Values:
    """The known values of one field that is no model."""

    known: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()
    complete: bool = False
    """Nothing else exists, so another value is an error and not a warning."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a prompt may be for one model, in tokens."""

    recommended: int | None
    degraded_from: int | None
    degraded_until: int | None
    window: int
    window_known: bool
    """False: `window` is only the safe bound."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole table, with the generation that statuses are asked in."""

    format: int
    compiled: str
    generation: str
    generations: tuple[Generation, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    chars_per_token: int = 4
    parameters: Mapping[str, Setting] = field(default_factory=dict)
    """Request parameters of hosted models (`extra_body`)."""
    tables: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    """llm, perception, turn_detection, stt_engine, tts_engine, tts_model -> id -> entry."""
    complete: tuple[str, ...] = ()
    """Tables that hold everything there is."""
    values: Mapping[str, Values] = field(default_factory=dict)
    livekit: LiveKit = LiveKit()

    def current(self) -> Generation:
        """The configured generation, the newest where its name is unknown."""
        return next(
            (generation for generation in self.generations if generation.id == self.generation), self.generations[-1]
        )

    def entry(self, id: str, table: str = "llm") -> Entry | None:
        """The entry called `id`, or spelt so."""
        rows = self.tables.get(table, {})
        if id in rows:
            return rows[id]
        return next((row for row in rows.values() if id in row.also), None)

    def status(self, id: str, table: str = "llm", generation: str | None = None) -> Status:
        """What the (configured) generation says of `id`; `UNKNOWN` for anything not in the table."""
        row = self.entry(id, table)
        if row is None:
            return Status.UNKNOWN
        wanted = generation or self.current().id
        found = row.status.get("all", Status.UNKNOWN)
        for one in self.generations:
            found = row.status.get(one.id, found)
            if one.id == wanted:
                break
        return found

    def successor(self, id: str, table: str = "llm") -> Successor | None:
        """What follows `id`, with `@default` filled in; None where nothing is known."""
        row = self.entry(id, table)
        after = row.successor if row is not None else None
        if after is not None and after.id == "@default":
            return Successor(self.default(table), after.reason, after.basis, after.alternatives)
        return after

    def default(self, table: str = "llm") -> str | None:
        """The default of the configured generation."""
        if table == "llm":
            return self.current().default_llm
        return next((id for id in self.tables.get(table, {}) if self.status(id, table) is Status.DEFAULT), None)

    def known(self, table: str = "llm") -> tuple[str, ...]:
        """Every id of a table, other spellings included."""
        return tuple(name for id, row in self.tables.get(table, {}).items() for name in (id, *row.also))

    def nearest(self, text: str, table: str = "llm", count: int = 3) -> tuple[str, ...]:
        """Ids that look like `text`, the likeliest first, those to move away from and internal ones left out."""
        usable = [id for id in self.known(table) if self.status(id, table).is_current]
        wanted = text.lower()
        if table == "llm" and not wanted.startswith(HOSTED_PREFIX):
            wanted = HOSTED_PREFIX + wanted
        return tuple(get_close_matches(wanted, usable, n=count, cutoff=0.6))

    def budget(self, model: str | None) -> Budget:
        """The prompt budget of a hosted model; of the generation's default for None or an unknown id."""
        now = self.current()
        row = self.entry(model or now.default_llm)
        window = row.context_window if row is not None else None
        if window is None:
            window = now.context_window if row is not None else None
        own = row is not None and row.degraded_from is not None
        return Budget(
            recommended=row.recommended_prompt if own and row is not None else now.recommended_prompt,
            degraded_from=row.degraded_from if own and row is not None else now.degraded_from,
            degraded_until=None if own else now.degraded_until,
            window=window or now.safe_window,
            window_known=window is not None,
        )

    def tokens(self, text: str) -> int:
        """The vendor's rule of thumb: four characters are a token, rounded up."""
        return -(-len(text) // self.chars_per_token)

    def livekit_for(self, model: str) -> LiveKitChoice:
        """The nearest LiveKit Inference model for a hosted one."""
        return self.livekit.nearest.get(model, LiveKitChoice(why="not in the catalogue"))

    def parameter_names(self, model: str | None) -> tuple[str, ...]:
        """Request parameters that a hosted model takes."""
        row = self.entry(model or self.current().default_llm)
        own = row.extra_body if row is not None else None
        return own if own is not None else tuple(self.parameters)


def is_hosted(model: Json) -> bool:
    """Whether a model name is one of the vendor's own (`tavus-...`)."""
    return isinstance(model, str) and model.startswith(HOSTED_PREFIX)
