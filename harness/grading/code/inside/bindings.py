"""Names that one source binds and another one reads: what tests need of a program."""

from __future__ import annotations

import ast
import builtins
import symtable
import sys
from collections.abc import Iterator


def free_names(source: str) -> list[str]:
    """Global names that a program reads and does not bind, in alphabetical order."""
    top = symtable.symtable(source, "<tests>", "exec")
    bound = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    read = {
        symbol.get_name()
        for table in _tables(top)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (table is top or symbol.is_global())
    }
    return sorted(read - bound)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def needed_names(tests: ast.Module, free: list[str]) -> set[str]:
    """Names that the program has to define: no builtin, unless the tests need nothing else.

    One problem of MBPP asks for a function `sum`; a program may not replace `set` or `len`,
    which tests rely on.
    """
    strangers = {name for name in free if not hasattr(builtins, name)}
    modules = {name for name in strangers & sys.stdlib_module_names if _only_a_base(tests, name)}
    if strangers - modules:
        return strangers - modules
    called = [
        side.func.id
        for statement in tests.body
        if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Compare)
        for side in [statement.test.left]
        if isinstance(side, ast.Call) and isinstance(side.func, ast.Name)
    ]
    return set(called) & set(free)


def _only_a_base(tests: ast.Module, name: str) -> bool:
    """Whether a name stands only before a dot, as the name of a module does."""
    bases = {id(node.value) for node in ast.walk(tests) if isinstance(node, ast.Attribute)}
    named = [node for node in ast.walk(tests) if isinstance(node, ast.Name) and node.id == name]
    return all(id(node) in bases for node in named)


def given_helpers(question: str) -> tuple[str, set[str]]:
    """What a question in Python provides beside the function that it asks for.

    Returns:
        The source without functions that have no body yet, and the names of those.
    """
    try:
        tree = ast.parse(question)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "", set()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if not functions:
        return "", set()
    asked = {node.name for node in functions if all(map(_is_no_code, node.body))}
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name in asked)
    ]
    return ast.unparse(tree), asked


def _is_no_code(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Pass | ast.Import | ast.ImportFrom)
