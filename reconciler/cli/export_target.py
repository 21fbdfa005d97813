"""`export --target` on the command line: what was written, and everything that did not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.global_settings import Settings

if TYPE_CHECKING:
    from reconciler.api.export_target import TargetExport
    from reconciler.types.json import Json, Object


def run_target(
    settings: Settings, name: str, folder: str | None, names: tuple[str, ...], origin: str | None, *, force: bool
) -> int:
    """Export for a target: from the account where a workspace is named (`-w`), else from the manifests."""
    from reconciler.api.export_target import ACCOUNT, MANIFESTS, export_target
    from reconciler.cli.composition import open_run
    from reconciler.cli.output import emit_document, reporting

    with reporting("export", settings):
        run = open_run(settings)
        source = origin or (ACCOUNT if settings.workspace else MANIFESTS)
        made = export_target(run, name, folder, names, origin=source, force=force)
        return emit_document(settings, text=lambda: "\n".join(as_lines(made)), document=lambda: as_json(made))


def as_json(made: TargetExport) -> Object:
    """`{format_version, target, folder, personas: [...], written, kept, not_carried, notes}`."""
    personas: list[Json] = [
        {
            "address": str(one.address),
            "files": [file.path for file in one.files],
            "model": one.model,
            "environment": [*one.environment],
            "adjusted": [remark.as_json() for remark in one.adjusted],
            "not_carried": [remark.as_json() for remark in one.not_carried],
            "warnings": [*one.warnings],
            "skipped": one.skipped or None,
        }
        for one in made.personas
    ]
    return {
        "format_version": "1.0",
        "target": made.target.name,
        "folder": made.folder,
        "personas": personas,
        "written": [*made.written],
        "kept": [*made.kept],
        "not_carried": [
            {"address": str(one.address), **remark.as_json()} for one in made.personas for remark in one.not_carried
        ],
        "notes": [*made.notes],
    }


def as_lines(made: TargetExport) -> list[str]:
    """The lines for a person."""
    lines: list[str] = []
    for one in made.personas:
        if one.skipped:
            lines.append(f"{one.address}: left out; {one.skipped}")
            continue
        lines.append(f"{one.address}: {one.model or 'no model'}")
        for title, remarks in (("not carried", one.not_carried), ("adjusted", one.adjusted)):
            for remark in remarks:
                instead = f" In LiveKit: {remark.instead}." if remark.instead else ""
                lines.append(f"  {title}: {remark.path}: {remark.reason}.{instead}")
        lines += [f"  Warning: {warning}" for warning in one.warnings]
    lines += [f"Note: {note}" for note in made.notes]
    lines += [f"  wrote {path}" for path in made.written]
    if made.kept:
        lines.append(f"Left as they are, for they are yours: {', '.join(made.kept)}")
    count = sum(not one.skipped for one in made.personas)
    noun = "persona" if count == 1 else "personas"
    state = f"wrote {len(made.written)} files" if made.written else "every file is up to date"
    lines.append(f"Exported {count} {noun} for {made.target.name} to {made.folder}: {state}.")
    return [*lines, *(made.target.next_steps if made.written else ())]
