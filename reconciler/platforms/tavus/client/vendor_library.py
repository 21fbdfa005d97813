"""The vendor's library of faces and voices: read only, to check the ids that manifests name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from reconciler.errors import NotFound, ProviderError, Rejected
from reconciler.platforms.tavus.client.endpoint import items_in
from reconciler.types.json import Json

FACES = {"pal": "/faces", "persona": "/replicas"}
FACE_WORDS = ("faces", "replicas")
VOICE_IDS = ("voice_id", "uuid", "id")
MOST_PAGES = 20

Read = Callable[[str, Mapping[str, str]], Json]
"""GET of a path with a query. Raises `ProviderError`s."""


def check_face(read: Read, vocabulary: str, id: str) -> str | None:
    """What is wrong with a face that a manifest names; None where nothing is, or where it cannot be told."""
    path = FACES[vocabulary]
    try:
        answer = read(f"{path}/{quote(id, safe='')}", {})
    except (NotFound, Rejected):
        # A server without such a path says the same; so the collection is asked whether it is there at all.
        return f"no face is called {id!r} in this account or its library" if _has_list(read, path) else None
    except ProviderError:
        return None
    body = answer.get("data", answer) if isinstance(answer, dict) else None
    status = body.get("status") if isinstance(body, dict) else None
    if status in ("started", "error"):
        return f"the face {id!r} cannot be used: its training is in status {status}"
    return None


def _has_list(read: Read, path: str) -> bool:
    try:
        return bool(items_in(FACE_WORDS, read(path, {"limit": "1"})))
    except ProviderError:
        return False


def check_voice(read: Read, id: str) -> str | None:
    """The same for a voice, by the list: there is no way to ask for one. Lists without ids tell nothing."""
    seen: set[str] = set()
    for page in range(1, MOST_PAGES + 1):
        try:
            items = items_in(("voices",), read("/voices", {"source": "all", "limit": "100", "page": str(page)}))
        except ProviderError:
            return None
        ids = {found for item in items or () if (found := _voice_id(item)) is not None}
        if id in ids or (items and not ids):
            return None
        if not ids - seen or len(items or ()) < 100:
            break
        seen |= ids
    else:
        return None
    return f"no voice is called {id!r} in the library" if seen | ids else None


def _voice_id(item: Json) -> str | None:
    if isinstance(item, dict):
        for word in VOICE_IDS:
            value = item.get(word)
            if isinstance(value, str):
                return value
    return None
