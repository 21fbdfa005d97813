"""What `migrate` costs: 10,000 manifests in one file against the same in 10,000 files, and twice as many.

python -m tests.bench.migrating [MANIFESTS]
"""

from __future__ import annotations

import json
import sys
from time import perf_counter

import yaml

from tests.support.migrating import Project

LEGACY = """\
apiVersion: personas/v1
kind: Persona
metadata: {{name: p{number}}}
spec:
  persona_name: P{number}
  system_prompt: You help.
  context: ""
  layers:
    llm:
      model: tavus-llama-4
      tools:
        - type: function
          function: {{name: tool_{tool}, description: Finds {tool}., parameters: {{type: object, properties: {{}}}}}}
"""


def legacy(number: int) -> str:
    return LEGACY.format(number=number, tool=number % 20)


def in_one_file(count: int) -> Project:
    return Project({"all.yaml": "---\n".join(map(legacy, range(count))).encode()})


def in_many_files(count: int) -> Project:
    return Project({f"p{number}.yaml": legacy(number).encode() for number in range(count)})


def in_one_list(count: int, path: str) -> Project:
    """Bare bodies in one list: of YAML, the same under `data`, or of JSON."""
    bodies = [yaml.safe_load(legacy(number))["spec"] for number in range(count)]
    if path.endswith(".json"):
        return Project({path: json.dumps(bodies, indent=2).encode()})
    text = yaml.safe_dump(bodies if path != "data.yaml" else {"data": bodies}, sort_keys=False)
    return Project({path: text.encode()})


def seconds(project: Project) -> float:
    """How long the migration takes; everything has to be migrated."""
    started = perf_counter()
    result = project.migrate()
    taken = perf_counter() - started
    assert not result.questions and project.migrate(write=False).files == ()
    return taken


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    one, many, half = seconds(in_one_file(count)), seconds(in_many_files(count)), seconds(in_one_file(count // 2))
    listed = seconds(in_one_list(count, "all.yaml"))
    print(f"{count:,} in one file: {one:.1f} s, {one / many:.2f} of the same in {count:,} files ({many:.1f} s)")
    print(f"{count:,} in one list: {listed:.1f} s, {listed / many:.2f} of the same in {count:,} files")
    print(f"twice the manifests: {one / half:.2f} times as long ({half:.1f} s for {count // 2:,})")
    sys.exit(max(one, listed) > 2 * many)


if __name__ == "__main__":
    main()
