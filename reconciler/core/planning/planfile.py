"""A saved plan <-> bytes: one JSON file with everything that apply needs, guarded by a digest, without a secret.

{"type": "reconciler-plan", "format": 2, "plan": {...}, "digest": BLAKE2b over type, format and plan,
 "signature": HMAC-SHA256 over the same under RECONCILER_PLAN_KEY, where there is one}

What only stands for a secret is `{"$mask": true}`, data that looks like it has one more `$`. Format 1 had a text in
its place.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from hashlib import sha256

from reconciler.core import codec
from reconciler.core.answers import Unfit, parse_json
from reconciler.core.digest import digest_bytes
from reconciler.core.members import Malformed
from reconciler.errors import PlanError, PlanUnreadable
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, Object, join, secret_of
from reconciler.types.mask import SENSITIVE, is_mask
from reconciler.types.plan import Plan

TYPE = "reconciler-plan"
MASK = "$mask"
FORMAT = 2
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


def load_plan(data: bytes, key: bytes | None = None) -> Plan:
    """The plan in a file. Raises `PlanUnreadable` when it was edited, is damaged, or has an unknown format; with a
    `key` also when it is not signed with that key."""
    content = _open(data, key)
    try:
        return codec.from_json(Plan, _read_masks(content["plan"], old=content["format"] == OLDEST), "/plan")
    except Malformed as error:
        raise PlanUnreadable(f"the plan file cannot be read: {error}", hint=AGAIN) from None


def plan_digest(plan: Plan | bytes) -> str:
    """Names one plan, by which state remembers that it was applied: of the record or of its file.

    Raises `PlanUnreadable` for bytes that are no whole plan file.
    """
    return _digest(_open(plan) if isinstance(plan, bytes) else _content(plan))


def looks_like_plan(data: bytes) -> bool:
    """Whether a file claims to be a saved plan (it may still be damaged); told by its content, never by its name."""
    return TYPE.encode("ascii") in data[:200] and data.lstrip()[:1] == b"{"


def _content(plan: Plan) -> Object:
    return {"type": TYPE, "format": FORMAT, "plan": _write_masks(codec.to_json(plan))}


def _digest(content: Object) -> str:
    return digest_bytes(_bytes_of(content))


def _signature(content: Object, key: bytes) -> str:
    return hmac.new(key, _bytes_of(content), sha256).hexdigest()


def _bytes_of(content: Object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")


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


def _write_masks(value: Json) -> Json:
    if is_mask(value):
        return {MASK: True}
    if isinstance(value, dict):
        found: Object = {key: _write_masks(member) for key, member in value.items()}
        return {f"${key}": member for key, member in found.items()} if _looks_masked(value) else found
    return [_write_masks(item) for item in value] if isinstance(value, list) else value


def _read_masks(value: Json, *, old: bool) -> Json:
    """The inverse. `old`: the file has texts in the place of masks."""
    if value == SENSITIVE and old:
        return SENSITIVE
    if isinstance(value, dict):
        if not old and value == {MASK: True}:
            return SENSITIVE
        found: Object = {key: _read_masks(member, old=old) for key, member in value.items()}
        return {key[1:]: member for key, member in found.items()} if not old and _looks_masked(value) else found
    return [_read_masks(item, old=old) for item in value] if isinstance(value, list) else value


def _looks_masked(value: Object) -> bool:
    return len(value) == 1 and next(iter(value)).lstrip("$") == MASK[1:] and next(iter(value)) != MASK[1:]


def _literal_secrets(plan: Plan) -> Iterator[tuple[Address, str]]:
    for change in plan.changes:
        for request in change.requests:
            for pointer in _literals(request.body, ""):
                yield change.address, pointer
        for operation in change.patch:
            for pointer in _literals(operation.value, operation.path):
                yield change.address, pointer


def _literals(value: Json, pointer: str) -> Iterator[str]:
    marker = secret_of(value)
    if marker is not None:
        if "literal" in marker:
            # The marker names the place in the manifest; ours may lead through a list of patch operations.
            _, slash, place = marker["literal"].partition("/")
            yield slash + place if slash else pointer
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _literals(item, pointer + join(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _literals(item, f"{pointer}/{index}")
