import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.entities import are_entities, entities, entity_score

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ([], []),
        (["O", "O"], []),
        (["B-PER"], [("PER", 0, 1)]),
        (["B-PER", "I-PER", "O", "B-LOC"], [("PER", 0, 2), ("LOC", 3, 4)]),
        (["B-PER", "B-PER"], [("PER", 0, 1), ("PER", 1, 2)]),
        (["B-PER", "I-LOC", "I-LOC"], [("PER", 0, 1), ("LOC", 1, 3)]),
        (["I-PER", "I-PER", "O", "I-PER"], [("PER", 0, 2), ("PER", 3, 4)]),
    ],
)
def test_entities_are_read_as_conlleval_reads_them(tags, spans):
    assert entities(tags) == spans


def test_an_entity_counts_only_with_its_type_and_both_ends():
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
    predicted = [["B-PER", "I-PER", "O", "B-ORG"], ["B-ORG", "I-ORG"]]
    score = entity_score(gold, predicted)
    assert (score.gold, score.predicted, score.correct) == (3, 3, 1)
    assert score.precision == score.recall == score.f1 == pytest.approx(1 / 3)


def test_equal_spans_of_different_sentences_are_not_taken_for_one():
    assert entity_score([["B-PER"], ["O"]], [["O"], ["B-PER"]]).correct == 0


def test_nothing_there_and_nothing_predicted_is_no_division_by_zero():
    score = entity_score([["O"]], [["O"]])
    assert (score.precision, score.recall, score.f1) == (0, 0, 0)


def test_tags_of_another_length_are_refused():
    with pytest.raises(ValueError, match="2 tags for a sentence of 1"):
        entity_score([["O"]], [["O", "O"]])


@given(st.lists(st.sampled_from(TAGS)))
def test_entities_cover_all_words_that_are_not_outside_and_no_others(tags):
    covered = [place for _, start, stop in entities(tags) for place in range(start, stop)]
    assert covered == [place for place, tag in enumerate(tags) if tag != "O"]
    assert entity_score([tags], [tags]).correct == len(entities(tags))


def test_types_without_prefix_are_not_bio():
    assert not are_entities(["O", "PER", "LOC"])
    assert not are_entities(["O", "B-PER", "other"])
