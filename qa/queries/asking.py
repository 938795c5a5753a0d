"""A question as typed -> the bare question, the words around it, and whether it asks about us.

People greet, ask to be told, and thank: "Hi! Could you please explain how long leave is? Thanks."
The grammar in frames.toml knows these frames in several languages.  A frame is taken off only where
it stands as one: at the beginning or the end of a sentence, or as a sentence or clause of its own.
The same words elsewhere are part of the question.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import NamedTuple

import regex

from qa.analysis.languages import stop_words
from qa.analysis.normalization import fold_accents, fold_case
from qa.analysis.tokenizer import Span, to_term
from qa.queries.grammar import Ends, Grammar

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


class _Grammars:
    """The grammars of all languages."""

    def __init__(self, grammars: Mapping[str, Grammar]) -> None:
        self._grammars = grammars
        self._languages: dict[str, dict[str, list[str]]] = {}

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All words of all rules."""
        return frozenset().union(*(grammar.vocabulary for grammar in self._grammars.values()))

    def match(self, rule: str, words: Sequence[str]) -> Iterator[tuple[str, Ends]]:
        """Each language in which *rule* matches the first of *words*, and where it ends."""
        for language in self._languages_of(rule).get(words[0], ()) if words else ():
            if ends := self._grammars[language].match(rule, words):
                yield language, ends

    def _languages_of(self, rule: str) -> dict[str, list[str]]:
        """By its first word, the languages in which *rule* may match."""
        if rule not in self._languages:
            languages: defaultdict[str, list[str]] = defaultdict(list)
            for language, grammar in self._grammars.items():
                for word in grammar.first_words(rule) or () if rule in grammar else ():
                    languages[word].append(language)
            self._languages[rule] = dict(languages)
        return self._languages[rule]


@lru_cache(maxsize=1)
def _load_grammars() -> _Grammars:
    tables = tomllib.loads(files("qa.queries").joinpath("frames.toml").read_text("utf-8"))
    return _Grammars(
        {
            language: Grammar(table | table.pop("collection"), _fold_pattern)
            for language, table in tables.items()
        }
    )


@cache
def _fold_pattern(text: str) -> tuple[str, ...]:
    """The forms of a word of a rule, of which there are a few thousand."""
    return tuple(token.form for token in _tokenize(text))


class _Token(NamedTuple):
    """A word, a mark, or a quotation; *form* is how rules compare it."""

    form: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        return self.form[0].isalnum() or self.form == _QUOTATION


# Articles and prepositions that end with an apostrophe are tokens.
# A quotation, and a word to exclude, are never part of a frame.
_QUOTATION = '"'
_OPAQUE = r"""\"[^"]*"|“[^”]*”|«[^»]*»|(?<!\S)-\p{L}\S*"""
_TOKEN = regex.compile(
    rf"""(?P<opaque>{_OPAQUE})
    | (?i:l|d|qu|un|sull|dell|nell|dall|all|quest)['’](?=\p{{L}})
    | [\p{{L}}\p{{N}}\p{{M}}]+(?:['’.&][\p{{L}}\p{{N}}\p{{M}}]+)*|\S""",
    regex.VERBOSE,
)
_HYPHEN = regex.compile(r"(?<=\w)[-‐‑](?=\w)")
_SENTENCE_MARKS = frozenset(".!?…:;")
_CLAUSE_MARKS = frozenset(",-–—")
_MARKS = _SENTENCE_MARKS | _CLAUSE_MARKS | frozenset("¿¡()")


def _tokenize(text: str) -> list[_Token]:
    is_shouted = text.isupper()
    tokens = []
    for match in _TOKEN.finditer(_HYPHEN.sub(" ", text)):
        form = _QUOTATION if match["opaque"] else match[0]
        # US and WHO keep their capitals, and so differ from every word of a rule.
        if form[0].isalnum() and (is_shouted or not to_term(form).isupper()):
            form = fold_accents(form) or _QUOTATION
        tokens.append(_Token(form, *match.span()))
    return tokens


def _split_sentences(text: str, tokens: Sequence[_Token]) -> Iterator[Span]:
    """The sentences as spans of *tokens*; a mark ends one if a space follows it."""
    start, count = 0, 1
    for i, token in enumerate(tokens):
        is_spaced = token.end == len(text) or text[token.end].isspace()
        is_end = token.form in _SENTENCE_MARKS and not _is_abbreviation(text, tokens[start : i + 1])
        if is_end and is_spaced and count < _MAX_SENTENCES:
            yield Span(start, i + 1)
            start, count = i + 1, count + 1
    if start < len(tokens):
        yield Span(start, len(tokens))


def _is_abbreviation(text: str, tokens: Sequence[_Token]) -> bool:
    """Whether the last of *tokens* is the point of an initial or a title: E. Brandt, Mr. Falk."""
    if len(tokens) < 2 or tokens[-1].form != ".":
        return False
    word = text[tokens[-2].start : tokens[-2].end]
    is_title = len(tokens) > 2 and word.istitle() and len(word) <= _MAX_TITLE
    return len(word) == 1 or "." in word or is_title


_MAX_TITLE = 3
# Sentences that are looked at; a pasted page has more, which are all in the last.
_MAX_SENTENCES = 40


class _Match(NamedTuple):
    """The language of a rule that matched, and its subject."""

    language: str
    subject: Span | None


# Frames are looked for in so many words at the beginning of a sentence, and at its end.
_MAX_LEADING, _MAX_TRAILING = 60, 14
# A greeting before fewer words is part of a name: Hello, Dolly!
_MIN_REST = 3


class _Sentence:
    """A sentence from which frames are taken: what remains is from *start* to *end*."""

    def __init__(self, tokens: Sequence[_Token], span: Span, *, is_first: bool) -> None:
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
        """Take off all frames."""
        while not self.is_empty:
            self._stages.append(Span(self.start, self.end))
            before = self.start, self.end
            if not (self._strip_leading() or self._strip_around()):
                self._strip_trailing()
            self._trim()
            if before == (self.start, self.end):
                break

    def text(self, text: str) -> str:
        """What remains, with the mark at its end."""
        tokens = self._tokens
        end = tokens[self.end - 1].end
        last_mark = tokens[self._span.end - 1]
        if not any(token.is_word for token in tokens[self.end : self._span.end]):
            end = last_mark.end
        elif last_mark.form == "?":
            return f"{text[tokens[self.start].start : end]}?"
        return text[tokens[self.start].start : end]

    def _trim(self) -> None:
        """Leave out marks at both ends."""
        while self.start < self.end and self._tokens[self.start].form in _MARKS:
            self.start += 1
        while self.start < self.end and self._tokens[self.end - 1].form in _MARKS:
            self.end -= 1

    def _match(self, rule: str, start: int, end: int) -> dict[int, _Match]:
        """Where *rule* may end if it begins at *start*, in any language."""
        # A comma says nothing here: tell me, who; weißt du, wer.
        places = [
            i
            for i in range(start, min(end, start + _MAX_LEADING))
            if self._tokens[i].form not in _CLAUSE_MARKS
        ]
        words = [self._tokens[i].form for i in places]
        ends: dict[int, _Match] = {}
        for language, lengths in _load_grammars().match(rule, words):
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
        while begin < self.end and self._tokens[begin].form in _MARKS:
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
        if not ends:
            return False
        self.start = max(ends)
        self.has_request = True
        self.is_inside = not self.is_empty and self._tokens[self.start].form not in _MARKS
        return True

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
        for start in range(max(self.start + 1, self.end - _MAX_TRAILING), self.end):
            if self._is_remark(start):
                self.end = start
                return True
        return False

    def _is_remark(self, start: int) -> bool:
        """Whether what begins at *start*, up to the end, is no part of the question."""
        if self._tokens[start - 1].form in _CLAUSE_MARKS:
            rules: tuple[str, ...] = ("courtesy", "closing", "remark", "manner")
        elif self.has_request:
            rules = ("remark", "manner")
        elif start - self.start >= _MIN_REST:
            rules = ("remark",)
        else:
            return False
        is_marked = self._tokens[start - 1].form in _CLAUSE_MARKS
        matches = (self._match(rule, start, self.end).get(self.end) for rule in rules)
        # As they please: what follows a pronoun is not politeness.
        return any(
            is_marked or self._tokens[start - 1].form not in stop_words(match.language)
            for match in matches
            if match
        )


@lru_cache(maxsize=1 << 10)
def split_frame(question: str) -> FramedQuestion:
    """Take the frames off a normalized *question*, unless it is nothing else."""
    tokens = _tokenize(question)
    sentences = [
        _Sentence(tokens, span, is_first=number == 0)
        for number, span in enumerate(_split_sentences(question, tokens))
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
        " ".join(sentence.text(question) for sentence in remaining),
        tuple(dict.fromkeys(frame_words)),
        remaining[0].is_inside,
        any(sentence.has_request for sentence in sentences),
        collection,
    )


def _find_collection_question(
    text: str, tokens: Sequence[_Token], sentences: Sequence[_Sentence]
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
    text: str, tokens: Sequence[_Token], sentence: _Sentence
) -> CollectionQuestion | None:
    """What a whole *sentence*, with or without its frames, asks about the collection."""
    grammars = _load_grammars()
    for start, end in sentence.stretches():
        words = [token.form for token in tokens[start:end] if token.form not in _MARKS]
        places = [i for i in range(start, end) if tokens[i].form not in _MARKS]
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
    words = [token.form for token in _tokenize(text) if token.is_word]
    return any(fold_case(word, language) not in stop_words(language) for word in words)
