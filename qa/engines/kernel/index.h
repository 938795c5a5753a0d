/* The arrays of a generation, checked once, and the memory that a search needs. */

#pragma once

#define FIELDS 4
enum { STEMS, WORDS, TITLE, WHOLE };

typedef struct {
    Column gaps, frequencies, starts, rows, frequent, norms, lengths, positions, position_starts;
    float *norm_of_length; /* 256, where lengths have one byte: a quarter of the norms to read */
    Size documents;
    Size offset; /* of its first document in the array of scores; -1 where it is not scored */
} Field;

/* Passages that are compared with the lowest of the best at a time. */
#define BLOCK 64

typedef struct {
    float *scores;       /* cells */
    float *totals;       /* passages, with heading and document, whole blocks of them */
    float *sums;         /* headings, with their documents */
    int32_t *before;     /* words of eight passages: how many match before each */
    float *highest;      /* twice as many as blocks */
    uint8_t *matches;    /* passages, whole blocks: 0 beyond the last */
    int32_t *slots;      /* passages, of any value */
    uint64_t *bits;      /* a bit for each passage, all 0 between searches */
    uint8_t *marks;      /* headings, all 0 between searches */
} Workspace;

typedef struct {
    PyObject_HEAD
    Field fields[FIELDS];
    Column heading_of, document_of, document_of_heading, first_passages, id_ranks;
    Size cells, passages, headings, documents;
    Size *heading_starts; /* headings + 1 */
    double k1;
    Workspace *spare;
} Index;

static void free_workspace(Workspace *workspace) {
    if (!workspace) return;
    free(workspace->scores);
    free(workspace->totals);
    free(workspace->sums);
    free(workspace->before);
    free(workspace->highest);
    free(workspace->matches);
    free(workspace->slots);
    free(workspace->bits);
    free(workspace->marks);
    free(workspace);
}

static Workspace *take_workspace(Index *index) {
    Workspace *workspace = index->spare;
    if (workspace) {
        index->spare = NULL;
        return workspace;
    }
    workspace = calloc(1, sizeof *workspace);
    if (workspace) {
        workspace->scores = calloc(index->cells + 8, sizeof(float));
        Size padded = (index->passages / BLOCK + 2) * BLOCK;
        workspace->totals = calloc(padded, sizeof(float));
        workspace->highest = calloc(2 * padded / BLOCK, sizeof(float));
        workspace->matches = calloc(padded, 1);
        workspace->sums = calloc(index->headings + 1, sizeof(float));
        workspace->before = calloc(padded / 8, sizeof(int32_t));
        workspace->slots = malloc((index->passages + 1) * sizeof(int32_t));
        workspace->marks = calloc(index->headings + 1, 1);
        workspace->bits = calloc(index->passages / 64 + 1, sizeof(uint64_t));
        if (workspace->scores && workspace->totals && workspace->highest &&
            workspace->sums && workspace->before &&
            workspace->matches && workspace->slots && workspace->bits &&
            workspace->marks)
            return workspace;
    }
    free_workspace(workspace);
    PyErr_NoMemory();
    return NULL;
}

static void give_workspace(Index *index, Workspace *workspace) {
    if (index->spare)
        free_workspace(workspace);
    else
        index->spare = workspace;
}

/* The row of a frequent term, or -1. */
static Size find_row(const Field *field, int64_t number) {
    const int64_t *frequent = field->frequent.data;
    Size low = 0, high = field->frequent.length;
    while (low < high) {
        Size middle = low + (high - low) / 2;
        if (frequent[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < field->frequent.length && frequent[low] == number ? low : -1;
}

static const void *row_data(const Field *field, Size row) {
    return (const char *)field->rows.data + row * field->documents * field->rows.width;
}

/* The postings of a term; 0 where its number or they are beyond the arrays. */
static int find_postings(const Field *field, int64_t number, Size *start, Size *end) {
    if (number < 0 || number + 1 >= field->starts.length) return 0;
    uint64_t first = item(&field->starts, number), stop = item(&field->starts, number + 1);
    if (first > stop || stop > (uint64_t)field->gaps.length) return 0;
    *start = first;
    *end = stop;
    return 1;
}

static int take_field(PyObject *parts, Field *field) {
    static const struct {
        const char *kinds;
        int width;
    } types[9] = {{"u", 2}, {"u", 0}, {"u", 0}, {"u", 0}, {"i", 8},
                  {"f", 4}, {"u", 0}, {"u", 0}, {"u", 0}};
    Column *columns[9] = {&field->gaps,     &field->frequencies, &field->starts,
                          &field->rows,     &field->frequent,    &field->norms,
                          &field->lengths,  &field->positions,   &field->position_starts};
    if (!PyTuple_Check(parts) || PyTuple_Size(parts) != 9) {
        PyErr_SetString(PyExc_TypeError, "a field is a tuple of nine arrays");
        return 0;
    }
    for (int n = 0; n < 9; n++) {
        PyObject *part = PyTuple_GetItem(parts, n);
        if (part == Py_None && n >= 7) continue;
        if (!borrow(part, columns[n], types[n].kinds, types[n].width)) return 0;
    }
    field->documents = field->norms.length;
    const int64_t *frequent = field->frequent.data;
    int ordered = 1;
    for (Size n = 1; n < field->frequent.length; n++) ordered &= frequent[n - 1] < frequent[n];
    if (!ordered || field->lengths.length != field->documents ||
        field->frequencies.length != field->gaps.length ||
        (field->documents && field->frequent.length != field->rows.length / field->documents)) {
        PyErr_SetString(PyExc_ValueError, "the arrays of a field do not fit together");
        return 0;
    }
    if (field->lengths.width != 1) return 1;
    field->norm_of_length = calloc(256, sizeof(float));
    if (!field->norm_of_length) {
        PyErr_NoMemory();
        return 0;
    }
    const uint8_t *lengths = field->lengths.data;
    const float *norms = field->norms.data;
    for (Size n = 0; n < field->documents; n++) field->norm_of_length[lengths[n]] = norms[n];
    for (Size n = 0; n < field->documents; n++)
        if (field->norm_of_length[lengths[n]] != norms[n]) {
            PyErr_SetString(PyExc_ValueError, "norms are not of the lengths");
            return 0;
        }
    return 1;
}

static int order_headings(Index *self) {
    self->heading_starts = malloc((self->headings + 1) * sizeof(Size));
    if (!self->heading_starts) {
        PyErr_NoMemory();
        return 0;
    }
    uint64_t previous = 0;
    Size next = 0;
    int fits = self->heading_of.length == self->passages &&
               self->document_of.length == self->passages &&
               self->first_passages.length == self->documents &&
               self->id_ranks.length == self->documents &&
               self->fields[WORDS].documents == self->passages;
    for (Size passage = 0; fits && passage < self->passages; passage++) {
        uint64_t heading = item(&self->heading_of, passage);
        fits = heading >= previous && heading < (uint64_t)self->headings;
        for (; fits && next <= (Size)heading; next++) self->heading_starts[next] = passage;
        previous = heading;
    }
    for (; fits && next <= self->headings; next++) self->heading_starts[next] = self->passages;
    for (Size heading = 0; fits && heading < self->headings; heading++)
        fits = item(&self->document_of_heading, heading) < (uint64_t)self->documents;
    if (!fits) PyErr_SetString(PyExc_ValueError, "passages, headings and documents do not fit");
    return fits;
}

static PyObject *index_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *fields[FIELDS], *others[5];
    double k1;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "OOOOOOOOOd", &fields[0], &fields[1], &fields[2], &fields[3],
                          &others[0], &others[1], &others[2], &others[3], &others[4], &k1))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Index *self = (Index *)allocate(type, 0);
    if (!self) return NULL;
    self->k1 = k1;
    for (int n = 0; n < FIELDS; n++)
        if (!take_field(fields[n], &self->fields[n])) goto failed;
    Column *columns[5] = {&self->heading_of, &self->document_of, &self->document_of_heading,
                          &self->first_passages, &self->id_ranks};
    for (int n = 0; n < 5; n++)
        if (!borrow(others[n], columns[n], "ui", 0)) goto failed;
    self->passages = self->fields[STEMS].documents;
    self->headings = self->fields[TITLE].documents;
    self->documents = self->fields[WHOLE].documents;
    self->fields[STEMS].offset = 0;
    self->fields[WORDS].offset = -1;
    self->fields[TITLE].offset = self->passages;
    self->fields[WHOLE].offset = self->passages + self->headings;
    self->cells = self->passages + self->headings + self->documents;
    if (self->document_of_heading.length != self->headings ||
        self->document_of_heading.width != 8 || self->heading_of.width > 4 || self->passages >= INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "headings do not fit");
        goto failed;
    }
    if (!order_headings(self)) goto failed;
    return (PyObject *)self;
failed:
    Py_DECREF(self);
    return NULL;
}

static void index_dealloc(PyObject *object) {
    Index *self = (Index *)object;
    for (int n = 0; n < FIELDS; n++) {
        Field *field = &self->fields[n];
        release_column(&field->gaps);
        release_column(&field->frequencies);
        release_column(&field->starts);
        release_column(&field->rows);
        release_column(&field->frequent);
        release_column(&field->norms);
        release_column(&field->lengths);
        free(field->norm_of_length);
        release_column(&field->positions);
        release_column(&field->position_starts);
    }
    release_column(&self->heading_of);
    release_column(&self->document_of_heading);
    release_column(&self->document_of);
    release_column(&self->first_passages);
    release_column(&self->id_ranks);
    free(self->heading_starts);
    free_workspace(self->spare);
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}
