"""Runs generated LiveKit agents in a process of their own, under the real packages, with no way off the machine."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reconciler.api.offline import load_catalogue
from reconciler.core.export.target import Generated, Knowledge, Subject
from reconciler.platforms.livekit.livekit_target import generate

KNOWLEDGE = Knowledge(load_catalogue())

SCRIPT = """
import asyncio, importlib.util, json, os, socket, sys
from pathlib import Path

def allowed(address):
    host = str(address[0]) if isinstance(address, tuple) else ""
    return host in ("", "localhost", "::1") or host.startswith("127.")

def guard(real, place):
    def guarded(*arguments, **options):
        target = arguments[place]
        if not allowed(target if isinstance(target, tuple) else (target,)) and not (
            place and arguments[0].family == socket.AF_UNIX
        ):
            raise RuntimeError(f"a generated agent tried to reach {target!r}")
        return real(*arguments, **options)
    return guarded

for name in ("connect", "connect_ex"):
    setattr(socket.socket, name, guard(getattr(socket.socket, name), 1))
socket.getaddrinfo = guard(socket.getaddrinfo, 0)

from livekit.agents.utils import http_context

async def look(path):
    settings = json.loads(path.with_suffix(".json").read_text("utf-8"))
    for name in settings["environment"]:
        os.environ[name] = f"https://value.example/of/{name}/that-is-long-enough-for-any-key"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    session = module.build_session()
    agent = module.build_agent()
    async with http_context.open():
        avatar = module.build_avatar()
    options = session.options
    return {
        "session": type(session).__name__,
        "llm": session.llm.model, "llm_class": type(session.llm).__module__,
        "llm_options": {
            key: value for key, value in vars(session.llm._opts).items()
            if isinstance(value, (str, int, float, dict, bool)) and "secret" not in key
        },
        "base_url": str(getattr(session.llm, "_client").base_url) if hasattr(session.llm, "_client") else None,
        "stt": session.stt.model, "tts": session.tts.model, "tts_class": type(session.tts).__module__,
        "instructions": agent.instructions,
        "tools": [tool.info.raw_schema for tool in agent.tools],
        "keyterms": options.stt_context_options.get("keyterms"),
        "endpointing": options.turn_handling["endpointing"],
        "interruption": options.turn_handling["interruption"],
        "preemptive": options.turn_handling["preemptive_generation"]["enabled"],
        "avatar": [avatar._pal_id or None, avatar._face_id or None],
        "entry": module.server._entrypoint_fnc.__name__,
        "handlers": sorted(module.handlers.HANDLERS),
    }

async def main():
    for line in sys.stdin:
        try:
            found = await look(Path(json.loads(line)))
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        print("FOUND " + json.dumps(found, default=str), flush=True)

asyncio.run(main())
"""


def lacking(*modules: str) -> str:
    """Why the real packages cannot be asked; empty where they can."""
    for name in modules or ("livekit.agents", "livekit.plugins.tavus"):
        try:
            found = importlib.util.find_spec(name) is not None
        except ImportError:
            found = False
        if not found:
            return f"{name} is not installed (pip install '.[livekit]')"
    return ""


def make(subjects: Sequence[Subject], folder: Path) -> list[Generated]:
    """Write the agents of `subjects` below `folder`."""
    made = list(generate(subjects, KNOWLEDGE))
    for file in (file for one in made for file in one.files):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.text.encode("utf-8"))
    return made


def agent_path(one: Generated, folder: Path) -> Path:
    """The module of an agent."""
    return folder / next(file.path for file in one.files if file.path.endswith("_agent.py"))


def run_agents(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """What each module builds, keys as at the end of `look`; `{error}` for one that does not import or build."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        input="".join(json.dumps(str(path)) + "\n" for path in paths),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("FOUND ")]
