"""A run of `drift --accept`: live values into the manifests, a diff of what was written, and a second look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import ADDRESS
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reconciler.cli.wiring import Run
    from reconciler.engine.accept import AcceptedValue, Wanted
    from reconciler.loader.accepting import FileText
    from reconciler.types.json import Json
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import PlanOptions
    from reconciler.types.plan import Plan
    from reconciler.types.ports import Provider, Secrets


class WantedType(click.ParamType):  # type: ignore[type-arg]
    """`ADDR`, or `ADDR/pointer`."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Wanted:
        from reconciler.engine.accept import Wanted

        if isinstance(value, Wanted):
            return value
        address, slash, pointer = str(value).partition("/")
        if slash and (not pointer or re.search(r"~(?![01])", pointer)):
            self.fail(f"/{pointer} is not a JSON pointer, for example /layers/llm/model", param, ctx)
        return Wanted(ADDRESS.convert(address, param, ctx), slash + pointer)


ACCEPT = click.option(
    "--accept", "accepted", type=WantedType(), multiple=True, metavar="ADDR[/POINTER]",
    help="Write the live value into the manifest; of one field, or of all that drifted.",
)  # fmt: skip


def accept_drift(run: Run, options: PlanOptions, wanted: Collection[Wanted]) -> int:
    """Find the drift, write what is wanted, look again. A file that would not end the drift gets its old text back.

    Raises `UsageError`, `ReconcilerError` (nothing written), `ManifestError`, `ProviderError`.
    """
    from reconciler.engine.accept import choose_accepted
    from reconciler.loader.accepting import NewValue, accept_values

    if run.ref is not None:
        raise UsageError("--accept writes into the files of the work tree; leave --ref out")
    manifests, secrets = run.manifests()
    by_address = {manifest.address: manifest for manifest in manifests.manifests}
    with run.provider(secrets, reading=True) as provider:
        found = find(run, provider, manifests, secrets, options)
        values = choose_accepted(found, manifests, run.state(), wanted)
        files = accept_values(
            run.project,
            manifests.manifests,
            [NewValue(by_address[one.address], one.pointer, one.value, one.ids) for one in values],
        )
        if files:
            put(files)
            try:
                check(run, provider, options, values)
            except ReconcilerError as problem:
                put_back(files)
                raise ReconcilerError(
                    f"{problem.message}; the files are as they were", hint=problem.hint or "edit the file by hand"
                ) from problem
    return tell(run, values, files, found)


def find(run: Run, provider: Provider, manifests: ManifestSet, secrets: Secrets, options: PlanOptions) -> Plan:
    """What drifted, with these manifests."""
    from reconciler.api.reading import look
    from reconciler.engine.drift import find_drift

    return look(
        run, provider, manifests, secrets, lambda state, setting: find_drift(manifests, state, setting, options)
    )


def check(run: Run, provider: Provider, options: PlanOptions, values: Sequence[AcceptedValue]) -> None:
    """The files as they are now say what is live. Raises `ReconcilerError`."""
    manifests, secrets = run.manifests()
    left = {(item.address, one.path) for item in find(run, provider, manifests, secrets, options).drift
            for one in item.changes}  # fmt: skip
    still = [f"{one.address}{one.pointer}" for one in values if (one.address, one.pointer) in left]
    if still:
        raise ReconcilerError(f"the manifest cannot say what is live at {', '.join(still)}")


def put(files: Sequence[FileText]) -> None:
    """Write all files, or none."""
    from reconciler.loader.filewrite import Replacement, write_all

    write_all([Replacement(one.path, one.before, one.after, one.shown) for one in files])


def put_back(files: Sequence[FileText]) -> None:
    """The texts as they were."""
    from reconciler.loader.filewrite import Replacement, write_all

    write_all([Replacement(one.path, one.after, one.before, one.shown) for one in files])


def tell(run: Run, values: Sequence[AcceptedValue], files: Sequence[FileText], found: Plan) -> int:
    """The diff, and what is left to do."""
    from reconciler.cli.outcome import emit_document

    accepted = {(one.address, one.pointer) for one in values}
    left = sum((item.address, one.path) not in accepted for item in found.drift for one in item.changes)

    def text() -> str:
        if not values:
            return "Nothing there has drifted; no file was touched."
        lines = [line for one in files for line in difference(one, literal=run.settings.allow_literal_secrets)]
        noun = "value" if len(values) == 1 else "values"
        lines.append(f"Accepted {len(values)} live {noun} into {', '.join(one.shown for one in files) or 'no file'}.")
        if left:
            lines.append(f"{left} more drifted; `reconciler drift` shows it.")
        return "\n".join(lines)

    def document() -> Json:
        return {
            "accepted": [{"address": str(one.address), "path": one.pointer, "value": one.value} for one in values],
            "files": [one.shown for one in files],
            "left": left,
        }

    return emit_document(run.settings, text=text, document=document)


def difference(file: FileText, *, literal: bool) -> list[str]:
    """A unified diff. Where manifests may hold secrets in clear, without the lines around the changes."""
    from difflib import unified_diff

    from reconciler.cli.streams import visible
    from reconciler.loader.decode import decode
    from reconciler.loader.findings import Findings

    before, after = ((decode(data, file.shown, Findings()) or "").splitlines() for data in (file.before, file.after))
    lines = unified_diff(before, after, f"a/{file.shown}", f"b/{file.shown}", n=0 if literal else 3, lineterm="")
    return [visible(line) for line in lines]
