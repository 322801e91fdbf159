"""A server on this machine that answers W&B's client, or refuses it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

KEY = "0123456789" * 4


class Loopback(BaseHTTPRequestHandler):
    """Answers as much of W&B's protocol as a run needs; keeps every request."""

    server: Any

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._reply({})

    def do_PUT(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        try:
            request = json.loads(body)
        except ValueError:
            request = {}
        self.server.requests.append((self.path, request))
        self._reply({"data": self._answer(request.get("query", ""), request.get("variables", {}))})

    def _answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        if "UpsertBucket" in query:
            project = {"id": "p", "name": "p", "entity": {"id": "e", "name": "me"}}
            bucket = {"id": "b", "name": variables["name"], "project": project}
            bucket |= {"historyLineCount": 0}
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if "CreateRunFiles" in query:
            at = f"http://127.0.0.1:{self.server.server_port}/up/"
            files = [{"name": name, "uploadUrl": at + name} for name in variables["files"]]
            return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
        if "query ArtifactType" in query:
            return {"project": {"artifact": None}}
        if "mutation CreateArtifact" in query:
            sequence = {"id": "s", "latestArtifact": {"id": "QQ==", "versionIndex": 0}}
            artifact = {"id": "QQ==", "state": "COMMITTED", "artifactSequence": sequence}
            return {"createArtifact": {"artifact": artifact}}
        viewer = {"id": "u", "entity": "me", "username": "me", "flags": "{}"}
        viewer |= {"teams": {"edges": []}}
        return {"viewer": viewer, "project": None, "entity": None, "artifact": None}

    def _reply(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Any]:
    """The server: what came is in ``requests``; set ``status`` to 401 and it refuses."""
    loopback: Any = ThreadingHTTPServer(("127.0.0.1", 0), Loopback)
    loopback.requests, loopback.status = [], 200
    thread = threading.Thread(target=loopback.serve_forever, daemon=True)
    thread.start()
    yield loopback
    loopback.shutdown()
    loopback.server_close()


@pytest.fixture
def online(tmp_path: Path) -> Callable[..., str]:
    """Run a script as a user who is logged in at a server; return what it says."""

    def run(script: str, address: str, key: str | None = KEY) -> str:
        here = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
        here |= {"HOME": str(tmp_path), "NETRC": str(tmp_path / "none"), "WANDB_HTTP_TIMEOUT": "1"}
        here |= {"WANDB_BASE_URL": address} | ({"WANDB_API_KEY": key} if key else {})
        command = [sys.executable, "-c", script, str(tmp_path)]
        done = subprocess.run(
            command, env=here, capture_output=True, text=True, timeout=240, check=True
        )
        return done.stdout + done.stderr

    return run
