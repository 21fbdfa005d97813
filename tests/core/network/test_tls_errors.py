"""An address of another protocol is told from other failures, whatever their texts are."""

from __future__ import annotations

import ssl

from reconciler.core.network.tls_errors import NOT_TLS, speaks_plainly


def failure(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "any text")
    error.reason = reason
    return error


def test_the_reason_counts_however_deep_it_lies() -> None:
    for reason in NOT_TLS:
        outer = ConnectionError("x")
        outer.__cause__ = OSError("y")
        outer.__cause__.__context__ = failure(reason)
        assert speaks_plainly(outer)


def test_texts_and_other_reasons_do_not() -> None:
    assert not speaks_plainly(ConnectionError("[SSL: WRONG_VERSION_NUMBER]"))
    assert not speaks_plainly(failure("CERTIFICATE_VERIFY_FAILED"))


def test_a_ring_of_causes_ends() -> None:
    one, two = OSError("x"), OSError("y")
    one.__cause__, two.__cause__ = two, one
    assert not speaks_plainly(one)
