"""One entry of the model catalogue: its status by generation, its limits and settings, and what follows it.

Beside it what is known of LiveKit Inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


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

    def distance(self, other: Scores) -> int:
        """Sum of the differences on the three axes."""
        return (
            abs(self.speed - other.speed)
            + abs(self.intelligence - other.intelligence)
            + abs(self.naturalness - other.naturalness)
        )

    def covers(self, other: Scores) -> bool:
        """At least as good on every axis."""
        return (
            self.speed >= other.speed
            and self.intelligence >= other.intelligence
            and self.naturalness >= other.naturalness
        )


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
