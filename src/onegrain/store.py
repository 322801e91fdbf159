"""Finished work, found by the hash of what made it; made once, whole or not at all.

``<root>/<stage>/<hash>/`` is one piece of work: a trained model, a recording, a fitted probe. It is
made in a hidden work folder beside it and renamed when complete, so a folder that can be seen is
finished, on a network folder too. A lock for each entry lets processes that want the same thing
make it once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path, PurePath
from typing import Any

from filelock import FileLock, Timeout

from onegrain.errors import UserError

log = logging.getLogger(__name__)

KEY_FILE = "key.json"
KEY_VERSION = 1  # raise it when the same key must no longer find what it found before
HASH_DIGITS = 20
LOCK_POLL_SECONDS = 0.2


class Store:
    """A folder of finished work that any number of processes may share.

    Example:
        >>> import tempfile
        >>> store = Store(Path(tempfile.mkdtemp()))
        >>> def make(folder: Path) -> None:
        ...     _ = (folder / "answer.txt").write_text("42")
        >>> entry = store.get_or_make("answers", {"question": "six by seven"}, make)
        >>> (entry / "answer.txt").read_text()
        '42'
        >>> store.get_or_make("answers", {"question": "six by seven"}, make) == entry  # found
        True
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def get_or_make(
        self,
        stage: str,
        key: Mapping[str, Any],
        make: Callable[[Path], None],
        *,
        resumable: bool = False,
        quiet: bool = False,
    ) -> Path:
        """The folder of the work that ``key`` describes, which ``make`` makes if need be.

        Args:
            stage: What kind of work it is, the name of a folder: ``"models"``.
            key: All that the result depends on; see `canonical_json` for what it may hold.
            make: Writes the work into the folder it is given. When it raises, nothing is found
                under the key.
            resumable: Keep the work folder of a job that died, so that ``make`` finds what it
                left there and goes on from it. Otherwise ``make`` always gets an empty folder.
            quiet: Say only to a log of level debug what was found or made: it is one of many.

        Raises:
            UserError: The store cannot be written to.
            TypeError: ``key`` holds something that has no canonical form.
        """
        entry, level = self.path(stage, key), logging.DEBUG if quiet else logging.INFO
        if not entry.is_dir():
            with self._locked(entry):
                if not entry.is_dir():  # nobody made it while we waited for the lock
                    start = time.monotonic()
                    self._make(entry, key, make, resumable)
                    log.log(level, "%s: made in %.1f s", _name(entry), time.monotonic() - start)
                    return entry
        log.log(level, "%s: found in the store", _name(entry))
        return entry

    def has(self, stage: str, key: Mapping[str, Any]) -> bool:
        """Whether the work that ``key`` describes was made."""
        return self.path(stage, key).is_dir()

    def path(self, stage: str, key: Mapping[str, Any]) -> Path:
        """Where the work lies that ``key`` describes, made or not."""
        document = canonical_json({"version": KEY_VERSION, "stage": stage, "key": key})
        return self.root / stage / hashlib.sha256(document.encode()).hexdigest()[:HASH_DIGITS]

    def _make(
        self, entry: Path, key: Mapping[str, Any], make: Callable[[Path], None], resumable: bool
    ) -> None:
        work = entry.with_name(f".{entry.name}.work")
        if work.exists() and not resumable:
            shutil.rmtree(work)
        if work.exists():
            log.info("%s: continuing what an earlier job began", _name(entry))
        work.mkdir(exist_ok=True)
        try:
            make(work)
            (work / KEY_FILE).write_text(canonical_json(key, indent=1) + "\n", encoding="utf-8")
            _flush_to_disk(work)
        except BaseException:
            if not resumable:
                shutil.rmtree(work, ignore_errors=True)
            raise
        work.rename(entry)
        _flush(entry.parent)

    @contextmanager
    def _locked(self, entry: Path) -> Iterator[None]:
        # The lock file stays: to remove it would part those who wait from those who come.
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(entry.with_name(f".{entry.name}.lock"))
            try:
                lock.acquire(timeout=0)
            except Timeout:
                log.info("%s: waiting for the process that is making it", _name(entry))
                lock.acquire(poll_interval=LOCK_POLL_SECONDS)
        except OSError as error:
            raise UserError(f"{self.root}: cannot be written to ({error.strerror})") from error
        try:
            yield
        finally:
            lock.release()


def canonical_json(value: Any, indent: int | None = None) -> str:
    """The one JSON text of a value, whatever order its mappings were built in.

    Mappings with string keys, lists, tuples, dataclasses (as mappings), enums (as their values),
    paths (as text with forward slashes), text, numbers, booleans and None have one. Floats are
    exact. ``1``, ``1.0`` and ``True`` are three values: work made for one is not found for another.

    Raises:
        TypeError: The value holds anything else, or a mapping whose keys are not text.
        ValueError: The value holds a float that is not finite.

    Example:
        >>> canonical_json({"lambda1": 1e-05, "layers": (1, 2)})
        '{"lambda1":1e-05,"layers":[1,2]}'
    """
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(_plain(value), sort_keys=True, indent=indent, separators=separators)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        if not math.isfinite(value):
            raise ValueError(f"a key of the store holds {value}, which is not a finite number")
        return value
    if isinstance(value, PurePath):
        return value.as_posix()
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError(f"a mapping in a key of the store has keys that are not text: {value}")
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"a key of the store holds {value!r}, which has no canonical form")


def _flush_to_disk(folder: Path) -> None:
    """Bring files to disk before the rename that promises them, in case the power goes."""
    for parent, _, names in os.walk(folder):
        for path in (Path(parent), *(Path(parent) / name for name in names)):
            _flush(path)


def _flush(path: Path) -> None:
    if os.name == "posix":  # elsewhere neither a folder nor a file opened to read can be flushed
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _name(entry: Path) -> str:
    return f"{entry.parent.name}/{entry.name[:8]}"
