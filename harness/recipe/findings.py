"""Checks a draft against the schema and says in plain words what is wrong, and where."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from harness.errors import Issues, nearest_names, unknown_name
from harness.recipe.draft import Draft, dotted
from harness.recipe.schema import Recipe
from harness.recipe.schema_walk import expectation, homes_of, known_keys, known_names
from harness.recipe.yaml_text import Path

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def validated(draft: Draft, settled: set[Path], issues: Issues) -> Recipe | None:
    """The recipe; None, with a finding for each problem, if the schema refuses the draft.

    Args:
        draft: the values and their places.
        settled: paths that were reported already.
        issues: collects the findings.
    """
    values: Any = draft.values
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
    # Checks of a whole section run only when its keys are right: once more without the
    # unknown keys, so that both kinds are reported together.
    unknown = {_path(values, item) for item in details if item["type"] == "extra_forbidden"}
    if unknown:
        try:
            Recipe.model_validate(_without(values, unknown))
        except ValidationError as error:
            details += error.errors(include_url=False)
    groups = _by_path(draft.values, details)
    for path, group in groups.items():
        inside_settled = any(path[: len(known)] == known for known in settled)
        # Where a key may be a number (or a word) or a mapping, a wrong entry of the mapping is
        # reported as an error of the number too.
        repeated = any(other[: len(path)] == path != other for other in groups)
        if not inside_settled and not (repeated and _is_type_error(group)):
            _report(draft, path, group, issues)
    return None


def salvaged(draft: Draft) -> Recipe:
    """What is right of a refused draft, for checks across keys.

    Keys that are missing or wrong are not set at all: to read one raises AttributeError.
    """
    recipe = _salvaged_model(Recipe, draft.values).value
    assert isinstance(recipe, Recipe)
    return recipe


class _Unusable(Exception):
    """A value of which nothing can be kept."""


class _Lost:
    """Stands for an entry of which nothing could be kept but its name.

    To read anything of it raises AttributeError, as of keys that were lost.
    """


class _Kept(NamedTuple):
    """What could be kept of a value, and whether that is all that the schema asks for."""

    value: Any
    whole: bool


def _salvaged_model(model: type[BaseModel], values: Mapping[str, Any]) -> _Kept:
    kept: dict[str, Any] = {}
    lost: list[str] = []
    whole = True
    for name, field in model.model_fields.items():
        if name in values:
            try:
                kept[name], inner_whole = _salvaged_value(
                    field.annotation, field.metadata, values[name]
                )
                whole = whole and inner_whole
            except _Unusable:
                lost.append(name)
        elif field.is_required():
            lost.append(name)
    if whole and not lost:
        # Only unknown keys were in the way: the checks of the section itself decide.
        try:
            return _Kept(model.model_validate(kept), True)
        except ValidationError:
            raise _Unusable from None
    made = model.model_construct(**kept)
    for name in lost:
        made.__dict__.pop(name, None)
    return _Kept(made, False)


def _salvaged_value(annotation: Any, metadata: list[Any], value: Any) -> _Kept:
    whole = annotation
    for constraint in metadata:
        whole = Annotated[whole, constraint]
    try:
        return _Kept(TypeAdapter(whole).validate_python(value, strict=True), True)
    except ValidationError:
        pass
    if not isinstance(value, dict):
        raise _Unusable
    if get_origin(annotation) is dict:
        names, entries = get_args(annotation)
        return _salvaged_entries(names, entries, value)
    for option in (annotation, *get_args(annotation)):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return _salvaged_model(option, value)
    raise _Unusable


def _salvaged_entries(names: Any, annotation: Any, values: Mapping[str, Any]) -> _Kept:
    entries = {}
    for key, item in values.items():
        with contextlib.suppress(_Unusable):
            name = _salvaged_value(names, [], key).value
            entries[name] = _Lost()  # The name stands, so that who names it is not refused too.
            entries[name] = _salvaged_value(annotation, [], item).value
    return _Kept(entries, False)


def _path(values: Any, item: ErrorDetails) -> Path:
    """The path of an error in the draft, without the names of alternatives in pydantic's."""
    path: list[str | int] = []
    here = values
    location = item["loc"]
    for number, part in enumerate(location):
        last = number == len(location) - 1
        if isinstance(here, Mapping) and (part in here or (last and item["type"] == "missing")):
            path.append(str(part))
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            path.append(part)
            here = here[part]
    return tuple(path)


def _without(values: Any, unknown: set[Path], here: Path = ()) -> Any:
    if isinstance(values, dict):
        return {
            key: _without(value, unknown, (*here, key))
            for key, value in values.items()
            if (*here, key) not in unknown
        }
    if isinstance(values, list):
        return [_without(value, unknown, (*here, index)) for index, value in enumerate(values)]
    return values


def _by_path(values: Any, details: list[ErrorDetails]) -> dict[Path, list[ErrorDetails]]:
    groups: dict[Path, list[ErrorDetails]] = {}
    for item in details:
        groups.setdefault(_path(values, item), []).append(item)
    return groups


def _is_type_error(group: list[ErrorDetails]) -> bool:
    return all(item["type"].endswith(("_type", "literal_error")) for item in group)


def _report(draft: Draft, path: Path, group: list[ErrorDetails], issues: Issues) -> None:
    kinds = {item["type"] for item in group}
    where = draft.where(path)
    if "extra_forbidden" in kinds:
        issues.add(where, *_unknown_key(path))
    elif "missing" in kinds:
        wanted = expectation(path)
        issues.add(draft.where(path), f"the key {str(path[-1])!r} is missing; expected {wanted}.")
    elif any(item["loc"][-1:] == ("[key]",) for item in group):
        issues.add(where, *_bad_name(path))
    elif kinds == {"value_error"}:
        said = dict.fromkeys(str(item["msg"]).removeprefix("Value error, ") for item in group)
        reasons = "; ".join(said)
        issues.add(where, f"{reasons}; found {found(draft.get(path))}.")
    else:
        issues.add(where, f"found {found(draft.get(path))}, expected {expectation(path)}.")


def _bad_name(path: Path) -> tuple[str, str]:
    name, listed = str(path[-1]), known_names(path[:-1])
    if listed:
        return unknown_name(f"name in {dotted(path[:-1])!r}:", name, listed), ""
    wanted = "expected small letters, digits, - and _, with a letter or digit first."
    return f"{name!r} cannot be a name here;", wanted


def _unknown_key(path: Path) -> tuple[str, str]:
    key, section = str(path[-1]), path[:-1]
    known = known_keys(section)
    message = f"there is no key {key!r} {f'in {dotted(section)!r}' if section else 'at the top'}"
    near = nearest_names(key, known)
    homes = [repr(home) if home else "the top" for home in homes_of(key)]
    advice = f"The key {key!r} belongs to {' or '.join(homes)}." if homes else ""
    if near:
        return f"{message}; did you mean {' or '.join(map(repr, near))}?", advice
    return (f"{message}.", advice) if advice else (f"{message}; known are: {', '.join(known)}.", "")


def found(value: Any) -> str:
    """A value as a message names it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 60 else f"the text {value[:60]!r}…"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, dict):
        return f"a mapping with the keys {', '.join(value)}" if value else "an empty mapping"
    return f"the number {value}"
