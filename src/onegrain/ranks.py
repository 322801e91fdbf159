"""Processes of this machine: some share one piece of work, others have work of their own.

Those that share have a part of the words each, and take sums over all of them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from logging.handlers import QueueHandler, QueueListener
from multiprocessing import forkserver, parent_process, resource_tracker
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import ProcessRaisedException, start_processes

from onegrain.errors import UserError

Item = TypeVar("Item")
# A copy of a process that has imported what it needs is there at once; a new one has to import it.
START = "forkserver" if sys.platform == "linux" else "spawn"
GRACE = 10.0  # seconds that a process has to end
REFUSED = "onegrain.errors.UserError: "  # how the last line of a worker's traceback begins


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is.

    Example:
        >>> Ranks(1, 3).share(list("abcdefg"))
        ['b', 'e']
        >>> Ranks(1, 3).rows(10)
        range(3, 6)
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def current(cls) -> Ranks:
        """Return what torch.distributed says of this process; one of one where it is not used."""
        if not (dist.is_available() and dist.is_initialized()):
            return ALONE
        return cls(dist.get_rank(), dist.get_world_size())

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return this process's part of items that all of them know: each n-th."""
        return items[self.rank :: self.count]

    def rows(self, total: int) -> range:
        """Return this process's part of neighbouring rows."""
        first, end = (total * rank // self.count for rank in (self.rank, self.rank + 1))
        return range(first, end)

    def add_up(self, *tensors: Tensor) -> None:
        """Replace tensors of one number format by their sums over all processes.

        All processes get the same bits, so that what they decide by them is the same.
        """
        if self.count == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, total in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def total(self, number: int) -> int:
        """Return the sum of a number over all processes."""
        if self.count == 1:
            return number
        tensor = torch.tensor(number)
        dist.all_reduce(tensor)
        return int(tensor)


ALONE = Ranks()


def expect_processes(work: Callable[..., object]) -> None:
    """Begin to import, beside this process, what processes need that will call ``work``.

    That takes seconds, which the first processes wait for where they come unexpected. A module that
    is not ours may want to be imported by each process for itself.

    Args:
        work: A function of a module.
    """
    if START == "forkserver":
        is_ours = work.__module__.startswith("onegrain.")
        get_context(START).set_forkserver_preload([work.__module__ if is_ours else __name__])
        resource_tracker.ensure_running()  # which else would let interrupts through again
        with _without_interrupts():  # Ctrl-C is ours to answer, not a process's that imports
            forkserver.ensure_running()


def run_ranks(count: int, work: Callable[..., None], *arguments: Any) -> None:
    """Call ``work(ranks, *arguments)`` in new processes of this machine, and wait for all.

    Args:
        count: How many, each with its share of the threads of this one.
        work: A function of a module; what it makes, it writes into a file.
        arguments: The same for all.

    Raises:
        UserError: If one of them raised it.
    """
    expect_processes(work)
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        _run(count, _rank, meeting, work, arguments)


def run_side_by_side(
    count: int, work: Callable[..., object], items: Mapping[str, Item], *arguments: Any
) -> None:
    """Call ``work(item, *arguments)`` for each item, in new processes, and wait for all.

    What they log is logged here, after the name of the item.

    Args:
        count: How many processes, each with its share of the items and of the threads of this one.
        work: A function of a module; what it makes, it writes into a file.
        items: By name.
        arguments: The same for all.

    Raises:
        UserError: If one of them raised it.
    """
    expect_processes(work)
    new = get_context(START)
    records, orders = new.Queue(), [new.Queue() for _ in range(count)]
    for rank, order in enumerate(orders):  # not as arguments: a start waits until they are read
        order.cancel_join_thread()
        order.put((work, Ranks(rank, count).share(list(items.items())), arguments))
    listener = QueueListener(records, _LogHere())
    listener.start()
    try:
        _run(count, _apart, orders, records)
    finally:
        listener.stop()


def _run(count: int, process: Callable[..., None], *arguments: Any) -> None:
    """Call ``process(rank, origin, *arguments)`` in each of so many new processes.

    However it ends, none of them is left.
    """
    # It says of each process that it ends the others where one has failed; we say why.
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)
    started = start_processes(
        process, (_Origin.here(count), *arguments), nprocs=count, join=False, start_method=START
    )
    try:
        while not started.join():
            pass
    except ProcessRaisedException as error:
        last = str(error).strip().splitlines()[-1]
        if last.startswith(REFUSED):
            raise UserError(last.removeprefix(REFUSED)) from error
        raise
    finally:
        _end(started.processes)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let Ctrl-C wait, here until this is over, and in a process that starts inside for good."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(processes: Sequence[Any]) -> None:
    """End those that still run, as they do where this process alone is interrupted."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(GRACE)
        if process.is_alive():
            process.kill()
            process.join()


@dataclass(frozen=True)
class _Origin:
    """What new processes take over from the one that starts them.

    Attributes:
        count: How many they are.
        threads: Of each.
        level: Of what is logged.
        environment: As it is now; what they are copies of began earlier.
    """

    count: int
    threads: int
    level: int
    environment: Mapping[str, str] = field(repr=False)  # there are secrets in it

    @classmethod
    def here(cls, count: int) -> _Origin:
        """Return what ``count`` processes take over from this one."""
        threads = max(1, torch.get_num_threads() // count)
        return cls(count, threads, logging.getLogger().getEffectiveLevel(), dict(os.environ))

    def take_over(self) -> None:
        """Make this process one of them."""
        _end_with_starter()
        if START == "forkserver":
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.environ.clear()
        os.environ.update(self.environment)
        torch.set_num_threads(self.threads)


def _rank(
    rank: int, origin: _Origin, meeting: str, work: Callable[..., None], arguments: Sequence[Any]
) -> None:
    origin.take_over()
    count = origin.count
    if rank == 0:
        logging.basicConfig(level=origin.level, format="%(message)s")
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=count)
    try:
        work(Ranks(rank, count), *arguments)
    finally:
        dist.destroy_process_group()


def _apart(rank: int, origin: _Origin, orders: Sequence[Any], records: Any) -> None:
    origin.take_over()
    handler = QueueHandler(records)
    logging.basicConfig(level=origin.level, handlers=[handler])
    try:
        work, items, arguments = orders[rank].get()
        for name, item in items:
            handler.setFormatter(logging.Formatter(f"{name}: %(message)s"))
            try:
                work(item, *arguments)
            except UserError as error:
                raise UserError(f"{name}: {error}") from error
    except BaseException:
        records.cancel_join_thread()  # nobody may be left to read what is logged
        raise


def _end_with_starter() -> None:
    """End this process when the one that started it ends, however that ends."""
    starter = parent_process()
    assert starter is not None

    def watch() -> None:
        starter.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


class _LogHere(logging.Handler):
    """Logs what another process has logged, as if this one had."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger(record.name).handle(record)
