"""What validate finds: everything that the loader and the rules say, each with its place in the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.cli.wiring import Run
    from reconciler.engine.validate import ReadText
    from reconciler.types.diagnostic import Diagnostic


def check(run: Run, *, strict: bool = False) -> tuple[tuple[Diagnostic, ...], tuple[str, ...]]:
    """Every finding about the manifests of this run, in the order of the files; and remarks for a person."""
    from reconciler.engine.validate import validate
    from reconciler.loader.catalogue import load_catalogue
    from reconciler.loader.manifests import place
    from reconciler.types.manifest import ManifestSet

    catalogue = load_catalogue()
    manifests, _ = run.files()
    found = validate(manifests, catalogue, strict=strict)
    placed = place(run.project, found, manifests=manifests.manifests, ref=run.ref)
    # Once more, over the findings alone: with their places known, they can be sorted and `keep` comments be honoured.
    found = validate(ManifestSet(diagnostics=placed), catalogue, strict=strict, read_text=reader(run))
    return found, run.remarks(manifests)


def reader(run: Run) -> ReadText:
    """Texts of files by the path that findings show them under."""
    from reconciler.loader.files import Unreadable
    from reconciler.loader.manifests import open_tree

    def read(path: str) -> str | None:
        tree, close = open_tree(run.project, run.ref)
        try:
            return tree.read(str(Path(run.project.root, path))).decode("utf-8", "replace")
        except Unreadable:
            return None
        finally:
            close()

    return read
