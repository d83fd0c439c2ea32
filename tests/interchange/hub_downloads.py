"""A small Hub to download data sets and models from: one commit a repository, any branch name."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote

COMMIT = "c0ffee" + "0" * 34


class DownloadHub:
    """Serves files as the Hub's client asks for them.

    Args:
        repositories: name → path → content; revisions are `main` and the commit.
        commit: of every repository.
        delay: seconds before each answer.
    """

    def __init__(
        self,
        repositories: Mapping[str, Mapping[str, bytes]],
        commit: str = COMMIT,
        delay: float = 0,
    ) -> None:
        hub = self
        self.repositories, self.commit, self.delay = repositories, commit, delay

        class Handler(_Handler):
            state = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    state: DownloadHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._route(with_body=True)

    def do_HEAD(self) -> None:
        self._route(with_body=False)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._route(with_body=True, body=self.rfile.read(length))

    def _route(self, with_body: bool, body: bytes = b"") -> None:
        path = self.path.split("?")[0]
        time.sleep(self.state.delay)
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/revision/([^/]+))?", path):
            files = self.state.repositories.get(found[1])
            if files is None:
                return self._reply(b"{}", with_body, 404, {"X-Error-Code": "RepoNotFound"})
            if found[2] not in (None, "main", self.state.commit):
                return self._reply(b"{}", with_body, 404, {"X-Error-Code": "RevisionNotFound"})
            siblings = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
            document = {
                "id": found[1],
                "sha": self.state.commit,
                "siblings": siblings,
                "private": False,
            }
            return self._reply(json.dumps(document).encode(), with_body)
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/tree/[^/]+(?:/(.+))?", path):
            entries = _entries(self.state.repositories[found[1]])
            folder = f"{unquote(found[2])}/" if found[2] else ""
            deep = "recursive=true" in self.path.lower()
            tree = [
                entry
                for name, entry in entries.items()
                if name.startswith(folder) and (deep or "/" not in name[len(folder) :])
            ]
            return self._reply(json.dumps(tree).encode(), with_body, 200 if tree else 404)
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/paths-info/[^/]+", path):
            asked = parse_qs(body.decode()).get("paths", [])
            entries = _entries(self.state.repositories[found[1]])
            known = [entries[name] for name in asked if name in entries]
            return self._reply(json.dumps(known).encode(), with_body)
        if found := re.fullmatch(r"(?:/datasets)?/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            data = self.state.repositories[found[1]].get(found[2])
            if data is None:
                return self._reply(b"{}", with_body, 404, {"X-Error-Code": "EntryNotFound"})
            headers = {"ETag": f'"{_sha1(data)}"', "X-Repo-Commit": self.state.commit}
            return self._reply(data, with_body, 200, headers)
        return self._reply(b"{}", with_body, 404, {"X-Error-Code": "EntryNotFound"})

    def _reply(
        self,
        data: bytes,
        with_body: bool,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(data)


def _entries(files: Mapping[str, bytes]) -> dict[str, dict[str, object]]:
    """Files and their folders, as a repository's tree lists them."""
    found: dict[str, dict[str, object]] = {}
    for name, data in files.items():
        for parent in PurePosixPath(name).parents[:-1]:
            found[str(parent)] = {"type": "directory", "path": str(parent), "size": 0,
                                  "oid": _sha1(str(parent).encode())}  # fmt: skip
        found[name] = {"type": "file", "path": name, "size": len(data), "oid": _sha1(data)}
    return found


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
