"""Processes of this machine: some share one piece of work, others have work of their own.

Those that share have a part of the words each, and take sums over all of them.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from logging.handlers import QueueHandler, QueueListener
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import ProcessRaisedException, spawn

from onegrain.errors import UserError

Item = TypeVar("Item")
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


def run_ranks(count: int, work: Callable[..., None], *arguments: Any) -> None:
    """Call ``work(ranks, *arguments)`` in new processes of this machine, and wait for all.

    Args:
        count: How many, each with its share of the threads of this one.
        work: A function of a module; what it makes, it writes into a file.
        arguments: The same for all.

    Raises:
        UserError: If one of them raised it.
    """
    level = logging.getLogger().getEffectiveLevel()
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        _spawn(count, _rank, meeting, level, work, arguments)


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
    level, new = logging.getLogger().getEffectiveLevel(), get_context("spawn")
    records, orders = new.Queue(), [new.Queue() for _ in range(count)]
    for rank, order in enumerate(orders):  # not as arguments: a start waits until they are read
        order.cancel_join_thread()
        order.put((work, Ranks(rank, count).share(list(items.items())), arguments))
    listener = QueueListener(records, _LogHere())
    listener.start()
    try:
        _spawn(count, _apart, orders, records, level)
    finally:
        listener.stop()


def _spawn(count: int, process: Callable[..., None], *arguments: Any) -> None:
    """Call ``process(rank, count, threads, *arguments)`` in each of so many new processes.

    However it ends, none of them is left.
    """
    threads = max(1, torch.get_num_threads() // count)
    # It says of each process that it ends the others where one has failed; we say why.
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)
    started = spawn(process, (count, threads, *arguments), nprocs=count, join=False)
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


def _end(processes: Sequence[Any]) -> None:
    """End those that still run, as they do where this process alone is interrupted."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(GRACE)
        if process.is_alive():
            process.kill()
            process.join()


def _rank(
    rank: int,
    count: int,
    threads: int,
    meeting: str,
    level: int,
    work: Callable[..., None],
    arguments: Sequence[Any],
) -> None:
    _end_with_starter()
    torch.set_num_threads(threads)
    if rank == 0:
        logging.basicConfig(level=level, format="%(message)s")
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=count)
    try:
        work(Ranks(rank, count), *arguments)
    finally:
        dist.destroy_process_group()


def _apart(
    rank: int, count: int, threads: int, orders: Sequence[Any], records: Any, level: int
) -> None:
    _end_with_starter()
    torch.set_num_threads(threads)
    handler = QueueHandler(records)
    logging.basicConfig(level=level, handlers=[handler])
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
