"""What a run was asked to look at and what it can know: nothing at all, names without an object, no state."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from reconciler.core.planning.records import Scope
from reconciler.core.planning.run_scope import is_labelled, under_paths
from reconciler.errors import NothingFound
from reconciler.types.address import Address
from reconciler.types.change import Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.live import Listing
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.state import State

ACCOUNT = "`reconciler plan --unmanaged` and `reconciler export FOLDER` look at the account itself"
MEANT = "--allow-empty where a project without manifests is meant"
BEGIN = "`reconciler init` begins a project, and -C FOLDER goes to one"
CODE = "E-no-state"
ADOPTED = frozenset({Reason.ADOPTED_BY_ID, Reason.ADOPTED_BY_NAME})


def require_something(manifests: ManifestSet, state: State, options: PlanOptions) -> None:
    """Raise `NothingFound` where neither files nor state say anything, and for drift where the state says nothing."""
    declared = manifests.manifests or manifests.moved or manifests.removed
    if state.resources or state.pending or options.unmanaged or (options.allow_empty and not declared):
        return
    if options.drift_only and declared:
        raise NothingFound(
            "there is nothing to compare with, the state holds nothing",
            manifests.diagnostics,
            hint="`reconciler plan` compares the account with the manifests; `reconciler apply` begins a state",
        )
    if not declared:
        message = "there are neither manifests nor a state"
        raise NothingFound(message, manifests.diagnostics, hint=f"{BEGIN}; {MEANT}; {ACCOUNT}")


def unmatched(
    manifests: ManifestSet,
    state: State,
    options: PlanOptions,
    listings: Mapping[str, Listing],
    more: Collection[Address] = (),
) -> Iterator[Diagnostic]:
    """An error for everything on the command line that names nothing: in the manifests, in the state, or in the
    account as it was read. `more` are addresses that a run knows from elsewhere."""
    known = addresses_of(manifests, state) | set(more)
    for selector in dict.fromkeys((*options.targets, *options.excludes, *options.replace, *options.accepted)):
        if selector in known or _is_live(selector, listings):
            continue
        close = get_close_matches(str(selector), [str(address) for address in known], n=1)
        summary = f"{selector} is neither in the manifests, nor in the state, nor in the account"
        yield Diagnostic("E-target", Severity.ERROR, summary, hint=f"did you mean {close[0]}?" if close else None)
    if options.selector and not any(
        is_labelled(manifest.labels, options.selector) for manifest in manifests.manifests
    ):
        yield _selects_nothing(manifests, options.selector)
    yield from unmatched_paths(manifests, state)


def unmatched_paths(manifests: ManifestSet, state: State | None = None) -> Iterator[Diagnostic]:
    """An error for each path of the command line that neither a document comes from nor, where a state counts, an
    entry of that."""
    remembered = "" if state is None else ", and nothing in the state came from there"
    sources = {manifest.source.path for manifest in manifests.manifests}
    sources |= {moved.source.path for moved in manifests.moved} | {
        removed.source.path for removed in manifests.removed
    }
    sources |= {overlay.path for manifest in manifests.manifests for overlay in manifest.overlays}
    if state is not None:
        sources |= {entry.source for entry in state.resources.values() if entry.source is not None}
    for text, path in manifests.asked.items():
        if not any(under_paths(source, (path,)) for source in sources):
            yield Diagnostic(
                "E-path", Severity.ERROR, f"{text}: there is no manifest{remembered}",
                hint="a path is a manifest file or a folder of them; without one, it is the whole project",
            )  # fmt: skip


def leaves_nothing(scope: Scope, options: PlanOptions, manifests: ManifestSet, state: State) -> Diagnostic | None:
    """An error where targets and selector match something each, and nothing together."""
    if not (options.targets or options.selector) or scope.wanted or scope.deletable:
        return None
    settled = {document.address for document in manifests.removed} | {moved.before for moved in manifests.moved}
    if settled & set(options.targets):
        return None  # what is forgotten or moved already is done
    if options.drift_only and any(target not in state.resources for target in options.targets):
        new = ", ".join(str(target) for target in options.targets if target not in state.resources)
        summary, hint = f"{new} was never applied, so there is nothing to compare with", "`reconciler plan` shows it"
        return Diagnostic("E-target", Severity.ERROR, summary, hint=hint)
    return Diagnostic(
        "E-target",
        Severity.ERROR,
        "what was asked for leaves nothing to look at: targets, selector, excludes and paths have nothing in common",
    )


def addresses_of(manifests: ManifestSet, state: State) -> set[Address]:
    """Every address that the files or the state speak of."""
    known = {manifest.address for manifest in manifests.manifests} | {
        removed.address for removed in manifests.removed
    }
    known |= {address for moved in manifests.moved for address in (moved.before, moved.after)}
    return known | state.resources.keys() | {intent.address for intent in state.pending}


def _is_live(address: Address, listings: Mapping[str, Listing]) -> bool:
    listing = listings.get(address.kind)
    return listing is not None and any(live.name == address.name for live in listing.objects.values())


def _selects_nothing(manifests: ManifestSet, selector: Mapping[str, str]) -> Diagnostic:
    wanted = ", ".join(f"{key}={value}" for key, value in selector.items())
    there = sorted({f"{key}={value}" for manifest in manifests.manifests for key, value in manifest.labels.items()})
    close = get_close_matches(next(iter(wanted.split(", "))), there, n=1)
    hint = f"did you mean {close[0]}?" if close else f"labels in use: {', '.join(there[:10]) or 'none'}"
    return Diagnostic("E-selector", Severity.ERROR, f"no manifest has the label {wanted}", hint=hint)


def missing_state_warning(state: State, reasons: Collection[Reason]) -> Diagnostic | None:
    """A warning where nothing was ever recorded, though objects of the account are there to be taken over.

    `reasons` are those of the bindings, one for each manifest. None for a first run over an account that holds
    nothing of ours, and for a workspace whose state is merely empty.
    """
    adopted = sum(1 for reason in reasons if reason in ADOPTED)
    if adopted == 0 or state.serial > 0 or state.resources or state.pending:
        return None
    objects = "1 object is" if adopted == 1 else f"{adopted} objects are"
    return Diagnostic(
        CODE,
        Severity.WARNING,
        f"there is no state: {objects} matched by id or name, and the last applied values are not known",
        detail="What such a plan cannot know: fields that left the manifests (they stay in the account as they are), "
        "objects whose manifest is gone (they are not deleted), and who moved (each difference counts as one of the "
        "manifests, so what somebody edited by hand is set back). A secret that the account hides is taken on trust.",
        hint="right for a first import; where a runner keeps nothing between runs, set a shared `state:` for the "
        "workspace (http, postgres or s3)",
    )
