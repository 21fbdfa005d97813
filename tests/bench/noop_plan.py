"""A plan without changes against the floor, side by side in one run: python tests/bench/noop_plan.py [N] [LATENCY].

Prints the CPU and wall time of both, their ratios, and the tool's start-up against a bare import of click. Times on a
shared machine drift; the ratios are what counts.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ROUNDS = 5
PROMPT = "You are a warm and patient guide who answers in short sentences. " * 50
PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {{name: p{number:05}}}
spec:
  pal_name: P{number:05}
  system_prompt: |-
    {prompt}
    Number {number}.
  pipeline_mode: full
  default_face_id: r90bbd427f71
  document_tags: [courses, opening-hours]
  layers:
    llm: {{model: tavus-gpt-oss, speculative_inference: true, extra_body: {{temperature: 0.5, top_p: 0.9}}}}
    tts: {{tts_engine: cartesia, external_voice_id: voice, voice_settings: {{speed: 0.5}}, tts_emotion_control: true}}
    perception: {{perception_model: raven-1, visual_awareness_queries: [Is anybody there?, Is it dark?]}}
    stt: {{stt_engine: tavus-auto, hotwords: Roey}}
    conversational_flow: {{turn_detection_model: sparrow-1, turn_taking_patience: high, pal_interruptibility: medium}}
"""


def write_project(folder: Path, count: int) -> Path:
    """`count` personas of about 4 KB, one file each."""
    manifests = folder / "manifests"
    manifests.mkdir()
    for number in range(count):
        (manifests / f"p{number:05}.yaml").write_text(PERSONA.format(number=number, prompt=PROMPT))
    return manifests


def measure(command: list[str], cwd: Path, environ: dict[str, str]) -> tuple[float, float]:
    """CPU and wall seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def compare(name: str, ours: list[str], floor: list[str], cwd: Path, environ: dict[str, str]) -> None:
    """Run both in turns and print medians and their ratio."""
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "floor": []}
    for _ in range(ROUNDS):
        found["floor"].append(measure(floor, cwd, environ))
        found["ours"].append(measure(ours, cwd, environ))
    for index, what in enumerate(("cpu", "wall")):
        mine, least = (median(row[index] for row in found[key]) for key in ("ours", "floor"))
        print(f"{name:28} {what:5} ours {mine:7.3f} s   floor {least:7.3f} s   ratio {mine / least:5.2f}")


def main(count: int = 1000, latency: float = 0.0) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TAVUS_API_KEY": "bench"}
    python = sys.executable
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        manifests = write_project(folder, count)
        account = [python, str(HERE / "listing_account.py"), str(manifests), str(latency)]
        with subprocess.Popen(account, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                url = server.stdout.readline().strip()
                environ["TAVUS_PUBLIC_API_BASE_URL"] = url
                # Adopting by name needs no state, so plan has nothing to write and nothing to apply first.
                ours = [python, "-m", "reconciler", "-w", "tavus", "plan"]
                floor = [python, str(HERE / "floor.py"), str(manifests), url]
                compare(f"plan of {count}, {latency:g} s", ours, floor, folder, environ)
            finally:
                server.kill()
        version = [python, "-m", "reconciler", "--version"]
        compare("--version / import click", version, [python, "-c", "import click"], folder, environ)


if __name__ == "__main__":
    main(*(kind(value) for kind, value in zip((int, float), sys.argv[1:], strict=False)))
