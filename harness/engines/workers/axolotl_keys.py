"""Writes the names of Axolotl's top-level keys as JSON; runs in Axolotl's environment.

    python axolotl_keys.py > harness/training/axolotl_keys.json

Done by hand when the pinned version changes; a test compares the file with the environment.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import os
import pkgutil
import sys
from importlib.metadata import version

os.environ["AXOLOTL_DO_NOT_TRACK"] = "1"


def names_of(model: type) -> set[str]:
    """A pydantic model's fields, under their names and their aliases."""
    names: set[str] = set()
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        names.add(name)
        names.update(
            alias for alias in (field.alias, field.validation_alias) if isinstance(alias, str)
        )
    return names


def plugin_models() -> list[type]:
    """The argument models of the plugins that come with Axolotl."""
    import axolotl.integrations as integrations
    from pydantic import BaseModel

    models = []
    for module in pkgutil.iter_modules(integrations.__path__):
        with contextlib.suppress(ImportError):  # a plugin whose own package is not installed
            arguments = importlib.import_module(f"axolotl.integrations.{module.name}.args")
            models += [
                model
                for _, model in inspect.getmembers(arguments, inspect.isclass)
                if issubclass(model, BaseModel)
                and model.__module__ == arguments.__name__
                and model.__name__.endswith("Args")  # others are values of single keys
            ]
    return models


def main() -> None:
    """Prints the document."""
    stdout = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        from axolotl.utils.schemas.config import AxolotlInputConfig

        keys = names_of(AxolotlInputConfig)
        plugin_keys = set().union(*(names_of(model) for model in plugin_models())) - keys
    document = {
        "axolotl": version("axolotl"),
        "keys": sorted(keys),
        "plugin_keys": sorted(plugin_keys),
    }
    json.dump(document, stdout, indent=1)
    stdout.write("\n")


if __name__ == "__main__":
    main()
