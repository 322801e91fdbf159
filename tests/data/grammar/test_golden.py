"""Sentences whose meaning is built here and whose three versions a person has checked."""

from __future__ import annotations

import pytest

from onegrain.data.grammar import english, french, german, lexicon
from onegrain.data.grammar.entries import Adjective, Name, Noun, Verb
from onegrain.data.grammar.meaning import (
    Action,
    Being,
    Clause,
    Date,
    Determiner,
    Existence,
    Gap,
    Link,
    Modal,
    Mood,
    Negation,
    NounPhrase,
    Pair,
    Phrase,
    Pronoun,
    Quality,
    Sentence,
    Span,
    Tense,
)
from onegrain.data.grammar.words import line

D, T = Determiner, Tense
ME, HE, SHE = Pronoun(1), Pronoun(3), Pronoun(3, gender="f")
DU, SIE = Pronoun(2), Pronoun(2, formal=True)


def noun(english_form: str, german_form: str = "") -> Noun:
    named = [one for one in lexicon.nouns() if one.english == english_form]
    return next(one for one in named if german_form in ("", one.german))


def verb(english_form: str, frame: str = "transitive") -> Verb:
    found = lexicon.verbs(frame, None)
    return next(one for one in found if "_".join(one.english) == english_form)


def adjective(english_form: str) -> Adjective:
    everything = {one for n in lexicon.nouns() for one in lexicon.adjectives_of(n)}
    return next(one for one in everything if one.english == english_form)


def name(form: str) -> Name:
    return next(one for one in lexicon.names() if one.form == form)


def np(
    english_form: str, determiner: Determiner = D.definite, *qualities: str, **rest
) -> NounPhrase:
    described = tuple(Quality(adjective(one)) for one in qualities)
    return NounPhrase(noun(english_form), determiner, qualities=described, **rest)


def state(clause: Clause) -> Sentence:
    return Sentence(Mood.statement, clause)


def number(english_form: str):
    return next(one for one in lexicon.numerals() if one.english == english_form)


def at(place: str, **rest) -> Phrase:
    return Phrase(noun(place).at, np(place, **rest))


def to(place: str) -> Phrase:
    return Phrase(noun(place).to, np(place))


WOMAN_WHO = NounPhrase(
    noun("woman"),
    D.definite,
    relative=Clause(Gap(noun("woman"), False), Action(verb("sing", "plain")), T.present),
)
LETTERS_THAT = NounPhrase(
    noun("letter"),
    D.definite,
    plural=True,
    relative=Clause(ME, Action(verb("write"), Gap(noun("letter"), True)), T.past),
    relative_that=True,
)

GOLDEN = {
    "agreement": (
        state(Clause(np("woman", D.definite, "old"), Being(Quality(adjective("happy"))), T.past)),
        "The old woman was happy.",
        "La vieille femme était heureuse.",
        "Die alte Frau war glücklich.",
    ),
    "strong and mixed endings": (
        state(Clause(HE, Action(verb("buy"), np("coat", D.indefinite, "red")), T.past)),
        "He bought a red coat.",
        "Il a acheté un manteau rouge.",
        "Er hat einen roten Mantel gekauft.",
    ),
    "elision and a form before a vowel": (
        state(Clause(ME, Action(verb("like"), np("tree", D.this, "old")), T.present)),
        "I like this old tree.",
        "J'aime ce vieil arbre.",
        "Ich mag diesen alten Baum.",
    ),
    "partitive under negation": (
        state(Clause(SHE, Action(verb("eat"), np("meat", D.bare)), T.present, Negation.not_)),
        "She does not eat meat.",
        "Elle ne mange pas de viande.",
        "Sie isst kein Fleisch.",
    ),
    "être, a goal, a date in front": (
        state(
            Clause(
                name("Anna"),
                Action(verb("go", "go"), goal=to("market")),
                T.past,
                time=Date(lexicon.calendar("day")[0]),
                time_first=True,
            )
        ),
        "On Monday, Anna went to the market.",
        "Lundi, Anna est allée au marché.",
        "Am Montag ist Anna auf den Markt gegangen.",
    ),
    "separable verb in the future": (
        state(Clause(np("train", plural=True), Action(verb("arrive", "plain")), T.future)),
        "The trains will arrive.",
        "Les trains arriveront.",
        "Die Züge werden ankommen.",
    ),
    "separable verb in the present": (
        state(
            Clause(
                np("train"), Action(verb("arrive", "plain")), T.present, phrases=(at("station"),)
            )
        ),
        "The train arrives at the station.",
        "Le train arrive à la gare.",
        "Der Zug kommt am Bahnhof an.",
    ),
    "reported clause": (
        state(
            Clause(
                HE,
                Action(
                    verb("say", "say"),
                    content=Clause(SHE, Action(verb("find"), np("key")), T.past),
                ),
                T.past,
            )
        ),
        "He said that she found the key.",
        "Il a dit qu'elle avait trouvé la clé.",
        "Er hat gesagt, dass sie den Schlüssel gefunden hat.",
    ),
    "subject relative": (
        state(Clause(WOMAN_WHO, Action(verb("help"), np("child")), T.present)),
        "The woman who sings helps the child.",
        "La femme qui chante aide l'enfant.",
        "Die Frau, die singt, hilft dem Kind.",
    ),
    "object relative and its participle": (
        state(Clause(SHE, Action(verb("read"), LETTERS_THAT), T.past)),
        "She read the letters that I wrote.",
        "Elle a lu les lettres que j'ai écrites.",
        "Sie hat die Briefe gelesen, die ich geschrieben habe.",
    ),
    "recipient pronoun": (
        state(Clause(ME, Action(verb("give", "give"), np("book", D.indefinite), HE), T.present)),
        "I give him a book.",
        "Je lui donne un livre.",
        "Ich gebe ihm ein Buch.",
    ),
    "formal question": (
        Sentence(
            Mood.question,
            Clause(SIE, Action(verb("drink"), np("coffee", D.bare)), T.present),
            addressee=Name("Weber", "f", surname=True),
        ),
        "Do you drink coffee, Mrs Weber?",
        "Est-ce que vous buvez du café, madame Weber ?",
        "Trinken Sie Kaffee, Frau Weber?",
    ),
    "informal request": (
        Sentence(
            Mood.request,
            Clause(DU, Action(verb("read"), np("book", D.this)), T.present),
            please=True,
        ),
        "Please read this book!",
        "Lis ce livre, s'il te plaît !",
        "Lies bitte dieses Buch!",
    ),
    "subordinate clause first, reflexive": (
        Sentence(
            Mood.statement,
            Clause(ME, Action(verb("sleep", "plain")), T.present),
            Link.because,
            Clause(np("man"), Action(verb("rest", "plain")), T.present),
            linked_first=True,
        ),
        "Because the man rests, I sleep.",
        "Parce que l'homme se repose, je dors.",
        "Weil sich der Mann ausruht, schlafe ich.",
    ),
    "modal and negation": (
        state(Clause(SHE, Action(verb("swim", "plain")), T.present, Negation.not_, Modal.can)),
        "She can't swim.",
        "Elle ne peut pas nager.",
        "Sie kann nicht schwimmen.",
    ),
    "when in the past, numbers": (
        Sentence(
            Mood.statement,
            Clause(
                ME,
                Action(verb("see"), np("bird", D.number, plural=True, number=number("three"))),
                T.past,
            ),
            Link.when,
            Clause(HE, Action(verb("come_back", "plain")), T.past),
        ),
        "I saw three birds when he came back.",
        "J'ai vu trois oiseaux quand il est revenu.",
        "Ich habe drei Vögel gesehen, als er zurückgekommen ist.",
    ),
    "pair and possession": (
        state(
            Clause(
                Pair(name("Paul"), np("sister", D.owned, owner=name("Anna"))),
                Action(verb("live", "stay"), goal=Phrase(None, lexicon.regions()[0])),
                T.present,
            )
        ),
        "Paul and Anna's sister live in Paris.",
        "Paul et la sœur d'Anna habitent à Paris.",
        "Paul und Annas Schwester wohnen in Paris.",
    ),
    "existence": (
        state(Clause(None, Existence(np("dog", D.several, plural=True), at("garden")), T.past)),
        "There were several dogs in the garden.",
        "Il y avait plusieurs chiens dans le jardin.",
        "Im Garten waren mehrere Hunde.",
    ),
    "a second action on the same thing": (
        state(
            Clause(
                HE,
                Action(verb("buy"), np("car", D.indefinite)),
                T.past,
                time=Span("ago", number("two"), noun("year")),
                also=Action(verb("sell"), Pronoun(3, gender="n", antecedent=noun("car"))),
            )
        ),
        "He bought a car and sold it two years ago.",
        "Il a acheté une voiture et l'a vendue il y a deux ans.",
        "Er hat vor zwei Jahren ein Auto gekauft und es verkauft.",
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_a_sentence_is_said_as_a_person_would(case) -> None:
    sentence, in_english, in_french, in_german = GOLDEN[case]
    assert line(english.say(sentence), "en") == in_english
    assert line(french.say(sentence), "fr") == in_french
    assert line(german.say(sentence), "de") == in_german


def test_labels_follow_the_treebanks() -> None:
    sentence = GOLDEN["être, a goal, a date in front"][0]
    assert [(w.form, w.pos, w.morph, w.sem) for w in german.say(sentence)][:3] == [
        ("Am", "ADP+DET", "Case=Dat|Definite=Def|Gender=Masc|Number=Sing|PronType=Art", "REL"),
        ("Montag", "PROPN", "Case=Dat|Gender=Masc|Number=Sing", "DOW"),
        ("ist", "AUX", "Mood=Ind|Number=Sing|Person=3|Tense=Pres|VerbForm=Fin", "NOW"),
    ]
    assert [(w.form, w.pos, w.morph, w.sem) for w in french.say(sentence)][3:7] == [
        ("est", "AUX", "Mood=Ind|Number=Sing|Person=3|Tense=Pres|VerbForm=Fin", "NOW"),
        ("allée", "VERB", "Gender=Fem|Number=Sing|Tense=Past|VerbForm=Part|Voice=Act", "EXT"),
        ("au", "ADP+DET", "Definite=Def|Gender=Masc|Number=Sing|PronType=Art", "REL"),
        ("marché", "NOUN", "Gender=Masc|Number=Sing", "CON"),
    ]
    assert [(w.form, w.pos, w.morph, w.sem) for w in english.say(sentence)][4:6] == [
        ("went", "VERB", "Mood=Ind|Number=Sing|Person=3|Tense=Past|VerbForm=Fin", "EPS"),
        ("to", "ADP", "_", "REL"),
    ]
