"""A naive model of files, memory and account: what one run may do, and what the account must be afterwards.

Written from the rules alone, without a look at the planner: no patches, digests, requests or order. A body is a
tree in canonical words (PAL words), secrets in clear; one of the account carries `tools`, the ids attached to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.properties.world.trees import Tree, hidden, leaves, same, to_put_back, tree_of, under
from tests.properties.world.trees import closure as closure
from tests.properties.world.words import Env, Ref

Key = tuple[str, str]  # kind and id
Account = dict[Key, Tree]

NAME = {"persona": "pal_name", "guardrail": "guardrail_name", "document": "document_name"}
USES = {
    "tools": "tool",
    "guardrail_ids": "guardrail",
    "document_ids": "document",
    "objectives_id": "objectives",
    "guardrails_id": "guardrail_set",
    "pal_id": "persona",
    "pronunciation_dictionary_id": "pronunciation_dictionary",
    "connectors": "connector",
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document as a workspace sees it: overlays merged, references and secrets still by name."""

    address: str
    spec: Tree
    source: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    observe: bool = False
    protect: bool = False
    adopt_same: bool = False
    id: str | None = None

    @property
    def kind(self) -> str:
        """The part of the address before the dot."""
        return self.address.partition(".")[0]

    @property
    def name(self) -> str:
        """The name that the account shows."""
        return str(self.spec.get(NAME.get(self.kind, "name")) or self.address.partition(".")[2])


@dataclass(slots=True)
class Entry:
    """What is remembered of one managed object: its id, the values sent and the rules of its last manifest."""

    id: str
    sent: dict[str, object] = field(default_factory=dict)
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What the project file says of the safety of a plan."""

    deletes: str = "deny"
    percent: int = 30
    least: int = 10
    most: int | None = None
    protected: str = ""

    def blocks(self, deletes: int, changes: int, total: int) -> str:
        """The rule by which so many changes of so many objects are too many, if there is one."""
        many = total >= self.least and 100 * changes > self.percent * total
        return "mass_change" if many else "max_deletes" if self.most is not None and deletes > self.most else ""


@dataclass(frozen=True, slots=True)
class Run:
    """What a person asked of one run."""

    scope: frozenset[str] | None = None  # None: everything
    deletes: bool = False
    mass: bool = False
    destroy: bool = False
    policy: Policy = Policy()


@dataclass(slots=True)
class Effect:
    """What one run does to one object. `free` places may be as before or as wanted: hidden values taken on trust."""

    address: str
    action: str  # create | update | delete | forget | none
    id: str | None = None
    must: dict[str, object] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    free: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Verdict:
    """The effects of a run; where it is refused (exit 1) or blocked (exit 3) nothing at all is sent."""

    effects: list[Effect] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """The exit code of an apply."""
        return 3 if self.blocked else 1 if self.refused else 0


# who is who


def named(account: Account, kind: str, name: str) -> list[str]:
    """Ids of the account's objects of a kind that bear exactly this name."""
    return [id for (its, id), body in account.items() if its == kind and body.get(NAME.get(kind, "name")) == name]


def users(account: Account, kind: str, id: str) -> list[Key]:
    """The objects that use one: by a list of ids, an attachment or a reference, at whatever depth."""

    def uses(tree: object) -> bool:
        if not isinstance(tree, dict):
            return False
        return any(
            (USES.get(key) == kind and (id in value if isinstance(value, list) else value == id)) or uses(value)
            for key, value in tree.items()
        )

    return [key for key, body in account.items() if key != (kind, id) and uses(body)]


def needs(spec: object) -> set[str]:
    """Addresses that a spec refers to."""
    if isinstance(spec, Ref):
        return {spec.address}
    parts = spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ()
    return {address for part in parts for address in needs(part)}


# one run


def moved(
    memory: dict[str, Entry], moves: Mapping[str, str], removed: Iterable[str]
) -> tuple[dict[str, Entry], list[Effect]]:
    """The memory after Moved and Removed documents: finished by one run, whatever becomes of the new address (D6)."""
    after = dict(memory)
    for old, new in moves.items():
        if old in after and new not in after:
            after[new] = after.pop(old)
    forgotten = [Effect(address, "forget", after[address].id) for address in removed if address in after]
    return {a: e for a, e in after.items() if a not in {effect.address for effect in forgotten}}, forgotten


def whose(
    manifest: Manifest, memory: Mapping[str, Entry], account: Account, wanted: Collection[str], verdict: Verdict
) -> str | None:
    """The live object of a manifest: the one remembered, the one named by id, else the only one of its name that
    nobody holds. One that an address with a manifest holds stays there: a second one is made, and that is said."""
    entry = memory.get(manifest.address)
    if entry and (manifest.kind, entry.id) in account:
        return entry.id
    if manifest.id and not entry:
        if (manifest.kind, manifest.id) not in account:
            verdict.refused[manifest.address] = "unknown id"
        return manifest.id
    held = {other.id: address for address, other in memory.items() if address != manifest.address}
    candidates = named(account, manifest.kind, manifest.name)
    free = [id for id in candidates if id not in held]
    if len(free) > 1:
        verdict.refused[manifest.address] = "several objects of this name"
    if not free and any(held[id] not in wanted for id in candidates):
        verdict.blocked[manifest.address] = "probable_rename"
    return free[0] if len(free) == 1 else None


def judge(
    account: Account, wanted: Mapping[str, Manifest], memory: Mapping[str, Entry], run: Run, env: Mapping[str, str],
    released: int = 0,
) -> Verdict:  # fmt: skip
    """What an apply does to every object of the account, or why it does nothing; `released` entries were in memory
    until a Removed document let them go."""
    verdict = Verdict()
    in_scope = lambda address: run.scope is None or address in run.scope  # noqa: E731
    rules, wanted = wanted, {} if run.destroy else wanted
    owners = {a: entry.id for a, entry in memory.items() if (a.partition(".")[0], entry.id) in account}
    for address, manifest in wanted.items():
        if in_scope(address) and (id := whose(manifest, memory, account, wanted, verdict)):
            if any(owners.get(a) == id for a, one in wanted.items() if a != address and one.kind == manifest.kind):
                verdict.refused[address] = "two manifests claim one object"
            owners[address] = id
    for address, manifest in wanted.items():
        if in_scope(address):
            verdict.effects.append(_write(account, manifest, memory, owners, env, verdict))
    for kind, name in {(one.kind, one.name) for one in wanted.values() if one.kind == "tool"}:
        namesakes = [a for a, one in wanted.items() if (one.kind, one.name) == (kind, name) and in_scope(a)]
        if len(namesakes) > 1:
            verdict.blocked[namesakes[-1]] = "name_taken"
    leaving = [a for a in memory if a not in wanted and in_scope(a)]
    for address in leaving:
        verdict.effects.append(_leave(account, address, memory[address], rules.get(address), wanted, run, verdict))
    _keep_what_is_used(account, verdict, run)
    counted = [e for e in verdict.effects if e.action == "delete" or _counts(account, e, memory, rules)]
    deletes = sum(effect.action == "delete" for effect in counted)
    too_many = run.policy.blocks(deletes, len(counted), len(memory) + released)
    if too_many and not run.mass and not run.destroy:
        verdict.blocked["*"] = too_many
    return verdict


def _counts(account: Account, effect: Effect, memory: Mapping[str, Entry], wanted: Mapping[str, Manifest]) -> bool:
    """Whether an update counts for the ratio: the files say something new, beyond ids of references that are."""
    entry, live = memory.get(effect.address), account.get((effect.address.partition(".")[0], effect.id or ""), {})
    if effect.action != "update" or entry is None:
        return False
    now, said = dict(leaves(live)), dict(leaves(wanted[effect.address].spec))
    new = {p for p, v in effect.must.items() if not same(p, now.get(p), v) and not same(p, entry.sent.get(p), v)}
    new |= {p for p in effect.gone if any(under(q, [p]) and not same(q, v, None) for q, v in now.items())}
    return any(not needs(said.get(pointer)) for pointer in new)


def _write(
    account: Account,
    manifest: Manifest,
    memory: Mapping[str, Entry],
    owners: Mapping[str, str],
    env: Mapping[str, str],
    verdict: Verdict,
) -> Effect:
    """Every wanted place as wanted, every place that was ours and is wanted no more absent, nothing else (13.2)."""
    address, entry = manifest.address, memory.get(manifest.address)
    id = owners.get(address)
    live = dict(leaves(account.get((manifest.kind, id or ""), {})))
    wish = dict(leaves(resolved(manifest.spec, owners, env)))
    if manifest.observe:
        if not live:
            verdict.blocked[address] = "observed and missing"
        return Effect(address, "none", id)
    if not live:
        wish.setdefault(f"/{NAME.get(manifest.kind, 'name')}", manifest.name)
        return Effect(address, "create", None, {p: v for p, v in wish.items() if v is not None})
    sent = entry.sent if entry else {}
    effect = Effect(address, "update", id)
    for pointer, value in wish.items():
        if under(pointer, manifest.ignore) or not to_put_back(value, live.get(pointer)):
            continue
        trusted = hidden(pointer) and (entry is None or same(pointer, sent.get(pointer), value))
        if trusted:
            effect.free[pointer] = value
        elif value is None:
            effect.gone.add(pointer)
        else:
            effect.must[pointer] = value
    listed = {p.split("/")[2] for p in wish if p.startswith("/data/")}
    unlisted = {f"/data/{p.split('/')[2]}" for p in live if p.startswith("/data/") and p.split("/")[2] not in listed}
    left = {p for p in sent if p not in wish and not under(p, wish)} | unlisted
    effect.gone |= {p for p in left if not under(p, manifest.ignore)}
    if entry is None and manifest.adopt_same and any(not same(p, live.get(p), v) for p, v in effect.must.items()):
        verdict.blocked[address] = "name_taken"
    return effect


def _leave(
    account: Account, address: str, entry: Entry, rule: Manifest | None, wanted: Mapping[str, Manifest], run: Run,
    verdict: Verdict,
) -> Effect:  # fmt: skip
    """An object whose manifest is gone, or that is destroyed: deleted if that is allowed, else the run is blocked."""
    kind, known = address.partition(".")[0], [one for one in (rule, entry.manifest) if one]
    if (kind, entry.id) not in account or any(one.observe for one in known[:1]):
        return Effect(address, "forget", entry.id)
    if any(one.protect for one in known) or kind == run.policy.protected:
        verdict.blocked[address] = "protect"
    elif run.policy.deletes == "never" or not (run.deletes or run.destroy or run.policy.deletes == "allow"):
        verdict.blocked[address] = "deletes"
    return Effect(address, "delete", entry.id)


def _keep_what_is_used(account: Account, verdict: Verdict, run: Run) -> None:
    """Nothing in use is deleted: blocked, and in a destroy kept while the rest goes (E5)."""
    while True:
        later = after(account, verdict)
        used = [
            e
            for e in verdict.effects
            if e.action == "delete" and users(later, e.address.partition(".")[0], str(e.id))
        ]
        if not run.destroy:
            verdict.blocked.update({effect.address: "in use" for effect in used})
        if not used or not run.destroy:
            return
        for effect in used:
            effect.action = "none"


def resolved(spec: object, owners: Mapping[str, str], env: Mapping[str, str]) -> object:
    """A spec with the ids and the secrets that it refers to. An id that is not known yet stays its address."""
    if isinstance(spec, Ref):
        return owners.get(spec.address, spec)
    if isinstance(spec, Env):
        return env.get(spec.name, spec)
    if isinstance(spec, dict):
        return {key: resolved(value, owners, env) for key, value in spec.items()}
    return [resolved(value, owners, env) for value in spec] if isinstance(spec, list) else spec


# the account after it


def after(account: Account, verdict: Verdict) -> Account:
    """The account that a run leaves, without what it creates and without what the server fills in."""
    result = {key: dict(body) for key, body in account.items()}
    for effect in verdict.effects:
        key = (effect.address.partition(".")[0], effect.id or "")
        if effect.action == "delete":
            result.pop(key, None)
        elif effect.action == "update" and key in result:
            now = dict(leaves(result[key]))
            kept = {p: v for p, v in now.items() if not under(p, effect.gone) and not under(p, effect.must)}
            result[key] = tree_of(kept | effect.must)
    return result


def faults(before: Account, now: Account, verdict: Verdict, made: Mapping[str, str]) -> list[str]:
    """What is not as it must be. `made` are the ids that the run says it created, by address."""
    found: list[str] = []
    touched = {(e.address.partition(".")[0], e.id or ""): e for e in verdict.effects if e.action != "create"}
    deleted = {str(e.id) for e in verdict.effects if e.action == "delete"} | {k[1] for k in before if k not in now}
    for key, body in before.items():
        effect = touched.get(key, Effect("", "none"))
        if (key not in now) != (effect.action == "delete"):
            found.append(f"{key} {'is gone' if key not in now else 'is still there'}; wanted: {effect.action}")
        elif key in now:
            found += [f"{key}{text}" for text in _differences(body, now[key], effect, made, deleted)]
    births = {effect.address: effect for effect in verdict.effects if effect.action == "create"}
    for address, effect in births.items():
        key = (address.partition(".")[0], made.get(address, ""))
        if key not in now or key in before:
            found.append(f"{address} was not created")
        else:
            found += [f"{key}{text}" for text in _differences({}, now[key], effect, made, deleted)]
    return found + [f"{key} was made by nobody" for key in now if key not in before and key[1] not in made.values()]


def _differences(
    before: Tree, now: Tree, effect: Effect, made: Mapping[str, str], deleted: set[str]
) -> Iterator[str]:
    """Places of one object that are not as the effect wants them, and places that nobody wanted touched."""
    old, new = dict(leaves(before)), dict(leaves(now))
    # References to an item of the same list that is taken away go with it.
    deleted = deleted | {pointer.split("/")[2] for pointer in effect.gone if pointer.startswith("/data/")}
    for pointer, value in effect.must.items():
        value = resolved(value, made, {})
        if not same(pointer, new.get(pointer), value):
            yield f"{pointer} is {new.get(pointer)!r}, must be {value!r}"
    for pointer in effect.gone:
        if not all(same(p, v, None) for p, v in new.items() if under(p, [pointer])):
            yield f"{pointer} is {new.get(pointer)!r}, must be gone"
    for pointer in old.keys() | new.keys():
        if (
            under(pointer, effect.must)
            or under(pointer, effect.gone)
            or any(under(p, [pointer]) for p in effect.must)
        ):
            continue
        delivery = effect.must.get("/delivery")
        if pointer == "/delivery_token" and isinstance(delivery, dict) and "api" not in delivery:
            continue  # it goes with the way of delivery that it belongs to
        if pointer == "/auth_config_token" and effect.must.get("/auth_config") == {"type": "oauth2"}:
            continue
        was, became = old.get(pointer), new.get(pointer)
        if isinstance(was, list):
            was = [item for item in was if str(item) not in deleted]
        if (was if isinstance(was, str) else None) in deleted or same(pointer, was, became):
            continue
        if not (pointer in effect.free and same(pointer, became, resolved(effect.free[pointer], made, {}))):
            yield f"{pointer} was {old.get(pointer)!r}, became {became!r}, and nobody asked for it"


# memory


def remember(
    memory: dict[str, Entry],
    wanted: Mapping[str, Manifest],
    verdict: Verdict,
    made: Mapping[str, str],
    env: Mapping[str, str],
) -> dict[str, Entry]:
    """The memory after a run that went through: what was sent, without the ignored places."""
    result = dict(memory)
    owners = {address: entry.id for address, entry in memory.items()} | dict(made)
    owners |= {effect.address: effect.id for effect in verdict.effects if effect.id}
    for effect in verdict.effects:
        if effect.action in {"delete", "forget"}:
            result.pop(effect.address, None)
        elif effect.action in {"create", "update", "none"} and effect.address in wanted:
            manifest = wanted[effect.address]
            wish = dict(leaves(resolved(manifest.spec, owners, env)))
            sent = {p: v for p, v in wish.items() if not under(p, manifest.ignore)}
            held = memory.get(effect.address)
            sent = (held.sent if held else {}) if manifest.observe else sent
            result[effect.address] = Entry(owners[effect.address], sent, replace(manifest))
    return result
