"""`reconciler explain`: what a field of a manifest is, or what a rule or a migration is about."""

from __future__ import annotations

import click

from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command

EXAMPLES = """
reconciler explain persona
reconciler explain persona.layers.llm.model
reconciler explain tool.delivery
reconciler explain /layers/conversational_flow       a path out of a plan
reconciler explain L32                               a rule, by its code or name
reconciler explain M20                               a migration, likewise
reconciler explain livekit                           an export target, with the plugins of its models
"""


@command("explain", examples=EXAMPLES)
@click.argument("path", metavar="PATH|CODE")
def explain(settings: Settings, path: str) -> int:
    """What a field is: its type, default, limits, known values, and where that is known from.

    Or what a finding is about, by its code: what it looks for, why, and an example of both sides.
    Or an export target: what it writes, and the plugins that it chooses from.
    """
    from reconciler.api.manifests import project_catalogue
    from reconciler.cli.composition import find_project
    from reconciler.cli.output import emit_document, style
    from reconciler.platforms import PLATFORMS, TARGETS
    from reconciler.reporters import field_page as pages
    from reconciler.reporters.documentation import (
        describe_migration,
        describe_rule,
        find_migration,
        find_rule,
        migration_as_json,
        rule_as_json,
    )
    from reconciler.reporters.target_page import describe_target, target_as_json

    width = style(settings).width
    if (rule := find_rule(path, PLATFORMS.rules())) is not None:
        return emit_document(
            settings, text=lambda: describe_rule(rule, width=width), document=lambda: rule_as_json(rule)
        )
    if (migration := find_migration(path, PLATFORMS.migrations())) is not None:
        return emit_document(
            settings,
            text=lambda: describe_migration(migration, width=width),
            document=lambda: migration_as_json(migration),
        )
    project = find_project(settings)
    if path in TARGETS:
        target, catalogue = TARGETS.get(path), project_catalogue(project)
        return emit_document(
            settings,
            text=lambda: describe_target(target, catalogue, width=width),
            document=lambda: target_as_json(target, catalogue),
        )
    found = pages.explain(path, project.kinds, project_catalogue(project))
    return emit_document(
        settings, text=lambda: pages.render(found, width=width), document=lambda: pages.as_json(found)
    )
