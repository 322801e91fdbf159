from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.errors import UserError
from onegrain.store import KEY_FILE, Store, canonical_json

KEY = {"hidden": 64, "lambda1": 1e-5}


def write_answer(folder: Path) -> None:
    (folder / "answer.txt").write_text("42")


def visible_entries(store: Store, stage: str) -> list[Path]:
    folder = store.root / stage
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def must_not_be_called(folder: Path) -> None:
    raise AssertionError("finished work was made again")


def test_work_is_made_once_and_then_found(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    entry = store.get_or_make("models", KEY, write_answer)
    assert entry.parent == tmp_path / "store" / "models"
    assert (entry / "answer.txt").read_text() == "42"
    assert Store(tmp_path / "store").get_or_make("models", KEY, must_not_be_called) == entry


def test_an_entry_tells_what_made_it(tmp_path: Path) -> None:
    entry = Store(tmp_path).get_or_make("models", KEY, write_answer)
    assert (entry / KEY_FILE).read_text() == '{\n "hidden": 64,\n "lambda1": 1e-05\n}\n'


@pytest.mark.parametrize("other", [{}, {**KEY, "hidden": 65}, {**KEY, "more": None}])
def test_another_key_is_other_work(tmp_path: Path, other: dict[str, object]) -> None:
    store = Store(tmp_path)
    assert store.get_or_make("models", KEY, write_answer) != store.path("models", other)
    assert store.path("models", KEY) != store.path("probes", KEY)


def test_an_exception_leaves_nothing_to_be_found(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        write_answer(folder)
        raise RuntimeError("halfway")

    store = Store(tmp_path)
    with pytest.raises(RuntimeError, match="halfway"):
        store.get_or_make("models", KEY, fail)
    assert visible_entries(store, "models") == []
    assert not list((tmp_path / "models").glob("*.work"))
    assert (store.get_or_make("models", KEY, write_answer) / "answer.txt").exists()


@pytest.mark.parametrize("resumable", [True, False])
def test_only_resumable_work_goes_on_from_what_was_left(tmp_path: Path, resumable: bool) -> None:
    def leave_a_checkpoint(folder: Path) -> None:
        (folder / "last.ckpt").write_text("epoch 3")
        raise KeyboardInterrupt

    def go_on(folder: Path) -> None:
        assert (folder / "last.ckpt").exists() == resumable
        write_answer(folder)

    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        store.get_or_make("models", KEY, leave_a_checkpoint, resumable=resumable)
    assert visible_entries(store, "models") == []
    assert store.get_or_make("models", KEY, go_on, resumable=resumable).is_dir()


def test_the_log_says_in_one_line_what_was_made_and_what_was_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path)
    with caplog.at_level(logging.INFO, "onegrain.store"):
        name = store.get_or_make("models", KEY, write_answer).name[:8]
        store.get_or_make("models", KEY, must_not_be_called)
    assert caplog.messages == [
        f"models/{name}: made in 0.0 s",
        f"models/{name}: found in the store",
    ]


def test_a_store_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"file.*: cannot be written to"):
        Store(tmp_path / "file").get_or_make("models", KEY, write_answer)


# Two processes: each appends its number to made.txt when it really makes the work.
WORKER = """
import logging, sys, time
from pathlib import Path
from onegrain.store import Store
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
root, seconds, resumable = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "resumable"
def make(folder):
    with (root / "made.txt").open("a") as file:
        file.write("made\\n")
    (folder / "half").write_text("half")
    (root / "in_make").touch()
    time.sleep(seconds)
    (folder / "whole").write_text("whole")
print(Store(root / "store").get_or_make("models", {"hidden": 64}, make, resumable=resumable))
"""


def start_worker(root: Path, seconds: float, mode: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, str(root), str(seconds), mode]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    for _ in range(12_000):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} did not appear")


def test_two_processes_that_want_the_same_make_it_once(tmp_path: Path) -> None:
    first = start_worker(tmp_path, 0.6)
    wait_for(tmp_path / "in_make")
    second = start_worker(tmp_path, 0.6)
    first_output, second_output = first.communicate()[0], second.communicate()[0]
    assert (first.returncode, second.returncode) == (0, 0)
    assert (tmp_path / "made.txt").read_text() == "made\n"
    assert first_output.splitlines()[-1] == second_output.splitlines()[-1]
    assert second_output.count("waiting for the process that is making it") == 1


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("mode", ["", "resumable"])
def test_a_killed_job_leaves_nothing_half_made_and_no_lock(tmp_path: Path, mode: str) -> None:
    killed = start_worker(tmp_path, 60, mode)
    wait_for(tmp_path / "in_make")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    store = Store(tmp_path / "store")
    assert visible_entries(store, "models") == []

    def make(folder: Path) -> None:
        assert (folder / "half").exists() == (mode == "resumable")

    assert store.get_or_make("models", {"hidden": 64}, make, resumable=bool(mode)).is_dir()


class Kind(Enum):
    words = "words"


@dataclass(frozen=True)
class Text:
    kind: Kind
    size: int


def test_enums_dataclasses_paths_and_tuples_have_a_canonical_form() -> None:
    value = {"text": Text(Kind.words, 3), "path": Path("a") / "b", "layers": (1, None)}
    expected = '{"layers":[1,null],"path":"a/b","text":{"kind":"words","size":3}}'
    assert canonical_json(value) == expected


def test_numbers_of_different_types_are_different_values() -> None:
    assert len({canonical_json(value) for value in (1, 1.0, True, "1", None)}) == 5


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {1}}, {"a": object()}, {"a": b"bytes"}, [Text]])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="a key of the store"):
        canonical_json(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_floats_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        canonical_json({"a": value})


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
)
trees = st.recursive(
    leaves, lambda tree: st.lists(tree, max_size=4) | st.dictionaries(st.text(), tree, max_size=4)
)
keys = st.dictionaries(st.text(), trees, max_size=5)


def reversed_order(value: object) -> object:
    if isinstance(value, dict):
        return {name: reversed_order(value[name]) for name in reversed(value)}
    return [reversed_order(item) for item in value] if isinstance(value, list) else value


@given(keys)
def test_the_order_in_which_a_mapping_was_built_does_not_matter(key: dict[str, object]) -> None:
    assert Store(Path("s")).path("x", key) == Store(Path("s")).path("x", reversed_order(key))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_exact(value: float) -> None:
    assert float(canonical_json(value)) == value


@given(keys, keys)
def test_different_keys_have_different_texts(
    first: dict[str, object], second: dict[str, object]
) -> None:
    assert (canonical_json(first) == canonical_json(second)) == (typed(first) == typed(second))


def typed(value: object) -> object:
    """The value with its types, since Python holds 1, 1.0 and True to be equal."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    return (
        [typed(item) for item in value] if isinstance(value, list) else (type(value), repr(value))
    )
