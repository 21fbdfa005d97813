"""Are the agents of an export still those of the manifests: file by file, with what would be written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from reconciler.api.export_target import (
    MANIFESTS,
    ReadFile,
    check_language,
    knowledge,
    lacking_handlers,
    read_subjects,
    reader_of,
    require_apart,
)
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.core.export.target import Generated, Target, TargetFile
    from reconciler.types.address import Address


class FileStatus(Enum):
    """What is to be said of a file that is not as the manifests want it."""

    OUTDATED = "outdated"
    """As it was generated, from manifests that say something else now."""
    EDITED = "edited"
    """Somebody changed it: an export stops there unless it is forced."""
    MISSING = "missing"
    LEFT = "left"
    """Generated once, and no manifest asks for it any more; nothing deletes it."""


@dataclass(frozen=True, slots=True)
class FileDrift:
    """One file of an agent that is not as the manifests want it."""

    path: str
    """As the caller knows the folder."""
    status: FileStatus
    address: Address | None = None
    """The persona; None for a file that is left."""
    language: str = ""
    before: str = ""
    """What is there; credentials that somebody wrote into it are masked."""
    after: str = ""
    """What the manifests say."""


@dataclass(frozen=True, slots=True)
class TargetDrift:
    """What a comparison found."""

    target: Target
    folder: str
    files: tuple[FileDrift, ...]
    agents: tuple[tuple[Address, str], ...]
    """Personas that have an agent there, with its language."""
    absent: tuple[Address, ...] = ()
    """Personas without one, which is no drift: nobody asked for it."""
    notes: tuple[str, ...] = ()
    workspace: str = ""


def drift_target(session: Session, name: str, folder: str | None, languages: Sequence[str] = ()) -> TargetDrift:
    """Compare the agents of a folder with what the manifests say now; nothing is written.

    Raises `UsageError` for an unknown target or language, `ManifestError`, and `ReconcilerError` where no agent is
    there or a link leads out of the folder.
    """
    from reconciler.platforms import TARGETS

    target = TARGETS.get(name)
    for language in languages:
        check_language(target, language)
    place = folder or target.folder
    require_apart(session, place)
    require_own_way(place)
    read = reader_of(place)
    subjects, notes = read_subjects(session, MANIFESTS, (), target.kind)
    files: list[FileDrift] = []
    agents: list[tuple[Address, str]] = []
    wanted: set[str] = set()
    skipped: set[Address] = set()
    for language in target.languages or ("",):
        for generated in target.generate(subjects, knowledge(session, target, language)):
            wanted |= {file.path for file in generated.files}
            skipped |= {generated.address} if generated.skipped else set()
            if (languages and language not in languages) or not _is_there(generated, read, target):
                continue
            agents.append((generated.address, language))
            files += (
                found
                for file in generated.files
                if (found := _compare(generated, file, place, read, language)) is not None
            )
            notes += lacking_handlers([generated], read)
    left = list(_left(place, read, target, wanted, skipped)) if not languages else []
    files += (FileDrift(f"{place.rstrip('/')}/{path}", FileStatus.LEFT) for path in left)
    if not agents and not left:
        raise ReconcilerError(
            f"{place} holds no agent of these manifests: there is nothing to compare with",
            hint=f"`reconciler export --target {name}` writes them; --agents names another folder",
        )
    here = {address for address, _ in agents}
    absent = tuple(subject.address for subject in subjects if subject.address not in here | skipped)
    return TargetDrift(target, place, tuple(files), tuple(agents), absent, tuple(notes), session.workspace.name)


def require_own_way(folder: str) -> None:
    """Raises `ReconcilerError` where a link of the repository leads to a folder outside of it."""
    from reconciler.manifests.tree.repository import committed_way_out

    link = committed_way_out(folder)
    if link is not None:
        raise ReconcilerError(
            f"cannot read {folder}: {link} is a link of the repository that leads out of it",
            hint="name the folder that is meant, or remove the link",
        )


def _is_there(generated: Generated, read: ReadFile, target: Target) -> bool:
    """Whether the folder has anything of this agent that an export wrote."""
    from reconciler.core.export.target import is_generated

    found = ((file, read(file.path)) for file in generated.files)
    return any(data is not None and (file.user_owned or is_generated(data, target.name)) for file, data in found)


def _compare(generated: Generated, file: TargetFile, folder: str, read: ReadFile, language: str) -> FileDrift | None:
    from reconciler.core.export.target import is_untouched

    data = read(file.path)
    shown = f"{folder.rstrip('/')}/{file.path}"
    if data is None:
        return FileDrift(shown, FileStatus.MISSING, generated.address, language, "", file.text)
    if file.user_owned or data.replace(b"\r\n", b"\n") == file.text.encode("utf-8"):
        return None
    status = FileStatus.OUTDATED if is_untouched(data) else FileStatus.EDITED
    return FileDrift(shown, status, generated.address, language, masked(data, file.text), file.text)


PAIR = re.compile(r"""(?P<name>[\w.-]+)(?P<mark>["']?\s*[:=]\s*["'`]?)(?P<value>[^\s"'`,;]+)""")
LINE = re.compile("[^\n]+")
WORD = re.compile(r"""[^\s"'`,;(){}\[\]]{8,}""")


def masked(data: bytes, known: str) -> str:
    """The text of a file for people: where a line is not one of `known`, what looks like a credential is hidden."""
    from reconciler.core.credential_detection import is_credential, looks_like_credential
    from reconciler.types.json import SENSITIVE

    def pair(found: re.Match[str]) -> str:
        hidden = found["name"] != "sha256" and is_credential(found["name"], found["value"])
        return f"{found['name']}{found['mark']}{SENSITIVE if hidden else found['value']}"

    def word(found: re.Match[str]) -> str:
        return SENSITIVE if looks_like_credential(found.group()) else found.group()

    def line(found: re.Match[str]) -> str:
        return found.group() if found.group() in lines else WORD.sub(word, PAIR.sub(pair, found.group()))

    lines = set(known.split("\n"))
    return LINE.sub(line, data.decode("utf-8", "replace").replace("\r\n", "\n"))


def _left(folder: str, read: ReadFile, target: Target, wanted: set[str], skipped: set[Address]) -> Iterator[str]:
    """Generated files one level below the folder that nobody wants, but for those of personas handed over."""
    from reconciler.core.export.target import HEAD_BYTES, is_generated

    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return
    for name in entries:
        below = sorted(os.listdir(os.path.join(folder, name)))  # noqa: PTH118, PTH208
        paths = [
            f"{name}/{file}" for file in below if f"{name}/{file}" not in wanted and _is_plain(folder, name, file)
        ]
        found = [(path, data) for path in paths if (data := read(path)) is not None]
        ours = [(path, data) for path, data in found if is_generated(data, target.name)]
        heads = "\0".join(data[:HEAD_BYTES].decode("utf-8", "replace") for _, data in ours)
        if not any(re.search(rf"(?<![\w.-]){re.escape(str(address))}(?![\w-])", heads) for address in skipped):
            yield from (path for path, _ in ours)


def _is_plain(folder: str, name: str, file: str) -> bool:
    """Whether it is a file, and no link: only what an export itself may have written is looked at."""
    place = os.path.join(folder, name, file)  # noqa: PTH118
    return os.path.isfile(place) and not os.path.islink(place) and os.path.getsize(place) < 5_000_000  # noqa: PTH113, PTH114, PTH202
