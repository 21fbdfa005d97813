"""A run without a state over an account that is not empty: what such a plan cannot know, said once."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.types.change import Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.state import State

CODE = "E-no-state"
ADOPTED = frozenset({Reason.ADOPTED_BY_ID, Reason.ADOPTED_BY_NAME})


def tell_missing_state(state: State, reasons: Collection[Reason]) -> Diagnostic | None:
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
        f"there is no state: {objects} found again in the account by id or name, and compared two ways only",
        detail="What such a plan cannot know: fields that left the manifests (they stay in the account as they are), "
        "objects whose manifest is gone (they are not deleted), and who moved (each difference counts as one of the "
        "manifests, so what somebody edited by hand is set back). A secret that the account hides is taken on trust.",
        hint="right for a first import; where a runner keeps nothing between runs, set a shared `state:` for the "
        "workspace (http, postgres or s3)",
    )
