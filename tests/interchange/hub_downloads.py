"""A small Hub that data sets are downloaded from: one commit a repository, any branch name."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c0ffee" + "0" * 34


class DownloadHub:
    """Serves files as the Hub's client asks for them.

    Args:
        repositories: name → path → content; revisions are `main` and the commit.
    """

    def __init__(self, repositories: Mapping[str, Mapping[str, bytes]]) -> None:
        hub = self
        self.repositories = repositories

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

    def _route(self, with_body: bool) -> None:
        path = self.path.split("?")[0]
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/revision/([^/]+))?", path):
            files = self.state.repositories.get(found[1])
            if files is None:
                return self._reply(b"{}", with_body, 404, {"X-Error-Code": "RepoNotFound"})
            if found[2] not in (None, "main", COMMIT):
                return self._reply(b"{}", with_body, 404, {"X-Error-Code": "RevisionNotFound"})
            siblings = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
            document = {"id": found[1], "sha": COMMIT, "siblings": siblings, "private": False}
            return self._reply(json.dumps(document).encode(), with_body)
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/tree/[^/]+", path):
            files = self.state.repositories[found[1]]
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": _sha1(data)}
                for name, data in files.items()
            ]
            return self._reply(json.dumps(tree).encode(), with_body)
        if found := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            data = self.state.repositories[found[1]][found[2]]
            headers = {"ETag": f'"{_sha1(data)}"', "X-Repo-Commit": COMMIT}
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


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
