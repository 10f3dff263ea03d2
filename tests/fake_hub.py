"""The part of the Hugging Face hub's HTTP interface that pushing and loading a network needs, on loopback, in memory.

Repositories hold one branch. Files ending in .safetensors go the way of git LFS, as on the hub; Xet is not played.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_a_token_that_may_write"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MOST_BYTES = 20_000_000


@dataclass
class Repo:
    """A repository: its files by name, and whether only its owner sees it."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)


class FakeHub(ThreadingHTTPServer):
    """A server on a free port of 127.0.0.1.

    Attributes:
        repos: by ``owner/name``; blobs: what was uploaded by LFS, by digest; requests: what was asked, in order.
        is_broken: whether it takes no upload.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.is_broken = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def running_hub() -> Iterator[FakeHub]:
    hub = FakeHub()
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        thread.join(10)
        hub.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: FakeHub
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        found = re.fullmatch(r"/([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)", self.path.partition("?")[0])
        if found is None:
            return self._say(404, {"error": "no such page"})
        repo = self.server.repos.get(found[1])
        if repo is None or (repo.private and not self._may_write):
            return self._say(401, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        if found[2] not in ("main", COMMIT):
            return self._say(404, {"error": "Revision not found"}, {"X-Error-Code": "RevisionNotFound"})
        if found[3] not in repo.files:
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
            return self._say(404, {"error": "Entry not found"}, headers)
        content = repo.files[found[3]]
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        self._send(200, content, headers, with_body)

    def do_PUT(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        content = self._body()
        if self.server.is_broken or hashlib.sha256(content).hexdigest() != self.path.rsplit("/", 1)[1]:
            return self._say(400, {"error": "not what was announced"})
        self.server.blobs[self.path.rsplit("/", 1)[1]] = content
        self._say(200, {})

    def do_POST(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        body = self._body()
        if self.path == "/api/validate-yaml":
            front = json.loads(body)["content"].split("---")[1]
            if re.search(r"^license: \S+$", front, re.MULTILINE):
                return self._say(200, {"errors": [], "warnings": []})
            return self._say(400, {"errors": [{"message": '"license" must be a string'}], "warnings": []})
        if not self._may_write:
            return self._say(401, {"error": "Invalid username or password."})
        if self.path == "/api/repos/create":
            return self._create(json.loads(body))
        found = re.fullmatch(r"/(?:api/models/)?([\w.-]+/[\w.-]+?)(?:\.git)?/(preupload|commit|info)/.+", self.path)
        if found is None or found[1] not in self.server.repos:
            return self._say(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        getattr(self, f"_{found[2]}")(self.server.repos[found[1]], body, found[1])

    def _create(self, asked: Any) -> None:
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        if asked.get("organization") == "somebody-else":
            return self._say(403, {"error": "You don't have the rights to create a model under this namespace"})
        known = name in self.server.repos
        self.server.repos.setdefault(name, Repo(asked.get("private") or asked.get("visibility") == "private"))
        self._say(409 if known else 200, {"url": f"{self.server.address}/{name}", "id": name})

    def _preupload(self, repo: Repo, body: bytes, _name: str) -> None:
        files = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                "shouldIgnore": False,
            }
            for file in json.loads(body)["files"]
        ]
        self._say(200, {"files": files})

    def _info(self, repo: Repo, body: bytes, name: str) -> None:
        objects = [
            {**each, "actions": {"upload": {"href": f"{self.server.address}/blobs/{each['oid']}"}}}
            for each in json.loads(body)["objects"]
        ]
        self._say(200, {"transfer": "basic", "objects": objects})

    def _commit(self, repo: Repo, body: bytes, name: str) -> None:
        for line in body.splitlines():
            each = json.loads(line)
            if each["key"] == "file":
                repo.files[each["value"]["path"]] = base64.b64decode(each["value"]["content"])
            elif each["key"] == "lfsFile":
                repo.files[each["value"]["path"]] = self.server.blobs[each["value"]["oid"]]
        page = f"{self.server.address}/{name}/commit/{COMMIT}"
        self._say(200, {"success": True, "commitUrl": page, "commitOid": COMMIT})

    @property
    def _may_write(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(min(int(self.headers.get("Content-Length", 0)), MOST_BYTES))

    def _say(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(answer).encode(), {"Content-Type": "application/json"} | (headers or {}))

    def _send(self, status: int, content: bytes, headers: dict[str, str], with_body: bool = True) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body and self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""
