"""The table of the fields around a spec agrees with what the schema and the loader take."""

from __future__ import annotations

from reconciler.api.offline import manifest_schema
from reconciler.core.fields.envelope_fields import ENVELOPE
from reconciler.core.fields.json_schema import API_VERSION
from reconciler.types.json import lookup
from reconciler.types.manifest import Lifecycle, Manage


def members(definition: str) -> set[str]:
    found = lookup(manifest_schema(["tool"]), f"/definitions/{definition}/properties")
    assert isinstance(found, dict)
    return set(found)


def below(parent: str) -> set[str]:
    paths = [row.path for row in ENVELOPE.fields if row.path.startswith(parent + "/")]
    return {path[len(parent) + 1 :] for path in paths} - {"labels/*"}


def test_it_names_what_the_schema_takes() -> None:
    assert {path.partition("/")[0] for path in below("")} == members("tool")
    assert below("/metadata") == members("metadata")
    assert below("/lifecycle") == members("lifecycle")


def test_its_defaults_are_those_of_the_record() -> None:
    rows = {row.path: row for row in ENVELOPE.fields}
    assert rows["/lifecycle/protect"].default is Lifecycle().protect
    assert rows["/lifecycle/manage"].default == Lifecycle().manage.value
    assert set(rows["/lifecycle/manage"].enum) == {one.value for one in Manage}
    assert rows["/apiVersion"].enum == (API_VERSION,)
