"""`--migrate` of plan and apply: the manifests as `reconciler migrate` would write them, without writing them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.api.opened import Opened

R = TypeVar("R", bound="Opened")


def look_ahead(run: R) -> tuple[R, tuple[str, ...]]:
    """The run over the migrated texts, and a line for a person about what that means.

    Only what is automatic, or answered in the project file, is migrated; nobody is asked. The files stay as they
    are until `reconciler migrate --write`. Raises `UsageError` together with `--ref`: a commit is not rewritten.
    """
    from reconciler.api.migrating import read_migration
    from reconciler.migrations.answers import choose_migrations

    if run.ref is not None:
        raise UsageError("--migrate looks at the files as they lie there; it does not go with --ref")
    # The whole project, whatever part of it is planned: one tool serves all the personas that had a copy of it.
    migration = read_migration(run.project, (), choose_migrations((), ()), {})
    result = migration.once(migration.options.answers)
    home = Path(run.project.home)
    places = {one.path: one.place for one in migration.raw.files}
    texts = {places.get(one.path, str(home / one.path)): one.after for one in result.files}
    if not texts:
        return run, ("There is nothing to migrate.",)
    count = f"{len(texts)} file{'' if len(texts) == 1 else 's'}"
    note = f"Planned with {count} as `reconciler migrate` would write them; --write keeps them that way."
    left = len(result.questions)
    verb = "question of migrate is" if left == 1 else "questions of migrate are"
    more = (f"{left} {verb} open: reconciler migrate shows them.",) if left else ()
    return replace(run, texts=texts), (note, *more)
