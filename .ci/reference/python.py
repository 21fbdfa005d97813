"""The page of the Python API: every public function, the methods of an opened project, records and errors."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import reconciler
from reconciler.api.boundary import PlanFlags
from reconciler.api.project import OpenedProject
from reconciler.api.state import ProjectState
from reconciler.errors import ReconcilerError
from reference import block, code, table


def page() -> str:
    """Functions, methods, records, errors."""
    public = {name: getattr(reconciler, name) for name in reconciler.__all__ if not name.startswith("_")}
    functions = {name: one for name, one in public.items() if inspect.isfunction(one)}
    classes = {name: one for name, one in public.items() if isinstance(one, type)}
    errors = {name: one for name, one in classes.items() if issubclass(one, ReconcilerError)}
    methods = {OpenedProject: "Methods of an opened project", ProjectState: "Methods of `project.state`"}
    flags = ", ".join(f"`{name}`" for name in PlanFlags.__annotations__)
    parts = [
        "Everything below is importable from `reconciler`, typed, and imported when it is first used.",
        "## Functions",
        *(described(name, one) for name, one in functions.items()),
    ]
    for cls, title in methods.items():
        parts += [f"## {title}", *(described(name, one) for name, one in own_methods(cls))]
    records = [(code(name), first(one)) for name, one in classes.items() if name not in errors]
    failures = [(code(name), str(one.exit_code), first(one)) for name, one in errors.items()]
    parts += [
        f"`plan` and `apply` take {flags}; `drift` the first three.",
        "## Records",
        table(("name", "what it is"), records),
        "## Errors",
        table(("name", "exit code", "when"), failures),
    ]
    return "\n\n".join(parts)


def own_methods(cls: type) -> Iterator[tuple[str, object]]:
    """Public methods and properties, in the order of the source."""
    for name, one in vars(cls).items():
        if not name.startswith("_") and (inspect.isfunction(one) or isinstance(one, property)):
            yield name, one


def described(name: str, one: object) -> str:
    """Signature and documentation."""
    text = inspect.cleandoc(one.__doc__ or "")
    if isinstance(one, property):
        return f"### {name}\n\n{text}"
    return f"### {name}\n\n{block(name + signature(one), 'python')}\n\n{text}"


def signature(one: object) -> str:
    """The parameters as written, without `self`; what is called to make a default is left out."""
    assert inspect.isfunction(one)
    made = inspect.signature(one)
    kept = [
        value.replace(default=...) if inspect.isfunction(value.default) else value
        for key, value in made.parameters.items()
        if key != "self"
    ]
    text = str(made.replace(parameters=kept))
    return text.replace("Ellipsis", "...").replace("'", "")


def first(cls: type) -> str:
    """The first line of a class's documentation."""
    return inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]
