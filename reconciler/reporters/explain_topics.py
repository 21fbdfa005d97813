"""Pages of `explain` beside fields, rules and migrations.

Codes of findings, reasons of blocks, exit codes, words of a manifest that stand for something else, and what the
commands put out as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from reconciler.error_base import ReconcilerError
from reconciler.types.json import Object
from reconciler.types.project import SettingDoc


@dataclass(frozen=True, slots=True)
class Topic:
    """One page: a paragraph is a line, a line that begins with two blanks stays as it is."""

    name: str
    title: str
    text: str
    also: tuple[str, ...] = ()
    """Other names that lead here."""


def _read(text: str) -> Mapping[str, str]:
    """`code: text`, lines that go on are indented."""
    joined = text.replace("\n  ", " ").strip().split("\n")
    return {name: said for name, _, said in (line.partition(": ") for line in joined)}


CODES: Mapping[str, str] = _read("""\
E-yaml: The file is no YAML, JSON or front matter that can be read. The place is where reading stopped; what is
  wrong is often a line above it: an open quote or bracket, a tab, a missing blank behind a colon.
E-yaml11: A word that readers of YAML 1.1 and of YAML 1.2 take for different things (yes, 0123, 1_000). Put it in
  quotes.
E-duplicate: A key stands twice in one mapping, or two manifests have one address. Readers of YAML keep one of them
  silently; take the other away, or rename it.
E-encoding: The file is not UTF-8. Save it as UTF-8.
E-size: The file, or what its aliases unfold to, is larger than a manifest may be. Split it, or put long texts into
  files of their own with {file: path}.
E-conflict: A merge left its markers in the file. Settle the conflict first: the text between them would be sent.
E-file: A file cannot be read: it is missing, leaves the repository, is a Git LFS pointer without its content, or
  cannot be opened.
E-kind: `kind:` is missing or unknown, or the file looks like a body of another kind. `reconciler explain manifest`
  shows what stands around a body.
E-name: A name is missing, is written in a way that no address can be, or fits several objects of the account. With
  several, write metadata.id.
E-id: metadata.id names no object of this account, one of another kind, or one that another manifest has. The remark
  about a created object says what id it got.
E-field: A field has a value of the wrong type, out of its limits, or not one of its words; or a new object lacks a
  field that it needs. `reconciler explain KIND.field` says what it takes.
E-ref: A reference leads to nothing: no manifest and no object of the account is called so.
E-cycle: References go in a circle, so nothing of it can be created first.
E-mask: A masked secret (********) stands where its value belongs: it was copied out of an answer of the API. Write
  {env: NAME} or {file: path}.
E-tools: A mention in `tools:` is neither a manifest nor a tool of the account, or is both in different ways.
E-overlay: An overlay changes something that no manifest declares, or says what it may not say (kind and name stay).
E-project: The project file is not valid: an unknown key, a wrong value, or two workspaces that would share a state.
  `reconciler explain project` lists the keys.
E-foreign: The object is not one of the account's own (stock of the vendor, or somebody else's): it is never
  written.
E-catalogue: The project's own catalogue of models is not valid.
E-baseline: manifests/.baseline.yaml cannot be read, or does not hold what a baseline holds. `reconciler validate
  --write-baseline` writes it anew.
E-no-state: There is no state, so nobody knows what was applied. Run `reconciler apply` once, or say where the state
  is kept.
E-policy: A value that breaks a policy is live already and stays as it is: a warning. What a plan would write is
  blocked instead.
E-server: The field is assigned by the server and is never sent. Take it out of the manifest.
E-typo: An unknown field is spelled almost like one that was applied and is in no manifest any more: a plan would
  remove that one. Correct the spelling, or take the field away on purpose.
E-target: An address of the command line names nothing in manifests, state or account.
E-path: A path of the command line holds no manifest, or what it once held stands in another file now.
E-selector: No manifest has this label.
E-moved: A Moved document leads from an address to one that is in use, or from nowhere.
E-removed: A Removed document names something that a manifest still declares.
E-left: Something stays as it is because a part of what belongs together may not be written: it is ignored,
  observed, out of scope, or open.
E-list: The account did not list the objects of a kind; what needs the list is not decided.
E-library: An id of the vendor's library is not known to the account.
E-literal-secret: A plan cannot be saved with a secret that stands in a manifest as it is. Write {env: NAME} or
  {file: path}.
E-secret: A secret's value is not there: its variable is not set, or its file cannot be read. It does no harm until
  something has to be written.
E-rollback: A rollback cannot bring back a part of what was: its content was not kept, or something in use stands in
  its place.
E-in-use: An object stays because something that is not part of this run still uses it.
E-incomplete: Something could not be compared, and --strict-complete was given.
E-failed: The vendor could not process the object (a document, for example), so what refers to it waits.
E-words: Words of both vocabularies stand for one field, with different values.
""")
"""What findings without a rule of their own are about, by their codes. Lint rules (L..) and migrations (M..) say it
themselves."""

BLOCKS: Mapping[str, str] = _read("""\
deletes: The plan deletes something. --allow-deletes lets it through, or `policy: {deletes: allow}`; with `never`
  nothing does.
protect: `lifecycle: {protect: true}` stands in the manifest, or stood there when it was last applied. Apply it with
  `protect: false` first.
protected: `policy.protected` names the address: it is never deleted, whatever the flags.
max_deletes: The plan deletes more objects than `policy.max_deletes`.
mass_change: The plan changes or deletes more than the share of `policy.max_change_percent` of the objects (from
  `min_resources` on). Often a folder is missing or a wrong branch is checked out; --allow-mass-change where it is
  meant.
empty_set: There are no manifests, and the state holds objects: everything would go. --allow-mass-change and
  --allow-deletes together where that is meant.
account: The key belongs to another account than last time. --accept-account where that is right.
allowed_models: A model that `policy.allowed_models` does not name would be written.
denied_models: A model that `policy.denied_models` names would be written.
allowed_hosts: An address of a host that `policy.allowed_hosts` does not name would be written.
https_only: `policy.https_only` is set and an address without encryption would be written.
max_prompt_tokens: A prompt would be longer than `policy.max_prompt_tokens`.
no_deprecated: `policy.no_deprecated` is set and something that is on its way out would be written.
in_use: The object would be deleted while another one that stays still uses it. Take the use away in the same plan,
  or keep it.
name_taken: The account has an object of this name with other content, and the manifest says `lifecycle: {adopt:
  same}`. Give another name, take theirs over with metadata.id, or write `adopt: any`.
probable_rename: A manifest disappeared and a new one has its content: that is most likely a rename. Write a Moved
  document, or --allow-deletes where both are meant.
immutable: The API never changes this field of an object that is there. `--replace ADDRESS` makes it anew and
  re-points its users.
unfit: The API would refuse the object as a whole.
scope: Something that the change rests on was excluded from the run.
ignore: The change would write a place that `lifecycle.ignore` leaves to others.
observe: `lifecycle: {manage: observe}` stands in the manifest: nothing of it is written.
secret: A secret's value is not there, and the change has to send it.
""")
"""Why a change, or a plan, is blocked: exit 3 at apply, and nothing is sent."""

REPORTED: Mapping[str, str] = _read("""\
drift: Somebody changed a managed field in the account since the last apply. `reconciler drift --review` asks what
  to do with each.
apply-failed: A change of an apply failed; what depends on it was skipped.
apply-skipped: A change of an apply was not begun, because something it depends on failed.
incomplete: Something could not be compared: a secret whose value is not here, or an object that could not be read.
planned-with: The flags that a plan was made with: what they lift is lifted in this plan.
""")
"""Codes that reports for scanners give to what is no diagnostic."""

TOPICS: tuple[Topic, ...] = (
    Topic(
        "moved",
        "Moved: an address changes and the object stays",
        "A document of its own, beside the manifests. The object and its history go on under the new address; one "
        "apply finishes it, and then the document may go.\n  apiVersion: personas/v1\n  kind: Moved\n"
        "  from: tool.find\n  to: tool.find_room",
    ),
    Topic(
        "removed",
        "Removed: an object is let go and stays in the account",
        "Instead of its manifest. One apply forgets the object, and then the document may go. To delete it, take the "
        "manifest away without such a document, and give --allow-deletes.\n  apiVersion: personas/v1\n"
        "  kind: Removed\n  address: tool.lookup_policy",
    ),
    Topic(
        "references",
        "What stands for something else in a manifest",
        "Mappings of exactly one of these keys; anything else is data. Where data looks like one, write "
        "{literal: {env: prod}}. Inside free objects and parameters of tools only env, file, literal and "
        "value count.\n"
        "  {ref: tool.lookup_policy}   the id of another object, by its address\n"
        "  {env: NAME}                 a variable of the environment, read when a write needs it; secret everywhere\n"
        "  {file: path}                the text of a file beside the manifest; in a secret field a secret\n"
        "  {value: NAME}               out of `values:` of the project file, the workspace's own first\n"
        "  {join: [TEXT, ...]}         texts, files and values put together, nothing between them\n"
        "  {literal: DATA}             the data as it is\n"
        "  null                        the field is ours and is to be absent",
        ("reference", "ref", "env", "file", "value", "values", "join", "literal", "null"),
    ),
    Topic(
        "directions",
        "Who moved a value",
        "git: the manifest moved since the last apply. live: somebody edited the account. both: both did. vendor: "
        "the vendor exchanged it, nothing is written, and the manifest may follow. Drift is live, both and vendor.",
        ("direction", "live", "git", "both"),
    ),
    Topic(
        "keep",
        "Findings that are to stay",
        "A comment on the line or above it, with the code and why; or the baseline, which holds all findings of a "
        "day: `reconciler validate --write-baseline`.\n  # reconciler: keep L32 the contract says so until May",
        ("baseline", "silence"),
    ),
    Topic(
        "plan-json",
        "plan, drift, apply, destroy, show and validate --format json",
        "One object in the shape of Terraform's JSON plan; members are added, never changed.\n"
        "  format_version, reconciler_version, verb, workspace, project, commit, mode, flags, exit_code\n"
        "  applyable, complete, errored\n"
        "  resource_changes[]   address, type, name, mode, change {actions, before, after, after_unknown,\n"
        "                       before_sensitive, after_sensitive, importing, patch[], directions{}}, action_reason\n"
        "  resource_drift[]     address, id, edited, changes[] {path, direction, before, after}, change\n"
        "  blocked[]            rule, message, hint, address, pointer and place where it is about a value\n"
        "  diagnostics[]        code, severity, summary, detail, hint, address, pointer, range\n"
        "  summary              import, add, change, destroy, move, forget, adopt, unchanged, drifted ...\n"
        "  requests[]           method, path, address: every write that apply will send\n"
        "  unmanaged[]          kind, id, name, made, is_new (with --unmanaged)\n"
        "  accepted_diagnostics[], incomplete[], kept[], notes[]",
        ("json", "plan.json", "drift.json", "apply.json", "validate.json", "show.json"),
    ),
    Topic(
        "documents-json",
        "The other commands --format json",
        "explain: path, kind, pointer, type, doc, default, values, limits, children[] and more; of a rule or "
        "migration what its page says. render: the manifests as a list; with --why address, path, value, origins[]. "
        "drift --accept: accepted[], files[], left. migrate: files[], manifests[], questions[], kept[], "
        "diagnostics[], summary, totals. "
        "models: models[]. state list and show: resources[]. state history: entries[]. "
        "Every event of a run as a line of JSON on standard error: --json-log.",
        ("models.json", "migrate.json", "state.json", "explain.json", "render.json", "json-log"),
    ),
)


def exit_topics(meanings: Mapping[int, str]) -> list[Topic]:
    """The page of all exit codes, and that of each."""
    table = "\n".join(f"  {code:<4} {text}" for code, text in meanings.items())
    whole = Topic("exit-codes", "Exit codes", f"The worst of what happened.\n{table}", ("exit", "exit-code", "exits"))
    return [
        whole,
        *(Topic(f"exit-{code}", f"Exit code {code}", text, (str(code),)) for code, text in meanings.items()),
    ]


def code_topics() -> list[Topic]:
    """A page for each code of findings and each reason of a block."""
    return [
        *(Topic(code, "Finding", text) for code, text in CODES.items()),
        *(Topic(f"block-{rule}", f"Blocked ({rule})", text, (rule,)) for rule, text in BLOCKS.items()),
        *(Topic(code, "In reports for scanners", text) for code, text in REPORTED.items()),
    ]


def error_topics(errors: Iterable[type[ReconcilerError]]) -> list[Topic]:
    """A page for each way in which a run ends early, as reports call it."""
    return [
        Topic(
            f"E-{error.__name__}", f"The run ended (exit {error.exit_code})", " ".join((error.__doc__ or "").split()),
            (error.__name__,),
        )
        for error in errors
    ]  # fmt: skip


def key_topics(mappings: Mapping[str, Sequence[tuple[str, str, str, str]]]) -> list[Topic]:
    """A page for each mapping of the project file by its place (key, type, default, meaning), and for each key."""
    found = []
    pages = {title: "project" if title == "The file" else f"project.{title}" for title in mappings}
    for title, rows in mappings.items():
        whole = pages[title]
        widest = max((len(key) for key, *_ in rows), default=0)
        lines = [
            f"  {key:<{widest}}  {kind}{f' (default {default})' if default not in ('', 'null') else ''}: {doc}"
            for key, kind, default, doc in rows
        ]
        below = (page for page in pages.values() if page.startswith(f"{whole}."))
        inside = [page for page in below if "." not in page[len(whole) + 1 :].removesuffix(".NAME")]
        if inside:
            lines.append(f"More: {', '.join(f'explain {page}' for page in inside)}")
        parts = whole.split(".")
        also = (whole.removeprefix("project."), ".".join(parts[-2:]), parts[-1])
        found.append(Topic(whole, "Keys of the project file", "\n".join(lines), also))
        for key, kind, default, doc in rows:
            page = f"{whole}.{key}"
            if page in pages.values():
                continue
            entry = f"{page}.NAME" in pages.values()
            text = f"{doc}\nDefault: {default or 'none, it has to be given'}"
            text += f"\nThe keys are names of yours. What stands under one: explain {page}.NAME" if entry else ""
            found.append(Topic(page, kind, text, (page.removeprefix("project."),)))
    return found


def setting_topics(places: Mapping[str, Mapping[str, Mapping[str, SettingDoc]]]) -> list[Topic]:
    """A page for each setting of plug-ins by its place alone: what it is in each plug-in that has it."""
    found = []
    for place, plugins in places.items():
        for key in dict.fromkeys(key for docs in plugins.values() for key in docs):
            said: dict[SettingDoc, list[str]] = {}
            for name, docs in plugins.items():
                if key in docs:
                    said.setdefault(docs[key], []).append(name)
            lines = [
                f"{', '.join(names)}: {doc.meaning}{'' if doc.default == 'null' else f' Default: {doc.default}.'}"
                for doc, names in said.items()
            ]
            page, kinds = f"project.{place}.{key}", " or ".join(dict.fromkeys(doc.kind for doc in said))
            short = (f"{place}.{key}", f"{place.rpartition('.')[2]}.{key}")
            found.append(Topic(page, kinds, "\n".join(lines), short))
    return found


def find_topic(word: str, topics: Sequence[Topic], *, also: bool = False) -> Topic | None:
    """The page of this name; with `also` the first one that is also called so. The name of a workspace is any,
    and may be left out."""
    asked = word.strip().strip("{}").rstrip(":")
    left_out = _plain(re.sub(r"(^|\.)(workspaces|accounts)\.(?!NAME)", r"\1\2.NAME.", asked))
    if left_out != _plain(asked) and (meant := next((one for one in topics if _plain(one.name) == left_out), None)):
        return meant
    wanted = _plain(re.sub(r"(^|\.)(workspaces|accounts)\.[^.]+", r"\1\2.NAME", asked))
    names = ((topic, topic.also if also else (topic.name,)) for topic in topics)
    return next((topic for topic, words in names if wanted in map(_plain, words)), None)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def topic_text(topic: Topic, *, width: int = 100) -> str:
    """The page as text."""
    lines = [f"{topic.name}: {topic.title}", ""]
    for paragraph in topic.text.split("\n"):
        hanging = re.match(r"  \S+(?: \S+)*\s{2,}", paragraph)
        indent = " " * (hanging.end() if hanging else len(paragraph) - len(paragraph.lstrip()) and 4)
        lines += wrap(paragraph, max(width, 20), subsequent_indent=indent, break_on_hyphens=False) or [""]
    return "\n".join(lines) + "\n"


def topic_as_json(topic: Topic) -> Object:
    """`{name, title, text}`."""
    return {"name": topic.name, "title": topic.title, "text": topic.text}
