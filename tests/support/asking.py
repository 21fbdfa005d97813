"""A command that the nursery of `forked` carries out: `python -I -S asking.py SOCKET -m MODULE WORDS...`.

For programs under test that start the command line themselves. Signals are passed on; the exit code is the command's.
"""

import json
import os
import signal
import socket
import sys
from types import FrameType


def ask(place: str, words: list[str]) -> int:
    """The exit code of the words, negative for a signal."""
    told, tells = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as way:
        way.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        way.connect(place)
        order = {"args": words, "cwd": os.getcwd(), "env": dict(os.environ)}  # noqa: PTH109
        socket.send_fds(way, [json.dumps(order).encode()], [0, 1, 2, tells])
    os.close(tells)
    pid = int(os.read(told, 16))

    def pass_on(number: int, frame: FrameType | None) -> None:
        os.kill(pid, number)

    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, pass_on)
    return os.waitstatus_to_exitcode(int(os.read(told, 16)))


if __name__ == "__main__":
    code = ask(sys.argv[1], sys.argv[2:])
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
