/* The occurrences of terms in candidates -> features. */

#pragma once

enum {
    BM25, EXACT_BM25, HEADING_COVERAGE, HEADING_BM25, COVERAGE, BODY_COVERAGE, EXACT_COVERAGE,
    LEAD_COVERAGE, WINDOW_COVERAGE, PROXIMITY, ADJACENT_PAIRS, ORDERED_WINDOW, UNORDERED_WINDOW,
    FIRST_PASSAGE, POSITION_PRIOR, LENGTH, PUBLISHER_MATCH, DATE_MATCH, COLUMNS
};
/* The length in words of a usual passage, and of the headings above it. */
#define AVERAGE_LENGTH 95.0
#define AVERAGE_HEADING_LENGTH 10.0
#define WINDOW 20
#define LEAD 25

typedef struct {
    Size terms;
    const double *idf, *pair_weights, *discounts;
    double k1, b;
} Weights;

/* A candidate: what is known of it beside its occurrences. */
typedef struct {
    const uint8_t *heading;
    int64_t length, heading_length, number;
    double credit, length_log;
} Candidate;

typedef struct {
    int64_t *frequencies, *exact_frequencies, *next;
    Size *seen;     /* the terms that occur, ascending */
    uint8_t *flags; /* lead, adjacent, ordered, unordered: terms each */
} Scratch;

/* Add TERM to the COUNT ones that are SEEN. */
static void insert_term(Size *seen, Size count, Size term) {
    for (; count && seen[count - 1] > term; count--) seen[count] = seen[count - 1];
    seen[count] = term;
}

static double length_norm(const Weights *w, int64_t length, double average) {
    return w->k1 * (1 - w->b + w->b * (double)length / average);
}

static inline double least(double value) { return value < 1.0 ? value : 1.0; }

/* The features of one passage from its occurrences, FROM to END. */
static void describe(const Weights *w, Scratch *s, const int64_t *positions, const int64_t *terms,
                     const uint8_t *exact, Size from, Size end, const Candidate *candidate,
                     double *row) {
    Size count = w->terms;
    const uint8_t *heading = candidate->heading;
    double norm = length_norm(w, candidate->length, AVERAGE_LENGTH);
    double heading_norm = length_norm(w, candidate->heading_length, AVERAGE_HEADING_LENGTH);
    uint8_t *lead = s->flags, *adjacent = lead + count, *ordered = adjacent + count,
            *unordered = ordered + count;
    memset(s->frequencies, 0, count * sizeof(int64_t));
    memset(s->exact_frequencies, 0, count * sizeof(int64_t));
    memset(s->flags, 0, 4 * count);
    for (Size term = 0; term < count; term++) s->next[term] = -1;
    double window = 0, proximity = 0;
    Size seen = 0;
    for (Size n = end - 1; n >= from; n--) {
        int64_t position = positions[n], own = terms[n];
        s->frequencies[own]++;
        s->exact_frequencies[own] += exact[n] != 0;
        if (position < LEAD) lead[own] = 1;
        if (s->next[own] < 0) insert_term(s->seen, seen++, own);
        s->next[own] = position;
        /* Of a term that has not occurred nothing is added. */
        double within = 0, near = 0;
        for (Size each = 0; each < seen; each++) {
            Size term = s->seen[each];
            int64_t distance = s->next[term] - position;
            if (distance < WINDOW) within += w->idf[term];
            near += w->idf[term] * w->discounts[distance];
        }
        if (own + 1 < count && s->next[own + 1] >= 0) {
            int64_t distance = s->next[own + 1] - position;
            adjacent[own] |= distance <= 1;
            ordered[own] |= distance <= 4;
            unordered[own] |= distance <= 10;
        }
        if (own > 0 && s->next[own - 1] >= 0)
            unordered[own - 1] |= s->next[own - 1] - position <= 10;
        if (within > window) window = within;
        if (near > proximity) proximity = near;
    }
    double sums[COLUMNS] = {0}, factor = w->k1 + 1;
    for (Size term = 0; term < count; term++) {
        double idf = w->idf[term];
        sums[HEADING_COVERAGE] += (double)heading[term] * idf;
        sums[COVERAGE] += (double)(heading[term] | (s->frequencies[term] > 0)) * idf;
    }
    for (Size each = 0; each < seen; each++) {
        Size term = s->seen[each];
        double idf = w->idf[term], times = (double)s->frequencies[term],
               exactly = (double)s->exact_frequencies[term];
        sums[BM25] += times * factor / (times + norm) * idf;
        if (exactly > 0) sums[EXACT_BM25] += exactly * factor / (exactly + norm) * idf;
        sums[BODY_COVERAGE] += idf;
        sums[EXACT_COVERAGE] += (double)(exactly > 0) * idf;
        sums[LEAD_COVERAGE] += (double)lead[term] * idf;
    }
    for (Size pair = 0; pair + 1 < count; pair++) {
        sums[ADJACENT_PAIRS] += (double)adjacent[pair] * w->pair_weights[pair];
        sums[ORDERED_WINDOW] += (double)ordered[pair] * w->pair_weights[pair];
        sums[UNORDERED_WINDOW] += (double)unordered[pair] * w->pair_weights[pair];
    }
    memcpy(row, sums, sizeof sums);
    row[BM25] += candidate->credit;
    row[COVERAGE] = least(row[COVERAGE] + candidate->credit);
    row[BODY_COVERAGE] = least(row[BODY_COVERAGE] + candidate->credit);
    row[HEADING_BM25] = row[HEADING_COVERAGE] * factor / (1 + heading_norm);
    row[WINDOW_COVERAGE] = window;
    row[PROXIMITY] = proximity;
    row[FIRST_PASSAGE] = candidate->number == 0;
    row[POSITION_PRIOR] = 1 / (1 + (double)candidate->number);
    row[LENGTH] = candidate->length_log;
}

/* The arrays that features takes, in order. */
enum {
    SLOTS, POSITIONS, TERMS, EXACT, HEADINGS, LENGTHS, HEADING_LENGTHS, NUMBERS, CREDIT, IDF,
    PAIR_WEIGHTS, LENGTH_LOGS, ARRAYS
};

static int fits_together(const Column *c) {
    Size passages = c[LENGTHS].length, count = c[SLOTS].length, terms = c[IDF].length;
    const int64_t *slots = c[SLOTS].data, *positions = c[POSITIONS].data, *term = c[TERMS].data;
    int fits = c[POSITIONS].length == count && c[TERMS].length == count &&
               c[EXACT].length == count && c[HEADINGS].length == passages * terms &&
               c[HEADING_LENGTHS].length == passages && c[NUMBERS].length == passages &&
               (!c[CREDIT].data || c[CREDIT].length == passages) &&
               c[PAIR_WEIGHTS].length + 1 >= terms && c[LENGTH_LOGS].length == passages;
    for (Size n = 0; n < count && fits; n++) {
        int is_next = n && slots[n] == slots[n - 1];
        fits = slots[n] >= (n ? slots[n - 1] : 0) && slots[n] < passages &&
               positions[n] >= (is_next ? positions[n - 1] : 0) && positions[n] < MAX_POSITION &&
               term[n] >= 0 && term[n] < terms;
    }
    return fits;
}

/* Whether there is a discount of every distance between positions. */
static int has_discounts(const Column *positions, const Column *discounts) {
    const int64_t *position = positions->data;
    for (Size n = 0; n < positions->length; n++)
        if (position[n] + 1 >= discounts->length) return 0;
    return 1;
}

/* The matrix of features of the arrays, which fit together. */
static PyObject *fill_matrix(const Column *c, Weights *weights) {
    Size passages = c[LENGTHS].length, count = c[SLOTS].length, terms = c[IDF].length;
    Scratch scratch = {0};
    PyObject *result = NULL;
    scratch.frequencies = malloc((terms + 1) * sizeof(int64_t));
    scratch.exact_frequencies = malloc((terms + 1) * sizeof(int64_t));
    scratch.next = malloc((terms + 1) * sizeof(int64_t));
    scratch.flags = malloc(4 * terms + 1);
    scratch.seen = malloc((terms + 1) * sizeof(Size));
    if (!scratch.frequencies || !scratch.exact_frequencies || !scratch.next || !scratch.flags ||
        !scratch.seen) {
        PyErr_NoMemory();
        goto done;
    }
    result = PyByteArray_FromStringAndSize(NULL, passages * COLUMNS * sizeof(double));
    if (!result) goto done;
    double *row = (double *)PyByteArray_AsString(result);
    const double *credit = c[CREDIT].data;
    const int64_t *slots = c[SLOTS].data;
    Size from = 0;
    for (Size passage = 0; passage < passages; passage++, row += COLUMNS) {
        Size end = from;
        while (end < count && slots[end] == passage) end++;
        Candidate candidate = {
            (const uint8_t *)c[HEADINGS].data + passage * terms,
            ((const int64_t *)c[LENGTHS].data)[passage],
            ((const int64_t *)c[HEADING_LENGTHS].data)[passage],
            ((const int64_t *)c[NUMBERS].data)[passage],
            credit ? credit[passage] : 0,
            ((const double *)c[LENGTH_LOGS].data)[passage],
        };
        describe(weights, &scratch, c[POSITIONS].data, c[TERMS].data, c[EXACT].data, from, end,
                 &candidate, row);
        from = end;
    }
done:
    free(scratch.frequencies);
    free(scratch.exact_frequencies);
    free(scratch.next);
    free(scratch.flags);
    free(scratch.seen);
    return result;
}

/* features(arrays, discounts, k1, b) -> the matrix, where PUBLISHER_MATCH and what follows is left
   0; None where positions lie beyond the discounts.  The credit may be None. */
static PyObject *compute_features(PyObject *module, PyObject *args) {
    (void)module;
    static const char *kinds = "iiiuuiiiffff";
    PyObject *arrays, *discounts_object, *result = NULL;
    Weights weights = {0};
    Column c[ARRAYS], discounts = {0};
    memset(c, 0, sizeof c);
    if (!PyArg_ParseTuple(args, "O!Odd", &PyTuple_Type, &arrays, &discounts_object, &weights.k1,
                          &weights.b))
        return NULL;
    if (PyTuple_Size(arrays) != ARRAYS) {
        PyErr_SetString(PyExc_TypeError, "features takes twelve arrays");
        return NULL;
    }
    for (int n = 0; n < ARRAYS; n++) {
        char kind[2] = {kinds[n], 0};
        PyObject *array = PyTuple_GetItem(arrays, n);
        if (n == CREDIT && array == Py_None) continue;
        if (!borrow(array, &c[n], kind, kinds[n] == 'u' ? 1 : 8)) goto done;
    }
    if (!borrow(discounts_object, &discounts, "f", 8)) goto done;
    if (!discounts.length || !fits_together(c)) {
        PyErr_SetString(PyExc_ValueError, "the occurrences of candidates do not fit together");
        goto done;
    }
    if (!has_discounts(&c[POSITIONS], &discounts)) {
        result = Py_NewRef(Py_None);
        goto done;
    }
    weights.terms = c[IDF].length;
    weights.idf = c[IDF].data;
    weights.pair_weights = c[PAIR_WEIGHTS].data;
    weights.discounts = discounts.data;
    result = fill_matrix(c, &weights);
done:
    for (int n = 0; n < ARRAYS; n++) release_column(&c[n]);
    release_column(&discounts);
    return result;
}
