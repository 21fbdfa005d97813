"""A saved plan <-> bytes: one JSON file with everything that apply needs, guarded by a digest, without a secret.

{"type": "reconciler-plan", "format": 3, "plan": {...}, "digest": BLAKE2b over type, format and plan,
 "signature": HMAC-SHA256 over the same under RECONCILER_PLAN_KEY, where there is one}

References and what only stands for a secret are written as `core.serialization.record_codec` has them. Format 2
did not tell references from data that looks like one, format 1 had a text in the place of masks: both are read where
no reference stands.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from reconciler.core.serialization import checked_json as read
from reconciler.core.serialization import record_codec
from reconciler.core.serialization.checked_json import Malformed, Unfit, parse_json
from reconciler.core.serialization.digest import digest_bytes, digest_pieces
from reconciler.core.serialization.record_codec import lookalikes, read_marks, write_marks
from reconciler.errors import PlanError, PlanUnreadable
from reconciler.types.address import Address, SecretRef
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import SENSITIVE, Json, Object, join
from reconciler.types.kind import Kinds
from reconciler.types.plan import Plan

TYPE = "reconciler-plan"
FORMAT = 3
OLDEST = 1
AGAIN = "make a new plan with `reconciler plan --out FILE`"
SIGNED = "make the plan with RECONCILER_PLAN_KEY set to the same key: `reconciler plan --out FILE`"


def dump_plan(plan: Plan, key: bytes | None = None) -> bytes:
    """The file for `plan`, signed where there is a `key`.

    Raises `PlanError` when a planned write needs a secret that stands in a manifest as it is: the file would hold it.
    """
    problems = [
        Diagnostic(
            "E-literal-secret",
            Severity.ERROR,
            f"{address}: {pointer} is a secret written out in the manifest, and a plan file holds no secrets",
            hint="write it as {env: NAME} or {file: PATH}, or apply without saving the plan",
            address=address,
            pointer=pointer,
        )
        for address, pointer in sorted(set(_literal_secrets(plan)))
    ]
    if problems:
        raise PlanError(
            "the plan cannot be saved: a planned write needs a literal secret",
            problems,
            hint="write the secret as {env: NAME} or {file: PATH}, or apply without saving the plan",
        )
    content = _content(plan)
    try:
        marks = {"digest": _digest(content), **({"signature": _signature(content, key)} if key else {})}
        text = json.dumps({**content, **marks}, indent=1)
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits, nesting of thousands of levels: the file could not be read back.
        raise PlanError(f"the plan cannot be saved: {error}", [], hint="apply it without saving it") from None
    return text.encode("ascii") + b"\n"


def read_plan(data: bytes, kinds: Kinds, key: bytes | None = None) -> Plan:
    """The plan in a file for an account that can hold `kinds`.

    Raises `PlanUnreadable` when it was edited, is damaged, or has an unknown format; with a
    `key` also when it is not signed with that key."""
    content = _open(data, key)
    plan, version = content["plan"], content["format"]
    try:
        return record_codec.from_json(
            Plan, read_marks(plan) if version == FORMAT else _read_old(plan, version), "/plan", kinds
        )
    except Malformed as error:
        raise PlanUnreadable(f"the plan file cannot be read: {error}", hint=AGAIN) from None


def kinds_in(data: bytes) -> frozenset[str]:
    """The names of the kinds that the plan in a file is about. Raises `PlanUnreadable` as `read_plan` does."""
    plan = _open(data)["plan"]
    changes = plan.get("changes") if isinstance(plan, dict) else None
    addresses = (
        [change.get("address") for change in changes if isinstance(change, dict)] if isinstance(changes, list) else []
    )
    return frozenset(address.partition(".")[0] for address in addresses if isinstance(address, str))


def plan_digest(plan: Plan | bytes) -> str:
    """Names one plan, by which state remembers that it was applied: of the record or of its file.

    Raises `PlanUnreadable` for bytes that are no whole plan file.
    """
    if isinstance(plan, bytes):
        return _digest(_open(plan))
    return digest_pieces(piece.encode("ascii") for piece in _spelled(plan))


def looks_like_plan(data: bytes) -> bool:
    """Whether a file claims to be a saved plan (it may still be damaged); told by its content, never by its name."""
    return TYPE.encode("ascii") in data[:200] and data.lstrip()[:1] == b"{"


def is_signed(data: bytes) -> bool:
    """Whether a plan file has a signature, whoever's."""
    found = parse_json(data, own=True)
    return isinstance(found, dict) and "signature" in found


def _content(plan: Plan) -> Object:
    return {"type": TYPE, "format": FORMAT, "plan": write_marks(record_codec.to_json(plan))}


def _digest(content: Object) -> str:
    return digest_bytes(_bytes_of(content))


def _signature(content: Object, key: bytes) -> str:
    return hmac.new(key, _bytes_of(content), sha256).hexdigest()


def _bytes_of(content: Object) -> bytes:
    return _text(content).encode("ascii")


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _spelled(plan: Plan) -> Iterator[str]:
    """The text that `_bytes_of` makes of the content, a change at a time: whole, it is several times the plan."""
    members = read.mapping(write_marks(record_codec.to_json(replace(plan, changes=()))), "/plan")
    yield f'{{"format":{FORMAT},"plan":{{'
    for index, name in enumerate(sorted({*members, "changes"} if plan.changes else members)):
        yield f"{',' if index else ''}{_text(name)}:"
        if name == "changes":
            for index, change in enumerate(plan.changes):
                yield f"{',' if index else '['}{_text(write_marks(record_codec.to_json(change)))}"
            yield "]"
        else:
            yield _text(members[name])
    yield f'}},"type":{_text(TYPE)}}}'


def _open(data: bytes, key: bytes | None = None) -> Object:
    """Type, format and plan of a file whose digest fits, and its signature where there is a key."""
    try:
        found = parse_json(data, own=True)
    except Unfit:
        if not looks_like_plan(data):
            raise PlanUnreadable("this file is no saved plan", hint=AGAIN) from None
        raise PlanUnreadable("the plan file is no valid JSON: it is damaged or cut off", hint=AGAIN) from None
    if not isinstance(found, dict) or found.get("type") != TYPE:
        raise PlanUnreadable("this file is no saved plan", hint=AGAIN)
    version = found.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or not OLDEST <= version <= FORMAT:
        newer = isinstance(version, int) and version > FORMAT
        raise PlanUnreadable(
            f"the plan file has format {version}, this version reads {FORMAT}",
            hint="apply it with the version that made it" if newer else AGAIN,
        )
    content: Object = {name: value for name, value in found.items() if name not in ("digest", "signature")}
    if set(content) != {"type", "format", "plan"} or _digest(content) != found.get("digest"):
        raise PlanUnreadable("the plan file was edited or is damaged: its digest does not fit", hint=AGAIN)
    if key:
        signature = found.get("signature")
        if not isinstance(signature, str):
            raise PlanUnreadable("the plan file is not signed, and RECONCILER_PLAN_KEY is set", hint=SIGNED)
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(content, key).encode("ascii")):
            raise PlanUnreadable("the plan file is not signed with this RECONCILER_PLAN_KEY", hint=SIGNED)
    return content


def _read_old(value: Json, version: Json) -> Json:
    """The plan in a file of an older format: texts in the place of masks (1), marks for masks alone (2).

    Raises `PlanUnreadable` where references stand in it: nothing told them from data that looks like one.
    """
    where = next(lookalikes(value), None)
    if where is not None:
        raise PlanUnreadable(
            f"the plan file has format {version}, which does not tell a reference from data that looks like one "
            f"(at {where})",
            hint=AGAIN,
        )
    return _masked(value) if version == OLDEST else read_marks(value)


def _masked(value: Json) -> Json:
    if value == SENSITIVE:
        return SENSITIVE
    if isinstance(value, dict):
        return {key: _masked(member) for key, member in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def _literal_secrets(plan: Plan) -> Iterator[tuple[Address, str]]:
    for change in plan.changes:
        for request in change.requests:
            for pointer in _literals(request.body, ""):
                yield change.address, pointer
        for operation in change.patch:
            for pointer in _literals(operation.value, operation.path):
                yield change.address, pointer


def _literals(value: Json, pointer: str) -> Iterator[str]:
    if isinstance(value, SecretRef):
        if value.kind == "literal":
            # The reference names the place in the manifest; ours may lead through a list of patch operations.
            _, slash, place = value.name.partition("/")
            yield slash + place if slash else pointer
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _literals(item, pointer + join(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _literals(item, f"{pointer}/{index}")
