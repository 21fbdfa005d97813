"""What stands between the client and the service: it changes answers, loses them, or lets things happen meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import httpx


class Between(httpx.BaseTransport):
    """Hands requests on; `answers` are asked in turn about each request that `concerns`, until one is None."""

    def __init__(self, inner: httpx.BaseTransport, concerns: Callable[[httpx.Request], bool]) -> None:
        self.inner = inner
        self.concerns = concerns
        self.answers: list[Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]] = []
        self.passed: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        def go() -> httpx.Response:
            self.passed.append(f"{request.method} {request.url.path}")
            return self.inner.handle_request(request)

        if self.answers and self.concerns(request):
            return self.answers.pop(0)(request, go)
        return go()


def swallowed(answer: httpx.Response) -> Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]:
    """Answers in the service's place; it never sees the request."""
    return lambda request, go: answer


def replaced(answer: httpx.Response) -> Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]:
    """The service carries the request out, and another answer comes back."""

    def play(request: httpx.Request, go: Callable[[], httpx.Response]) -> httpx.Response:
        go().close()
        return answer

    return play
