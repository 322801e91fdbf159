"""``explorer.json`` of a run's folder: what the page needs to show single neurons at work."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from onegrain.errors import UserError
from onegrain.reporting.packed import pack, unpack

FORMAT = 1
ARRAYS = ("low", "high", "means", "histograms", "shared_codes", "highest", "lowest", "own_codes")


@dataclass(frozen=True)
class LayoutBlock:
    """A run of neighbouring neuron ids; see `onegrain.neurons.Block`."""

    component: str
    layer: int
    direction: str
    width: int


@dataclass(frozen=True)
class Passage:
    """A sentence of the test split, or a part of a long one.

    Attributes:
        sentence: Its number in the split, from 0.
        start: The place of its first word in the sentence, from 0.
        more: Whether the sentence goes on after it.
        words: The words.
        labels: The label of each, as its place in `ExplorerData.labels`; -1 for one that
            training does not have.
        unknown: Places, in the passage, of words that the model read as unknown.
    """

    sentence: int
    start: int
    more: bool
    words: tuple[str, ...]
    labels: tuple[int, ...]
    unknown: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ExplorerData:
    """All neurons (D), in numbers that a browser can hold.

    Activations are whole numbers of -127 to 127: ``code * peak / 127``, where ``peak`` is the
    larger of ``|low|`` and ``|high|`` of the neuron. They are at most ``peak / 254`` off.

    Attributes:
        task: The probed property.
        blocks: What the ids mean; their widths add up to D.
        labels: From the most frequent in training to the rarest.
        group_words: Test words in each group: a group for each of the first labels, and the last
            for all other words, be it with rarer labels or with those training does not have.
        low: The lowest activation of each neuron over all test words, fp32 ``[D]``.
        high: The highest.
        means: The mean activation over each group, fp32 ``[D, groups]``.
        histograms: Words of each group in each bin, ``[D, groups, bins]``; the bins of a neuron
            have one width and go from ``-peak`` to ``peak``.
        served: For each label, the neurons that serve it, by their share of the label's weights,
            the largest first; negative where the weight is.
        passages: Those shown for any neuron.
        shared: Places in ``passages`` of those shown for every neuron.
        shared_codes: Activations on their words, int8 ``[D, words]``.
        highest: Places in ``passages`` of those that hold a neuron's highest values, ``[D, n]``.
        lowest: Those that hold its lowest values, ``[D, n]``.
        own_codes: Activations, int8: for each neuron on the words of its ``highest`` and then of
            its ``lowest`` passages.

    Raises:
        ValueError: If the parts do not fit each other.
    """

    task: str
    blocks: tuple[LayoutBlock, ...]
    labels: tuple[str, ...]
    group_words: tuple[int, ...]
    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]
    means: npt.NDArray[np.float32]
    histograms: npt.NDArray[Any]
    served: tuple[tuple[tuple[int, float], ...], ...]
    passages: tuple[Passage, ...]
    shared: tuple[int, ...]
    shared_codes: npt.NDArray[np.int8]
    highest: npt.NDArray[np.int32]
    lowest: npt.NDArray[np.int32]
    own_codes: npt.NDArray[np.int8]

    def __post_init__(self) -> None:
        neurons, groups = self.neurons, len(self.group_words)
        words = np.array([len(passage.words) for passage in self.passages], dtype=np.int64)
        places = [*self.shared, *self.highest.flat, *self.lowest.flat]
        if places and not 0 <= min(places) <= max(places) < len(words):
            raise ValueError("a passage is named that is not there")
        shared = int(words[list(self.shared)].sum())
        own = int(words[self.highest].sum() + words[self.lowest].sum())
        shapes = {
            "low": ((neurons,), self.low),
            "high": ((neurons,), self.high),
            "means": ((neurons, groups), self.means),
            "histograms": ((neurons, groups, *self.histograms.shape[2:]), self.histograms),
            "shared_codes": ((neurons, shared), self.shared_codes),
            "highest": ((neurons, *self.highest.shape[1:]), self.highest),
            "lowest": ((neurons, *self.lowest.shape[1:]), self.lowest),
            "own_codes": ((own,), self.own_codes),
        }
        for name, (shape, array) in shapes.items():
            if array.shape != shape:
                raise ValueError(f"'{name}' has the shape {array.shape} and not {shape}")
        if len(self.served) != len(self.labels):
            raise ValueError(f"'served' is about {len(self.served)} of {len(self.labels)} labels")

    @property
    def neurons(self) -> int:
        """D, the number of neurons."""
        return sum(block.width for block in self.blocks)

    @property
    def peak(self) -> npt.NDArray[np.float32]:
        """The largest absolute activation of each neuron."""
        return np.maximum(np.abs(self.low), np.abs(self.high))


def to_json(data: ExplorerData) -> str:
    """Return the text of ``explorer.json``."""
    document = {
        "format": FORMAT,
        "task": data.task,
        "blocks": [vars(block) for block in data.blocks],
        "labels": data.labels,
        "group_words": data.group_words,
        "served": data.served,
        "passages": [vars(passage) for passage in data.passages],
        "shared": data.shared,
        "numbers": {name: pack(getattr(data, name)) for name in ARRAYS},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_explorer(path: Path) -> ExplorerData | None:
    """Read ``explorer.json``; None where there is none, as in runs made before there was any.

    Raises:
        UserError: If the file is not what `to_json` writes.
    """
    if not path.exists():
        return None
    try:
        return _from_plain(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: not the data of the neuron explorer ({type(error).__name__}: {reason}); "
            "without the file the page is made without the explorer"
        ) from error


def _from_plain(document: Any) -> ExplorerData:
    if not isinstance(document, dict):
        raise ValueError("expected an object")
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']}, expected {FORMAT}")
    numbers = {name: unpack(document["numbers"][name]) for name in ARRAYS}
    return ExplorerData(
        task=str(document["task"]),
        blocks=tuple(
            LayoutBlock(
                str(block["component"]),
                int(block["layer"]),
                str(block["direction"]),
                int(block["width"]),
            )
            for block in document["blocks"]
        ),
        labels=tuple(map(str, document["labels"])),
        group_words=tuple(map(int, document["group_words"])),
        served=tuple(map(_served, document["served"])),
        passages=tuple(map(_passage, document["passages"])),
        shared=tuple(map(int, document["shared"])),
        **numbers,
    )


def _served(pairs: Sequence[Sequence[Any]]) -> tuple[tuple[int, float], ...]:
    return tuple((int(neuron), float(share)) for neuron, share in pairs)


def _passage(plain: Mapping[str, Any]) -> Passage:
    passage = Passage(
        sentence=int(plain["sentence"]),
        start=int(plain["start"]),
        more=bool(plain["more"]),
        words=tuple(map(str, plain["words"])),
        labels=tuple(map(int, plain["labels"])),
        unknown=tuple(map(int, plain["unknown"])),
    )
    if len(passage.words) != len(passage.labels):
        raise ValueError(f"{len(passage.labels)} labels for {len(passage.words)} words")
    return passage
