"""How time and memory of the probe grow: with words, with neurons, and beyond what memory holds."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import altair
import pandas as pd
import torch
import vl_convert

from onegrain.activations.record import finish_recording
from onegrain.activations.shards import ShardWriter
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus
from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.grid import LambdaGrid
from onegrain.settings import ActivationSettings

from . import ours
from .minilm import Work
from .result import Result
from .run_apart import run_apart
from .setting import Setting

STEPS = 4  # doublings, and as many halvings
EPOCHS = 3
SLOPE = 1.15  # of log time against log size: 1 is linear
NEURONS, LABELS, GIGABYTES, MOST_GIGABYTES = 2688, 49, 10, 2.0


def measure(setting: Setting) -> list[Result]:
    """Fit three epochs on parts of the real problem, and two on a sparse file of 10 GB."""
    work = setting.work
    whole, neurons = len(work.train), work.train.neurons
    words = [whole >> step for step in reversed(range(STEPS))]
    widths = [neurons >> step for step in reversed(range(STEPS))]
    by_words = [_seconds(setting, work, count, neurons) for count in words]
    by_neurons = [_seconds(setting, work, whole, width) for width in widths]
    return [
        _result("words", words, by_words),
        _result("neurons", widths, by_neurons),
        _mapped(setting),
    ]


def _seconds(setting: Setting, work: Work, words: int, neurons: int) -> float:
    """Return the fastest of some fits: what disturbs a fit only makes it slower."""
    train = work.train.select(torch.arange(words)).columns(torch.arange(neurons))
    part = Work(train, work.test, work.labels, work.train_file, work.test_file)
    grid = LambdaGrid.product([1e-4], [1e-4])
    return min(ours.fit(part, grid, EPOCHS, 0.0).seconds for _ in range(setting.repeats))


def _result(name: str, sizes: Sequence[int], seconds: Sequence[float]) -> Result:
    slope = _slope(sizes, seconds)
    frame = pd.DataFrame({name: sizes, "seconds": seconds})
    return Result(
        case="growth",
        work=f"{EPOCHS} epochs, {sizes[0]:,} to {sizes[-1]:,} {name}",
        seconds=seconds[-1],
        figure=f"time ~ {name}^{slope:.2f} (aim at most {SLOPE})",
        agrees=slope <= SLOPE,
        details={"sizes": list(sizes), "all_seconds": list(seconds), "slope": slope},
        charts={f"growth_{name}": _chart(frame, name)},
    )


def _slope(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the least-squares slope in logarithms."""
    across = torch.tensor([math.log(size) for size in sizes])
    up = torch.tensor([math.log(each) for each in seconds])
    across, up = across - across.mean(), up - up.mean()
    return float((across @ up) / (across @ across))


def _chart(frame: pd.DataFrame, name: str) -> str:
    line = altair.Chart(frame, width=360, height=240).mark_line(point=True)
    chart = line.encode(x=altair.X(name, type="quantitative"), y="seconds:Q")
    svg: str = vl_convert.vegalite_to_svg(json.loads(chart.to_json()))
    return svg


def _mapped(setting: Setting) -> Result:
    """Fit on a recording that is larger than the memory the probe may have."""
    words = GIGABYTES * 2**30 // (NEURONS * 2)
    words = words if setting.words is None else min(words, setting.words)
    folder = _sparse_recording(setting.scratch / "sparse", words)
    sizes = [max(1, words // 4), words]
    quarter = _sparse_recording(setting.scratch / "sparse_quarter", sizes[0])
    found = [_fit(setting, each) for each in (quarter, folder)]
    gigabytes = [each["own_megabytes"] / 1024 for each in found]
    frame = pd.DataFrame({"words": sizes, "GB": gigabytes})
    line = altair.Chart(frame, width=360, height=240).mark_line(point=True)
    chart = line.encode(x="words:Q", y="GB:Q")
    return Result(
        case="growth",
        work=f"mapped, {words:,} words, {words * NEURONS * 2 / 2**30:.1f} GB",
        seconds=found[-1]["seconds"],
        figure=f"{gigabytes[-1]:.2f} GB of its own (aim {MOST_GIGABYTES:g}; "
        f"a quarter, which is copied into memory: {gigabytes[0]:.2f})",
        agrees=gigabytes[-1] <= MOST_GIGABYTES,
        details={"runs": found},
        charts={"growth_memory": vl_convert.vegalite_to_svg(json.loads(chart.to_json()))},
    )


def _fit(setting: Setting, folder: Path) -> dict[str, float]:
    request = {"recording": str(folder), "labels": LABELS, "threads": setting.threads}
    return run_apart("fit_mapped", request)


def _sparse_recording(folder: Path, words: int) -> Path:
    """Make a recording whose one shard is a hole: zeros that take no place on the disk."""
    folder.mkdir()
    layout = NeuronLayout((Block("sparse", 1, "", NEURONS),))
    settings = ActivationSettings()
    with ShardWriter(folder / "shard-00000.safetensors", words, NEURONS, settings.dtype):
        pass
    sentences = tuple(("x",) * min(20, words - first) for first in range(0, words, 20))
    table = TokenTable.of(Corpus("en", sentences), torch.zeros(words, dtype=torch.bool))
    shards = [{"file": "shard-00000.safetensors", "rows": words}]
    finish_recording(folder, table, layout, settings, shards)
    return folder
