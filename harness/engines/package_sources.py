"""Where packages come from: pip's configuration, handed on to uv.

uv does not read pip's configuration, so on a machine whose packages come through a mirror or
a folder that only pip was told about, uv alone finds nothing. This module asks the pip that is
around (`pip config list`) and the PIP_* variables, and says the same in uv's terms.

Addresses may carry a password. They are given to uv in its environment, never on its command
line, and never appear in a message.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PIP_SECONDS = 30.0
_LISTS = ("extra-index-url", "find-links", "trusted-host")
_KEYS = ("index-url", "no-index", "cert", "client-cert", "proxy", "timeout", *_LISTS)
_SECTIONS = ("global", "install")  # the later one wins, as for `pip install`
_TRUE = ("1", "true", "yes", "on", "t", "y")


@dataclass(frozen=True)
class PackageSources:
    """pip's and uv's settings, merged.

    Attributes:
        find_links: folders and addresses with wheels, in pip's and uv's order.
        variables: what uv's environment gets; passwords may be among the values.
        custom: whether anything but PyPI is configured.
    """

    find_links: tuple[str, ...]
    variables: Mapping[str, str]
    custom: bool

    def torch_wheels(self, version: str) -> list[str]:
        """Python tags (`cp311`) of the torch wheels of exactly this version in find-links."""
        pattern = re.compile(rf"torch-{re.escape(version)}-(cp\d+)-.*\.whl")
        folders = filter(None, map(_local_folder, self.find_links))
        names = [unquote(path.name) for folder in folders for path in folder.glob("torch-*.whl")]
        return sorted({match[1] for name in names if (match := pattern.fullmatch(name))})


def package_sources(environment: Mapping[str, str] | None = None) -> PackageSources:
    """What is configured for the user and the working directory.

    Args:
        environment: variables to go by instead of this process's own.
    """
    variables = os.environ if environment is None else environment
    return merge(pip_settings(variables), variables)


def pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """pip's effective settings: its files, overridden by PIP_* variables.

    Returns:
        Values of the options that say where packages come from, by pip's option names; a list
        is one string with white space between its items.
    """
    found = parse_pip_config(_pip_config_list(environment))
    for key in _KEYS:
        value = environment.get(f"PIP_{key.upper().replace('-', '_')}", "")
        if value.strip():
            found[key] = value
    return found


def parse_pip_config(listing: str) -> dict[str, str]:
    """The settings in the output of `pip config list` (lines such as `global.cert='…'`)."""
    by_section: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listing.splitlines():
        name, equals, literal = line.partition("=")
        section, _, key = name.strip().partition(".")
        if not equals or section not in by_section or key not in _KEYS:
            continue
        try:
            by_section[section][key] = str(ast.literal_eval(literal.strip()))
        except (ValueError, SyntaxError):
            by_section[section][key] = literal.strip().strip("'\"")
    return {key: value for part in by_section.values() for key, value in part.items()}


def merge(pip: Mapping[str, str], environment: Mapping[str, str]) -> PackageSources:
    """Says pip's settings in uv's terms; what was set for uv itself comes first.

    Args:
        pip: as `pip_settings` returns them.
        environment: for UV_* and the variables of TLS and proxies.
    """
    extra = _unique(
        [
            *environment.get("UV_INDEX", "").split(),
            *environment.get("UV_EXTRA_INDEX_URL", "").split(),
            *pip.get("extra-index-url", "").split(),
        ]
    )
    index = (
        environment.get("UV_DEFAULT_INDEX")
        or environment.get("UV_INDEX_URL")
        or pip.get("index-url", "")
    )
    uv_links = re.split(r"[,\s]+", environment.get("UV_FIND_LINKS", ""))
    links = _unique(_absolute(link) for link in [*uv_links, *pip.get("find-links", "").split()])
    variables = {
        "UV_DEFAULT_INDEX": index,
        "UV_INDEX": " ".join(extra),
        # pip looks at every index and takes the best version; uv by default stops at the first.
        "UV_INDEX_STRATEGY": "unsafe-best-match" if extra else "",
        "UV_NO_INDEX": "1" if pip.get("no-index", "").lower() in _TRUE else "",
        "UV_FIND_LINKS": ",".join(map(_without_comma, links)),
        "UV_INSECURE_HOST": pip.get("trusted-host", ""),
        "UV_HTTP_TIMEOUT": pip.get("timeout", ""),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "SSL_CLIENT_CERT": pip.get("client-cert", ""),
        "ALL_PROXY": pip.get("proxy", ""),
    }
    merged = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS")
    chosen = {
        name: value
        for name, value in variables.items()
        if value and (name in merged or not environment.get(name))
    }
    return PackageSources(tuple(links), chosen, bool(index or extra or links))


def without_passwords(text: str) -> str:
    """The text with the user part of every address replaced by stars."""
    return re.sub(r"(?<=://)[^/\s@'\"]+@", "***@", text)


def _pip_config_list(environment: Mapping[str, str]) -> str:
    for pip in _pips():
        try:
            answer = subprocess.run(
                [*pip, "config", "list"], env=dict(environment), capture_output=True, text=True,
                timeout=_PIP_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            continue
        if answer.returncode == 0:
            return answer.stdout
    return ""


def _pips() -> Iterable[list[str]]:
    """Commands that may be pip: of this interpreter, on PATH, of the base interpreter."""
    yield [sys.executable, "-m", "pip"]
    if (program := shutil.which("pip") or shutil.which("pip3")) is not None:
        yield [program]
    base = getattr(sys, "_base_executable", "")
    if base and base != sys.executable:
        yield [base, "-m", "pip"]


def _local_folder(link: str) -> Path | None:
    if link.startswith("file:"):
        link = unquote(urlsplit(link).path)
    elif "://" in link:
        return None
    path = Path(link)
    return path if path.is_dir() else None


def _absolute(link: str) -> str:
    # The installer runs in another working directory.
    return link if not link or ":/" in link else str(Path(link).expanduser().absolute())


def _without_comma(link: str) -> str:
    # uv separates by commas; a folder may have one in its name, an encoded address has none.
    return Path(link).as_uri() if "," in link and ":/" not in link else link


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(item for item in items if item))
