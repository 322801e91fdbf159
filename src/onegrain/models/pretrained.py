"""Pretrained transformers from a folder or the Hugging Face hub.

Nothing that they bring along is run: weights are safetensors only, and never code of their own.
`transformers` is an optional package, and only imported by `transformers_library`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from torch import nn

from onegrain.data.pieces import PieceEncoder
from onegrain.data.word_by_word import WordByWord
from onegrain.errors import UserError
from onegrain.models.classifier import Classifier
from onegrain.models.transformer import TextTransformer, Transformer
from onegrain.models.writing import Writer, use_languages
from onegrain.settings import TransformerModel

log = logging.getLogger(__name__)

CONFIG = "config.json"
NEEDED_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "*.spm"]  # no pickle, no code
UNREAD = ("key.json", "metrics.json")  # of the store: they say how a model came to be
NO_LIMIT = 10**6  # pieces; tokenizers without a limit say 10**30
MASKED, CAUSAL = "AutoModelForMaskedLM", "AutoModelForCausalLM"
TRANSLATING = "AutoModelForSeq2SeqLM"
HEADS = {  # by the end of the name of the class that a checkpoint was saved from
    "ForMaskedLM": MASKED,
    "ForPreTraining": MASKED,
    "ForCausalLM": CAUSAL,
    "LMHeadModel": CAUSAL,
    "ForConditionalGeneration": TRANSLATING,
    "MTModel": TRANSLATING,  # Marian's
    "EncoderDecoderModel": TRANSLATING,
}
NO_HEAD = {"xlnet"}  # predicts in permuted orders: no perplexity of a text from left to right
COMPUTED = "SinusoidalPositionalEmbedding"  # in the names of classes whose weights are formulas
UNUSED = ("pooler.",)  # weights that a checkpoint may lack, as nothing here reads what they make


def pretrained_folder(settings: TransformerModel) -> Path:
    """Return the local folder of a pretrained model; one of the hub is downloaded into its cache.

    Raises:
        UserError: If there is none, it cannot be fetched, or its weights are pickled only.
    """
    name = settings.path or ""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _downloaded(name, settings.revision)
    if not (folder / CONFIG).is_file():
        raise UserError(f"model.path={name}: has no {CONFIG}; it is not a folder of transformers")
    if not any(folder.glob("*.safetensors")):
        raise UserError(
            f"model.path={name}: has no *.safetensors; pickled weights (*.bin) are not read, "
            "save the model again with save_pretrained"
        )
    return folder


def require_head(folder: Path, settings: TransformerModel) -> None:
    """Refuse a model without a head, by its configuration alone, where one will be needed.

    Raises:
        UserError: If there is none, or the configuration cannot be read.
    """
    with in_one_line(settings):
        config = transformers_library().AutoConfig.from_pretrained(folder, trust_remote_code=False)
        has_one = _head_of(config) is not None or Classifier.load(folder) is not None
    if not has_one:
        raise lacks_head(settings)


def lacks_head(settings: TransformerModel) -> UserError:
    """Return what is said of a model without a head."""
    return UserError(
        f"ablation.targets: model.path={settings.path} has no head that predicts words, and so no "
        "perplexity; take ablation=pretrained, on the probe"
    )


def load_pretrained(folder: Path, settings: TransformerModel) -> TextTransformer:
    """Load a network and its tokenizer, in fp32, on the CPU and in evaluation mode.

    Args:
        folder: As of `pretrained_folder`.
        settings: How words are read, and whether a head is wanted.

    Raises:
        UserError: If it cannot be read without code of its own, lacks weights, or has no fast
            tokenizer.
    """
    transformers = transformers_library()
    with in_one_line(settings):
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
        classifier = Classifier.load(folder) if settings.head else None
        named = _head_of(config) if classifier is None else classifier.head
        kind = named if settings.head else None
        whole = _weights(getattr(transformers, kind or "AutoModel"), folder, settings)
    tokenizer = load_tokenizer(folder, settings)
    return with_tokenizer(whole, tokenizer, settings, kind, classifier)


def load_tokenizer(folder: Path, settings: TransformerModel) -> Any:
    """Load the tokenizer of a folder.

    Raises:
        UserError: If there is none.
    """
    with in_one_line(settings):
        tokenizer = transformers_library().AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, add_prefix_space=True
        )
    _in_words(tokenizer, settings)
    return tokenizer


def with_tokenizer(
    whole: Any,
    tokenizer: Any,
    settings: TransformerModel,
    head: str | None,
    classifier: Classifier | None = None,
) -> TextTransformer:
    """Put a model of `transformers` and its tokenizer together.

    Args:
        whole: With its head, if it has one.
        tokenizer: Of `transformers`, too.
        settings: How words are read.
        head: The class that it was loaded by, if it has a head.
        classifier: What its head labels, if it does.

    Raises:
        UserError: If more pieces are asked for than the model reads, or languages that the
            tokenizer does not know.
    """
    written = use_languages(tokenizer, settings)
    is_pair = whole.config.is_encoder_decoder
    network: nn.Module = whole.get_encoder() if is_pair else whole.base_model
    model = Transformer(network, None if head is None else whole)
    limit = _longest(network, tokenizer, settings)
    encoder = PieceEncoder(_in_words(tokenizer, settings), settings, limit, tokenizer.unk_token)
    hidden = tokenizer.mask_token_id if head == MASKED else None
    writer = None
    if head == TRANSLATING:
        longest = _positions(whole.get_decoder()) - 1  # the first starts it
        writer = Writer(whole, tokenizer, settings, limit, longest, written)
    begin = tokenizer.bos_token_id
    return TextTransformer(model, encoder, settings, hidden, begin, classifier, writer)


@cache
def identity(folder: Path) -> str:
    """Return what a pretrained model is called in the keys of what is made of it.

    That is name and commit for one of the hub's cache, else a hash of the files that are read.
    """
    if folder.parent.name == "snapshots":
        return f"{folder.parent.parent.name}@{folder.name}"
    digest = hashlib.sha256()
    for pattern in NEEDED_FILES:
        for path in sorted(set(folder.glob(pattern)) - {folder / name for name in UNREAD}):
            digest.update(f"{path.name} {path.stat().st_size} ".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def transformers_library() -> ModuleType:
    """Import `transformers`, quietly.

    Raises:
        UserError: If it is not installed.
    """
    try:
        transformers = import_module("transformers")
    except ImportError:
        raise UserError(
            "model=transformer needs transformers: pip install 'onegrain[transformers]'"
        ) from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def _downloaded(name: str, revision: str | None) -> Path:
    transformers_library()  # brings huggingface_hub
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(name, revision=revision, allow_patterns=NEEDED_FILES)
    except HFValidationError:
        raise UserError(f"model.path={name}: no such folder, and no name on the hub") from None
    except LocalEntryNotFoundError:
        raise UserError(
            f"model.path={name}: no such folder, and the hub cannot be reached for it"
        ) from None
    except (HfHubHTTPError, OSError) as error:
        raise UserError(f"model.path={name}: no such folder; {_line(error)}") from None
    return Path(found)


def _head_of(config: Any) -> str | None:
    """Return the class with the head that a checkpoint was saved with, if it predicts words."""
    if config.model_type in NO_HEAD:
        return None
    saved = (config.architectures or [""])[0]
    kind = next((kind for end, kind in HEADS.items() if saved.endswith(end)), None)
    return kind if (kind == TRANSLATING) == bool(config.is_encoder_decoder) else None


def _weights(kind: Any, folder: Path, settings: TransformerModel) -> Any:
    """Load weights; those that the checkpoint lacks would be random, and are refused."""
    model, loading = kind.from_pretrained(
        folder,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    lacking = sorted(name for name in loading["missing_keys"] if _is_learnt(model, name))
    if lacking:
        raise UserError(
            f"model.path={settings.path}: {len(lacking)} weights are not in its files, "
            f"such as {lacking[0]}"
        )
    for name in ("use_cache", "use_mems_eval"):  # copies for generation, which nothing reads
        if hasattr(model.config, name):
            setattr(model.config, name, False)
    return model


def _is_learnt(model: nn.Module, weight: str) -> bool:
    """Whether a weight that a checkpoint lacks should be there: it is read, and not computed."""
    owner = model.get_submodule(weight.rpartition(".")[0])
    return not any(part in weight for part in UNUSED) and COMPUTED not in type(owner).__name__


def _in_words(tokenizer: Any, settings: TransformerModel) -> Tokenizer | WordByWord:
    """Return what says which piece is of which word; a slow tokenizer (Marian's) reads each."""
    chosen = tokenizer.backend_tokenizer if tokenizer.is_fast else WordByWord(tokenizer)
    if chosen.get_vocab_size() <= len(tokenizer.all_special_ids):
        raise UserError(  # without files, transformers makes one that knows no word
            f"model.path={settings.path}: has no tokenizer beside the weights; it needs a "
            "tokenizer.json"
        )
    return chosen


def _longest(network: nn.Module, tokenizer: Any, settings: TransformerModel) -> int | None:
    """Return how many pieces of a sentence are read: what the network can, or what is asked for."""
    limits = [_positions(network), tokenizer.model_max_length]
    own = min((limit for limit in limits if 0 < limit < NO_LIMIT), default=None)
    asked = settings.max_length
    if asked is not None and own is not None and asked > own:
        raise UserError(f"model.max_length={asked}: this model reads at most {own} pieces")
    return own if asked is None else asked


def _positions(network: nn.Module) -> int:
    """How many positions a network has; RoBERTa's begin behind its padding token's."""
    for name, module in network.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            padding = module.padding_idx
            return module.num_embeddings - (0 if padding is None else padding + 1)
    return getattr(network.config, "max_position_embeddings", None) or NO_LIMIT


@contextmanager
def in_one_line(settings: TransformerModel) -> Iterator[None]:
    """Say in one line what `transformers` could not do, as a `UserError`."""
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        message = _line(error)
        if "custom code" in message or "trust_remote_code" in message:
            message = "needs Python code of its own, which is never run"
        raise UserError(f"model.path={settings.path}: {message}") from error


def _line(error: Exception) -> str:
    """The first sentence of what a library says over many lines."""
    return str(error).strip().partition("\n")[0]
