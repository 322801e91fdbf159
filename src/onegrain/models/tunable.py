"""Transformers as tuning begins with them: a checkpoint with a new head, or a new network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.models.classifier import Classifier
from onegrain.models.pretrained import (
    MASKED,
    UNUSED,
    in_one_line,
    load_tokenizer,
    transformers_library,
    with_tokenizer,
)
from onegrain.models.transformer import TextTransformer
from onegrain.settings import NewNetwork, TextSettings, TransformerModel

SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


@dataclass(frozen=True)
class Tunable:
    """A transformer that is to be tuned.

    Attributes:
        whole: The model of `transformers`, its head included.
        tokenizer: Of `transformers`.
        studied: Both, as the rest of the program knows them.
    """

    whole: Any
    tokenizer: Any
    studied: TextTransformer

    def save(self, folder: Path) -> None:
        """Write what ``from_pretrained`` reads, and what its labels are."""
        self.whole.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        if self.studied.classifier is not None:
            self.studied.classifier.save(folder)


def begin_from(
    base: Path, settings: TransformerModel, classifier: Classifier | None = None
) -> Tunable:
    """Load a checkpoint with a head for labels, or for hidden words; it is new where it lacks it.

    Args:
        base: The checkpoint's folder.
        settings: How words are read.
        classifier: What is to be labelled; None: hidden words are to be found.

    Raises:
        UserError: If it cannot be read, or is of a kind that cannot be tuned so.
    """
    transformers = transformers_library()
    head = MASKED if classifier is None else classifier.head
    with in_one_line(settings):
        config = transformers.AutoConfig.from_pretrained(base, trust_remote_code=False)
        _check_kind(transformers, config, settings, classifier)
        whole = _with_new_head(getattr(transformers, head), base, settings, classifier)
    tokenizer = load_tokenizer(base, settings)
    return Tunable(whole, tokenizer, with_tokenizer(whole, tokenizer, settings, head, classifier))


def begin_anew(
    corpus: Corpus, settings: TransformerModel, network: NewNetwork, text: TextSettings
) -> Tunable:
    """Make a BERT that finds hidden words, with random weights, and learn its pieces from text.

    Args:
        corpus: The training text.
        settings: How words are read.
        network: Its sizes.
        text: Size and case of the vocabulary.

    Raises:
        UserError: If sizes do not go together.
    """
    transformers = transformers_library()
    pieces = learn_pieces(corpus.sentences, text)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=pieces, model_max_length=network.max_length, **SPECIAL
    )
    config = transformers.BertConfig(
        vocab_size=pieces.get_vocab_size(),
        hidden_size=network.hidden,
        num_hidden_layers=network.layers,
        num_attention_heads=network.heads,
        intermediate_size=4 * network.hidden,
        max_position_embeddings=network.max_length,
        pad_token_id=tokenizer.pad_token_id,
    )
    with in_one_line(settings):
        whole = transformers.BertForMaskedLM(config)
    return Tunable(whole, tokenizer, with_tokenizer(whole, tokenizer, settings, MASKED))


def learn_pieces(sentences: Sequence[tuple[str, ...]], text: TextSettings) -> Tokenizer:
    """Learn a WordPiece vocabulary, with BERT's special tokens around every sentence.

    Example:
        >>> pieces = learn_pieces([("the", "dog"), ("the", "dogs")], TextSettings())
        >>> pieces.encode(["the", "Dogs"], is_pretokenized=True).tokens
        ['[CLS]', 'the', 'dogs', '[SEP]']
    """
    pieces = Tokenizer(models.WordPiece(unk_token=SPECIAL["unk_token"]))
    pieces.normalizer = normalizers.BertNormalizer(lowercase=text.lowercase)
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=text.vocabulary_size,
        special_tokens=list(SPECIAL.values()),
        show_progress=False,
    )
    pieces.train_from_iterator((" ".join(words) for words in sentences), trainer)
    begin, end = SPECIAL["cls_token"], SPECIAL["sep_token"]
    pieces.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        special_tokens=[(token, pieces.token_to_id(token)) for token in (begin, end)],
    )
    return pieces


def _check_kind(
    transformers: Any, config: Any, settings: TransformerModel, classifier: Classifier | None
) -> None:
    """Refuse what has no such head, or one that reads the end of padded sentences."""
    name = f"model.path={settings.path} ({config.model_type})"
    if config.is_encoder_decoder:
        raise UserError(f"{name}: an encoder-decoder is studied as it comes; take tuning=none")
    of_words = classifier is not None and not classifier.of_sentences
    if not of_words and type(config) not in transformers.MODEL_FOR_MASKED_LM_MAPPING:
        raise UserError(f"{name}: reads from left to right; take tuning=tokens, or a kind of BERT")


def _with_new_head(
    kind: Any, base: Path, settings: TransformerModel, classifier: Classifier | None
) -> Any:
    names = () if classifier is None else classifier.labels.names
    labels = {
        "num_labels": len(names),
        "id2label": dict(enumerate(names)),
        "label2id": {name: number for number, name in enumerate(names)},
    }
    whole, loading = kind.from_pretrained(
        base,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # of a head for other labels
        **(labels if names else {}),
    )
    below = f"{whole.base_model_prefix}."
    lost = [*loading["missing_keys"], *(key for key, *_ in loading["mismatched_keys"])]
    lacking = sorted(
        name for name in lost if name.startswith(below) and not any(part in name for part in UNUSED)
    )
    if lacking:
        raise UserError(
            f"model.path={settings.path}: {len(lacking)} weights are not in its files, "
            f"such as {lacking[0]}"
        )
    return whole
