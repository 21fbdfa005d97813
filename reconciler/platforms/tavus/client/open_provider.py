"""Opens the Tavus provider for a workspace: settings, key, address; and the library of faces and voices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from urllib.parse import quote

from reconciler.core.operator_trust import Operator
from reconciler.core.setting_reader import SettingsReader, read_limits, reference_in
from reconciler.errors import AuthRefused, NotFound, NotTrusted, ProviderError, Rejected, UsageError
from reconciler.platforms.base import ProviderContext
from reconciler.platforms.tavus.client.endpoints import items_in
from reconciler.platforms.tavus.client.retry_policy import RetryPolicy
from reconciler.platforms.tavus.platform import KEY_VARIABLE, PLATFORM, ROLES, URL_VARIABLE
from reconciler.types.json import Json
from reconciler.types.ports import Provider
from reconciler.types.project import ProviderSettings

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


BASE_URL = "https://tavusapi.com/v2"


def open_provider(settings: ProviderSettings, context: ProviderContext) -> Provider:
    """The provider for one workspace; sends nothing.

    Raises `UsageError` for settings it does not know and for an address that would send the key in clear,
    `NotTrusted` for an address that is not the operator's, `AuthRefused` when there is no key.
    """
    from reconciler.platforms.tavus.client.tavus_provider import TavusProvider

    check_settings(settings, known=ROLES)
    base_url = find_base_url(settings, context)
    key = find_key(settings, context)
    return TavusProvider(
        api_key=key,
        base_url=base_url,
        vocabulary=vocabulary_of(settings),
        reading=context.reading,
        parallelism=context.parallelism,
        pace=context.pace(base_url, key),
        policy=RetryPolicy(give_up_after=context.give_up_after),
        timeout=_timeout(settings.settings.get("timeout")),
        emit=context.emit,
        redactor=context.redactor,
        clock=context.clock,
        random=context.random,
        limits=read_limits(settings.settings, context.environ),
        answers=context.answers,
    )


def check_settings(settings: ProviderSettings, *, known: Iterable[str]) -> None:
    """Raise `UsageError` for an unknown key, with the nearest valid spelling."""
    words = tuple(known)
    for key in settings.settings:
        if key not in words:
            close = get_close_matches(key, words, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(words) or 'none'}"
            raise UsageError(f"unknown setting {key!r} of provider {settings.type!r}", hint=hint)


def vocabulary_of(settings: ProviderSettings) -> str:
    """The words on the wire; ours where the settings name none. Raises `UsageError` for unknown ones."""
    known = PLATFORM.vocabularies
    if settings.vocabulary not in {"", *known}:
        raise UsageError(f"unknown vocabulary {settings.vocabulary!r}", hint=f"write {' or '.join(known)}")
    return settings.vocabulary or known[0]


def find_base_url(settings: ProviderSettings, context: ProviderContext) -> str:
    """From the project file, else the environment, else the vendor's public address; checked.

    Raises `UsageError` for one that is none, `NotTrusted` for a host that is not the operator's.
    """
    from reconciler.platforms.tavus.client.tavus_transport import check_base_url

    foreign: list[NotTrusted] = []
    value = _reader(settings, context).text("base_url", foreign, may_lack=True)
    if value is None:
        return check_base_url(context.environ.get(URL_VARIABLE) or BASE_URL, shown=URL_VARIABLE)
    reference = reference_in(settings.settings.get("base_url"))
    checked = check_base_url(value, shown=None if reference is None else reference.name)
    if foreign:
        raise foreign[0]
    return checked


def find_key(settings: ProviderSettings, context: ProviderContext) -> str:
    """The API key, from where the project file says, else from the environment.

    Raises `AuthRefused` when it is not there, `UsageError` when it cannot be one. Never shows any of it.
    """
    setting = settings.settings.get("api_key")
    where = KEY_VARIABLE if setting is None else _place(setting)
    key = context.environ.get(KEY_VARIABLE)
    if setting is not None:
        key = _reader(settings, context).text("api_key", may_lack=True)
    key = (key or "").strip()
    context.redactor.learn(key)
    if not key:
        raise AuthRefused(
            f"workspace {context.workspace!r} has no API key: {where} is not set",
            hint=f"set {where} to a key of the account{_without_key(context)}",
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(
            f"the API key in {where} holds characters that no key has", hint="copy it again, on one line"
        )
    return key


def _without_key(context: ProviderContext) -> str:
    """The way out that needs no key, where this project has one."""
    return f", or use the workspace `{context.keyless}`, which needs none" if context.keyless else ""


def _place(value: Json) -> str:
    reference = reference_in(value)
    if reference is None:
        return "api_key"
    return reference.variable or f"the file {reference.name}"


def _reader(settings: ProviderSettings, context: ProviderContext) -> SettingsReader:
    operator = Operator(context.environ, context.trusted, PLATFORM.vendor)
    what = f"provider {settings.type!r}"
    learn = context.redactor.learn
    return SettingsReader(what, ROLES, settings.settings, operator, context.secrets.resolve, learn=learn)


def _timeout(value: Json) -> float:
    if value is None:
        return 30.0
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 600:
        return float(value)
    raise UsageError("timeout of the provider is no number of seconds from 1 to 600")
