"""Reads a reference that comes with the harness: a folder of YAML files, checked strictly.

A table is a source, what its rows have in common, and the rows; every row becomes one value.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import InputError, Issues, unknown_name
from harness.reference.collection import Reference
from harness.reference.values import Claim, ReferenceValue

T = TypeVar("T")

_FOLDER = Path(__file__).parent
_ABOUT, _CLAIMS = "about.yaml", "claims.yaml"
# Of values that are equal in all that was asked for, the first file's comes first.
_TABLES = ("generated_data.yaml", "finetuned_models.yaml", "statements.yaml", "setup.yaml")


def reference_names() -> list[str]:
    """The references that come with the harness."""
    return sorted(path.parent.name for path in _FOLDER.glob(f"*/{_ABOUT}"))


def check_reference_name(name: str) -> None:
    """Refuses a reference that is not there.

    Raises:
        InputError: there is none of this name; offers the nearest.
    """
    if name not in reference_names():
        raise InputError(unknown_name("reference", name, reference_names()))


@cache
def load_reference(name: str) -> Reference:
    """A reference by its name.

    Raises:
        InputError: there is none of this name; offers the nearest.
    """
    check_reference_name(name)
    return read_reference(_FOLDER / name)


def read_reference(folder: Path) -> Reference:
    """A reference from its folder, named as the folder is.

    Raises:
        InputError: what is in the files is not what is expected there; all of it at once.
    """
    issues = Issues()
    about = _read(folder / _ABOUT)
    values = [
        value
        for file in _TABLES
        for place, row in _rows(folder / file, issues)
        if (value := _checked(_VALUE, row, place, issues)) is not None
    ]
    claims = [
        claim
        for number, row in enumerate(_read(folder / _CLAIMS)["claims"])
        if (claim := _checked(_CLAIM, row, f"{_CLAIMS}: claim {number + 1}", issues)) is not None
    ]
    tags = set(about["tags"])
    for value in values:
        if value.provenance not in tags:
            issues.add(value.source, f"the tag {value.provenance} is not explained in {_ABOUT}")
    reference = {
        **about,
        "name": folder.name,
        "values": tuple(values),
        "claims": tuple(claims),
    }
    found = _checked(_REFERENCE, reference, _ABOUT, issues)
    issues.raise_if_any(f"the reference in {folder.name} cannot be read:")
    assert found is not None  # Whatever stands in the way was raised.
    return found


def _rows(path: Path, issues: Issues) -> Iterator[tuple[str, dict[str, Any]]]:
    for table in _read(path)["tables"]:
        place = f"{path.name}: {table['source']}"
        for number, row in enumerate(table["rows"], start=1):
            if len(row) != len(table["columns"]):
                issues.add(place, f"row {number} has {len(row)} of {len(table['columns'])} columns")
                continue
            cells = dict(zip(table["columns"], row, strict=True))
            yield f"{place}, row {number}", {**table["common"], "source": table["source"], **cells}


def _read(path: Path) -> Any:
    import yaml

    return yaml.safe_load(path.read_text(encoding="utf-8"))


_VALUE = TypeAdapter(ReferenceValue)
_CLAIM = TypeAdapter(Claim)
_REFERENCE = TypeAdapter(Reference)


def _checked(adapter: TypeAdapter[T], row: Any, place: str, issues: Issues) -> T | None:
    try:
        return adapter.validate_python(row)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            where = ".".join(map(str, one["loc"]))
            issues.add(f"{place}: {where}" if where else place, one["msg"])
        return None
