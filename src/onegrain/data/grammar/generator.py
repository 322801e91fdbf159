"""Draws sentences and says each in two languages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from onegrain.data.corpus import Corpus
from onegrain.data.grammar import english, french, german
from onegrain.data.grammar.chance import Chance
from onegrain.data.grammar.drawing import draw
from onegrain.data.grammar.meaning import Sentence
from onegrain.data.grammar.words import Word, line
from onegrain.errors import UserError

LANGUAGES = ("en", "fr", "de")
SHORTEST, LONGEST = 4, 20

Said = tuple[Word, ...]

SAY = {"en": english.say, "fr": french.say, "de": german.say}


def generate(count: int, source: str, target: str, seed: int) -> Corpus:
    """Write parallel sentences with gold labels.

    The sentences depend on ``seed`` alone: every pair of languages gets the same ones, and a
    larger ``count`` continues a smaller one. No sentence occurs twice, in any of the three
    languages, so that parts of the corpus share no sentence on either side. Each has 4 to 20
    words in every language.

    Args:
        count: Number of sentences.
        source: The corpus's language, one of `LANGUAGES`.
        target: The language of its translation.
        seed: Which sentences are drawn.

    Returns:
        A corpus whose two sides have `text` and the labels ``pos`` (universal part of speech,
        ``ADP+DET`` for a contraction such as "du" or "im"), ``morph`` (universal features) and
        ``sem`` (tags of the Parallel Meaning Bank).

    Raises:
        UserError: If the grammar does not speak a language.

    Example:
        >>> corpus = generate(2, "en", "de", seed=0)
        >>> len(corpus), sorted(corpus.labels)
        (2, ['morph', 'pos', 'sem'])
    """
    for language in (source, target):
        if language not in LANGUAGES:
            raise UserError(f"data=grammar speaks {', '.join(LANGUAGES)}, not '{language}'")
    drawn = [said for _, said in islice(distinct(seed), count)]
    side = partial(_side, drawn)
    return side(source, side(target))


def distinct(seed: int) -> Iterator[tuple[Sentence, dict[str, Said]]]:
    """Draw what is said, and how in each language, without end; `generate` takes the first."""
    chance = Chance(seed)
    seen: dict[str, set[tuple[str, ...]]] = {language: set() for language in LANGUAGES}
    while True:
        sentence = draw(chance)
        said = {language: say(sentence) for language, say in SAY.items()}
        forms = {language: tuple(word.form for word in words) for language, words in said.items()}
        if any(not SHORTEST <= len(words) <= LONGEST for words in forms.values()):
            continue
        if any(words in seen[language] for language, words in forms.items()):
            continue
        for language, words in forms.items():
            seen[language].add(words)
        yield sentence, said


def _side(drawn: list[dict[str, Said]], language: str, translation: Corpus | None = None) -> Corpus:
    sentences = [said[language] for said in drawn]
    return Corpus(
        language,
        tuple(tuple(word.form for word in words) for words in sentences),
        text=tuple(line(words, language) for words in sentences),
        translation=translation,
        labels={
            "pos": tuple(tuple(word.pos for word in words) for words in sentences),
            "morph": tuple(tuple(word.morph for word in words) for words in sentences),
            "sem": tuple(tuple(word.sem for word in words) for words in sentences),
        },
    )
