"""All small wrong changes of one module: what a tired hand or a careless merge would do to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr
}  # fmt: skip


@dataclass(frozen=True)
class WrongChange:
    """`old` at this place of a source becomes `new`; `source` is the whole text afterwards."""

    line: int
    old: str
    new: str
    source: str

    def __str__(self) -> str:
        return f"{self.line}: {self.old} -> {self.new}"


def wrong_changes(source: str) -> Iterator[WrongChange]:
    """Every wrong change of what functions do, from the first line to the last."""
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    raw = source.encode()
    for node in done_in_functions(ast.parse(source)):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        for new in variants(node):
            text = raw[:begin] + new.encode() + raw[end:]
            yield WrongChange(node.lineno, " ".join(raw[begin:end].decode().split()), new, text.decode())


def done_in_functions(tree: ast.Module) -> list[ast.expr | ast.stmt]:
    """Statements and expressions of all functions, in the order of the text; no type hints, no pieces of texts."""
    bodies = [
        statement
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for statement in function.body
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)
    ]
    found = {
        (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, type(node)): node
        for statement in bodies
        for node in ast.walk(statement)
        if isinstance(node, ast.expr | ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom)
    }
    hints = {
        id(part) for node in found.values() if isinstance(node, ast.AnnAssign) for part in ast.walk(node.annotation)
    }
    texts = {id(part) for node in found.values() if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    return sorted(
        (node for node in found.values() if id(node) not in hints | texts),
        key=lambda one: (one.lineno, one.col_offset, one.end_col_offset or 0),
    )


def variants(node: ast.expr | ast.stmt) -> Iterator[str]:
    """What may stand there instead, as text."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARED:
            yield f"({ast.unparse(ast.Compare(left, [COMPARED[type(op)]()], [right]))})"
        case ast.BoolOp(values=values):
            for index in range(len(values)):
                rest = values[:index] + values[index + 1 :]
                yield f"({ast.unparse(rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in COUNTED:
            yield f"({ast.unparse(ast.BinOp(left, COUNTED[type(op)](), right))})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"({ast.unparse(operand)})"
        case ast.Constant(value=bool(value)):
            yield str(not value)
        case ast.Constant(value=int(value)):
            yield str(value + 1)
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and not value.value):
            yield "return None"  # a falsy constant in its place would rarely matter
        case ast.Expr(value=ast.Call()) | ast.Continue() | ast.Break() | ast.Raise() | ast.AugAssign():
            yield "pass"
        case _:
            return
