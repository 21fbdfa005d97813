"""The provider port over the Tavus API."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.core.network import Due
from reconciler.core.secrets.redact_document import credentials_in
from reconciler.core.secrets.redact_text import Redactor
from reconciler.errors import NotFound, OutcomeUnknown, ProviderError, Rejected, Unavailable
from reconciler.platforms.base import Answers
from reconciler.platforms.rate_limiter import RateLimiter
from reconciler.platforms.tavus.client.endpoints import (
    ENDPOINTS,
    PAGE_LIMIT,
    Endpoint,
    attached_in,
    id_of,
    is_answer_about,
    is_stock,
    items_in,
    name_of,
    object_in,
    owners_in,
    share_texts,
    total_in,
)
from reconciler.platforms.tavus.client.open_provider import check_face, check_voice
from reconciler.platforms.tavus.client.pagination import Page, read_list
from reconciler.platforms.tavus.client.retry_policy import RetryPolicy
from reconciler.platforms.tavus.client.tavus_client import Client
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.kinds import kind as kind_named
from reconciler.types.change import Change, Request
from reconciler.types.event import Reading
from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec
from reconciler.types.live import Account, Listing, ListPage, LiveObject
from reconciler.types.options import Limits
from reconciler.types.ports import Answer, Clock, Emit, Gate
from reconciler.waits import look_again

if TYPE_CHECKING:
    import httpx


class TavusProvider:
    """Speaks to one account; see `types.ports.Provider` for what it promises."""

    kinds = KINDS

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        vocabulary: str = "pal",
        reading: bool = False,
        transport: httpx.BaseTransport | None = None,
        parallelism: int = 10,
        pace: RateLimiter | None = None,
        policy: RetryPolicy | None = None,
        timeout: float = 30,
        emit: Emit | None = None,
        redactor: Redactor | None = None,
        clock: Clock,
        random: Callable[[], float],
        limits: Limits | None = None,
        answers: Answers | None = None,
    ) -> None:
        """`transport` replaces the network (a simulator, a test). Raises `UsageError` for a base URL that would not
        keep the key safe."""
        from reconciler.platforms.tavus.client.tavus_transport import (
            ReadOnlyTransport,
            check_base_url,
            open_transport,
        )

        self.vocabulary = vocabulary
        self.base_url = check_base_url(base_url)
        self.timeout = timeout
        self._key = api_key
        self._clock = clock
        self._emit = emit
        self._redactor = redactor or Redactor()
        self._redactor.learn(api_key)
        self._seen = Redactor()
        self._unlearnt: deque[tuple[KindSpec, Object]] = deque()
        """What was read since the service last said something that people read."""
        self._limits = limits or Limits()
        self._parallelism = max(1, parallelism)
        self._owners: set[str] = set()
        self._owners_lock = threading.Lock()
        due = Due(clock.monotonic)
        inner = transport or open_transport(self.base_url, self._parallelism, due)
        self._client = Client(
            api_key=api_key,
            base_url=self.base_url,
            transport=ReadOnlyTransport(inner) if reading else inner,
            clock=clock,
            random=random,
            timeout=timeout,
            pace=pace,
            policy=policy,
            emit=emit,
            hide=self._hide,
            due=due,
            limits=self._limits,
            answers=answers,
        )

    @property
    def requests_sent(self) -> int:
        return self._client.requests_sent

    @property
    def requests_per_second(self) -> float | None:
        return self._client.requests_per_second

    def account(self) -> Account:
        """What is known of the account without asking.

        `owner` appears once the objects that were read agree on one; where they differ it identifies nothing.
        """
        with self._owners_lock:
            owner = next(iter(self._owners)) if len(self._owners) == 1 else None
        return Account(self.base_url, self.vocabulary, owner=owner)

    def fingerprint(self, digest: Callable[[str], str]) -> str:
        """`digest` of the API key: the key itself stays in here."""
        return digest(self._key)

    def repeat(self, request: str) -> bytes:
        """The answer to a GET of an earlier run, unread. Raises `ProviderError`."""
        return self._client.repeat(request)

    def stop_when(self, stop: Callable[[], bool]) -> None:
        self._client.stop_when(stop)

    def close(self) -> None:
        self._client.close()

    def _hide(self, text: str) -> str:
        """A text of the service, without the secrets of this run and of the objects that it showed."""
        while self._unlearnt:
            with suppress(IndexError):  # another thread took it
                self._seen.learn(*credentials_in(*self._unlearnt.popleft()))
        return self._redactor.hide(self._seen.hide(text))

    # --- reading ---------------------------------------------------------------------------------------------------

    def list(self, kind: str) -> Listing:
        """Every object of the account. Raises `IncompleteList`, `AuthRefused`, `Unavailable`, `Rejected`."""
        spec, endpoint = kind_named(kind), ENDPOINTS[kind]

        def fetch(number: int) -> Page:
            return self._list_page(endpoint, number)

        def progress(done: int, total: int | None) -> None:
            if self._emit is not None:
                self._emit(Reading(kind, done, total))

        try:
            found = read_list(
                f"{kind} objects",
                fetch,
                lambda item: id_of(spec, item),
                base=endpoint.page_base,
                limit=endpoint.page_limit,
                width=self._parallelism,
                progress=progress,
                most=self._limits.pages,
            )
        except Rejected as refused:
            if not refused.not_served:
                raise
            if not endpoint.newer:
                word = spec.manifest_kinds[0]
                raise Rejected(
                    f"{refused.message}: {self.base_url} serves no {word} objects",
                    status=refused.status,
                    hint=f"{refused.hint}; if this server has none, take the {word} manifests (and the state's "
                    f"{kind} entries) out, or leave them out of this run: --exclude '{kind}.*'",
                ) from None
            found = {}
        own = {id: item for id, item in found.items() if not is_stock(endpoint, item)}
        self._note_owner(list(own.values()))
        objects = {id: self._live(kind, id, item) for id, item in own.items()}
        return self._named(Listing(kind, objects)) if endpoint.nameless_lists else Listing(kind, objects)

    def list_page(self, kind: str, place: int) -> ListPage | None:
        """The page of a list that holds a place; None where the list is in no known order."""
        spec, endpoint = kind_named(kind), ENDPOINTS[kind]
        if not endpoint.oldest_first:
            return None
        number = place // endpoint.page_limit
        page = self._list_page(endpoint, endpoint.page_base + number)
        items = {id: item for item in page.items if isinstance(item, dict) and (id := id_of(spec, item)) is not None}
        if (
            page.total is None
            or len(items) < len(page.items)
            or any(is_stock(endpoint, value) for value in items.values())
        ):
            return None
        self._note_owner(list(items.values()))
        found = {id: self._live(kind, id, item) for id, item in items.items()}
        return ListPage(number * endpoint.page_limit, found, page.total)

    def _list_page(self, endpoint: Endpoint, number: int) -> Page:
        query = endpoint.list_query.get(self.vocabulary, {})
        page = {"limit": str(endpoint.page_limit), "page": str(number)}
        return self._page(endpoint.paths[self.vocabulary], endpoint.list_words, {**query, **page})

    def _named(self, listing: Listing) -> Listing:
        """The same, those without a name in detail: without it an object cannot be told from one to create."""
        nameless = [live.id for live in listing.objects.values() if live.name is None]
        if not nameless:
            return listing
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(self._parallelism, len(nameless)), thread_name_prefix="details") as pool:

            def look(ids: Sequence[str]) -> dict[str, LiveObject | None]:
                return dict(zip(ids, pool.map(lambda id: self.get(listing.kind, id), ids), strict=True))

            found = look(nameless)
            found |= look_again([id for id, live in found.items() if live is None], look, self._clock.sleep)
        objects = {id: found.get(id) or live for id, live in listing.objects.items()}
        return Listing(listing.kind, objects, frozenset(id for id, live in found.items() if live is None))

    def get(self, kind: str, id: str) -> LiveObject | None:
        """One object in detail; None when the API does not know the id, or not as ours."""
        spec, endpoint = kind_named(kind), ENDPOINTS[kind]
        if not id:
            return None
        path = f"{endpoint.paths[self.vocabulary]}/{quote(id, safe='')}"
        answer = self._read_one(path, endpoint, lambda document: is_answer_about(spec, id, document))
        body = object_in(spec, answer)
        if body is None:
            return None
        if not is_stock(endpoint, body):
            self._note_owner([body])
        return self._live(kind, id, body, detailed=True)

    def _read_one(self, path: str, endpoint: Endpoint, accept: Callable[[Json], bool]) -> Json:
        """The answer for one object; None when the API does not know it.

        A 400 that does not name the id may mean the query, which older servers do not know. Without a query there is
        nothing left but the id that could be wrong.
        """
        try:
            return self._client.read(path, endpoint.get_query, accept)
        except NotFound:
            return None
        except Rejected as refused:
            if refused.status != 400:
                raise
        try:
            return self._client.read(path, accept=accept) if endpoint.get_query else None
        except Rejected as refused:
            if refused.status not in (400, 404, 410):
                raise
        return None

    def attached_tools(self, id: str) -> tuple[str, ...]:
        """Ids of the registry tools attached to the persona `id`, sorted. Raises `NotFound` for an unknown one."""
        endpoint, tools = ENDPOINTS["persona"], ENDPOINTS["tool"]
        spec = kind_named("tool")
        path = f"{endpoint.paths[self.vocabulary]}/{quote(id, safe='')}/{endpoint.attachments}"
        page = self._page(path, tools.list_words)
        if page.total is not None and page.total > len(page.items):
            # Documented as one page, but it says that there is more.
            def fetch(number: int) -> Page:
                query = {"limit": str(PAGE_LIMIT), "page": str(number)}
                return self._page(path, tools.list_words, query)

            most = self._limits.pages
            found = read_list(
                "attached tools", fetch, lambda item: id_of(spec, item), base=1, limit=PAGE_LIMIT, most=most
            )
            return tuple(sorted(id for id, item in found.items() if not is_stock(tools, item)))
        ids = {
            item if isinstance(item, str) else id_of(spec, item)
            for item in page.items
            if not (isinstance(item, dict) and is_stock(tools, item))
        }
        if None in ids:
            raise Unavailable(f"GET {path}: an attached tool has no id")
        return tuple(sorted(id for id in ids if id is not None))

    def part(self, kind: str, id: str, pointer: str) -> Json:
        """What a sub resource of the object holds, in a manifest's shape. Raises `NotFound` for an unknown object."""
        endpoint = ENDPOINTS[kind]
        part = endpoint.parts[pointer]
        path = f"{endpoint.paths[self.vocabulary]}/{quote(id, safe='')}/{part.name}"
        return part.read(self._client.read(path, accept=lambda document: part.read(document) is not None))

    def check_library(self, library: str, id: str) -> str | None:
        """What is wrong with a face or voice that a manifest names; None where nothing is, or nobody can tell."""
        if library == "face":
            return check_face(self._client.read, self.vocabulary, id)
        return check_voice(self._client.read, id)

    def reserved(self, kind: str) -> frozenset[str]:
        """Names of the vendor's own objects. Only of kinds whose names are unique: one request."""
        endpoint = ENDPOINTS[kind]
        query = {"type": "system", "limit": str(endpoint.page_limit), "page": str(endpoint.page_base)}
        try:
            page = self._page(endpoint.paths[self.vocabulary], endpoint.list_words, query)
        except ProviderError:
            return frozenset()
        spec = kind_named(kind)
        found = (name_of(spec, item) for item in page.items if isinstance(item, dict) and is_stock(endpoint, item))
        return frozenset(name for name in found if name)

    def _page(self, path: str, words: Sequence[str], query: Mapping[str, str] | None = None) -> Page:
        answer = self._client.read(path, query, accept=lambda document: items_in(words, document) is not None)
        return Page(share_texts(items_in(words, answer) or []), total_in(answer))

    def _live(self, kind: str, id: str, body: Object, *, detailed: bool = False) -> LiveObject:
        spec = kind_named(kind)
        self._unlearnt.append((spec, body))
        tools = attached_in(body) if spec.attachments else None
        return LiveObject(spec, id, name_of(spec, body), body, detailed, tools, self._clock.monotonic())

    def _note_owner(self, items: Sequence[Object]) -> None:
        owners = set(owners_in(items))
        with self._owners_lock:
            self._owners |= owners

    # --- writing ---------------------------------------------------------------------------------------------------

    def requests(self, change: Change, before: Object | None) -> tuple[Request, ...]:
        """The writes that carry out `change`, in order; pure."""
        kind = change.address.kind
        from reconciler.platforms.tavus.client.render_requests import render  # of no use to a run without changes

        return render(kind_named(kind), ENDPOINTS[kind], self.vocabulary, change, before)

    def send(self, request: Request, *, force: bool = False, gate: Gate | None = None) -> Answer:
        """Send one write whose placeholders are filled; 304 is an answer. See the port for what is raised."""
        from reconciler.platforms.tavus.client.render_requests import call_of

        endpoint, spec = ENDPOINTS[request.address.kind], kind_named(request.address.kind)
        self._redactor.learn(*credentials_in(spec, request.body))
        call = call_of(request, spec, endpoint, self._body_of, force=force, gate=gate)
        try:
            answer = self._client.write(call)
        except Rejected as refused:
            if not call.create or not endpoint.newer or not refused.not_served:
                raise
            what = spec.manifest_kinds[0]
            raise Rejected(
                refused.message,
                status=refused.status,
                hint=f"this server is older than {what}s: take the manifests of the kind out of this workspace"
                " (`overlays`, `--exclude`), and what refers to them",
            ) from None
        if call.create and self.created_id(request.address.kind, answer) is None:
            raise OutcomeUnknown(
                f"POST {request.path} answered {answer.status} without an id; the object may exist",
                status=answer.status,
                hint="run `reconciler plan` again: it looks for the object by its name before it creates another",
            )
        return answer

    def created_id(self, kind: str, answer: Answer) -> str | None:
        """The id in the answer to a create, whatever its spelling and wrapping."""
        spec = kind_named(kind)
        return id_of(spec, object_in(spec, answer.body))

    def _body_of(self, kind: str, id: str) -> Object | None:
        found = self.get(kind, id)
        return found.body if found is not None else None
