"""The model catalogue: every table of it, and the questions that are asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from reconciler.types.catalogue_entry import Entry, LiveKit, LiveKitChoice, Setting, Status, Successor
from reconciler.types.json import Json

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
        return next((one for one in self.generations if one.id == self.generation), self.generations[-1])

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
