/* Hits of a cluster: their scores, ordinals and cards, and the stems of a query in these. */

#pragma once

/* A card is in base64: a header of 9 uint32, then words of 8 letters each, of which the first 5 are
   a hash of the stem and the others one of the form; of a variant the others are its position. */
#define WORD_LETTERS 8
#define HEADER_WORDS 6
#define HEADER_COLUMNS 9
#define KEY_BITS 40
#define IN_HEADING ((1 << 18) - 1)

/* What is read of a text, in arrays that grow. */
typedef struct {
    char *data;
    Size size, room;
} Growing;

static int append(Growing *growing, const void *data, Size size) {
    if (growing->size + size > growing->room) {
        Size room = 2 * growing->room + size + 1024;
        char *longer = realloc(growing->data, room);
        if (!longer) return 0;
        growing->data = longer;
        growing->room = room;
    }
    memcpy(growing->data + growing->size, data, size);
    growing->size += size;
    return 1;
}

typedef struct {
    const char *start, *at, *end;
} Json;

static int skip(Json *text, const char *what) {
    Size size = (Size)strlen(what);
    if (text->end - text->at < size || memcmp(text->at, what, size)) return 0;
    text->at += size;
    return 1;
}

/* The string at the cursor, without its quotes; 0 where there is none, or one with escapes. */
static int take_string(Json *text, const char **string, Size *size) {
    if (!skip(text, "\"")) return 0;
    const char *end = memchr(text->at, '"', text->end - text->at);
    if (!end || memchr(text->at, '\\', end - text->at)) return 0;
    *string = text->at;
    *size = end - text->at;
    text->at = end + 1;
    return 1;
}

static int take_score(Json *text, double *score) {
    char digits[32];
    Size size = 0;
    while (text->at < text->end && size < 31 && strchr("+-.0123456789eE", *text->at))
        digits[size++] = *text->at++;
    digits[size] = '\0';
    if (!size) return 0;
    *score = PyOS_string_to_double(digits, NULL, NULL);
    if (!PyErr_Occurred()) return 1;
    PyErr_Clear();
    return 0;
}

/* The column of a hit: the place of its card, or its ordinal and -1. */
static int take_fields(Json *text, int64_t *pair) {
    if (skip(text, "{\"card\":[")) {
        const char *card;
        Size size;
        if (!take_string(text, &card, &size)) return 0;
        pair[0] = card - text->start;
        pair[1] = pair[0] + size;
    } else if (skip(text, "{\"ordinal\":[")) {
        const char *first = text->at;
        for (pair[0] = 0; text->at < text->end && text->at - first < 15; text->at++) {
            if (*text->at < '0' || *text->at > '9') break;
            pair[0] = 10 * pair[0] + (*text->at - '0');
        }
        pair[1] = -1;
        if (text->at == first) return 0;
    } else {
        return 0;
    }
    return skip(text, "]}");
}

/* A hit that has a score and a column, and nothing else but the name of its index. */
static int take_hit(Json *text, double *score, int64_t *pair) {
    int has_score = 0, has_fields = 0;
    if (!skip(text, "{")) return 0;
    do {
        const char *string;
        Size size;
        if (skip(text, "\"_score\":")) {
            if (!take_score(text, score)) return 0;
            has_score++;
        } else if (skip(text, "\"fields\":")) {
            if (!take_fields(text, pair)) return 0;
            has_fields++;
        } else if (!skip(text, "\"_index\":") || !take_string(text, &string, &size)) {
            return 0;
        }
    } while (skip(text, ","));
    return skip(text, "}") && has_score == 1 && has_fields == 1;
}

/* One list of hits, up to its end; their number, -1 where there is anything else in it. */
static Size take_list(Json *text, Growing *scores, Growing *pairs) {
    Size count = 0;
    if (skip(text, "]")) return 0;
    do {
        double score;
        int64_t pair[2];
        if (!take_hit(text, &score, pair)) return -1;
        if (!append(scores, &score, sizeof score) || !append(pairs, pair, sizeof pair)) return -1;
        count++;
    } while (skip(text, ","));
    return skip(text, "]") ? count : -1;
}

/* The text up to the next list of hits: quotes inside of strings are escaped, so this is a key. */
static const char LIST[] = "\"hits\":[";

static const char *find_list(const Json *text) {
    Size size = sizeof LIST - 1;
    const char *at = text->at;
    while ((at = memchr(at, '"', text->end - at)) && text->end - at >= size) {
        if (!memcmp(at, LIST, size)) return at + size;
        at++;
    }
    return NULL;
}

static PyObject *bytes_of(const Growing *growing) {
    return PyByteArray_FromStringAndSize(growing->data ? growing->data : "", growing->size);
}

/* take_hits(answers) -> the answers without hits, the number of these in each list, scores, pairs;
   None where hits have anything but a score and a card, or an ordinal */
static PyObject *take_hits(PyObject *module, PyObject *args) {
    (void)module;
    const char *data;
    Size size;
    if (!PyArg_ParseTuple(args, "y#", &data, &size)) return NULL;
    Json text = {data, data, data + size};
    Growing rest = {0}, counts = {0}, scores = {0}, pairs = {0};
    const char *list;
    int fits = 1;
    while (fits && (list = find_list(&text))) {
        fits = append(&rest, text.at, list - text.at) && append(&rest, "]", 1);
        text.at = list;
        int64_t count = fits ? take_list(&text, &scores, &pairs) : -1;
        fits = count >= 0 && append(&counts, &count, sizeof count);
    }
    PyObject *result = NULL;
    if (!fits)
        result = Py_NewRef(Py_None);
    else if (append(&rest, text.at, text.end - text.at))
        result = Py_BuildValue("NNNN", bytes_of(&rest), bytes_of(&counts), bytes_of(&scores),
                               bytes_of(&pairs));
    else
        PyErr_NoMemory();
    free(rest.data);
    free(counts.data);
    free(scores.data);
    free(pairs.data);
    return result;
}

static int sextet(char letter) {
    if (letter >= 'A' && letter <= 'Z') return letter - 'A';
    if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9') return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/* The header of the card in LETTERS, of LENGTH; 0 where that is no card. */
static int read_header(const char *letters, Size length, int64_t *columns) {
    uint8_t bytes[HEADER_COLUMNS * sizeof(uint32_t)];
    if (length < HEADER_WORDS * WORD_LETTERS || length % WORD_LETTERS) return 0;
    for (Size group = 0; group < (Size)sizeof bytes / 3; group++, letters += 4) {
        int32_t bits = 0;
        for (int n = 0; n < 4; n++) {
            int value = sextet(letters[n]);
            if (value < 0) return 0;
            bits = bits << 6 | value;
        }
        for (int n = 0; n < 3; n++) bytes[3 * group + n] = bits >> (16 - 8 * n) & 0xFF;
    }
    for (int n = 0; n < HEADER_COLUMNS; n++) {
        uint32_t value;
        memcpy(&value, bytes + n * sizeof value, sizeof value);
        columns[n] = value;
    }
    int64_t words = columns[6] + columns[7] + columns[8];
    return words <= length / WORD_LETTERS - HEADER_WORDS;
}

/* The cards between pairs of offsets in a text. */
typedef struct {
    const char *letters;
    Column spans;
    Size count;
} CardTexts;

static int card_at(const CardTexts *cards, Size size, Size n, const char **letters,
                   int64_t *columns) {
    const int64_t *span = (const int64_t *)cards->spans.data + 2 * n;
    if (span[0] < 0 || span[1] < span[0] || span[1] > size) return 0;
    *letters = cards->letters + span[0];
    return read_header(*letters, span[1] - span[0], columns);
}

static PyObject *card_error(void) {
    PyErr_SetString(PyExc_ValueError, "a card is not as it was written");
    return NULL;
}

/* card_headers(answers, spans) -> int64, (cards, 9) */
static PyObject *card_headers(PyObject *module, PyObject *args) {
    (void)module;
    CardTexts cards = {0};
    Size size;
    PyObject *spans, *result;
    if (!PyArg_ParseTuple(args, "y#O", &cards.letters, &size, &spans)) return NULL;
    if (!borrow(spans, &cards.spans, "i", 8)) return NULL;
    cards.count = cards.spans.length / 2;
    result = PyByteArray_FromStringAndSize(NULL, cards.count * HEADER_COLUMNS * sizeof(int64_t));
    int64_t *columns = result ? (int64_t *)PyByteArray_AsString(result) : NULL;
    for (Size n = 0; result && n < cards.count; n++) {
        const char *letters;
        if (card_at(&cards, size, n, &letters, columns + n * HEADER_COLUMNS)) continue;
        Py_CLEAR(result);
        card_error();
    }
    release_column(&cards.spans);
    return result;
}

typedef struct {
    int64_t card, place, which, form;
} CardWord;

/* The stems of a query by the letters of their hashes, and a table that rules out most others. */
typedef struct {
    const uint64_t *keys;
    Size count;
    uint8_t may_be[1 << 10];
} StemKeys;

static inline unsigned slot(uint64_t key) { return (key ^ key >> 13 ^ key >> 29) & 1023; }

static inline Size find_key(const StemKeys *keys, uint64_t key) {
    if (!keys->may_be[slot(key)]) return -1;
    for (Size n = 0; n < keys->count; n++)
        if (keys->keys[n] == key) return n;
    return -1;
}

/* The words of card N that are stems of the query: those of its text in order, and the counts. */
static int read_words(const StemKeys *keys, const char *letters, const int64_t *columns, Size n,
                      Growing *words, int64_t *in_text, int64_t *in_heading) {
    int64_t text = columns[6], plain = text + columns[7], all = plain + columns[8];
    Size first = words->size;
    letters += HEADER_WORDS * WORD_LETTERS;
    for (int64_t place = 0; place < all; place++) {
        uint64_t word;
        memcpy(&word, letters + place * WORD_LETTERS, sizeof word);
        Size which = find_key(keys, word & (((uint64_t)1 << KEY_BITS) - 1));
        if (which < 0) continue;
        CardWord found = {n, place, which, (int64_t)(word >> KEY_BITS)};
        int inside = place < text;
        if (place >= plain) {
            const char *bits = letters + place * WORD_LETTERS + WORD_LETTERS - 3;
            int one = sextet(bits[0]), two = sextet(bits[1]), three = sextet(bits[2]);
            if (one < 0 || two < 0 || three < 0) return 0;
            found.place = one << 12 | two << 6 | three;
            found.form = 0;
            inside = found.place < IN_HEADING;
        }
        (inside ? in_text : in_heading)[n * keys->count + which]++;
        if (!inside) continue;
        if (!append(words, &found, sizeof found)) return 0;
        /* Variants come last, and go behind the words of their place. */
        CardWord *list = (CardWord *)(words->data + first);
        Size at = (words->size - first) / (Size)sizeof found - 1;
        for (; at && list[at - 1].place > found.place; at--) list[at] = list[at - 1];
        list[at] = found;
    }
    return 1;
}

/* card_words(answers, spans, keys) -> occurrences: int64, (occurrences, 4): card, place, number of
   the key, hash of the form; and how often keys are in texts and in headings: int64, (cards, keys) */
static PyObject *card_words(PyObject *module, PyObject *args) {
    (void)module;
    CardTexts cards = {0};
    Size size;
    PyObject *spans, *keys_object, *result = NULL;
    Column key_column = {0};
    StemKeys keys = {0};
    Growing words = {0};
    if (!PyArg_ParseTuple(args, "y#OO", &cards.letters, &size, &spans, &keys_object)) return NULL;
    if (!borrow(spans, &cards.spans, "i", 8)) return NULL;
    if (!borrow(keys_object, &key_column, "u", 8)) {
        release_column(&cards.spans);
        return NULL;
    }
    keys.keys = key_column.data;
    keys.count = key_column.length;
    for (Size n = 0; n < keys.count; n++) keys.may_be[slot(keys.keys[n])] = 1;
    cards.count = cards.spans.length / 2;
    Size cells = cards.count * keys.count;
    int64_t *counts = calloc(2 * cells + 1, sizeof *counts);
    int fits = counts != NULL;
    for (Size n = 0; fits && n < cards.count; n++) {
        const char *letters;
        int64_t columns[HEADER_COLUMNS];
        fits = card_at(&cards, size, n, &letters, columns) &&
               read_words(&keys, letters, columns, n, &words, counts, counts + cells);
    }
    if (fits)
        result = Py_BuildValue(
            "NNN", bytes_of(&words),
            PyByteArray_FromStringAndSize((char *)counts, cells * sizeof *counts),
            PyByteArray_FromStringAndSize((char *)(counts + cells), cells * sizeof *counts));
    else
        card_error();
    free(counts);
    free(words.data);
    release_column(&cards.spans);
    release_column(&key_column);
    return result;
}
