"""A persona's skills: a sub resource that is read as an object by skill and written as a whole set."""

from __future__ import annotations

from reconciler.types.json import Json, Object


def read_skills(answer: Json) -> Object | None:
    """Skill -> configuration out of the answer to a GET; None when the answer has no known shape.

    Documented is `{"data": {id: {"skill_id": id, "config": {...}, ...}}}`; a list of such entries is understood, too.
    """
    data = answer.get("data", answer.get("skills", answer)) if isinstance(answer, dict) else answer
    if data is None:
        return {}
    if isinstance(data, list):
        rows = [(row.get("skill_id") or row.get("id"), row) for row in data if isinstance(row, dict)]
        if len(rows) != len(data) or not all(isinstance(id, str) for id, _ in rows):
            return None
        return {str(id): _config(row) for id, row in rows}
    if not isinstance(data, dict) or not all(isinstance(row, dict | None) for row in data.values()):
        return None
    return {id: _config(row) for id, row in data.items()}


def _config(row: Json) -> Json:
    config = row.get("config") if isinstance(row, dict) else None
    return config if isinstance(config, dict) else {}


def write_skills(skills: Json) -> Object:
    """The body of the PUT that replaces the whole set; skills that are not named are taken away."""
    return {"skills": skills if isinstance(skills, dict) else {}}
