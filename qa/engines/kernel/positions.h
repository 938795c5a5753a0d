/* Terms and passages -> where the terms are, in texts and in headings. */

#pragma once

/* A list whose occurrences are sought: what struct.pack("=iii") makes. */
typedef struct {
    int32_t field, number, label;
} LabelledList;

typedef struct {
    uint64_t *keys; /* slot, position, term */
    Size count, room;
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

/* A key has 20 bits for the slot, 30 for the position and 13 for the term, and one for the form. */
#define SLOT_SHIFT 44
#define POSITION_SHIFT 14
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

/* The key of each position that is waited for. */
static int flush(Emitter *to) {
    const Column *positions = &to->field->positions;
    for (int each = 0; each < to->waiting; each++) {
        uint64_t high = (uint64_t)to->pending[each].slot << SLOT_SHIFT | to->label;
        Size place = to->pending[each].place, end = place + (Size)to->pending[each].times;
        for (; place < end; place++) {
            uint64_t position = item(positions, place);
            if (position >= MAX_POSITION) return 0;
            if (!add_key(to->keys, high | position << POSITION_SHIFT)) return 0;
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

static int compare_keys(const void *one, const void *other) {
    uint64_t left = *(const uint64_t *)one, right = *(const uint64_t *)other;
    return (left > right) - (left < right);
}

#define MAX_INSERTION 32

/* Sort keys: distribute them by slot, then sort those of each. */
static int sort_keys(Keys *keys, Size slots) {
    Size *starts = calloc(slots + 2, sizeof(Size));
    uint64_t *sorted = malloc((keys->count + 1) * sizeof(uint64_t));
    if (!starts || !sorted) {
        free(starts);
        free(sorted);
        return 0;
    }
    for (Size n = 0; n < keys->count; n++) starts[(keys->keys[n] >> SLOT_SHIFT) + 2]++;
    for (Size n = 2; n < slots + 2; n++) starts[n] += starts[n - 1];
    for (Size n = 0; n < keys->count; n++) sorted[starts[(keys->keys[n] >> SLOT_SHIFT) + 1]++] = keys->keys[n];
    for (Size slot = 0; slot < slots; slot++) {
        uint64_t *run = sorted + starts[slot];
        Size length = starts[slot + 1] - starts[slot];
        if (length > MAX_INSERTION) {
            qsort(run, length, sizeof *run, compare_keys);
            continue;
        }
        for (Size n = 1; n < length; n++) {
            uint64_t key = run[n];
            Size place = n;
            for (; place && run[place - 1] > key; place--) run[place] = run[place - 1];
            run[place] = key;
        }
    }
    free(starts);
    free(keys->keys);
    keys->keys = sorted;
    keys->room = keys->count + 1;
    return 1;
}

/* Stems come before the typed forms at the same place; a form without a stem is none. */
static PyObject *occurrences(const Keys *keys) {
    Size count = 0;
    uint64_t last = UINT64_MAX;
    for (Size n = 0; n < keys->count; n++) {
        if (!(keys->keys[n] & 1) && keys->keys[n] != last) count++;
        if (!(keys->keys[n] & 1)) last = keys->keys[n];
    }
    PyObject *columns = PyByteArray_FromStringAndSize(NULL, count * 3 * sizeof(int64_t));
    PyObject *flags = PyByteArray_FromStringAndSize(NULL, count);
    PyObject *result = NULL;
    if (columns && flags) {
        int64_t *slot = (int64_t *)PyByteArray_AsString(columns), *position = slot + count,
                *term = position + count;
        uint8_t *flag = (uint8_t *)PyByteArray_AsString(flags);
        Size place = -1;
        last = UINT64_MAX;
        for (Size n = 0; n < keys->count; n++) {
            uint64_t key = keys->keys[n];
            if (key & 1) {
                if ((key ^ 1) == last) flag[place] = 1;
            } else if (key != last) {
                place++;
                slot[place] = key >> SLOT_SHIFT;
                position[place] = key >> POSITION_SHIFT & (MAX_POSITION - 1);
                term[place] = key >> 1 & (MAX_TERMS - 1);
                flag[place] = 0;
                last = key;
            }
        }
        result = Py_BuildValue("nOO", count, columns, flags);
    }
    Py_XDECREF(columns);
    Py_XDECREF(flags);
    return result;
}

typedef struct {
    int64_t number;
    int32_t slot;
} Placed;

static int compare_placed(const void *one, const void *other) {
    int64_t left = ((const Placed *)one)->number, right = ((const Placed *)other)->number;
    return (left > right) - (left < right);
}

/* positions(lists, terms, passages) -> count, slots and positions and terms, flags

   The passages are distinct, in any order; a label of TERMS and more is of a typed form. */
static PyObject *index_positions(PyObject *object, PyObject *args) {
    Index *self = (Index *)object;
    const char *bytes;
    Size size, terms;
    PyObject *passages, *result = NULL;
    if (!PyArg_ParseTuple(args, "y#nO", &bytes, &size, &terms, &passages)) return NULL;
    const LabelledList *lists = (const LabelledList *)bytes;
    Size count = size / (Size)sizeof(LabelledList);
    Column column = {0};
    if (!borrow(passages, &column, "i", 8)) return NULL;
    const int64_t *wanted_numbers = column.data;
    Size slots = column.length;
    Keys keys = {0};
    Workspace *work = NULL;
    Placed *placed = malloc((slots + 1) * sizeof(Placed));
    int64_t *numbers = malloc((slots + 1) * sizeof(int64_t));
    int32_t *places = malloc((slots + 1) * sizeof(int32_t));
    if (!placed || !numbers || !places) {
        PyErr_NoMemory();
        goto done;
    }
    int fits = terms >= 0 && terms <= MAX_TERMS && slots <= MAX_SLOTS;
    for (Size n = 0; n < slots && fits; n++) {
        fits = wanted_numbers[n] >= 0 && wanted_numbers[n] < self->passages;
        placed[n].number = wanted_numbers[n];
        placed[n].slot = (int32_t)n;
    }
    for (Size n = 0; n < count && fits; n++)
        fits = (lists[n].field == STEMS || lists[n].field == WORDS) && lists[n].label >= 0 &&
               lists[n].label < 2 * terms && self->fields[lists[n].field].positions.data;
    if (!fits || !(work = take_workspace(self))) {
        if (!fits) damage_error();
        goto done;
    }
    qsort(placed, slots, sizeof *placed, compare_placed);
    for (Size n = 0; n < slots; n++) {
        numbers[n] = placed[n].number;
        places[n] = placed[n].slot;
        work->slots[numbers[n]] = places[n];
        work->bits[numbers[n] >> 6] |= (uint64_t)1 << (numbers[n] & 63);
    }
    Wanted wanted = {numbers, places, slots};
    Size last = slots > 0 ? (Size)numbers[slots - 1] : -1;
    for (Size n = 0; n < count && fits && slots; n++) {
        const Field *field = &self->fields[lists[n].field];
        const Column *bounds = &field->position_starts;
        Size number = lists[n].number, start, end;
        fits = number >= 0 && number + 1 < bounds->length;
        if (!fits) break;
        uint64_t first = item(bounds, number), stop = item(bounds, number + 1);
        fits = first <= stop && stop <= (uint64_t)field->positions.length;
        uint64_t is_form = lists[n].label >= terms;
        uint64_t label = (uint64_t)(lists[n].label - (is_form ? terms : 0)) << 1 | is_form;
        Emitter to = {field, first, stop, label, &keys, 0, {{0}}};
        Size row = find_row(field, number);
        if (fits && row >= 0)
            fits = emit_row(&to, row, &wanted);
        else if (fits)
            fits = find_postings(field, number, &start, &end) &&
                   emit_list(&to, start, end, work, last);
        fits = fits && flush(&to);
    }
    for (Size n = 0; n < slots; n++) work->bits[numbers[n] >> 6] = 0;
    if (!fits)
        damage_error();
    else if (!sort_keys(&keys, slots))
        PyErr_NoMemory();
    else
        result = occurrences(&keys);
done:
    if (work) give_workspace(self, work);
    free(keys.keys);
    free(placed);
    free(numbers);
    free(places);
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
