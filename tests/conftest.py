"""Tests run with onegrain's shapes and types checked, each process on its share of cores."""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

# Before torch is imported, and for the processes that tests start: workers that each spread over
# all cores are several times slower than workers of one core each.
if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // int(workers)))

install_import_hook("onegrain", "beartype.beartype")

# The machines are shared: a slow example says nothing about the code. `repeatable` is of `.ci/run`.
settings.register_profile("onegrain", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("onegrain")


TINY_TEXT = (
    "the dog sleeps .",
    "a very old zebra sees the dog !",
    "no",
    "and the cat sat on the mat , unbelievably .",
)


def _vocabulary(tokenizer: Tokenizer, trainer: Any) -> dict[str, Any]:
    tokenizer.train_from_iterator(TINY_TEXT, trainer)
    return json.loads(tokenizer.to_str())["model"]


def _wordpiece(maker: Callable[..., Any], special: list[str]) -> Any:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=60, special_tokens=special, show_progress=False)
    return maker(vocab=_vocabulary(tokenizer, trainer)["vocab"])


def _byte_pairs(maker: Callable[..., Any], special: list[str]) -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    learned = _vocabulary(tokenizer, trainer)
    return maker(vocab=learned["vocab"], merges=[tuple(pair) for pair in learned["merges"]])


def _unigrams(maker: Callable[..., Any], special: list[str]) -> Any:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=60, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    return maker(vocab=[tuple(piece) for piece in _vocabulary(tokenizer, trainer)["vocab"]])


def _sentence_pieces(_: Callable[..., Any], special: list[str]) -> Any:
    """Return the tokenizer of real Marians: SentencePiece, whose pieces have other numbers."""
    import io

    import sentencepiece
    import transformers as hf

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TINY_TEXT), model_writer=written, vocab_size=30, minloglevel=2
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "text.spm").write_bytes(written.getvalue())
        model = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
        pieces = [model.id_to_piece(number) for number in range(model.get_piece_size())]
        known = [*special, *sorted(set(pieces) - {*special, "<s>"}), ">>fra<<"]
        vocabulary = {piece: number for number, piece in enumerate(known)}
        (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
        files = [str(folder / name) for name in ("text.spm", "text.spm", "vocab.json")]
        tokenizer = hf.MarianTokenizer(*files)
        tokenizer.save_pretrained(folder / "whole")
        return hf.MarianTokenizer.from_pretrained(folder / "whole")


def _tiny(kind: str, folder: Path) -> None:
    """Save a randomly initialised transformer of two layers of 8 units, and a tokenizer."""
    import torch  # the settings above come first
    import transformers as hf

    hf.logging.set_verbosity_error()
    hf.logging.disable_progress_bar()
    size = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
    size |= {"intermediate_size": 12, "vocab_size": 330}
    roberta = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    xlnet = ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]
    torch.manual_seed(0)
    match kind:
        case "bert":
            network = hf.BertForMaskedLM(hf.BertConfig(**size, max_position_embeddings=24))
            special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
            tokenizer = _wordpiece(hf.BertTokenizer, special)
        case "roberta":
            network = hf.RobertaModel(hf.RobertaConfig(**size, max_position_embeddings=34))
            tokenizer = _byte_pairs(hf.RobertaTokenizer, roberta)
        case "gpt2":
            ends = {"bos_token_id": 0, "eos_token_id": 0}
            sizes = {"n_embd": 8, "n_layer": 2, "n_head": 2, "vocab_size": 330, "n_positions": 40}
            network = hf.GPT2LMHeadModel(hf.GPT2Config(**sizes, **ends))
            tokenizer = _byte_pairs(hf.GPT2Tokenizer, ["<|endoftext|>"])
        case "xlnet":
            sizes = {"d_model": 8, "n_layer": 2, "n_head": 2, "d_inner": 12, "vocab_size": 330}
            network = hf.XLNetLMHeadModel(hf.XLNetConfig(**sizes))
            tokenizer = _unigrams(hf.XLNetTokenizer, xlnet)
        case "t5":
            sizes = {"d_model": 8, "num_layers": 2, "num_heads": 2, "d_kv": 4, "d_ff": 12}
            network = hf.T5ForConditionalGeneration(
                hf.T5Config(**sizes, vocab_size=330, decoder_start_token_id=0)
            )
            tokenizer = _unigrams(hf.T5Tokenizer, ["<pad>", "</s>", "<unk>"])
        case "marian" | "slow_marian":
            sizes = {"d_model": 8, "encoder_layers": 2, "decoder_layers": 2, "vocab_size": 330}
            sizes |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
            sizes |= {"encoder_ffn_dim": 12, "decoder_ffn_dim": 12, "max_position_embeddings": 40}
            ends = {"pad_token_id": 0, "eos_token_id": 1, "forced_eos_token_id": 1}
            config = hf.MarianConfig(**sizes, **ends, decoder_start_token_id=0)
            network = hf.MarianMTModel(config)
            maker = _unigrams if kind == "marian" else _sentence_pieces
            tokenizer = maker(hf.T5Tokenizer, ["<pad>", "</s>", "<unk>"])
        case "albert":  # its layers share one set of weights
            network = hf.AlbertModel(hf.AlbertConfig(**size, embedding_size=4))
            tokenizer = _wordpiece(hf.BertTokenizer, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    for parameter in network.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)  # so that layers and units differ
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_transformer(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """From a kind of transformer to the folder of a tiny one."""
    pytest.importorskip("transformers")

    @cache
    def folder_of(kind: str) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        _tiny(kind, folder)
        return folder

    return folder_of
