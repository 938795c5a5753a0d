/* A passage and the positions of a question's terms in it -> where and what they are, and what each
   sentence has of them. */

#pragma once

enum { NO_WORD, NUMBER, LETTER };

/* The same for Greek, Cyrillic, Hebrew and Arabic. */
static int class_beyond_latin(Py_UCS4 c) {
    if (c >= 0x370 && c < 0x530) {
        if (c == 0x378 || c == 0x379 || (c >= 0x380 && c <= 0x383) || c == 0x38B || c == 0x38D ||
            c == 0x3A2 || (c >= 0x483 && c <= 0x489))
            return -1;
        int is_sign = c == 0x375 || c == 0x37E || c == 0x384 || c == 0x385 || c == 0x387 ||
                      c == 0x3F6 || c == 0x482;
        return is_sign ? NO_WORD : LETTER;
    }
    if ((c >= 0x5D0 && c <= 0x5EA) || (c >= 0x5EF && c <= 0x5F4))
        return c >= 0x5F3 ? NO_WORD : LETTER;
    if (c == 0x60C || c == 0x61B || c == 0x61F || (c >= 0x66A && c <= 0x66D) || c == 0x6D4)
        return NO_WORD;
    int is_arabic = (c >= 0x620 && c <= 0x64A) || c == 0x66E || c == 0x66F ||
                    (c >= 0x671 && c <= 0x6D5);
    return is_arabic ? LETTER : -1;
}

/* What a character of such text is to a word; -1 for any other character, as in _ALPHABETIC_TEXT. */
static inline int class_of(Py_UCS4 c) {
    if (c < 0x80) {
        Py_UCS4 small = c | 0x20;
        if (small >= 'a' && small <= 'z') return LETTER;
        return c >= '0' && c <= '9' ? NUMBER : NO_WORD;
    }
    if (c < 0x2B0) {
        if (c >= 0xC0) return c == 0xD7 || c == 0xF7 ? NO_WORD : LETTER;
        if (c == 0xB2 || c == 0xB3 || c == 0xB9 || (c >= 0xBC && c <= 0xBE)) return -1;
        return c == 0xAA || c == 0xB5 || c == 0xBA ? LETTER : NO_WORD;
    }
    int is_sign = (c >= 0x2010 && c <= 0x2027) || (c >= 0x2030 && c <= 0x205E) ||
                  (c >= 0x20A0 && c <= 0x20BF);
    if (is_sign) return NO_WORD;
    return c >= 0x1E00 && c < 0x1F00 ? LETTER : class_beyond_latin(c);
}

typedef struct {
    const Py_UCS4 *characters;
    Size length;
} Text;

static inline Py_UCS4 at(const Text *text, Size place) {
    return place < text->length ? text->characters[place] : 0;
}

static inline int is_word(const Text *text, Size place) {
    return class_of(at(text, place)) > NO_WORD;
}

static inline int is_letter(const Text *text, Size place) {
    return class_of(at(text, place)) == LETTER;
}

static inline int is_digit(const Text *text, Size place) {
    return class_of(at(text, place)) == NUMBER;
}

static inline int is_capital(const Text *text, Size place) {
    return at(text, place) >= 'A' && at(text, place) <= 'Z';
}

static inline int is_apostrophe(const Text *text, Size place) {
    return at(text, place) == '\'' || at(text, place) == 0x2019;
}

/* The end of a word from PLACE on with signs inside that others have not; 0 without one. */
static Size signed_end(const Text *text, Size place) {
    Size end = place, parts = 0;
    if (is_letter(text, place)) { /* U.S. */
        for (end = place + 1; at(text, end) == '.' && is_letter(text, end + 1); end += 2) parts++;
        if (parts && !is_word(text, end)) return end;
        if (parts > 1) return end - 2;
    }
    for (end = place; is_capital(text, end); end++) continue; /* AT&T */
    for (parts = 0; end > place && at(text, end) == '&' && is_capital(text, end + 1); parts++)
        for (end++; is_capital(text, end); end++) continue;
    if (parts) {
        int is_owner =
            is_apostrophe(text, end) && at(text, end + 1) == 's' && !is_word(text, end + 2);
        return is_owner ? end + 2 : end;
    }
    for (end = place; is_digit(text, end); end++) continue; /* 1,000 */
    for (parts = 0; end > place && (at(text, end) == '.' || at(text, end) == ',') &&
                    is_digit(text, end + 1);
         parts++)
        for (end++; is_digit(text, end); end++) continue;
    if (parts) return end;
    for (end = place; is_letter(text, end); end++) continue; /* C++ C# g++ */
    int is_plus = at(text, end) == '+' && at(text, end + 1) == '+';
    if (end - place > 1)
        return is_plus && !is_word(text, end + 2) && at(text, end + 2) != '+' ? end + 2 : 0;
    if (end > place && (is_plus || at(text, end) == '#')) {
        end += is_plus ? 2 : 1;
        Py_UCS4 next = at(text, end);
        return is_letter(text, end) || next == '+' || next == '#' ? 0 : end;
    }
    return 0;
}

/* The end of the word that begins at PLACE, as _ALPHABETIC_TOKEN has it. */
static Size word_end(const Text *text, Size place) {
    Size end = place;
    while ((at(text, end) | 0x20) >= 'a' && (at(text, end) | 0x20) <= 'z') end++;
    if (end > place && (at(text, end) == ' ' || at(text, end) == ',')) return end;
    if ((end = signed_end(text, place))) return end;
    for (end = place; is_word(text, end); end++) continue;
    while (is_apostrophe(text, end) && is_letter(text, end + 1))
        for (end++; is_letter(text, end); end++) continue;
    return end;
}

typedef struct {
    int64_t position, term;
    Size start, end;
} Match;

/* The places of the words of MATCHES, whose positions ascend; 0 and an exception where there are
   fewer words. */
static int find_places(const Text *text, Match *matches, Size count) {
    Size start = 0, end = 0;
    int64_t last = -1;
    for (Size n = 0; n < count; n++) {
        for (; last < matches[n].position; last++) {
            for (start = end; start < text->length && !is_word(text, start);) start++;
            if (start == text->length) {
                PyErr_Format(PyExc_IndexError, "There are fewer words than %lld.",
                             (long long)matches[n].position + 1);
                return 0;
            }
            end = word_end(text, start);
        }
        matches[n].start = start;
        matches[n].end = end;
    }
    return 1;
}

/* The two numbers of a tuple; 0 and an exception if it is none. */
static int read_pair(PyObject *pair, int64_t *first, int64_t *second) {
    int is_pair = pair && PyTuple_Check(pair) && PyTuple_Size(pair) == 2;
    PyObject *one = is_pair ? PyTuple_GetItem(pair, 0) : NULL;
    PyObject *other = is_pair ? PyTuple_GetItem(pair, 1) : NULL;
    if (!is_pair || !PyLong_Check(one) || !PyLong_Check(other)) {
        PyErr_SetString(PyExc_TypeError, "a pair of numbers is none");
        return 0;
    }
    *first = PyLong_AsLongLong(one);
    *second = PyLong_AsLongLong(other);
    return !PyErr_Occurred();
}

/* A tuple of TYPE, which is a subclass of tuple with two fields. */
static PyObject *make_span(PyObject *type, PyObject *start, Size end) {
    PyObject *span = PyType_GenericAlloc((PyTypeObject *)type, 2);
    PyObject *last = span ? PyLong_FromSsize_t(end) : NULL;
    if (!last) {
        Py_XDECREF(span);
        return NULL;
    }
    PyTuple_SetItem(span, 0, Py_NewRef(start));
    PyTuple_SetItem(span, 1, last);
    return span;
}

/* Add ITEM to a list or set, and give up the reference; 0 and an exception if there is none. */
static int append_new(PyObject *list, PyObject *item) {
    int failed = !item || PyList_Append(list, item) < 0;
    Py_XDECREF(item);
    return !failed;
}

static int add_new(PyObject *set, PyObject *item) {
    int failed = !item || PySet_Add(set, item) < 0;
    Py_XDECREF(item);
    return !failed;
}

/* The longest run of the first TERMS terms in their own order, as text; None without one. */
static PyObject *longest_phrase(PyObject *text, const Match *matches, Size count, int64_t terms) {
    const Match *last = NULL, *run = NULL, *best_start = NULL, *best_end = NULL;
    Size length = 0, longest = 0;
    for (const Match *match = matches; match < matches + count; match++) {
        if (match->term >= terms) continue;
        int follows =
            last && match->position == last->position + 1 && match->term == last->term + 1;
        length = follows ? length + 1 : 0;
        if (!follows) run = match;
        if (length > longest) {
            longest = length;
            best_start = run;
            best_end = match;
        }
        last = match;
    }
    if (!best_end) return Py_NewRef(Py_None);
    return PyUnicode_Substring(text, best_start->start, best_end->end);
}

/* The first of MATCHES that begins at PLACE or after. */
static Size bisect_matches(const Match *matches, Size count, int64_t place) {
    Size low = 0, high = count;
    while (low < high) {
        Size middle = low + (high - low) / 2;
        if (matches[middle].start < place) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* The sum of WEIGHTS, of all TERMS, for those that occur from FIRST to END, each once; FLAGS are
   zeros, and are so again. */
static double sum_weights(const Match *matches, Size first, Size end, const double *weights,
                          Size terms, uint8_t *flags) {
    double sum = 0;
    for (Size n = first; n < end; n++) flags[matches[n].term] = 1;
    for (Size term = 0; term < terms && first < end; term++) {
        if (flags[term]) sum += weights[term];
        flags[term] = 0;
    }
    return sum;
}

/* The sums of WEIGHTS in each of the spans SENTENCES. */
static PyObject *weigh_sentences(PyObject *sentences, const Match *matches, Size count,
                                 const double *weights, Size terms, uint8_t *flags) {
    Size length = PyTuple_Size(sentences);
    PyObject *sums = PyList_New(0);
    for (Size n = 0; sums && n < length; n++) {
        int64_t start, end;
        double sum = 0;
        if (!read_pair(PyTuple_GetItem(sentences, n), &start, &end)) {
            Py_CLEAR(sums);
            break;
        }
        sum = sum_weights(matches, bisect_matches(matches, count, start),
                          bisect_matches(matches, count, end), weights, terms, flags);
        if (!append_new(sums, PyFloat_FromDouble(sum))) Py_CLEAR(sums);
    }
    return sums;
}

/* The matches at POSITIONS, a list of pairs, of TERMS terms; NULL and an exception if damaged. */
static Match *read_matches(PyObject *positions, Size count, Size terms) {
    Match *matches = calloc(count + 1, sizeof(Match));
    if (!matches) return (Match *)PyErr_NoMemory();
    for (Size n = 0; n < count; n++) {
        PyObject *pair = PyList_GetItem(positions, n);
        if (!read_pair(pair, &matches[n].position, &matches[n].term)) goto bad;
        if (matches[n].term < 0 || matches[n].term >= terms) {
            PyErr_SetString(PyExc_IndexError, "a term is not of the question");
            goto bad;
        }
    }
    return matches;
bad:
    free(matches);
    return NULL;
}

/* Copy TEXT if all of it is Latin; 0 where it is not, or with an exception. */
static int read_text(PyObject *object, Text *text) {
    text->characters = NULL;
    text->length = PyUnicode_GetLength(object);
    if (text->length < 0) return 0;
    Py_UCS4 *characters = PyUnicode_AsUCS4Copy(object);
    text->characters = characters;
    for (Size n = 0; characters && n < text->length; n++)
        if (class_of(characters[n]) < 0) return 0;
    return characters != NULL;
}

/* Whether a match before N, one of the last few, is of the same term and the same word. */
static int is_known_word(const Text *text, const Match *matches, Size n) {
    const Match *match = &matches[n];
    Size length = match->end - match->start;
    for (Size other = n - 1; other >= 0 && other >= n - 8; other--) {
        const Match *before = &matches[other];
        if (before->term == match->term && before->end - before->start == length &&
            !memcmp(text->characters + before->start, text->characters + match->start,
                    length * sizeof(Py_UCS4)))
            return 1;
    }
    return 0;
}

/* Fill STARTS, a list, WORDS and PRESENT, sets, and SPANS, a list; 0 and an exception if not. */
static int describe_matches(PyObject *object, const Text *text, const Match *matches, Size count,
                            PyObject *type, PyObject *starts, PyObject *words, PyObject *present,
                            PyObject *spans) {
    Size last = -1;
    for (Size n = 0; n < count; n++) {
        const Match *match = &matches[n];
        PyObject *start = PyLong_FromSsize_t(match->start);
        int is_fine = start && PyList_Append(starts, start) == 0;
        if (is_fine && match->start != last)
            is_fine = append_new(spans, make_span(type, start, match->end));
        Py_XDECREF(start);
        last = match->start;
        if (!is_fine) return 0;
        if (is_known_word(text, matches, n)) continue;
        if (!add_new(present, PyLong_FromLongLong(match->term))) return 0;
        if (!add_new(words, PyUnicode_Substring(object, match->start, match->end))) return 0;
    }
    return 1;
}

/* All that match_terms gives for a text of such letters. */
static PyObject *collect(PyObject *object, const Text *text, PyObject *sentences,
                         const Match *matches, Size count, const Column *idf, const Column *weights,
                         Py_ssize_t own, PyObject *type) {
    Size terms = idf->length;
    uint8_t *flags = calloc(terms + 1, 1);
    PyObject *starts = PyList_New(0), *words = PySet_New(NULL), *present = PySet_New(NULL);
    PyObject *spans = PyList_New(0), *result = NULL, *parts[4] = {0};
    if (!flags || !starts || !words || !present || !spans) goto done;
    if (!describe_matches(object, text, matches, count, type, starts, words, present, spans))
        goto done;
    parts[0] = PyList_AsTuple(spans);
    parts[1] = parts[0] ? longest_phrase(object, matches, count, own) : NULL;
    if (!parts[1]) goto done;
    parts[2] = weigh_sentences(sentences, matches, count, idf->data, terms, flags);
    if (!parts[2]) goto done;
    parts[3] = weights->data == idf->data
                   ? Py_NewRef(parts[2])
                   : weigh_sentences(sentences, matches, count, weights->data, terms, flags);
    if (parts[3])
        result = Py_BuildValue("OOOOOOO", starts, words, present, parts[0], parts[1], parts[2],
                               parts[3]);
done:
    free(flags);
    for (int n = 0; n < 4; n++) Py_XDECREF(parts[n]);
    Py_XDECREF(starts);
    Py_XDECREF(words);
    Py_XDECREF(present);
    Py_XDECREF(spans);
    return result;
}

/* match_terms(text, sentences, positions, idf, weights, terms, span type) -> the starts of the
   matches, their words, the terms that are there, the spans of the words, the longest phrase of the
   first TERMS terms, and of each sentence the sums of idf and of weights; None for other
   text */
static PyObject *match_terms(PyObject *module, PyObject *args) {
    PyObject *object, *sentences, *positions, *idf_object, *weights_object, *type, *result = NULL;
    Py_ssize_t terms;
    Column idf = {0}, weights = {0};
    Match *matches = NULL;
    Text text = {0};
    if (!PyArg_ParseTuple(args, "UO!O!OOnO!", &object, &PyTuple_Type, &sentences, &PyList_Type,
                          &positions, &idf_object, &weights_object, &terms, &PyType_Type, &type))
        return NULL;
    if (!PyType_IsSubtype((PyTypeObject *)type, &PyTuple_Type)) {
        PyErr_SetString(PyExc_TypeError, "the type of spans is no tuple");
        return NULL;
    }
    Size count = PyList_Size(positions);
    if (!borrow(idf_object, &idf, "f", 8) || !borrow(weights_object, &weights, "f", 8)) goto done;
    if (weights.length != idf.length) {
        PyErr_SetString(PyExc_ValueError, "there are not as many weights as terms");
        goto done;
    }
    if (!read_text(object, &text)) {
        if (!PyErr_Occurred()) result = Py_NewRef(Py_None);
        goto done;
    }
    matches = read_matches(positions, count, idf.length);
    if (matches && find_places(&text, matches, count))
        result = collect(object, &text, sentences, matches, count, &idf, &weights, terms, type);
done:
    free(matches);
    PyMem_Free((void *)text.characters);
    release_column(&idf);
    release_column(&weights);
    return result;
}
