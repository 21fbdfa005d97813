"""The keys that a state is sealed with: from the environment, a file or a command; never from the project file."""

from __future__ import annotations

import base64
import binascii
import shlex
import subprocess

from reconciler.backends.context import BackendContext, read_text
from reconciler.core.settings.setting_reader import not_your_command
from reconciler.errors import UsageError
from reconciler.types.json import Json
from reconciler.types.project import BackendSettings
from reconciler.types.reference import SecretRef

COMMAND_SECONDS = 60
MAKE_KEY = "32 bytes in base64 or hex, for example from: openssl rand -base64 32"


def read_key(setting: Json, context: BackendContext, *, own: bool = False) -> bytes:
    """The 32 bytes that `{env: X}`, `{file: path}` or `{command: text}` stands for.

    Raises `UsageError`, and `NotTrusted` for a command that is not the operator's (`own`: it is).
    """
    inner: Json = {**setting.written()} if isinstance(setting, SecretRef) else setting
    if not isinstance(inner, dict) or len(inner) != 1 or next(iter(inner)) not in {"env", "file", "command"}:
        raise UsageError(
            "a key under `encryption` is {env: NAME}, {file: path} or {command: text}, never the key itself",
            hint="encryption: {key: {env: STATE_KEY}}",
        )
    (kind, of) = next(iter(inner.items()))
    if kind == "command":
        command = _command(of)
        if not own and not context.operator.runs(command):
            raise not_your_command("the key of `encryption`", command)
        text = _run(command)
    else:
        text = read_text(BackendSettings("encryption", {"key": SecretRef(kind, str(of))}), "key", context) or ""
    context.redactor.learn(text)
    key = _decode(text.strip())
    if key is None:
        raise UsageError(f"the key from {kind} {of} is no key of 32 bytes", hint=MAKE_KEY)
    return key


def _command(text: Json) -> str:
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        raise UsageError(
            "the command for the key of the state is a text of one line", hint="{command: pass show key}"
        )
    return text.strip()


def _run(command: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=True
        )
        return done.stdout.decode("ascii")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # Its output may be the key.
        raise UsageError(
            f"the command for the key of the state failed: {type(error).__name__}", hint=f"try it: {command}"
        ) from None


def _decode(text: str) -> bytes | None:
    try:
        key = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return key if len(key) == 32 else None
