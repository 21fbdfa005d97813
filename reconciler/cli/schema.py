"""`reconciler schema`: JSON Schema of manifests, for editors."""

from __future__ import annotations

import click

from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command

EXAMPLES = """
reconciler schema > manifests.schema.json
reconciler schema --kind tool

In VS Code, with the YAML extension (settings.json):
  "yaml.schemas": {"manifests.schema.json": "manifests/**/*.yaml"}
"""


@command("schema", examples=EXAMPLES)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind; may be repeated.")
def schema(settings: Settings, kinds: tuple[str, ...]) -> int:
    """Print the JSON Schema (draft 7) of manifests: completion and checks while you type."""
    import json

    from reconciler.api.offline import manifest_schema
    from reconciler.api.output_files import write_file
    from reconciler.cli.output import write
    from reconciler.errors import UsageError

    if settings.format not in {None, "json"} or any(name != "json" for name, _ in settings.reports):
        raise UsageError("a JSON Schema is JSON; no other format makes sense here")
    text = json.dumps(manifest_schema(kinds or None), ensure_ascii=False, indent=2) + "\n"
    write(text)
    for _, path in settings.reports:
        write_file(path, text.encode())
    return 0
