"""Pipelines of the CI systems: what `init --ci` writes, and how one that it wrote is brought up to date."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.engine.scaffold import github_pipeline, gitlab_pipeline
from reconciler.engine.scaffold.project_facts import PipelineFacts

_KEY = re.compile(r"""["']?([\w.-]+)["']?:(?:\s|$)""")
_JOB = re.compile(r"""  ["']?([\w.-]+)["']?:(?:\s|$)""")
_MARK = re.compile(r"^# init wrote:((?: [\w.-]+=[0-9a-f]{12})*)$", re.MULTILINE)
_SOURCE = re.compile(r"^# init --source (\S+)\n", re.MULTILINE)
_PIN = re.compile(r"^ +uses: (\S+)/\.github/workflows/[\w.-]+@(\S+)$", re.MULTILINE)
EXPLAINED = "# How `init --ci` knows what was changed by hand:\n"


@dataclass(frozen=True, slots=True)
class Updated:
    """The new text; `kept`: blocks that stay as somebody changed them; `left_out`: those that somebody took out."""

    text: str
    kept: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def sealed(text: str, source: str | None = None) -> str:
    """The generated text with last lines by which a later `update` knows each of its blocks again, and the `source`
    that somebody gave."""
    return text + EXPLAINED + _given(source) + _mark({name: _digest(block) for name, block in split(text).items()})


def source_given(text: str) -> str | None:
    """The `--source` that a pipeline was written with; None where nobody gave one."""
    found = _SOURCE.search(text)
    return found[1] if found else None


def _given(source: str | None) -> str:
    return f"# init --source {source}\n" if source else ""


def update(before: str, text: str, source: str | None = None) -> Updated | None:
    """The file `before` with what `text`, generated today, says; None where `before` was not written by `sealed`.

    Block by block, a block being a top-level key or a job with the comments above it: untouched ones are replaced,
    removed where `text` has none, and added where they are new; changed ones, and those of somebody else, stay. The
    commit at which changed jobs call our workflows moves with that of the others: one plans what another applies.
    """
    source = source or source_given(before)
    before = _SOURCE.sub("", before)
    found = _MARK.search(before)
    if found is None:
        return None
    written = dict(pair.split("=") for pair in found[1].split())
    old = split((before[: found.start()] + before[found.end() :].lstrip("\n")).replace(EXPLAINED, ""))
    new = split(text)
    merged: dict[str, str] = {}
    kept: list[str] = []
    untouched = {name: block for name, block in old.items() if _digest(block) == written.get(name)}
    pins, pin = _pins(untouched.values()), _pins(new.values())
    for name, block in old.items():
        if name not in untouched:
            merged[name] = _moved(block, pins, pin)
            if name in new and new[name] != block:
                kept.append(name)
        elif name in new:
            merged[name] = new[name]
    left_out = [name for name in new if name not in old and name in written]
    previous = ""
    for name in new:
        if name not in merged and name not in left_out:
            merged = _insert(merged, previous, name, new[name])
        previous = name if name in merged else previous
    digests = {name: _digest(new[name]) for name in new if name in merged and name not in kept}
    digests |= {name: written[name] for name in (*kept, *left_out) if name in written}
    body = _ended("".join(merged.values()))
    return Updated(body + EXPLAINED + _given(source) + _mark(digests), tuple(kept), tuple(left_out))


def _pins(blocks: Iterable[str]) -> set[tuple[str, str]]:
    """The repositories and commits whose workflows are called."""
    return {(found[1], found[2]) for block in blocks for found in _PIN.finditer(block)}


def _moved(block: str, before: set[tuple[str, str]], after: set[tuple[str, str]]) -> str:
    """The block with calls of `before` at `after`, where each is one; calls of anything else stay."""
    if len(before) != 1 or len(after) != 1:
        return block
    [(old, was)], [(new, now)] = before, after
    return _PIN.sub(
        lambda found: (
            found[0].replace(f" {old}/", f" {new}/").replace(f"@{was}", f"@{now}")
            if (found[1], found[2]) == (old, was)
            else found[0]
        ),
        block,
    )


def split(text: str) -> dict[str, str]:
    """Block name -> its lines. Top-level keys, and `jobs.NAME` for what lies under `jobs`; comments and blank lines
    above a key belong to it. The texts together are `text`."""
    blocks: dict[str, str] = {}
    name, waiting, inside = "", "", False
    for line in text.splitlines(keepends=True):
        key = _KEY.match(line)
        job = _JOB.match(line) if inside else None
        if key is not None or job is not None:
            inside = key[1] == "jobs" if key is not None else True
            name = key[1] if key is not None else f"jobs.{job[1]}" if job is not None else name
            blocks[name] = blocks.get(name, "") + waiting + line
            waiting = ""
        elif not line.strip() or line.lstrip().startswith("#"):
            waiting += line
        else:
            blocks[name] = blocks.get(name, "") + waiting + line
            waiting = ""
    if waiting:
        blocks[name] = blocks.get(name, "") + waiting
    return blocks


def _insert(blocks: Mapping[str, str], after: str, name: str, block: str) -> dict[str, str]:
    result: dict[str, str] = {} if after in blocks else {name: block}
    for key, text in blocks.items():
        result[key] = text
        if key == after:
            result[name] = block
    return result


def _ended(text: str) -> str:
    return text if text.endswith("\n") or not text else text + "\n"


def _mark(digests: Mapping[str, str]) -> str:
    return "# init wrote:" + "".join(f" {name}={digest}" for name, digest in digests.items()) + "\n"


def _digest(block: str) -> str:
    """Of the text without blank lines around it: neighbours come and go."""
    return hashlib.sha256(block.strip().encode("utf-8", "surrogateescape")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class System:
    """Where its pipeline lies, from the top of the repository; its text; and what is to be done before the first run,
    each with a command where there is one."""

    path: str
    text: Callable[[PipelineFacts], str]
    steps: Callable[[PipelineFacts], Iterable[tuple[str, str]]]


SYSTEMS: Mapping[str, System] = {
    "github": System(github_pipeline.PATH, github_pipeline.github, github_pipeline.steps),
    "gitlab": System(gitlab_pipeline.PATH, gitlab_pipeline.gitlab, gitlab_pipeline.steps),
}
