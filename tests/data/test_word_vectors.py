import gzip

import pytest
import torch

from onegrain.data.word_vectors import read_vectors
from onegrain.errors import UserError

GLOVE = "the 0.5 -1 2e-1\ndog 1 2 3\n, 0 0 0\ncat 7 8 9\n"


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "vectors.txt"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_only_needed_words_are_kept_in_the_order_of_the_file(file):
    vectors = read_vectors(file(GLOVE), ["cat", "the", "unicorn"])
    assert vectors.words == ("the", "cat")
    assert torch.equal(vectors.values, torch.tensor([[0.5, -1, 0.2], [7, 8, 9]]))
    assert vectors.width == 3


def test_packed_files_and_the_header_of_word2vec_are_read(tmp_path):
    path = tmp_path / "vectors.txt.gz"
    path.write_bytes(gzip.compress(f"4 3\n{GLOVE}".encode()))
    assert read_vectors(path, ["dog"]).values.tolist() == [[1, 2, 3]]


def test_the_first_of_two_vectors_counts_and_a_word_with_spaces_is_passed_over(file):
    vectors = read_vectors(file(f"{GLOVE}dog 4 5 6\n. . 1 2 3\n"), ["dog", "."])
    assert (vectors.words, vectors.values.tolist()) == (("dog",), [[1, 2, 3]])


def test_line_ends_of_unicode_inside_a_line_do_not_end_it(file):
    assert read_vectors(file("a\u2028b 1 2\nc 3 4\n"), ["c"]).values.tolist() == [[3, 4]]


def test_equal_vectors_have_equal_fingerprints_and_others_do_not(file):
    one, same = (read_vectors(file(GLOVE), ["dog", "cat"]) for _ in range(2))
    other = read_vectors(file(GLOVE.replace("7", "6")), ["dog", "cat"])
    assert one.fingerprint == same.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"{GLOVE}owl 1 2\n",
            r"vectors\.txt:5: expected a word and 3 numbers.*found 2 after 'owl'",
        ),
        (f"{GLOVE}owl 1 2 3 4\n", r"vectors\.txt:5: .*found 4 after 'owl'"),
        (f"{GLOVE}owl 1 two 3\n", r"vectors\.txt:5: could not convert.*'two'"),
        (f"{GLOVE}owl 1 nan 3\n", r"vectors\.txt:5: a number is infinite"),
        ("the\n", r"vectors\.txt:1: expected"),
        ("a 1\n", r"a vector for none of the 1 words"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(file, text, message):
    with pytest.raises(UserError, match=message):
        read_vectors(file(text), ["owl"])


def test_a_missing_file_and_bytes_that_are_no_text_are_named(tmp_path):
    with pytest.raises(UserError, match="no such file; expected word vectors"):
        read_vectors(tmp_path / "none.txt", ["a"])
    (tmp_path / "bad.txt").write_bytes(b"a 1 2\n\xff 1 2\n")
    with pytest.raises(UserError, match=r"bad\.txt:2: is not valid UTF-8"):
        read_vectors(tmp_path / "bad.txt", ["a"])
