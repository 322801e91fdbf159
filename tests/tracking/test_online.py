"""W&B online: what reaches a server, and what is kept where it does not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import logging, sys
from pathlib import Path
import pandas as pd
from onegrain.settings import TrackingMode, TrackingSettings
from onegrain.tracking.runs import tracked_run

logging.basicConfig(level=logging.INFO, format="%(message)s")
here = Path(sys.argv[1])
entry = here / "store" / "model" / "3f9c"
entry.mkdir(parents=True)
(entry / "weights.bin").write_text("large")
row = {"label": "", "target": "model", "operation": "ablate", "site": "recurrent", "clamp": "zero"}
row |= {"task": "pos", "ranking": "variance", "order": "top", "metric": "bleu"}
curve = pd.DataFrame([{**row, "fraction": x, "value": 30 - 9 * x} for x in (0.0, 0.5, 1.0)])
settings = TrackingSettings(mode=TrackingMode.online, project="p")
about = {"config": {"seed": 1}, "job_type": "analyze", "group": "sweep", "name": "nmt pos"}
with tracked_run(settings, folder=here / "run", identity="abc123", **about) as tracked:
    tracked.log_curves(curve)
    tracked.log_scalars({"probe/accuracy": 0.9})
    tracked.log_made("activations", entry)
    tracked.log_used("model", entry)
"""
CURVE = "ablation/model/ablate/recurrent/zero/pos/variance/top/bleu"


def queries(server: Any, name: str) -> list[dict[str, Any]]:
    return [body["variables"] for _, body in server.requests if f" {name}" in body.get("query", "")]


def test_a_run_reaches_the_server_with_its_curves_and_references_to_what_it_made_and_used(
    server: Any, online: Callable[..., str]
) -> None:
    said = online(SCRIPT, f"http://127.0.0.1:{server.server_port}")
    assert "offline" not in said
    run = queries(server, "UpsertBucket")[0]
    wanted = {"name": "abc123", "displayName": "nmt pos", "groupName": "sweep", "project": "p"}
    assert wanted.items() <= run.items()
    sent = [body["files"] for path, body in server.requests if path.endswith("/file_stream")]
    lines = [
        json.loads(line)
        for files in sent
        for line in files.get("wandb-history.jsonl", {}).get("content", [])
    ]
    points = [(line["ablation/fraction"], line[CURVE]) for line in lines if CURVE in line]
    assert points == [(0.0, 30.0), (0.5, 25.5), (1.0, 21.0)]
    made = [each["input"] for each in queries(server, "CreateArtifact")]
    names = {each["artifactCollectionName"] for each in made}  # sent side by side
    assert names == {"activations-3f9c", "model-3f9c"}
    (used,) = [each["input"] for each in queries(server, "UseArtifact")]
    assert (used["artifactID"], used["runName"]) == ("QQ==", "abc123")
    assert not [path for path, _ in server.requests if path.endswith("weights.bin")]


@pytest.mark.parametrize("refusal", ["no key", "no server", 401])
def test_what_cannot_be_sent_is_kept_offline_with_one_line(
    refusal: str | int, server: Any, online: Callable[..., str], tmp_path: Path
) -> None:
    address, key = f"http://127.0.0.1:{server.server_port}", "0123456789" * 4
    if refusal == "no server":
        address = "http://127.0.0.1:9"
    elif refusal != "no key":
        server.status = refusal
    said = online(SCRIPT, address, None if refusal == "no key" else key)
    (line,) = said.splitlines()
    assert line.startswith("W&B: this run is kept offline, ")
    assert line.endswith("; `wandb sync` sends it later")
    (kept,) = (tmp_path / "run" / "wandb").glob("offline-run-*-abc123")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(kept)]
    records = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    parsed = [json.loads(each) for each in records.splitlines()]
    points = [
        each["history"]["item"][CURVE] for each in parsed if CURVE in str(each.get("history"))
    ]
    assert points == [30.0, 25.5, 21.0]
    (artifact,) = [each["artifact"] for each in parsed if each["type"] == "artifact"]
    (reference,) = artifact["manifest"]["contents"]
    assert reference["ref"] == (tmp_path / "store/model/3f9c/weights.bin").as_uri()
    assert not list(kept.rglob("weights.bin"))
    assert all(key.encode() not in file.read_bytes() for file in kept.rglob("*") if file.is_file())
