"""What the simulated API is told to do: behaviour where the real one is undocumented, and faults on demand."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias, get_args, get_type_hints

from reconciler.errors import UsageError
from reconciler.types.json import Json


@dataclass(frozen=True, slots=True)
class Mood:
    """The defaults are what the live API was last seen to do; every other value was documented, seen, or feared."""

    get: Literal["flat", "wrapped"] = "flat"
    """GET of one persona: the object, or `{"data": [object]}` as the documentation has it."""
    items: Literal["full", "summary"] = "full"
    """Items of lists: whole objects; or personas without `layers` and `system_prompt`, objectives without steps."""
    list_key: Literal["data", "bare", "resource"] = "data"
    """Where the items of a list stand: under `data`, as a bare array, under the collection's name."""
    created: Literal[200, 201] = 200
    unknown_id: Literal[400, 404] = 400
    """Status for an unknown or foreign persona."""
    unknown_tool: Literal[400, 404] = 404
    unknown_object: Literal[400, 404] = 404
    """Status for an unknown guardrail, set of objectives, document, dictionary, connector or deployment."""
    secrets: Literal["mask", "omit", "echo"] = "mask"
    """Keys on read. `echo` can only show values that this very process has received: the file keeps digests."""
    headers: Literal["plain", "mask", "omit", "echo"] = "plain"
    """The same for header values and query parameters, which the API may or may not hide; `plain` shows what is
    a setting by its name (`api-version`)."""
    defaults: Literal["fill", "hide", "null"] = "fill"
    """Values at their default on read: shown, left out, or null."""
    layers: Literal["absent", "null", "all"] = "absent"
    """Layers that nobody set: left out, null, or present with their defaults."""
    booleans: Literal["native", "text"] = "native"
    """`text` shows the booleans of layers as "true" and "false"."""
    interruptibility: Literal["pal", "face", "replica"] = "pal"
    """The spelling that PAL answers use for interruptibility."""
    key_retention: Literal["leaf", "object", "kept"] = "leaf"
    """When a patch of a custom LLM must carry api_key: for any write under layers.llm, only when the object is
    written whole, never."""
    drafts: Literal["conflict", "routed"] = "conflict"
    """A PATCH while a person edits: 409 `maker_changes`, or (mid 2026) written to the draft with `publish_url`."""
    patch_answer: Literal["full", "minimal", "empty"] = "full"
    failed_op: Literal[400, 422] = 422
    """Status when an operation does not apply."""
    failed_test: Literal[400, 409, 412, 422] = 409
    unknown_fields: Literal["keep", "drop", "reject"] = "keep"
    face_required: bool = True
    """POST /v2/pals without default_face_id is refused."""
    references: Literal["lenient", "strict"] = "lenient"
    """`strict` refuses ids of guardrails, objectives, documents and dictionaries that do not exist."""
    owner_id: bool = False
    """Show `owner_id` in persona bodies."""
    tool_ids: bool = True
    """Show `tool_ids` in persona bodies."""
    attach_touches: bool = False
    """Attaching and detaching tools moves the persona's `updated_at`."""
    connectors: bool = True
    """Whether the server has connectors: older ones answer 404."""
    guardrail_pages_from: Literal[0, 1] = 1
    """The base of `page` for guardrails; the documentation says 0, the vendor's client sends 1."""
    stale_reads: int = 0
    """So many GETs of an object right after a write still show the old body."""
    document_reads: int = 0
    """So many GETs of a new document still show it being processed."""
    trim: bool = False
    """Strip white space around names and prompts on write."""


def parse_mood(data: Json, *, base: Mood | None = None) -> Mood:
    """A mood from a mapping of switches; unnamed ones stay as in `base`.

    Raises `UsageError` that names the switch, what was given, and what is possible.
    """
    mood = base or Mood()
    if not isinstance(data, Mapping):
        raise UsageError(f"mood: expected a mapping of switches, found {data!r}")
    hints = get_type_hints(Mood)
    known = [item.name for item in fields(Mood)]
    changes: dict[str, Json] = {}
    for name, value in data.items():
        if name not in hints:
            close = get_close_matches(name, known, n=1)
            raise UsageError(
                f"mood: unknown switch {name!r}; known: {', '.join(known)}",
                hint=f"did you mean {close[0]!r}?" if close else None,
            )
        choices = get_args(hints[name])
        wanted = type(getattr(mood, name))
        if (choices and value not in choices) or type(value) is not wanted:
            expected = ", ".join(map(str, choices)) if choices else wanted.__name__
            raise UsageError(f"mood: {name} is {value!r}; expected {expected}")
        changes[name] = value
    return replace(mood, **changes)  # type: ignore[arg-type]


Point: TypeAlias = Literal["before", "after"]
POINTS = ("before", "after")
BODIES = ("truncated", "garbage", "empty")


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: which requests it is about, and what happens to them. Unset members match or do nothing."""

    method: tuple[str, ...] = ()
    path: str = "**"
    """Glob over the path: `*` is one segment or a part of it, `**` any number of them."""
    nth: tuple[int, ...] = ()
    """Of the requests that match, only these (the first is 1)."""
    every: int = 0
    """Every so many-th of the requests that match."""
    times: int = 0
    """At most so many times in all (0: no limit)."""
    rate: float = 1.0
    """The share of matching requests, chosen by the seed."""
    latency: float = 0.0
    """Seconds before the answer."""
    status: int = 0
    """Answer with this status instead."""
    at: Point = "before"
    """Whether `status` comes before anything was done, or after the request was carried out."""
    retry_after: float | None = None
    """Seconds in Retry-After."""
    retry_after_date: bool = False
    """Write Retry-After as a date."""
    drop: Point | None = None
    """Break the connection without an answer, before or after the request was carried out."""
    body: str | None = None
    """Damage a good answer: truncated | garbage | empty."""
    omit: int = 0
    """Leave so many of the last objects out of a list, as a list that lags behind does."""
    kill: Point | None = None
    """Kill -9 the process that runs the simulator, before or after the request was carried out."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests a second, and so many at once after a pause; what is beyond is answered with 429."""

    per_second: float
    burst: float = 1.0


@dataclass(frozen=True, slots=True)
class Faults:
    """A faults file: rules in order (all that match apply), the mood, and keys that are refused."""

    rules: tuple[Fault, ...] = ()
    seed: int = 0
    mood: Mood | None = None
    invalid_keys: frozenset[str] = field(default_factory=frozenset)
    limit: Limit | None = None


class FaultBook:
    """Counts the requests of one run. The same requests in the same order meet the same faults."""

    def __init__(self, faults: Faults, seconds: Callable[[], float] = time.monotonic) -> None:
        """`seconds` is the clock of the limit, which never runs backwards."""
        self._faults = faults
        self._seconds = seconds
        self._tokens, self._counted = faults.limit.burst if faults.limit else 0.0, seconds()
        self._mutex = threading.Lock()
        self._matched = [0] * len(faults.rules)
        self._struck = [0] * len(faults.rules)

    def strike(self, method: str, path: str) -> tuple[Fault, ...]:
        """The faults that this request meets; counts it."""
        met: list[Fault] = []
        with self._mutex:
            if (beyond := self._beyond()) > 0:
                return (Fault(status=429, retry_after=round(beyond + 0.0005, 3)),)
            for index, rule in enumerate(self._faults.rules):
                if (rule.method and method not in rule.method) or not _glob(rule.path).fullmatch(path.rstrip("/")):
                    continue
                self._matched[index] += 1
                if self._hits(index, rule):
                    self._struck[index] += 1
                    met.append(rule)
        return tuple(met)

    def _beyond(self) -> float:
        """Seconds until the limit lets one more request through; 0 where it lets this one."""
        limit, now = self._faults.limit, self._seconds()
        if limit is None:
            return 0.0
        self._tokens = min(limit.burst, self._tokens + (now - self._counted) * limit.per_second)
        self._counted = now
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / limit.per_second
        self._tokens -= 1.0
        return 0.0

    def _hits(self, index: int, rule: Fault) -> bool:
        count = self._matched[index]
        if rule.times and self._struck[index] >= rule.times:
            return False
        if (rule.nth or rule.every) and not (count in rule.nth or (rule.every and count % rule.every == 0)):
            return False
        if rule.rate >= 1:
            return True
        digest = hashlib.sha256(f"{self._faults.seed}:{index}:{count}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < rule.rate


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", pattern.rstrip("/") or "**")
    return re.compile("".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts))


def load_faults(path: Path) -> Faults:
    """Read a faults file, YAML or JSON. Raises `UsageError` that names the file, the place and what is possible."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"cannot read the faults file {path}: {reason}") from None
    return parse_faults(_parse(text, path), str(path))


def _parse(text: str, path: Path) -> Json:
    import yaml

    try:
        data: Json = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except ValueError as error:
        raise UsageError(f"{path} is not valid JSON: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise UsageError(f"{path} is not valid YAML{place}") from None
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply; this is no faults file") from None
    return data


def parse_faults(data: Json, where: str = "faults") -> Faults:
    """The faults in `data`: `{rules: [...], seed, mood: {...}, invalid_keys: [...], limit: {per_second, burst}}`.

    Raises `UsageError`.
    """
    if data is None:
        return Faults()
    if isinstance(data, list):
        data = {"rules": data}
    if not isinstance(data, Mapping):
        raise UsageError(f"{where}: expected a mapping with rules, mood, seed, invalid_keys or limit")
    _check_names(data, ("rules", "seed", "mood", "invalid_keys", "limit"), where)
    rules, seed, keys = _listed(data, "rules"), data.get("seed", 0), _listed(data, "invalid_keys")
    if not isinstance(rules, list):
        raise UsageError(f"{where}: rules must be a list")
    if type(seed) is not int:
        raise UsageError(f"{where}: seed must be a whole number, found {seed!r}")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise UsageError(f"{where}: invalid_keys must be a list of strings")
    return Faults(
        rules=tuple(_parse_rule(rule, f"{where}: rules[{index}]") for index, rule in enumerate(rules)),
        seed=seed,
        mood=parse_mood(data["mood"]) if "mood" in data else None,
        invalid_keys=frozenset(str(key) for key in keys),
        limit=_parse_limit(data["limit"], f"{where}: limit") if data.get("limit") is not None else None,
    )


def _parse_limit(data: Json, where: str) -> Limit:
    if not isinstance(data, Mapping):
        raise UsageError(f"{where} is not a mapping", hint="limit: {per_second: 20, burst: 5}")
    _check_names(data, ("per_second", "burst"), where)
    rate, burst = data.get("per_second"), data.get("burst", 1)
    for name, value, least in (("per_second", rate, 0.001), ("burst", burst, 1)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= 1e6:
            raise UsageError(f"{where}: {name} is {value!r}; expected a number, {least:g} or more")
    assert isinstance(rate, int | float) and isinstance(burst, int | float)
    return Limit(float(rate), float(burst))


def _check_names(data: Mapping[str, Json], known: tuple[str, ...], where: str) -> None:
    for name in data:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else None
            raise UsageError(f"{where}: unknown key {name!r}; known: {', '.join(known)}", hint=hint)


def _listed(data: Mapping[str, Json], name: str) -> Json:
    value = data.get(name)
    return [] if value is None else value


def _parse_rule(rule: Json, where: str) -> Fault:
    if not isinstance(rule, Mapping):
        raise UsageError(f"{where} is not a mapping")
    _check_names(rule, tuple(item.name for item in fields(Fault)), where)

    def fail(name: str, expected: str) -> UsageError:
        return UsageError(f"{where}: {name} is {rule.get(name)!r}; expected {expected}")

    def number(name: str, default: float, most: float | None = None) -> float:
        value = rule.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or (most and value > most):
            raise fail(name, f"a number from 0 to {most:g}" if most else "a number, 0 or more")
        return value

    def whole(name: str) -> int:
        value = number(name, 0)
        if value != int(value):
            raise fail(name, "a whole number")
        return int(value)

    def word(name: str, choices: tuple[str, ...]) -> str | None:
        value = rule.get(name)
        if value is not None and value not in choices:
            raise fail(name, " or ".join(choices))
        return None if value is None else str(value)

    def point(name: str) -> Point | None:
        value = word(name, POINTS)
        return None if value is None else ("after" if value == "after" else "before")

    methods = _listed(rule, "method")
    methods = [methods] if isinstance(methods, str) else methods
    if not isinstance(methods, list) or not all(isinstance(item, str) for item in methods):
        raise fail("method", "a method or a list of methods")
    nth = rule.get("nth", [])
    nth = [nth] if isinstance(nth, int) else nth
    if not isinstance(nth, list) or not all(type(item) is int and item > 0 for item in nth):
        raise fail("nth", "a number from 1 on, or a list of them")
    path, dated = rule.get("path", "**"), rule.get("retry_after_date", False)
    if not isinstance(path, str) or not path:
        raise fail("path", "a path pattern such as /v2/pals/*")
    if not isinstance(dated, bool):
        raise fail("retry_after_date", "true or false")
    status = whole("status")
    if status and not 200 <= status <= 599:
        raise fail("status", "a status from 200 to 599")
    return Fault(
        method=tuple(str(item).upper() for item in methods if item != "*"),
        path=path,
        nth=tuple(item for item in nth if isinstance(item, int)),
        every=whole("every"),
        times=whole("times"),
        rate=number("rate", 1.0, 1.0),
        latency=number("latency", 0.0),
        status=status,
        at=point("at") or "before",
        retry_after=number("retry_after", 0.0) if rule.get("retry_after") is not None else None,
        retry_after_date=dated,
        drop=point("drop"),
        body=word("body", BODIES),
        omit=whole("omit"),
        kill=point("kill"),
    )
