"""A question as typed -> the bare question, the words around it, and whether it asks about us.

People greet, ask to be told, and thank: "Hi! Could you please explain how long leave is? Thanks."
The grammar in frames.toml knows these frames in several languages.  A frame is taken off only where
it stands as one: at the beginning or the end of a sentence, or as a sentence or clause of its own.
The same words elsewhere are part of the question.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import regex

from qa.analysis.languages import stop_words
from qa.analysis.normalization import fold_case
from qa.analysis.tokenizer import Span
from qa.queries.frames import (
    CLAUSE_MARKS,
    MARKS,
    FrameToken,
    load_frame_grammars,
    split_frame_sentences,
    tokenize_frames,
)

# The kinds of questions about the collection, as frames.toml has them; the first that matches.
_COLLECTION_KINDS = (
    *("identity", "help", "updated", "dates", "publishers", "languages"),
    *("mentions", "count", "newest", "oldest", "contents"),
)
GREETING = "greeting"
COLLECTION_KINDS = (*_COLLECTION_KINDS, GREETING)


@dataclass(frozen=True)
class CollectionQuestion:
    """A question about the collection of documents itself, of a *kind* of COLLECTION_KINDS.

    *subject* is what documents shall mention, where it asks for that; *language* is that of the
    frame.  What is *deictic*, as in "what is this?", may mean what was spoken of before.
    """

    kind: str
    language: str
    subject: str = ""
    is_deictic: bool = False


@dataclass(frozen=True)
class FramedQuestion:
    """A question without its frames, which are *frame_words*.

    *is_inside* says that *bare* begins inside a sentence, where a capital makes a name;
    *has_request* that a frame asks for something: tell me about.
    """

    text: str
    bare: str
    frame_words: tuple[str, ...] = ()
    is_inside: bool = False
    has_request: bool = False
    collection: CollectionQuestion | None = None

    @property
    def polite_text(self) -> str:
        """The question without politeness, but with any request.

        Requests introduce what a conversation is about; the weights of follow-ups know them.
        """
        return self.text if self.has_request else self.bare


class _Match(NamedTuple):
    """The language of a rule that matched, and its subject."""

    language: str
    subject: Span | None


# Frames are looked for in so many words at the beginning of a sentence, and at its end.
_MAX_LEADING, _MAX_TRAILING = 60, 14
_MAX_FRAMES = 12
# What may be taken off the end.
_REMARK_RULES: tuple[str, ...] = ("courtesy", "closing", "remark", "manner")
# Of so many words or fewer, each with a capital, a text is a title: Tell Me Why.
_MAX_TITLE = 4
# A greeting before fewer words is part of a name: Hello, Dolly!
_MIN_REST = 3


class _Sentence:
    """A sentence from which frames are taken: what remains is from *start* to *end*."""

    def __init__(
        self, text: str, tokens: Sequence[FrameToken], span: Span, *, is_first: bool
    ) -> None:
        self._text = text
        self._tokens = tokens
        self._span = span
        self._is_first = is_first
        self.start, self.end = span
        # Where it began and ended on the way, to compare with questions about the collection.
        self._stages: list[Span] = []
        self.has_request = False
        # Whether what remains began inside the sentence, with no mark before it.
        self.is_inside = False
        self.courtesy_language = ""
        self._trim()

    @property
    def is_stripped(self) -> bool:
        """Whether any word was taken off."""
        outside = (*range(self._span.start, self.start), *range(self.end, self._span.end))
        return any(self._tokens[i].is_word for i in outside)

    @property
    def is_empty(self) -> bool:
        """Whether nothing remains."""
        return self.start >= self.end

    @property
    def is_asking(self) -> bool:
        """Whether it is more than politeness."""
        return not self.is_empty or self.has_request

    def stretches(self) -> Iterator[Span]:
        """What remained on the way, from any beginning to any end, the longest first."""
        starts = sorted({stage.start for stage in self._stages})
        ends = sorted({stage.end for stage in self._stages}, reverse=True)
        for start in starts:
            yield from (Span(start, end) for end in ends if start < end <= start + _MAX_LEADING)

    def strip(self) -> None:
        """Take off all frames, up to a number that nobody types."""
        for _ in range(_MAX_FRAMES):
            if self.is_empty:
                break
            self._stages.append(Span(self.start, self.end))
            before = self.start, self.end
            if not (self._strip_leading() or self._strip_around()):
                self._strip_trailing()
            self._trim()
            if before == (self.start, self.end):
                break

    def remaining_text(self) -> str:
        """What remains, with the mark at its end."""
        text, tokens = self._text, self._tokens
        end = tokens[self.end - 1].end
        last_mark = tokens[self._span.end - 1]
        if not any(token.is_word for token in tokens[self.end : self._span.end]):
            end = last_mark.end
        elif last_mark.form == "?":
            return f"{text[tokens[self.start].start : end]}?"
        return text[tokens[self.start].start : end]

    def _trim(self) -> None:
        """Leave out marks at both ends."""
        while self.start < self.end and self._tokens[self.start].form in MARKS:
            self.start += 1
        while self.start < self.end and self._tokens[self.end - 1].form in MARKS:
            self.end -= 1

    def _match(self, rule: str, start: int, end: int) -> dict[int, _Match]:
        """Where *rule* may end if it begins at *start*, in any language."""
        grammars = load_frame_grammars()
        if start >= end or not grammars.may_begin(rule, self._tokens[start].form):
            return {}
        # A comma says nothing here: tell me, who; weißt du, wer.
        places = [
            i
            for i in range(start, min(end, start + _MAX_LEADING))
            if self._tokens[i].form not in CLAUSE_MARKS
        ]
        words = [self._tokens[i].form for i in places]
        ends: dict[int, _Match] = {}
        for language, lengths in grammars.match(rule, words):
            for length, subject in lengths.items():
                span = subject and Span(places[subject.start], places[subject.end - 1] + 1)
                ends.setdefault(places[length - 1] + 1, _Match(language, span))
        return ends

    def _strip_leading(self) -> bool:
        return self._strip_courtesy() or self._strip_request()

    def _strip_courtesy(self) -> bool:
        """Take off a clause of politeness at the beginning, or all of the sentence if it is one."""
        language = self._whole_language("courtesy")
        is_closing = not self._is_first and self._whole_language("closing")
        if language or is_closing or self._whole_language("filler"):
            self.start = self.end
            self.courtesy_language = self.courtesy_language or language
            return True
        courtesies = self._match("courtesy", self.start, self.end)
        ends = [end for end, match in courtesies.items() if self._may_begin(end, match.language)]
        # What is no politeness needs a mark after it.
        ends += [end for end in self._match("filler", self.start, self.end) if self._may_begin(end)]
        if not ends:
            return False
        self.start = max(ends)
        self.is_inside = False
        if self.start in courtesies:
            self.courtesy_language = courtesies[self.start].language
        return True

    def _whole_language(self, rule: str) -> str:
        """The language in which all that remains is of *rule*, but for its marks; else empty."""
        match = self._match(rule, self.start, self.end).get(self.end)
        return match.language if match else ""

    def _may_begin(self, place: int, language: str = "") -> bool:
        """Whether a clause or question may begin at *place*, after a clause of politeness.

        Without a mark between them, it must be a question in that *language*.
        """
        begin = place
        if place >= self.end:
            return False
        while begin < self.end and self._tokens[begin].form in MARKS:
            begin += 1
        is_marked = begin > place
        for rule in ("question", "request", "courtesy"):
            matches = self._match(rule, begin, self.end).values()
            if any(is_marked or match.language == language for match in matches):
                return True
        rest = sum(token.is_word for token in self._tokens[begin : self.end])
        return is_marked and rest >= _MIN_REST

    def _strip_request(self) -> bool:
        """Take off a request at the beginning."""
        ends = self._match("request", self.start, self.end)
        ends = {end: match for end, match in ends.items() if not self._is_title(end, match)}
        if not ends:
            return False
        self.start = max(ends)
        self.has_request = True
        self.is_inside = not self.is_empty and self._tokens[self.start].form not in MARKS
        return True

    def _is_title(self, end: int, match: _Match) -> bool:
        """Whether the request up to *end* is a title or its beginning, by the capitals.

        German nouns have capitals anyway; whoever types all of a longer text with capitals, asks.
        """
        words = [
            self._text[token.start : token.end]
            for token in self._tokens[self.start : self.end]
            if token.is_word
        ]
        count = sum(token.is_word for token in self._tokens[self.start : end])
        if match.language == "de" or not any(map(_is_titled, words[1:count])):
            return False
        return len(words) <= _MAX_TITLE or not all(word[0].isupper() for word in words)

    def _strip_around(self) -> bool:
        """Take off a request whose words stand around the question."""
        match = self._match("wrap", self.start, self.end).get(self.end)
        if match is None or match.subject is None:
            return False
        self.start, self.end = match.subject
        self.has_request = self.is_inside = True
        return True

    def _strip_trailing(self) -> bool:
        """Take off thanks and remarks at the end."""
        first_words = load_frame_grammars().first_words(_REMARK_RULES)
        for start in range(max(self.start + 1, self.end - _MAX_TRAILING), self.end):
            # Most words begin none.
            if self._tokens[start].form in first_words and self._is_remark(start):
                self.end = start
                return True
        return False

    def _is_remark(self, start: int) -> bool:
        """Whether what begins at *start*, up to the end, is no part of the question."""
        is_marked = self._tokens[start - 1].form in CLAUSE_MARKS
        if is_marked:
            rules = _REMARK_RULES
        elif self.has_request:
            rules = ("remark", "manner")
        elif start - self.start >= _MIN_REST or self._text[self._tokens[start].start].islower():
            # With a capital it is part of a name: Yes Please.
            rules = ("remark",)
        else:
            return False
        grammars, last_word = load_frame_grammars(), self._tokens[self.end - 1].form
        matches = (
            self._match(rule, start, self.end).get(self.end)
            for rule in rules
            if grammars.may_contain(rule, last_word)
        )
        # As they please: what follows a pronoun is not politeness.
        return any(
            is_marked or self._tokens[start - 1].form not in stop_words(match.language)
            for match in matches
            if match
        )


# Pronouns with a capital of their own: I, I'd.
_CAPITAL_PRONOUN = regex.compile(r"(?:I|Usted|Ustedes|Lei|Voi|U)(?!\p{L})")


def _is_titled(word: str) -> bool:
    """Whether *word* has a capital that it would not have inside a sentence."""
    return word.istitle() and not _CAPITAL_PRONOUN.match(word)


@lru_cache(maxsize=1 << 10)
def split_frame(question: str) -> FramedQuestion:
    """Take the frames off a normalized *question*, unless it is nothing else."""
    tokens = tokenize_frames(question)
    sentences = [
        _Sentence(question, tokens, span, is_first=number == 0)
        for number, span in enumerate(split_frame_sentences(question, tokens))
    ]
    for sentence in sentences:
        sentence.strip()
    remaining = [sentence for sentence in sentences if not sentence.is_empty]
    collection = _find_collection_question(question, tokens, sentences)
    is_stripped = any(sentence.is_stripped for sentence in sentences)
    if not remaining or not is_stripped:
        return FramedQuestion(question, question, collection=collection)
    kept = {i for sentence in remaining for i in range(sentence.start, sentence.end)}
    frame_words = (
        question[token.start : token.end].lower()
        for i, token in enumerate(tokens)
        if i not in kept and token.is_word
    )
    return FramedQuestion(
        question,
        " ".join(sentence.remaining_text() for sentence in remaining),
        tuple(dict.fromkeys(frame_words)),
        remaining[0].is_inside,
        any(sentence.has_request for sentence in sentences),
        collection,
    )


def _find_collection_question(
    text: str, tokens: Sequence[FrameToken], sentences: Sequence[_Sentence]
) -> CollectionQuestion | None:
    """What the sentences ask about the collection, if all but politeness do."""
    questions = [
        _match_collection(text, tokens, sentence) for sentence in sentences if sentence.is_asking
    ]
    if questions:
        return questions[0] if all(questions) else None
    for sentence in sentences:
        if question := _match_collection(text, tokens, sentence):
            return question
        if sentence.courtesy_language:
            return CollectionQuestion(GREETING, sentence.courtesy_language)
    return None


def _match_collection(
    text: str, tokens: Sequence[FrameToken], sentence: _Sentence
) -> CollectionQuestion | None:
    """What a whole *sentence*, with or without its frames, asks about the collection."""
    grammars = load_frame_grammars()
    for start, end in sentence.stretches():
        words = [token.form for token in tokens[start:end] if token.form not in MARKS]
        places = [i for i in range(start, end) if tokens[i].form not in MARKS]
        # Nearly every question has words that no rule has.
        kinds = _COLLECTION_KINDS if grammars.vocabulary.issuperset(words) else ("mentions",)
        for kind in kinds:
            for language, ends in grammars.match(kind, words):
                if len(words) not in ends:
                    continue
                span = ends[len(words)]
                if span is None:
                    is_deictic = any(
                        language in dict(grammars.match("deictic", [word])) for word in words
                    )
                    return CollectionQuestion(kind, language, is_deictic=is_deictic)
                first, last = tokens[places[span.start]], tokens[places[span.end - 1]]
                subject = text[first.start : last.end]
                if has_content(subject, language):
                    return CollectionQuestion(kind, language, subject)
    return None


def has_content(text: str, language: str) -> bool:
    """Whether *text* has a word that is not a stop word of *language*."""
    words = [token.form for token in tokenize_frames(text) if token.is_word]
    return any(fold_case(word, language) not in stop_words(language) for word in words)
