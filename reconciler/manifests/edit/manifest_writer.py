"""Values and new manifests as text: YAML in block or flow style, JSON, Markdown for long prompts.

Every file is read back before it is believed: what does not come back as it was, without a finding, is written in
the next spelling instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.manifests.read import yaml_rules
from reconciler.manifests.read.envelope import FENCE, MARKDOWN_BODY, read_documents
from reconciler.manifests.tree.decode import MAX_BYTES
from reconciler.manifests.tree.problems import Findings
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object, refuse_masks
from reconciler.types.project import Workspace

WIDTH = 100
"""Flow lists of words stay on one line up to this length."""
_PLAIN = re.compile(
    r"[A-Za-z_/(][^\x00-\x1f\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff\ufff0-\uffff]*"
)
_FLOW_SIGNS = re.compile(r"[\[\]{},:?]")
"""Signs that end an unquoted text between brackets, for some reader or other."""
_NO_POINT = re.compile(r"^(-?[0-9]+)(e[-+][0-9]+)$")
"""YAML 1.1 takes a number with an exponent and no point for a text."""
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A value as text: what stands behind the colon, and the lines below it (without line ends)."""

    head: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """How a file writes."""

    newline: str = "\n"
    json: bool = False
    step: int = 2
    """Blanks that a level is indented by."""
    ascii: bool = False
    """JSON that writes every other character as an escape."""
    open_end: bool = False
    """The file ends without a line end: a block text that needs one after its last line would lose it."""


def plain_is_safe(text: str, *, flow: bool) -> bool:
    """Whether every YAML reader takes the unquoted text for this text."""
    if not _PLAIN.fullmatch(text) or text != text.strip() or text in yaml_rules.WORDS:
        return False
    if ": " in text or " #" in text or text.endswith(":") or "\t" in text:
        return False
    return not (flow and _FLOW_SIGNS.search(text))


def quoted(text: str, *, ascii: bool = False) -> str:
    """In double quotes; valid as YAML and as JSON."""
    shown = json.dumps(text, ensure_ascii=ascii)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", shown)


def write_key(key: str, manner: Manner, *, flow: bool, like: str = "") -> str:
    """A key; `like` is the quote that its neighbours use."""
    if manner.json or like == '"':
        return quoted(key, ascii=manner.ascii)
    if like == "'" and "'" not in key and not _UNSAFE.search(key) and "\n" not in key:
        return f"'{key}'"
    return key if plain_is_safe(key, flow=True) and len(key) < 120 else quoted(key)


def write_flow(value: Json, manner: Manner, like: str = "") -> str:
    """The value on one line."""
    if isinstance(value, dict):
        items = ", ".join(
            f"{write_key(key, manner, flow=True, like=like)}: {write_flow(member, manner, like)}"
            for key, member in value.items()
        )
        return f"{{{items}}}"
    if isinstance(value, list):
        return f"[{', '.join(write_flow(item, manner, like) for item in value)}]"
    return write_scalar(value, manner, flow=True)


def write_scalar(value: Json, manner: Manner, *, flow: bool) -> str:
    """A text, number, boolean or null on one line."""
    if isinstance(value, str):
        refuse_masks(value, "a manifest")
        if not manner.json and plain_is_safe(value, flow=flow):
            return value
        return quoted(value, ascii=manner.ascii)
    return _NO_POINT.sub(r"\1.0\2", json.dumps(value))


def write_json(value: Json, manner: Manner, indent: str) -> str:
    """JSON over several lines; the members of the value stand one level deeper than `indent`."""
    refuse_masks(value, "a manifest")
    text = json.dumps(value, ensure_ascii=manner.ascii, indent=manner.step)
    return text.replace("\n", manner.newline + indent)


def write_block(value: Json, manner: Manner, indent: str, *, in_list: bool = False) -> Written:
    """The value behind a key (or a dash) that is indented by `indent`, in block style where that reads better."""
    inner = indent + " " * manner.step
    if isinstance(value, str) and "\n" in value and (literal := _literal(value, inner, manner)) is not None:
        return literal
    if isinstance(value, dict) and value:
        if _is_reference(value):
            return Written(write_flow(value, manner))
        lines = tuple(line for key, member in value.items() for line in block_member(key, member, manner, inner))
        # Behind a dash the first member stands on the same line.
        return Written(lines[0][len(inner) :], lines[1:]) if in_list and manner.step == 2 else Written("", lines)
    if isinstance(value, list) and value:
        words = all(not isinstance(item, (dict, list)) or _is_reference(item) for item in value)
        flow = write_flow(value, manner)
        if words and len(flow) + len(indent) <= WIDTH and "\n" not in flow:
            return Written(flow)
        return Written("", tuple(line for item in value for line in block_item(item, manner, inner)))
    return Written(
        write_scalar(value, manner, flow=False) if not isinstance(value, (dict, list)) else write_flow(value, manner)
    )


def block_member(key: str, value: Json, manner: Manner, indent: str, *, like: str = "") -> tuple[str, ...]:
    """The lines of one member of a block mapping."""
    written = write_block(value, manner, indent)
    head = f"{indent}{write_key(key, manner, flow=False, like=like)}:"
    return (f"{head} {written.head}" if written.head else head, *written.lines)


def block_item(value: Json, manner: Manner, indent: str) -> tuple[str, ...]:
    """The lines of one item of a block list."""
    written = write_block(value, manner, indent, in_list=True)
    return (f"{indent}- {written.head}" if written.head else f"{indent}-", *written.lines)


def write_document(document: Object, comment: str = "") -> str:
    """A whole YAML file."""
    manner = Manner()
    lines = [f"# {comment}"] if comment else []
    for key, value in document.items():
        lines += block_member(key, value, manner, "")
    return "\n".join(lines) + "\n"


def write_documents(documents: Iterable[Object]) -> str:
    """A YAML file of several documents."""
    return "---\n".join(map(write_document, documents))


def _literal(text: str, indent: str, manner: Manner) -> Written | None:
    """A block text, None where no block text can hold it."""
    body = text.rstrip("\n")
    if not body or _UNSAFE.search(text) or "\r" in text or "\x85" in text:
        return None
    ends = len(text) - len(body)
    if ends > 1 or (ends and manner.open_end):
        # Kept line ends would run together with blank lines that follow in the file.
        return None
    mark = str(manner.step) if body[0] in " \n\t" else ""
    lines = [indent + line if line else "" for line in body.split("\n")]
    return Written(f"|{mark}{'' if ends else '-'}", tuple(lines))


def _is_reference(value: Json) -> bool:
    return isinstance(value, dict) and len(value) == 1 and set(value) <= {"ref", "env", "file"}


LONG_PROMPT = 300
"""Prompts of more characters become the text of a Markdown file."""
HEAD = "What these manifests are, and the account that they are applied to."


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """The bytes of a file and the suffix that they need."""

    suffix: str
    data: bytes


def manifest_file(document: Object) -> ManifestFile | None:
    """The file for one manifest (an envelope); None where no spelling gives it back unchanged, or it is too large."""
    refuse_masks(document, "a manifest")
    for candidate in (_markdown(document), _yaml(document), _json(document)):
        if candidate is not None and len(candidate.data) <= MAX_BYTES and _reads_back(candidate, document):
            return candidate
    return None


def _markdown(document: Object) -> ManifestFile | None:
    spec = document.get("spec")
    prompt = spec.get(MARKDOWN_BODY) if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(prompt, str) or not _fits_markdown(prompt):
        return None
    rest: Json = {key: member for key, member in spec.items() if key != MARKDOWN_BODY}
    front = write_document({**document, "spec": rest})
    return _encoded(".md", f"{FENCE}\n{front}{FENCE}\n\n{prompt}\n")


def _fits_markdown(prompt: str) -> bool:
    """Whether the prompt survives editors and the rules about its first and last line end."""
    return (
        len(prompt) > LONG_PROMPT and "\r" not in prompt and prompt == prompt.strip() and not prompt.startswith(FENCE)
    )


def _yaml(document: Object) -> ManifestFile | None:
    return _encoded(".yaml", write_document(document))


def _json(document: Object) -> ManifestFile | None:
    # Escapes hold any text, also half of a surrogate pair.
    return _encoded(".json", json.dumps(document, indent=2) + "\n")


def _encoded(suffix: str, text: str) -> ManifestFile | None:
    try:
        return ManifestFile(suffix, text.encode("utf-8"))
    except UnicodeEncodeError:
        return None


def _reads_back(file: ManifestFile, document: Object) -> bool:
    findings = Findings()
    found = read_documents(file.data, f"manifest{file.suffix}", findings)
    if findings.items or len(found) != 1:
        return False
    value = found[0].value
    if found[0].body is not None and isinstance(value, dict):
        spec = value.get("spec")
        value = {**value, "spec": {**(spec if isinstance(spec, dict) else {}), MARKDOWN_BODY: found[0].body}}
    return json_equal(value, document)


def project_file(name: str, workspace: Workspace) -> str:
    """The text of a project file with `workspace` as its only one; `name` must be legal.

    The state stays where the built-in workspaces keep it: two projects must not share one elsewhere.
    """
    provider: Object = {"type": workspace.provider.type}
    provider |= {key: _written(value) for key, value in workspace.provider.settings.items()}
    if workspace.provider.vocabulary:
        provider["vocabulary"] = workspace.provider.vocabulary
    settings: Object = {"provider": provider}
    if workspace.parallelism != 10:
        settings["parallelism"] = workspace.parallelism
    if workspace.max_requests_per_second is not None:
        settings["max_requests_per_second"] = workspace.max_requests_per_second
    if workspace.give_up_after != 600:
        settings["give_up_after"] = f"{workspace.give_up_after:g}s"
    document: Object = {
        "apiVersion": "personas/v1",
        "kind": "Project",
        "metadata": {"name": name},
        "default_workspace": workspace.name,
        "workspaces": {workspace.name: settings},
    }
    return write_document(document, HEAD)


def _written(value: Json) -> Json:
    return {**value.written()} if isinstance(value, SecretRef) else value
