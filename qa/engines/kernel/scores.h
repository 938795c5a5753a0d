/* The terms of a query -> scores, which passages match, and the best of them. */

#pragma once

/* A list of a query: what struct.pack("=iid") makes. */
typedef struct {
    int32_t field, number;
    double weight;
} ScoredList;

#define MIN_CACHED_LENGTH 1024

#define ADD_ROW(name, type)                                                                       \
    VECTORIZE static void name(float *restrict scores, const type *restrict row,                   \
                               const float *restrict norms, Size length, float weight) {           \
        for (Size n = 0; n < length; n++) {                                                        \
            float frequency = (float)row[n];                                                       \
            scores[n] += frequency / (frequency + norms[n]) * weight;                              \
        }                                                                                          \
    }
ADD_ROW(add_row_1, uint8_t)
ADD_ROW(add_row_2, uint16_t)
ADD_ROW(add_row_4, uint32_t)

static int add_row(const Field *field, Size row, float *scores, float weight) {
    const float *norms = field->norms.data;
    const void *data = row_data(field, row);
    switch (field->rows.width) {
    case 1: add_row_1(scores, data, norms, field->documents, weight); return 1;
    case 2: add_row_2(scores, data, norms, field->documents, weight); return 1;
    case 4: add_row_4(scores, data, norms, field->documents, weight); return 1;
    default: return 0;
    }
}

#define ADD_LIST(name, type, norm)                                                                 \
    static int name(const Field *field, Size start, Size end, float *scores, float weight,         \
                    float factor) {                                                                \
        const uint16_t *gaps = field->gaps.data;                                                   \
        const type *frequencies = field->frequencies.data;                                         \
        const float *norms = field->norms.data, *norm_of_length = field->norm_of_length;           \
        const uint8_t *lengths = field->lengths.data;                                              \
        (void)norms, (void)norm_of_length, (void)lengths;                                          \
        int64_t document = -1;                                                                     \
        for (Size n = start; n < end; n++) {                                                       \
            document += gaps[n];                                                                   \
            if (document < 0 || document >= field->documents) return 0;                            \
            float frequency = (float)frequencies[n];                                               \
            scores[document] += frequency * factor / (norm + frequency) * weight;                  \
        }                                                                                          \
        return 1;                                                                                  \
    }
ADD_LIST(add_short_1, uint8_t, norm_of_length[lengths[document]])
ADD_LIST(add_list_1, uint8_t, norms[document])
ADD_LIST(add_list_2, uint16_t, norms[document])
ADD_LIST(add_list_4, uint32_t, norms[document])

static int add_list(const Field *field, Size start, Size end, float *scores, float weight,
                    float factor) {
    int is_short = field->norm_of_length != NULL;
    switch (field->frequencies.width) {
    case 1:
        return (is_short ? add_short_1 : add_list_1)(field, start, end, scores, weight, factor);
    case 2: return add_list_2(field, start, end, scores, weight, factor);
    case 4: return add_list_4(field, start, end, scores, weight, factor);
    default: return 0;
    }
}

static double monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

enum { FINE, PARTIAL, DAMAGED };

/* Add all lists: those of frequent terms first, then the others, as the NumPy code does. */
static int add_lists(const Index *self, const ScoredList *lists, Size count, float *scores,
                     double deadline) {
    int status = FINE;
    Size until = count;
    for (int rare = 0; rare < 2; rare++)
        for (Size n = 0; n < until; n++) {
            if (!rare && isfinite(deadline) && monotonic() >= deadline) {
                status = PARTIAL;
                until = n;
                break;
            }
            const Field *field = &self->fields[lists[n].field];
            Size row = find_row(field, lists[n].number), start = 0, end = 0;
            if (row < 0 && !find_postings(field, lists[n].number, &start, &end)) return DAMAGED;
            int is_rare = row < 0 && end - start <= MIN_CACHED_LENGTH;
            if (is_rare != rare) continue;
            float *cells = scores + field->offset;
            int fits = row >= 0 ? add_row(field, row, cells, (float)(lists[n].weight * (self->k1 + 1)))
                                : add_list(field, start, end, cells, (float)lists[n].weight,
                                           (float)(self->k1 + 1));
            if (!fits) return DAMAGED;
        }
    return status;
}

typedef struct {
    float score;
    int32_t number;
} Hit;

/* Whether ONE comes after OTHER: a lower score, or a higher number. */
static inline int is_worse(Hit one, Hit other) {
    return one.score < other.score || (one.score == other.score && one.number > other.number);
}

static void sift_down(Hit *heap, Size count, Size place) {
    Hit hit = heap[place];
    for (;;) {
        Size child = 2 * place + 1;
        if (child >= count) break;
        if (child + 1 < count && is_worse(heap[child + 1], heap[child])) child++;
        if (!is_worse(heap[child], hit)) break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = hit;
}

static void push(Hit *heap, Size *count, Size most, Hit hit) {
    if (*count == most) {
        if (!is_worse(heap[0], hit)) return;
        heap[0] = hit;
        sift_down(heap, most, 0);
        return;
    }
    Size place = (*count)++;
    while (place && is_worse(hit, heap[(place - 1) / 2])) {
        heap[place] = heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap[place] = hit;
}


VECTORIZE static void mark_positive(uint8_t *restrict matches, const float *restrict scores,
                                    Size length) {
    for (Size n = 0; n < length; n++) matches[n] = scores[n] > 0;
}

VECTORIZE static void intersect(uint8_t *restrict matches, const uint8_t *restrict allowed,
                                Size length) {
    for (Size n = 0; n < length; n++) matches[n] = matches[n] & (allowed[n] != 0);
}

/* 0 where nothing matches.  Without a branch: what matches is as good as random. */
VECTORIZE static void mask_scores(float *restrict totals, const uint8_t *restrict matches,
                                  Size length) {
    for (Size n = 0; n < length; n++) totals[n] *= (float)matches[n];
}

/* The highest of each block.  The array is padded to whole blocks. */
VECTORIZE static void find_highest(const float *restrict totals, float *restrict highest,
                                   Size blocks) {
    for (Size block = 0; block < blocks; block++) {
        const float *scores = totals + block * BLOCK;
        float best[8] = {0}, most = 0;
        for (Size n = 0; n < BLOCK; n += 8)
            for (Size lane = 0; lane < 8; lane++)
                best[lane] = scores[n + lane] > best[lane] ? scores[n + lane] : best[lane];
        for (Size lane = 0; lane < 8; lane++) most = best[lane] > most ? best[lane] : most;
        highest[block] = most;
    }
}

/* How many of the bytes before PLACE are 1, by how many are before each word of eight. */
static inline int32_t count_before(const uint8_t *bytes, const int32_t *before, Size place) {
    uint64_t word;
    memcpy(&word, bytes + (place & ~(Size)7), 8);
    /* The bytes from PLACE on are shifted out, in two steps: eight of them in one would be none. */
    word = word << (56 - 8 * (place & 7)) << 8;
    return before[place >> 3] + (int32_t)(word * 0x0101010101010101u >> 56);
}

/* How many of each document match.  Without loops over few passages, whose ends are mispredicted. */
static void count_matches(const Index *self, Workspace *work, int32_t *counts) {
    Size words = self->passages / 8 + 1;
    uint64_t word;
    int32_t sum = 0, start = 0;
    for (Size n = 0; n < words; n++) {
        work->before[n] = sum;
        memcpy(&word, work->matches + 8 * n, 8);
        sum += (int32_t)(word * 0x0101010101010101u >> 56);
    }
    const int64_t *documents = self->document_of_heading.data;
    for (Size heading = 0; heading < self->headings; heading++) {
        int32_t end = count_before(work->matches, work->before, self->heading_starts[heading + 1]);
        counts[documents[heading]] += end - start;
        start = end;
    }
}

#define ADD_HEADINGS(name, type)                                                                   \
    VECTORIZE static void name(float *restrict totals, const float *restrict scores,               \
                               const float *restrict sums, const type *restrict headings,          \
                               Size length, uint32_t most) {                                       \
        for (Size n = 0; n < length; n++) {                                                        \
            uint32_t heading = headings[n];                                                        \
            totals[n] = scores[n] + sums[heading < most ? heading : most];                         \
        }                                                                                          \
    }
ADD_HEADINGS(add_headings_1, uint8_t)
ADD_HEADINGS(add_headings_2, uint16_t)
ADD_HEADINGS(add_headings_4, uint32_t)

/* The scores of passages with those of their headings.  The file may have changed since it was
   opened, so each number is limited again: to one heading more, which adds nothing. */
static void add_headings(const Index *self, Workspace *work) {
    const Column *headings = &self->heading_of;
    float *totals = work->totals, *sums = work->sums;
    uint32_t most = (uint32_t)self->headings;
    const float *scores = work->scores;
    switch (headings->width) {
    case 1: add_headings_1(totals, scores, sums, headings->data, self->passages, most); break;
    case 2: add_headings_2(totals, scores, sums, headings->data, self->passages, most); break;
    default: add_headings_4(totals, scores, sums, headings->data, self->passages, most); break;
    }
}

/* The RANK-th highest of VALUES, from 1; their order is changed. */
static float kth_highest(float *values, Size count, Size rank) {
    Size low = 0, high = count - 1, target = rank - 1;
    while (low < high) {
        float pivot = values[low + (high - low) / 2];
        Size left = low, right = high;
        while (left <= right) {
            while (values[left] > pivot) left++;
            while (values[right] < pivot) right--;
            if (left <= right) {
                float other = values[left];
                values[left++] = values[right];
                values[right--] = other;
            }
        }
        if (target <= right)
            high = right;
        else if (target >= left)
            low = left;
        else
            break;
    }
    return values[target];
}

/* Scores of a block that are looked at together: mostly none of them is high enough. */
#define GROUP 16

/* The best of what matches: a heap of at most MOST. */
static Size collect_hits(Workspace *work, Size blocks, Hit *heap, Size most) {
    const float *totals = work->totals;
    float *highest = work->highest, *ordered = work->highest + blocks, lowest = 0;
    if (blocks >= 2 * most) {
        /* So many blocks have a score this high. */
        memcpy(ordered, highest, blocks * sizeof(float));
        lowest = kth_highest(ordered, blocks, most);
    }
    Size count = 0;
    for (Size block = 0; block < blocks; block++) {
        if (highest[block] < lowest || highest[block] <= 0) continue;
        for (Size group = block * BLOCK; group < (block + 1) * BLOCK; group += GROUP) {
            int is_high = 0;
            for (Size n = group; n < group + GROUP; n++) is_high |= totals[n] >= lowest;
            if (!is_high) continue;
            for (Size n = group; n < group + GROUP; n++) {
                if (totals[n] < lowest || totals[n] <= 0) continue;
                push(heap, &count, most, (Hit){totals[n], (int32_t)n});
                if (count == most && heap[0].score > lowest) lowest = heap[0].score;
            }
        }
    }
    return count;
}

/* Which passages match, how many of each document, and the best: a heap of at most MOST. */
static Size select_hits(const Index *self, Workspace *work, int32_t *counts,
                        const uint8_t *allowed, Hit *heap, Size most) {
    const float *scores = work->scores, *titles = scores + self->passages;
    const float *wholes = titles + self->headings;
    uint8_t *matches = work->matches;
    float *totals = work->totals;
    const int64_t *documents = self->document_of_heading.data;
    mark_positive(matches, scores, self->passages);
    for (Size heading = 0; heading < self->headings; heading++) {
        work->sums[heading] = titles[heading] + wholes[documents[heading]];
        if (titles[heading] > 0) {
            Size start = self->heading_starts[heading], end = self->heading_starts[heading + 1];
            memset(matches + start, 1, end - start);
        }
    }
    add_headings(self, work);
    if (allowed) intersect(matches, allowed, self->passages);
    count_matches(self, work, counts);
    if (!most) return 0;
    Size blocks = (self->passages + BLOCK - 1) / BLOCK;
    mask_scores(totals, matches, blocks * BLOCK);
    find_highest(totals, work->highest, blocks);
    return collect_hits(work, blocks, heap, most);
}

/* The hits by descending score, ties by number; 0 and an exception without memory. */
static int write_hits(const Hit *hits, Size count, int64_t *numbers, float *scores) {
    uint64_t *keys = malloc((2 * count + 1) * sizeof *keys);
    if (!keys) {
        PyErr_NoMemory();
        return 0;
    }
    for (Size n = 0; n < count; n++) {
        /* The bits of positive floats are in the order of their values. */
        uint32_t bits;
        memcpy(&bits, &hits[n].score, sizeof bits);
        keys[n] = (uint64_t)(UINT32_MAX - bits) << 32 | (uint32_t)hits[n].number;
    }
    sort_numbers(keys, keys + count, count);
    for (Size n = 0; n < count; n++) {
        uint32_t bits = UINT32_MAX - (uint32_t)(keys[n] >> 32);
        memcpy(&scores[n], &bits, sizeof bits);
        numbers[n] = (int64_t)(keys[n] & UINT32_MAX);
    }
    free(keys);
    return 1;
}

/* From so many scores on, other threads run meanwhile. */
#define MIN_UNLOCKED (1 << 20)

/* search(lists, k, allowed or None, deadline, with_mask)
   -> numbers, scores, matches or None, counts of documents, partial */
static PyObject *index_search(PyObject *object, PyObject *args) {
    Index *self = (Index *)object;
    const char *bytes;
    Size size, most;
    PyObject *allowed, *result = NULL, *numbers = NULL, *scores = NULL, *mask = NULL, *tally = NULL;
    double deadline;
    int with_mask;
    Column filter = {0};
    if (!PyArg_ParseTuple(args, "y#nOdp", &bytes, &size, &most, &allowed, &deadline,
                          &with_mask)) return NULL;
    const ScoredList *lists = (const ScoredList *)bytes;
    Size count = size / (Size)sizeof(ScoredList);
    for (Size n = 0; n < count; n++)
        if (lists[n].field < 0 || lists[n].field >= FIELDS || self->fields[lists[n].field].offset < 0)
            return damage_error();
    if (allowed != Py_None) {
        if (!borrow(allowed, &filter, "u", 1)) return NULL;
        if (filter.length != self->passages) {
            release_column(&filter);
            return damage_error();
        }
    }
    if (most < 0) most = 0;
    if (most > self->passages) most = self->passages;
    Workspace *work = take_workspace(self);
    Hit *heap = work ? malloc((most + 1) * sizeof(Hit)) : NULL;
    tally = heap ? PyByteArray_FromStringAndSize(NULL, self->documents * sizeof(int32_t)) : NULL;
    if (!tally) goto done;
    int32_t *counts = (int32_t *)PyByteArray_AsString(tally);
    memset(counts, 0, self->documents * sizeof(int32_t));
    int status;
    Size found = 0;
    /* Waiting for the lock again takes longer than searching a small index. */
    PyThreadState *thread = self->cells < MIN_UNLOCKED ? NULL : PyEval_SaveThread();
    memset(work->scores, 0, self->cells * sizeof(float));
    status = add_lists(self, lists, count, work->scores, deadline);
    if (status != DAMAGED)
        found = select_hits(self, work, counts, filter.data, heap, most);
    if (thread) PyEval_RestoreThread(thread);
    if (status == DAMAGED) {
        damage_error();
        goto done;
    }
    numbers = PyByteArray_FromStringAndSize(NULL, found * sizeof(int64_t));
    scores = PyByteArray_FromStringAndSize(NULL, found * sizeof(float));
    mask = with_mask ? PyByteArray_FromStringAndSize((const char *)work->matches, self->passages)
                     : Py_NewRef(Py_None);
    if (!numbers || !scores || !mask) goto done;
    if (!write_hits(heap, found, (int64_t *)PyByteArray_AsString(numbers),
                    (float *)PyByteArray_AsString(scores)))
        goto done;
    result = Py_BuildValue("OOOOi", numbers, scores, mask, tally, status == PARTIAL);
done:
    if (work) give_workspace(self, work);
    free(heap);
    release_column(&filter);
    Py_XDECREF(numbers);
    Py_XDECREF(scores);
    Py_XDECREF(mask);
    Py_XDECREF(tally);
    return result;
}
