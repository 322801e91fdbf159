from __future__ import annotations

import gzip
import hashlib
import lzma
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from onegrain.data import download
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.datasets import load_parallel
from onegrain.data.download import fetch_multi30k, fetch_treebank
from onegrain.data.labelled import load_labelled
from onegrain.data.origins import MULTI30K, TREEBANKS, Origin
from onegrain.errors import UserError
from onegrain.settings import DatasetData, PosTask

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


@dataclass
class Server:
    address: str
    content: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            body = state.content.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    state.address = f"http://127.0.0.1:{http.server_port}"
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def treebank(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    rows = (
        b"1\tdogs\tdog\tNOUN\tNNS\t_\t2\tnsubj\t_\t_\n"
        b"2\tbark\tbark\tVERB\tVBP\t_\t0\troot\t_\t_\n\n"
    )
    names = [f"x-ud-{split}.conllu" for split in ("train", "dev", "test")]
    sums = "\n".join(f"{hashlib.sha256(rows).hexdigest()}  {name}" for name in names)
    origin = Origin("UD_X", "owner/UD_X/commit", sums)
    server.content = {f"/{origin.folder}/{name}": rows for name in names}
    monkeypatch.setitem(TREEBANKS, "UD_X", origin)
    return "UD_X"


def test_files_are_fetched_once(server: Server, treebank: str, tmp_path: Path) -> None:
    folder = fetch_treebank(treebank, cache=tmp_path, origin=server.address)
    assert sorted(path.name for path in folder.iterdir()) == sorted(TREEBANKS[treebank].files)
    assert len(server.asked) == 3
    assert fetch_treebank(treebank, cache=tmp_path, origin=server.address) == folder
    assert len(server.asked) == 3


def test_a_wrong_file_is_refused_and_not_kept(
    server: Server, treebank: str, tmp_path: Path
) -> None:
    path = "/owner/UD_X/commit/x-ud-dev.conllu"
    server.content[path] += b"changed"
    expected = TREEBANKS[treebank].files["x-ud-dev.conllu"]
    with pytest.raises(UserError, match=rf"not the pinned x-ud-dev\.conllu.*{expected}"):
        fetch_treebank(treebank, cache=tmp_path, origin=server.address)
    assert [path.name for path in tmp_path.rglob("*.*")] == ["x-ud-train.conllu"]


def test_a_damaged_file_in_the_cache_is_fetched_again(
    server: Server, treebank: str, tmp_path: Path
) -> None:
    folder = fetch_treebank(treebank, cache=tmp_path, origin=server.address)
    (folder / "x-ud-dev.conllu").write_text("damaged")
    fetch_treebank(treebank, cache=tmp_path, origin=server.address)
    assert (folder / "x-ud-dev.conllu").read_text().startswith("1\tdogs")


def test_a_missing_file_is_named(server: Server, treebank: str, tmp_path: Path) -> None:
    server.content.clear()
    with pytest.raises(UserError, match=r"x-ud-train\.conllu: cannot be fetched .*404"):
        fetch_treebank(treebank, cache=tmp_path, origin=server.address)
    assert not list(tmp_path.rglob("*.*"))


def test_a_server_that_is_down_is_named_in_one_line(treebank: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:9/\S+: cannot be fetched") as caught:
        fetch_treebank(treebank, cache=tmp_path, origin="http://127.0.0.1:9")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("*.*"))


def test_a_treebank_that_is_not_pinned_is_answered_with_those_there_are() -> None:
    with pytest.raises(UserError, match="UD_English-EWT"):
        fetch_treebank("UD_Nowhere")


def test_a_task_fetches_its_treebank_by_name(
    server: Server, treebank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(download.ORIGIN_VARIABLE, server.address)
    monkeypatch.setenv(download.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    task = PosTask(root=treebank)
    unread = Corpus("en", ())
    splits = load_labelled(task, Splits(unread, unread, unread), "en")
    assert splits.test.labels["pos"] == (("NOUN", "VERB"),)


def test_multi30k_is_fetched_for_its_pair_only(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = gzip.compress(b"a dog\na cat\n", mtime=0)
    sums = "\n".join(f"{hashlib.sha256(packed).hexdigest()}  {name}" for name in MULTI30K.files)
    origin = Origin("multi30k", MULTI30K.folder, sums)
    monkeypatch.setattr(download, "MULTI30K", origin)
    monkeypatch.setenv(download.ORIGIN_VARIABLE, server.address)
    monkeypatch.setenv(download.CACHE_VARIABLE, str(tmp_path))
    server.content = {f"/{origin.folder}/{name}": packed for name in origin.files}
    splits = load_parallel(DatasetData(name="multi30k", pair="en-de"))
    assert len(splits.train) == 2
    assert len(server.asked) == 6
    assert not any(".fr." in path for path in server.asked)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_the_pinned_multi30k_is_the_shared_one(server: Server, tmp_path: Path) -> None:
    raw = SHARED / "multi30k" / "raw"
    for name in MULTI30K.files:
        server.content[f"/{MULTI30K.folder}/{name}"] = (raw / name).read_bytes()
    folder = fetch_multi30k(["en", "fr"], cache=tmp_path, origin=server.address)
    for path in folder.iterdir():
        assert path.read_bytes() == (raw / path.name).read_bytes()


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize("name", sorted(TREEBANKS))
def test_the_pinned_treebanks_are_the_shared_ones(name: str) -> None:
    shared = {
        path.name.removesuffix(".xz"): hashlib.sha256(
            lzma.decompress(path.read_bytes())
        ).hexdigest()
        for path in (SHARED / "ud" / name).glob("*.conllu.xz")
    }
    assert dict(TREEBANKS[name].files) == shared
