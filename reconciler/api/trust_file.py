"""The shape of the trust file, checked by pydantic; imported only where there is one."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reconciler.core.settings.operator_trust import Trusted
from reconciler.manifests.project.validation_messages import told
from reconciler.types.json import Json, join

FORMAT = 1


class _Strict(BaseModel):
    """What a newer version added is not read over: it would be lost when the file is written again."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Project(_Strict):
    hosts: list[str] = Field(default=[])
    commands: list[str] = Field(default=[])


class _TrustFile(_Strict):
    format: int = Field(ge=FORMAT, le=FORMAT)
    projects: dict[str, _Project]


def parse_trust(document: Json) -> dict[str, Trusted]:
    """What each project file (its real path) is trusted with. Raises `ValueError` that says where what is wrong."""
    try:
        found = _TrustFile.model_validate(document)
    except ValidationError as problem:
        raise ValueError("; ".join(_told(problem, document))) from None
    return {path: Trusted(tuple(one.hosts), tuple(one.commands)) for path, one in found.projects.items()}


def _told(problem: ValidationError, document: Json) -> Iterator[str]:
    for place, kind, what in told(problem.errors(include_url=False), document):
        names = {"extra_forbidden": "unknown key", "missing": "missing"}
        yield f"{join(*place) or 'the file'}: {what or names.get(kind, 'not accepted')}"
