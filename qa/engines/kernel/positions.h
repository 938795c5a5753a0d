/* Terms and passages -> where the terms are, in texts and in headings. */

#pragma once

/* A list whose occurrences are sought: what struct.pack("=iii") makes. */
typedef struct {
    int32_t field, number, label;
} LabelledList;

/* Occurrences of stems, and once they are sorted which are in the form that was typed. */
typedef struct {
    uint64_t *keys; /* slot, position, term */
    Size count, room;
    Size *starts;   /* of each slot; NULL until they are sorted */
    uint8_t *exact;
} Keys;

static int add_key(Keys *keys, uint64_t key) {
    if (keys->count == keys->room) {
        Size room = keys->room ? 2 * keys->room : 4096;
        uint64_t *larger = realloc(keys->keys, room * sizeof(uint64_t));
        if (!larger) return 0;
        keys->keys = larger;
        keys->room = room;
    }
    keys->keys[keys->count++] = key;
    return 1;
}

/* Note that the occurrence with this key, if there is one, is in the form that was typed. */
static inline void mark_exact(Keys *keys, Size slot, uint64_t key) {
    for (Size n = keys->starts[slot]; n < keys->starts[slot + 1]; n++)
        if (keys->keys[n] == key) keys->exact[n] = 1;
}

/* A key has 20 bits for the slot, 30 for the position and 13 for the term. */
#define SLOT_SHIFT 43
#define POSITION_SHIFT 13
#define MAX_SLOTS (1 << 20)
#define MAX_POSITION (1 << 30)
#define MAX_TERMS (1 << 13)

/* Occurrences to read: few at a time, so that the memory is read while others are looked for. */
#define PENDING 64

typedef struct {
    Size place;
    uint64_t times;
    int32_t slot;
} Pending;

typedef struct {
    const Field *field;
    Size first, end; /* of its positions */
    uint64_t label;
    Keys *keys;
    int waiting;
    Pending pending[PENDING];
} Emitter;

/* The key of each position that is waited for: a new one, or the mark of one that is there. */
static int flush(Emitter *to) {
    const Column *positions = &to->field->positions;
    for (int each = 0; each < to->waiting; each++) {
        uint64_t high = (uint64_t)to->pending[each].slot << SLOT_SHIFT | to->label;
        Size place = to->pending[each].place, end = place + (Size)to->pending[each].times;
        for (; place < end; place++) {
            uint64_t position = item(positions, place);
            if (position >= MAX_POSITION) return 0;
            uint64_t key = high | position << POSITION_SHIFT;
            if (to->keys->starts)
                mark_exact(to->keys, to->pending[each].slot, key);
            else if (!add_key(to->keys, key))
                return 0;
        }
    }
    to->waiting = 0;
    return 1;
}

/* Read TIMES positions from BEFORE on, those of the passage in SLOT. */
__attribute__((noinline)) static int emit(Emitter *to, int32_t slot, uint64_t before, uint64_t times) {
    uint64_t room = (uint64_t)(to->end - to->first);
    if (before > room || times > room - before) return 0;
    Size place = to->first + (Size)before;
    __builtin_prefetch((const char *)to->field->positions.data + place * to->field->positions.width);
    to->pending[to->waiting++] = (Pending){place, times, slot};
    return to->waiting < PENDING || flush(to);
}

VECTORIZE static uint64_t sum_bytes(const uint8_t *row, Size length) {
    uint64_t total = 0;
    while (length) {
        Size stretch = length < 1 << 16 ? length : 1 << 16;
        uint32_t sum = 0;
        for (Size n = 0; n < stretch; n++) sum += row[n];
        total += sum;
        row += stretch;
        length -= stretch;
    }
    return total;
}

static uint64_t sum_row(const Field *field, Size row, Size from, Size to) {
    const uint8_t *data = row_data(field, row);
    if (field->rows.width == 1) return sum_bytes(data + from, to - from);
    uint64_t total = 0;
    Column cells = field->rows;
    cells.data = data;
    for (Size n = from; n < to; n++) total += item(&cells, n);
    return total;
}

typedef struct {
    const int64_t *numbers; /* ascending */
    const int32_t *slots;   /* the slot of each */
    Size count;
} Wanted;

static int emit_row(Emitter *to, Size row, const Wanted *wanted) {
    Column cells = to->field->rows;
    cells.data = row_data(to->field, row);
    uint64_t before = 0;
    Size from = 0;
    for (Size n = 0; n < wanted->count; n++) {
        Size passage = wanted->numbers[n];
        before += sum_row(to->field, row, from, passage);
        from = passage;
        if (!emit(to, wanted->slots[n], before, item(&cells, passage))) return 0;
    }
    return 1;
}

/* Not inlined: what reads on needs all registers, as most documents are not wanted. */
#define EMIT_LIST(name, type)                                                                      \
    __attribute__((noinline)) static int name(Emitter *to, Size start, Size end,                   \
                                              const Workspace *work, Size last) {                  \
        const uint16_t *gap = (const uint16_t *)to->field->gaps.data + start;                      \
        const uint16_t *stop = (const uint16_t *)to->field->gaps.data + end;                       \
        const type *frequency = (const type *)to->field->frequencies.data + start;                 \
        const uint64_t *bits = work->bits;                                                         \
        uint64_t document = (uint64_t)-1, before = 0;                                              \
        for (; gap < stop; gap++, frequency++) {                                                   \
            document += *gap;                                                                      \
            if (document > (uint64_t)last) break;                                                  \
            if (bits[document >> 6] >> (document & 63) & 1 &&                                      \
                !emit(to, work->slots[document], before, *frequency))                              \
                return 0;                                                                          \
            before += *frequency;                                                                  \
        }                                                                                          \
        return 1;                                                                                  \
    }
EMIT_LIST(emit_list_1, uint8_t)
EMIT_LIST(emit_list_2, uint16_t)
EMIT_LIST(emit_list_4, uint32_t)

static int emit_list(Emitter *to, Size start, Size end, const Workspace *work, Size last) {
    switch (to->field->frequencies.width) {
    case 1: return emit_list_1(to, start, end, work, last);
    case 2: return emit_list_2(to, start, end, work, last);
    case 4: return emit_list_4(to, start, end, work, last);
    default: return 0;
    }
}

#define MAX_INSERTION 32

/* Sort keys: distribute them by slot, then sort those of each.  Each is once in the result. */
static int sort_keys(Keys *keys, Size slots) {
    Size *starts = calloc(slots + 2, sizeof(Size));
    uint64_t *sorted = malloc((keys->count + 1) * sizeof(uint64_t));
    keys->exact = calloc(keys->count + 1, 1);
    if (!starts || !sorted || !keys->exact) {
        free(starts);
        free(sorted);
        PyErr_NoMemory();
        return 0;
    }
    for (Size n = 0; n < keys->count; n++) starts[(keys->keys[n] >> SLOT_SHIFT) + 2]++;
    for (Size n = 2; n < slots + 2; n++) starts[n] += starts[n - 1];
    for (Size n = 0; n < keys->count; n++)
        sorted[starts[(keys->keys[n] >> SLOT_SHIFT) + 1]++] = keys->keys[n];
    Size count = 0;
    for (Size slot = 0; slot < slots; slot++) {
        uint64_t *run = sorted + starts[slot];
        Size length = starts[slot + 1] - starts[slot];
        if (length > MAX_INSERTION) {
            sort_numbers(run, keys->keys + count, length);
        } else {
            for (Size n = 1; n < length; n++) {
                uint64_t key = run[n];
                Size place = n;
                for (; place && run[place - 1] > key; place--) run[place] = run[place - 1];
                run[place] = key;
            }
        }
        starts[slot] = count;
        for (Size n = 0; n < length; n++)
            if (!n || run[n] != run[n - 1]) keys->keys[count++] = run[n];
    }
    starts[slots] = count;
    keys->count = count;
    keys->starts = starts;
    free(sorted);
    return 1;
}

/* The columns of the occurrences: count, slots and positions and terms, flags; and the first of each
   slot, with the count behind the last. */
static PyObject *occurrences(const Keys *keys, Size slots) {
    Size count = keys->count;
    PyObject *columns = PyByteArray_FromStringAndSize(NULL, count * 3 * sizeof(int64_t));
    PyObject *flags = PyByteArray_FromStringAndSize((const char *)keys->exact, count);
    PyObject *starts = PyByteArray_FromStringAndSize(NULL, (slots + 1) * sizeof(int64_t));
    PyObject *result = NULL;
    if (columns && flags && starts) {
        int64_t *slot = (int64_t *)PyByteArray_AsString(columns), *position = slot + count,
                *term = position + count, *start = (int64_t *)PyByteArray_AsString(starts);
        for (Size n = 0; n <= slots; n++) start[n] = keys->starts[n];
        for (Size n = 0; n < count; n++) {
            uint64_t key = keys->keys[n];
            slot[n] = key >> SLOT_SHIFT;
            position[n] = key >> POSITION_SHIFT & (MAX_POSITION - 1);
            term[n] = key & (MAX_TERMS - 1);
        }
        result = Py_BuildValue("nOOO", count, columns, flags, starts);
    }
    Py_XDECREF(columns);
    Py_XDECREF(flags);
    Py_XDECREF(starts);
    return result;
}

/* Read the occurrences of a list in the passages that are wanted. */
static int read_list(const Index *self, const LabelledList *list, Size terms, const Wanted *wanted,
                     const Workspace *work, Keys *keys) {
    const Field *field = &self->fields[list->field];
    const Column *bounds = &field->position_starts;
    Size number = list->number, start, end;
    if (number < 0 || number + 1 >= bounds->length) return 0;
    uint64_t first = item(bounds, number), stop = item(bounds, number + 1);
    if (first > stop || stop > (uint64_t)field->positions.length) return 0;
    Emitter to;
    to.field = field;
    to.first = (Size)first;
    to.end = (Size)stop;
    to.label = (uint64_t)(list->label % terms);
    to.keys = keys;
    to.waiting = 0;
    Size row = find_row(field, number);
    if (row >= 0) return emit_row(&to, row, wanted) && flush(&to);
    return find_postings(field, number, &start, &end) &&
           emit_list(&to, start, end, work, (Size)wanted->numbers[wanted->count - 1]) && flush(&to);
}

/* Read all lists: the stems, whose occurrences count, then the forms, which mark some of these. */
static int read_lists(const Index *self, const LabelledList *lists, Size count, Size terms,
                      const Wanted *wanted, const Workspace *work, Keys *keys) {
    for (int are_forms = 0; are_forms < 2; are_forms++) {
        for (Size n = 0; n < count && wanted->count; n++)
            if ((lists[n].label >= terms) == are_forms &&
                !read_list(self, &lists[n], terms, wanted, work, keys))
                return 0;
        if (!are_forms && !sort_keys(keys, wanted->count)) return 0;
    }
    return 1;
}

/* Whether the lists have positions, and labels of TERMS terms. */
static int are_readable(const Index *self, const LabelledList *lists, Size count, Size terms) {
    int fits = terms >= 0 && terms <= MAX_TERMS;
    for (Size n = 0; n < count && fits; n++)
        fits = (lists[n].field == STEMS || lists[n].field == WORDS) && lists[n].label >= 0 &&
               lists[n].label < 2 * terms && self->fields[lists[n].field].positions.data;
    return fits;
}

/* The SLOTS passages in the order of their numbers, and the slot of each; KEYS has room for twice as
   many.  0 where one lies beyond the index. */
static int place_passages(const Index *self, const int64_t *passages, Size slots, uint64_t *keys,
                          int64_t *numbers, int32_t *places) {
    for (Size n = 0; n < slots; n++) {
        if (passages[n] < 0 || passages[n] >= self->passages) return 0;
        keys[n] = (uint64_t)passages[n] << 32 | (uint64_t)n;
    }
    sort_numbers(keys, keys + slots, slots);
    for (Size n = 0; n < slots; n++) {
        numbers[n] = (int64_t)(keys[n] >> 32);
        places[n] = (int32_t)(keys[n] & UINT32_MAX);
    }
    return 1;
}

/* The occurrences of LISTS in the passages, which are distinct, in any order; a label of TERMS and
   more is of a typed form. */
static PyObject *find_positions(Index *self, const LabelledList *lists, Size count, Size terms,
                                const int64_t *passages, Size slots) {
    Keys keys = {0};
    PyObject *result = NULL;
    Workspace *work = NULL;
    uint64_t *placed = malloc((2 * slots + 1) * sizeof(uint64_t));
    int64_t *numbers = malloc((slots + 1) * sizeof(int64_t));
    int32_t *places = malloc((slots + 1) * sizeof(int32_t));
    if (!placed || !numbers || !places) {
        PyErr_NoMemory();
        goto done;
    }
    int fits = slots <= MAX_SLOTS && are_readable(self, lists, count, terms) &&
               place_passages(self, passages, slots, placed, numbers, places);
    if (!fits || !(work = take_workspace(self))) {
        if (!fits) damage_error();
        goto done;
    }
    for (Size n = 0; n < slots; n++) {
        work->slots[numbers[n]] = places[n];
        work->bits[numbers[n] >> 6] |= (uint64_t)1 << (numbers[n] & 63);
    }
    Wanted wanted = {numbers, places, slots};
    fits = read_lists(self, lists, count, terms, &wanted, work, &keys);
    for (Size n = 0; n < slots; n++) work->bits[numbers[n] >> 6] = 0;
    if (fits)
        result = occurrences(&keys, slots);
    else if (!PyErr_Occurred())
        damage_error();
done:
    if (work) give_workspace(self, work);
    free(keys.keys);
    free(keys.starts);
    free(keys.exact);
    free(placed);
    free(numbers);
    free(places);
    return result;
}

/* positions(lists, terms, passages) -> count, slots and positions and terms, flags, starts */
static PyObject *index_positions(PyObject *object, PyObject *args) {
    const char *bytes;
    Size size, terms;
    PyObject *passages, *result;
    Column column = {0};
    if (!PyArg_ParseTuple(args, "y#nO", &bytes, &size, &terms, &passages)) return NULL;
    if (!borrow(passages, &column, "i", 8)) return NULL;
    result = find_positions((Index *)object, (const LabelledList *)bytes,
                            size / (Size)sizeof(LabelledList), terms, column.data, column.length);
    release_column(&column);
    return result;
}

/* headings(lists, terms, headings) -> which terms are in each of the headings */
static PyObject *index_headings(PyObject *object, PyObject *args) {
    Index *self = (Index *)object;
    const char *bytes;
    Size size, terms;
    PyObject *wanted, *result = NULL;
    if (!PyArg_ParseTuple(args, "y#nO", &bytes, &size, &terms, &wanted)) return NULL;
    const LabelledList *lists = (const LabelledList *)bytes;
    Size count = size / (Size)sizeof(LabelledList);
    Column column = {0};
    if (!borrow(wanted, &column, "i", 8)) return NULL;
    const int64_t *headings = column.data;
    Workspace *work = take_workspace(self);
    if (!work) goto done;
    int fits = terms >= 0 && terms <= MAX_TERMS;
    for (Size n = 0; n < column.length; n++) fits &= headings[n] >= 0 && headings[n] < self->headings;
    const Field *field = &self->fields[TITLE];
    const uint16_t *gaps = field->gaps.data;
    result = fits ? PyByteArray_FromStringAndSize(NULL, column.length * terms) : NULL;
    if (!result) {
        if (!fits) damage_error();
        goto done;
    }
    uint8_t *cells = (uint8_t *)PyByteArray_AsString(result);
    memset(cells, 0, column.length * terms);
    for (Size n = 0; n < count && fits; n++) {
        Size label = lists[n].label, start, end;
        fits = label >= 0 && label < terms;
        if (!fits) break;
        Size row = find_row(field, lists[n].number);
        if (row >= 0) {
            Column row_cells = field->rows;
            row_cells.data = row_data(field, row);
            for (Size place = 0; place < column.length; place++)
                cells[place * terms + label] |= item(&row_cells, headings[place]) > 0;
            continue;
        }
        fits = find_postings(field, lists[n].number, &start, &end);
        Size place = start;
        int64_t document = -1;
        for (; fits && place < end; place++) {
            document += gaps[place];
            fits = document >= 0 && document < self->headings;
            if (fits) work->marks[document] |= item(&field->frequencies, place) > 0;
        }
        for (Size each = 0; fits && each < column.length; each++)
            cells[each * terms + label] |= work->marks[headings[each]];
        document = -1;
        for (Size each = start; fits && each < end; each++) {
            document += gaps[each];
            work->marks[document] = 0;
        }
        if (!fits) memset(work->marks, 0, self->headings);
    }
    if (!fits) {
        Py_DECREF(result);
        result = NULL;
        damage_error();
    }
done:
    if (work) give_workspace(self, work);
    release_column(&column);
    return result;
}
