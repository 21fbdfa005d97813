"""Compiles generated agents for Node with the real TypeScript and packages, and runs them without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.core.export.target import Generated, Subject
from reconciler.platforms.livekit.livekit_target import generate
from tests.support.livekitworld import KNOWLEDGE
from tests.support.nodepackages import AGENTS, agents_modules

NODE = replace(KNOWLEDGE, language="node")
LOOK = """
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { initializeLogger } from '@livekit/agents';

initializeLogger({ pretty: false, level: 'silent' });
net.Socket.prototype.connect = function (...where) {
  throw new Error(`a generated agent tried to reach ${JSON.stringify(where)}`);
};

async function look(folder) {
  const settings = JSON.parse(readFileSync(`${folder}/settings.json`, 'utf8'));
  for (const name of settings.environment) {
    process.env[name] = `https://value.example/of/${name}/that-is-long-enough-for-any-key`;
  }
  const module = await import(pathToFileURL(`${folder}/agent.js`).href);
  const session = module.buildSession();
  const agent = module.buildAgent();
  const avatar = module.buildAvatar();
  const sent = [];
  globalThis.fetch = async (address, request) => {
    sent.push({ address: String(address), body: JSON.parse(request.body), key: request.headers['x-api-key'] });
    return new Response(JSON.stringify({ conversation_id: 'c1' }), { status: 200 });
  };
  const room = { name: 'r', isConnected: false, localParticipant: { identity: 'me' }, on() {}, off() {} };
  const conversation = await avatar.start(session, room).catch((error) => `${error}`);
  return {
    llm: session.llm.model, llmClass: session.llm.label(), host: session.llm.provider,
    own: session.llm.constructor.name, stt: session.stt.model, tts: session.tts.model,
    instructions: agent.instructions,
    tools: Object.values(agent.toolCtx.functionTools).map(({ name, description, parameters }) =>
      ({ name, description, parameters })),
    handled: await Promise.all(Object.values(agent.toolCtx.functionTools).map((tool) =>
      tool.execute({}, {}).catch((error) => error.message))),
    turns: session.sessionOptions.turnHandling, keyterms: session.sessionOptions.keytermsOptions ?? null,
    avatar: [avatar.palId, avatar.faceId ?? null], conversation, sent,
    entry: typeof module.default.entry,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const found = await look(JSON.parse(line)).catch((error) => ({ error: `${error}` }));
  console.log(`FOUND ${JSON.stringify(found)}`);
}
process.exit(0);
"""


def lacking_node() -> str:
    """Why the real packages cannot be asked; empty where they can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if agents_modules() is None:
        return f"the packages of Node agents are not installed in {AGENTS} (.ci/run does it)"
    return ""


def make_node(subjects: Sequence[Subject], folder: Path) -> list[Generated]:
    """Write the agents of `subjects` below `folder`, as `generate` makes them."""
    made = list(generate(subjects, NODE))
    for file in (file for one in made for file in one.files):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.text.encode("utf-8"))
    return made


def agent_folder(one: Generated, folder: Path) -> Path:
    """Where an agent is."""
    return (folder / one.files[0].path).parent


def uninstalled(one: Generated) -> list[str]:
    """Packages of an agent that are not installed."""
    modules = agents_modules()
    assert modules is not None
    document = json.loads(next(file.text for file in one.files if file.path.endswith("/package.json")))
    return [name for name in document["dependencies"] if not (modules / name).is_dir()]


def compile_agents(folder: Path, names: Sequence[str]) -> str:
    """What the compiler says of the agents in the folders `names`, each under its own options; empty for nothing.

    The JavaScript is left beside its source.
    """
    modules = agents_modules()
    assert modules is not None
    link = folder / "node_modules"
    if not link.exists():
        link.symlink_to(modules)
    first = json.loads((folder / names[0] / "tsconfig.json").read_text("utf-8"))
    options = {**first["compilerOptions"], "outDir": "."}
    files = [f"{name}/*.ts" for name in names]
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": files, "exclude": []}))
    done = subprocess.run(
        ["node", str(modules / ".bin" / "tsc"), "-p", str(folder)],
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr if done.returncode else ""


def run_node(folder: Path, names: Iterable[str]) -> list[dict[str, Any]]:
    """What each compiled agent builds, keys as in `look`; `{error}` for one that does not import or build."""
    (folder / "look.mjs").write_text(LOOK)
    done = subprocess.run(
        ["node", str(folder / "look.mjs")],
        input="".join(json.dumps(str(folder / name)) + "\n" for name in names),
        capture_output=True, text=True, timeout=200, check=False, cwd=folder, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line[6:]) for line in done.stdout.split("\n") if line.startswith("FOUND ")]
