"""One corpus of each language, written by another process so that checks do not slow it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

COUNT, SEED = 12_000, 7
_SCRIPT = """
import json, sys, time
from onegrain.data.grammar import generate
count, seed = int(sys.argv[1]), int(sys.argv[2])
written = {"seconds": 0}
start = time.process_time()
pair = generate(count, "en", "fr", seed)
written["seconds"] = time.process_time() - start
other = generate(count, "de", "en", seed)
for side in (pair, pair.translation, other):
    written[side.language] = {"sentences": side.sentences, "text": side.text, **side.labels}
written["again"] = other.translation.sentences
json.dump(written, sys.stdout)
"""


def _write(count: int, seed: int, hash_seed: str = "0") -> dict:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(count), str(seed)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def write() -> Callable[..., dict]:
    return _write


@pytest.fixture(scope="session")
def written() -> dict:
    return _write(COUNT, SEED)
