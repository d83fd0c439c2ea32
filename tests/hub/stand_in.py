"""A small Hub for tests: what the real client calls when a data set is published.

Kept in memory: one `main` branch per repository. Faults are asked for by path: a status to
answer with, or "lost" to do the work and drop the reply.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass
class Repository:
    private: bool
    files: dict[str, tuple[bytes, bool]] = field(default_factory=dict)  # content, whether LFS
    commits: list[str] = field(default_factory=lambda: ["0" * 40])


class StandInHub:
    """A Hub on a local port."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.faults: list[tuple[str, Any]] = []
        self.calls: list[str] = []
        hub = self

        class Handler(_Handler):
            state = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    state: StandInHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def do_PUT(self) -> None:
        self._route("PUT")

    def _route(self, method: str) -> None:
        path = self.path.split("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.state.calls.append(f"{method} {path}")
        fault = next((f for f in self.state.faults if re.search(f[0], f"{method} {path}")), None)
        if fault is not None:
            self.state.faults.remove(fault)
            if fault[1] != "lost":
                return self._reply({"error": "asked for"}, status=fault[1])
        for verb, pattern, handle in (
            ("POST", r"/api/repos/create$", self._create),
            ("GET", r"/api/datasets/([^/]+/[^/]+)(?:/revision/main)?$", self._info),
            ("POST", r"/api/datasets/([^/]+/[^/]+)/preupload/main$", self._preupload),
            ("POST", r"/datasets/([^/]+/[^/]+)\.git/info/lfs/objects/batch$", self._lfs_batch),
            ("PUT", r"/lfs/([0-9a-f]{64})$", self._lfs_put),
            ("POST", r"/api/datasets/([^/]+/[^/]+)/commit/main$", self._commit),
            ("POST", r"/api/validate-yaml$", lambda *_: {"errors": [], "warnings": []}),
        ):
            found = re.match(pattern, path) if verb == method else None
            if found:
                answer = handle(body, *found.groups())
                if fault is not None:  # The work is done, the reply is lost.
                    self.close_connection = True
                    self.connection.close()
                    return None
                return self._reply(*answer) if isinstance(answer, tuple) else self._reply(answer)
        return self._reply({"error": f"no {method} {path}"}, status=404)

    def _reply(self, document: Any, status: int = 200) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()
        self.wfile.write(data)

    def _create(self, body: bytes) -> Any:
        wanted = json.loads(body)
        name = f"{wanted['organization']}/{wanted['name']}"
        url = {"url": f"{self.state.url}/datasets/{name}"}
        if name in self.state.repositories:
            return url, 409
        self.state.repositories[name] = Repository(wanted.get("visibility") == "private"
                                                   or bool(wanted.get("private")))  # fmt: skip
        return url

    def _info(self, _: bytes, name: str) -> Any:
        repository = self.state.repositories.get(name)
        if repository is None:
            return {"error": "Repository not found"}, 404
        siblings = []
        for path, (data, is_lfs) in repository.files.items():
            entry: dict[str, Any] = {"rfilename": path, "size": len(data), "blobId": blob_id(data)}
            if is_lfs:
                sha256 = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 100}
            siblings.append(entry)
        return {"id": name, "sha": repository.commits[-1], "siblings": siblings,
                "private": repository.private, "gated": False}  # fmt: skip

    def _preupload(self, body: bytes, name: str) -> Any:
        files = json.loads(body)["files"]
        return {
            "files": [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(".parquet") else "regular",
                    "shouldIgnore": False,
                }
                for file in files
            ]
        }

    def _lfs_batch(self, body: bytes, name: str) -> Any:
        objects = []
        for wanted in json.loads(body)["objects"]:
            entry = {"oid": wanted["oid"], "size": wanted["size"]}
            if wanted["oid"] not in self.state.objects:
                entry["actions"] = {"upload": {"href": f"{self.state.url}/lfs/{wanted['oid']}"}}
            objects.append(entry)
        return {"transfer": "basic", "objects": objects}

    def _lfs_put(self, body: bytes, oid: str) -> Any:
        assert hashlib.sha256(body).hexdigest() == oid
        self.state.objects[oid] = body
        return {}

    def _commit(self, body: bytes, name: str) -> Any:
        repository = self.state.repositories[name]
        lines = [json.loads(line) for line in body.splitlines()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        if header.get("parentCommit") not in (None, repository.commits[-1]):
            return {"error": "A commit has happened since."}, 412
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                repository.files[value["path"]] = (base64.b64decode(value["content"]), False)
            elif line["key"] == "lfsFile":
                repository.files[value["path"]] = (self.state.objects[value["oid"]], True)
        repository.commits.append(hashlib.sha1(body, usedforsecurity=False).hexdigest())
        return {"commitUrl": f"{self.state.url}/datasets/{name}/commit/{repository.commits[-1]}",
                "commitOid": repository.commits[-1]}  # fmt: skip
