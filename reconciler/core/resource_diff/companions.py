"""Values that the API wants again with any write near them: the key of a custom model, its base URL."""

from __future__ import annotations

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import leaf_at
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.diff import three_way
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.core.resource_diff.resource_plan import ignored
from reconciler.types.change import Block
from reconciler.types.json import within


def carry_companions(work: Work) -> None:
    """Values that the API wants again with any write near them."""
    for companion in work.spec.companions:
        touched = [edit for path, edit in work.edits.items() if within(path, companion.under)]
        if not touched or any(edit.remove and edit.path == companion.under for edit in touched):
            continue
        after = apply_edits(work.spec, work.document, work.edits.values())
        if not leaf_at(work.spec, after, companion.when):
            continue
        for path in companion.carry:
            if path in work.edits:
                continue
            value = None if ignored(path, work.resource.lifecycle.ignore) else work.resource.leaves.get(path)
            if value is None:
                current = leaf_at(work.spec, work.document, path)
                if current is None or three_way.hidden(field_at(work.spec, path), current):
                    work.blocks.append(
                        Block(
                            "secret",
                            f"{path} must travel with this write and is not in the manifest: {companion.why}",
                            f"add {path} to the manifest as {{env: NAME}} or {{file: path}}, not under ignore",
                        )
                    )
                    continue
                value = current
            work.edits[path] = Edit(path, value)
