"""What an export wrote, as text and as JSON: manifests of an account, or agents for another platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import TypeAlias

from reconciler.core.export.exported_manifests import ExportedManifest
from reconciler.core.export.target import Generated, Target
from reconciler.types.address import Address
from reconciler.types.json import Json, Object

WIDEST = 40
"""Columns of a table's first column; a longer name moves only its own line."""


def export_text(
    folder: str, files: Sequence[tuple[ExportedManifest, str]], claimed: int, notes: Sequence[str]
) -> str:
    """The manifests that were written, each with its path, and the secrets that have to be set; `claimed` objects
    had a manifest already."""
    lines = [f"  {path}" for _, path in files]
    lines += [f"Note: {note}" for note in notes]
    secrets = [secret for manifest, _ in files for secret in manifest.secrets]
    if secrets:
        lines.append("The account does not give its secrets away. Set these before anything writes them:")
        width = min(max(len(secret.variable) for secret in secrets), WIDEST)
        lines += [f"  {secret.variable:<{width}}  {secret.address} {secret.pointer}" for secret in secrets]
    had = f"; {claimed} had a manifest already" if claimed else ""
    noun = "manifest" if len(files) == 1 else "manifests"
    lines.append(f"Exported {len(files)} {noun} to {folder}{had}.")
    if files:
        lines.append(f"Look at what would happen with `reconciler plan {folder}`: it should say nothing but import.")
    return "\n".join(lines)


def export_document(files: Sequence[tuple[ExportedManifest, str]], claimed: int, notes: Sequence[str]) -> Object:
    """`{files, secrets, claimed, notes}`."""
    return {
        "files": [{"address": str(manifest.address), "id": manifest.id, "path": path} for manifest, path in files],
        "secrets": [
            {"env": secret.variable, "address": str(secret.address), "path": secret.pointer}
            for manifest, _ in files
            for secret in manifest.secrets
        ],
        "claimed": claimed,
        "notes": [*notes],
    }


def agents_text(
    target: Target,
    folder: str,
    agents: Sequence[Generated],
    *,
    written: Sequence[str],
    kept: Sequence[str],
    notes: Sequence[str],
) -> str:
    """The agents of a target, what did not arrive as it was, and the files: those written, and those of a person."""
    lines: list[str] = []
    for agent in agents:
        if agent.skipped:
            lines.append(f"{agent.address}: left out; {agent.skipped}")
            continue
        lines.append(f"{agent.address}: {agent.model or 'no model'}")
        for title, remarks in (("not carried", agent.not_carried), ("adjusted", agent.adjusted)):
            for remark in remarks:
                instead = f" In LiveKit: {remark.instead}." if remark.instead else ""
                lines.append(f"  {title}: {remark.path}: {remark.reason}.{instead}")
        lines += [f"  Warning: {warning}" for warning in agent.warnings]
    lines += [f"Note: {note}" for note in notes]
    lines += [f"  wrote {path}" for path in written]
    if kept:
        lines.append(f"Left as they are, for they are yours: {', '.join(kept)}")
    count = sum(not agent.skipped for agent in agents)
    noun = "persona" if count == 1 else "personas"
    state = f"wrote {len(written)} files" if written else "every file is up to date"
    lines.append(f"Exported {count} {noun} for {target.name} to {folder}: {state}.")
    return "\n".join([*lines, *(target.next_steps if written else ())])


def agents_document(
    target: Target,
    folder: str,
    agents: Sequence[Generated],
    *,
    written: Sequence[str],
    kept: Sequence[str],
    notes: Sequence[str],
) -> Object:
    """`{format_version, target, folder, personas: [...], written, kept, not_carried, notes}`."""
    personas: list[Json] = [
        {
            "address": str(agent.address),
            "files": [file.path for file in agent.files],
            "model": agent.model,
            "environment": [*agent.environment],
            "adjusted": [remark.as_json() for remark in agent.adjusted],
            "not_carried": [remark.as_json() for remark in agent.not_carried],
            "warnings": [*agent.warnings],
            "skipped": agent.skipped or None,
        }
        for agent in agents
    ]
    return {
        "format_version": "1.0",
        "target": target.name,
        "folder": folder,
        "personas": personas,
        "written": [*written],
        "kept": [*kept],
        "not_carried": [
            {"address": str(agent.address), **remark.as_json()} for agent in agents for remark in agent.not_carried
        ],
        "notes": [*notes],
    }


ADVICE = {
    "outdated": "the manifests say something else now: export again",
    "edited": "somebody changed it: an export stops there, or writes over it with --force",
    "missing": "export again",
    "left": "no manifest asks for it any more; delete it if nobody runs it",
}
Row: TypeAlias = tuple[str, str, str, str]
"""Path, status, what is there, what the manifests say."""


def target_drift_text(
    target: str, folder: str, files: Sequence[Row], agents: int, absent: Sequence[str], notes: Sequence[str]
) -> str:
    """Agents against manifests: each file that differs with what an export would change, then one line for all."""
    lines: list[str] = []
    for path, status, before, after in files:
        lines.append(f"{path}: {status}; {ADVICE[status]}")
        if status in ("outdated", "edited"):
            there, wanted = (text.split("\n") for text in (before, after))
            lines += [f"  {line}" for line in unified_diff(there, wanted, path, "manifests", lineterm="")]
    lines += [f"Note: {note}" for note in notes]
    if absent:
        lines.append(f"Without an agent there: {', '.join(absent)}.")
    noun = "agent" if agents == 1 else "agents"
    if not files:
        lines.append(f"{agents} {noun} of {target} in {folder}: as the manifests say.")
        return "\n".join(lines)
    counts = ", ".join(f"{sum(row[1] == status for row in files)} {status}" for status in ADVICE if
                       any(row[1] == status for row in files))  # fmt: skip
    lines.append(f"{agents} {noun} of {target} in {folder}: {counts}.")
    return "\n".join(lines)


def target_drift_document(
    target: str,
    folder: str,
    files: Sequence[Row],
    agents: Sequence[tuple[Address, str]],
    absent: Sequence[str],
    notes: Sequence[str],
) -> Object:
    """`{format_version, target, folder, agents: [{address, language}], files: [{path, status, diff}], absent,
    notes}`."""
    changed: list[Json] = []
    for path, status, before, after in files:
        shown = status in ("outdated", "edited")
        diff = (
            list(unified_diff(before.split("\n"), after.split("\n"), path, "manifests", lineterm="")) if shown else []
        )
        changed.append({"path": path, "status": status, "diff": [*diff]})
    return {
        "format_version": "1.0",
        "target": target,
        "folder": folder,
        "agents": [{"address": str(address), "language": language or None} for address, language in agents],
        "files": changed,
        "absent": [*absent],
        "notes": [*notes],
    }


def handover_lines(
    target: Target, workspace: str, agents: Sequence[Generated], paths: Sequence[str], *, written: bool
) -> Iterator[str]:
    """Where the agents of personas that leave the platform are, or would be, and what they could not take along."""
    yield f"the agents hold what the workspace {workspace} says; -w chooses another"
    word = "wrote" if written else "would write"
    yield from (f"{word} {path}" for path in paths)
    for agent in agents:
        for remark in agent.not_carried:
            yield f"{agent.address}: not carried: {remark.path}: {remark.reason}"
        for warning in agent.warnings:
            yield f"{agent.address}: warning: {warning}"
    if written:
        yield from target.next_steps[:2]
