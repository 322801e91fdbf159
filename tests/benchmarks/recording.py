"""Recording all layers of the MiniLM on the training words, beside NeuroX's extraction."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import conllu

from .minilm import weights_folder
from .neurox import PEER
from .peers import run_peer
from .result import Result
from .run_apart import run_apart
from .setting import Setting

WORDS = 200_000
PEER_WORDS = {"json": 4_000, "hdf5": 20_000}
TARGETS = {
    ("fp32", "json"): 20.0,
    ("fp32", "hdf5"): 3.0,
    ("bf16", "json"): 20.0,
    ("bf16", "hdf5"): 5.0,
}
SAME_MEMORY = 1.2


def measure(setting: Setting) -> list[Result]:
    """Compare words a second: seconds are those that each side would take for all of ours.

    Peak memory is that of a process of its own, for all words and for a quarter of them.
    """
    sentences = _sentences(setting)
    weights = weights_folder(setting.python)
    peers = {kind: _neurox(setting, sentences, weights, kind) for kind in PEER_WORDS}
    results = []
    for precision in ("fp32", "bf16"):
        part = _ours(setting, sentences[: len(sentences) // 4], weights, precision)
        whole = _ours(setting, sentences, weights, precision)
        growth = whole["peak_megabytes"] / part["peak_megabytes"]
        for kind, rate in peers.items():
            results.append(
                Result(
                    case="recording",
                    work=f"{whole['words']:,} words, ours {precision}, the peer {kind}",
                    peer=PEER,
                    seconds=whole["seconds"],
                    peer_seconds=whole["words"] / rate,
                    target=TARGETS[precision, kind],
                    figure=f"{whole['peak_megabytes']:.0f} MB, for a quarter of the words "
                    f"{part['peak_megabytes']:.0f} MB",
                    agrees=growth <= SAME_MEMORY,
                    details={"ours": whole, "quarter": part, "peer_words_per_second": rate},
                )
            )
    return results


def _sentences(setting: Setting) -> list[list[str]]:
    path = setting.data / "ud" / "UD_English-EWT" / "en_ewt-ud-train.conllu.xz"
    most, sentences, words = setting.at_most(WORDS), [], 0
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for sentence in conllu.parse_incr(file):
            if words >= most:
                break
            forms = [token["form"] for token in sentence if isinstance(token["id"], int)]
            sentences.append([form.replace(" ", "") for form in forms])
            words += len(forms)
    return sentences


def _neurox(setting: Setting, sentences: list[list[str]], weights: Path, kind: str) -> float:
    """Return words a second, loading the model left out."""
    most, chosen, words = setting.at_most(PEER_WORDS[kind]), [], 0
    for sentence in sentences:
        if words >= most:
            break
        chosen.append(sentence)
        words += len(sentence)
    print(f"  NeuroX extracts {words:,} words to {kind}", flush=True)
    text = setting.scratch / f"neurox_{kind}.txt"
    text.write_text("\n".join(map(" ".join, chosen)) + "\n", encoding="utf-8")
    request = {
        "model": str(weights),
        "text": str(text),
        "output": str(setting.scratch / f"neurox.{kind}"),
        "kind": kind,
        "threads": setting.threads,
    }
    answer = run_peer(setting.python, "neurox_record.py", request, setting.threads)
    return words / float(answer["seconds"])


def _ours(
    setting: Setting, sentences: list[list[str]], weights: Path, precision: str
) -> dict[str, Any]:
    text = setting.scratch / "ours.txt"
    text.write_text("\n".join(map(" ".join, sentences)) + "\n", encoding="utf-8")
    request = {
        "weights": str(weights),
        "text": str(text),
        "output": str(setting.scratch / f"recorded_{precision}_{len(sentences)}"),
        "precision": precision,
        "threads": setting.threads,
    }
    answer = run_apart("record", request)
    print(f"  ours, {precision}: {answer['words'] / answer['seconds']:,.0f} words/s", flush=True)
    return answer
