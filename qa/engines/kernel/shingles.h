/* Texts -> the words of each as numbers, and how many two texts have in common. */

#pragma once

/* The length of the UTF-8 of a white space at PLACE, as str.split has them; 0 for none. */
static inline int space_length(const uint8_t *text, Size place, Size end) {
    uint8_t first = text[place];
    if (first <= ' ') return first == ' ' || (first >= 9 && first <= 13) || first >= 28;
    if (first < 0xC2 || place + 1 >= end) return 0;
    uint8_t second = text[place + 1];
    if (first == 0xC2) return second == 0x85 || second == 0xA0 ? 2 : 0;
    if (first < 0xE1 || first > 0xE3 || place + 2 >= end) return 0;
    uint8_t third = text[place + 2];
    if (first == 0xE1) return second == 0x9A && third == 0x80 ? 3 : 0;
    if (first == 0xE3) return second == 0x80 && third == 0x80 ? 3 : 0;
    if (second == 0x81) return third == 0x9F ? 3 : 0;
    return second == 0x80 && (third <= 0x8A || third == 0xA8 || third == 0xA9 || third == 0xAF) ? 3 : 0;
}

/* A number for bytes: FNV-1a with a finalizer; never 0, which is a free place. */
static uint64_t hash_bytes(const uint8_t *bytes, Size length) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (Size n = 0; n < length; n++) hash = (hash ^ bytes[n]) * 0x100000001B3u;
    hash ^= hash >> 32;
    hash *= 0xD6E8FEB86659FD93u;
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

/* The distinct numbers of a text: COUNT of them in LIST, and a table of twice as many places. */
typedef struct {
    uint64_t *list, *table;
    Size count, mask;
} Shingles;

static void add_shingle(Shingles *to, uint64_t hash) {
    Size place = (Size)(hash & (uint64_t)to->mask);
    while (to->table[place] && to->table[place] != hash) place = (place + 1) & to->mask;
    if (to->table[place]) return;
    to->table[place] = hash;
    to->list[to->count++] = hash;
}

/* The numbers of the words between white space, in order; how many there are. */
static Size hash_words(const uint8_t *text, Size end, uint64_t *hashes) {
    Size count = 0, start = 0, place = 0;
    while (place <= end) {
        int space = place < end ? space_length(text, place, end) : 1;
        if (space) {
            if (place > start) hashes[count++] = hash_bytes(text + start, place - start);
            start = place + space;
        }
        place += space ? space : 1;
    }
    return count;
}

static int is_lead(uint8_t byte) { return (byte & 0xC0) != 0x80; }

/* Add all pairs of neighboring characters. */
static void add_pairs(const uint8_t *text, Size end, Shingles *to) {
    Size first = 0, second = 1;
    while (second < end && !is_lead(text[second])) second++;
    while (second < end) {
        Size third = second + 1;
        while (third < end && !is_lead(text[third])) third++;
        add_shingle(to, hash_bytes(text + first, third - first));
        first = second;
        second = third;
    }
}

/* The distinct words of TEXT as numbers, or its pairs of characters where its words have more than
   MEAN characters on average: the count, the numbers, and a table of them. */
static PyObject *make_shingles(PyObject *string, Size mean) {
    Size end;
    const uint8_t *text = (const uint8_t *)PyUnicode_AsUTF8AndSize(string, &end);
    if (!text) return NULL;
    /* Between two words is a byte at least. */
    uint64_t *hashes = malloc((end / 2 + 1) * sizeof(uint64_t));
    if (!hashes) return PyErr_NoMemory();
    Size words = hash_words(text, end, hashes), characters = PyUnicode_GetLength(string);
    int by_words = characters <= mean * words;
    Size most = by_words ? words : characters, room = 4;
    while (room < 2 * most) room *= 2;
    PyObject *result = PyByteArray_FromStringAndSize(NULL, (1 + most + room) * sizeof(uint64_t));
    if (result) {
        uint64_t *cells = (uint64_t *)PyByteArray_AsString(result);
        memset(cells, 0, (1 + most + room) * sizeof(uint64_t));
        Shingles shingles = {cells + 1, cells + 1 + most, 0, room - 1};
        for (Size n = 0; n < words && by_words; n++) add_shingle(&shingles, hashes[n]);
        if (!by_words) add_pairs(text, end, &shingles);
        cells[0] = (uint64_t)shingles.count << 32 | (uint64_t)most;
    }
    free(hashes);
    return result;
}

/* What make_shingles made; 0 and an exception for anything else. */
static int take_shingles(PyObject *object, Shingles *shingles) {
    Size size = PyByteArray_Size(object) / (Size)sizeof(uint64_t);
    uint64_t *cells = (uint64_t *)PyByteArray_AsString(object);
    Size most = size > 0 ? (Size)(cells[0] & 0xFFFFFFFFu) : size;
    Size room = size - 1 - most;
    shingles->count = size > 0 ? (Size)(cells[0] >> 32) : 0;
    if (room < 1 || room & (room - 1) || shingles->count > most || 2 * most > room + 4) {
        PyErr_SetString(PyExc_ValueError, "these are no shingles");
        return 0;
    }
    shingles->list = cells + 1;
    shingles->table = cells + 1 + most;
    shingles->mask = room - 1;
    return 1;
}

/* Whether SHARE of the smaller set is in both. */
static int are_alike(const Shingles *one, const Shingles *other, double share) {
    const Shingles *few = one->count > other->count ? other : one, *many = few == one ? other : one;
    Size common = 0;
    double least = share * (double)few->count;
    for (Size n = 0; n < few->count; n++) {
        uint64_t hash = few->list[n];
        Size place = (Size)(hash & (uint64_t)many->mask), steps = 0;
        while (many->table[place] && many->table[place] != hash && steps++ < many->mask)
            place = (place + 1) & many->mask;
        common += many->table[place] == hash;
        /* Those that are left cannot make it enough. */
        if ((double)(common + few->count - n - 1) < least) return 0;
    }
    return (double)common >= least;
}

/* The index of the first of OTHERS, a list, of which SHARE of the smaller set is in both; -1 where
   there is none, -2 with an exception. */
static Size first_alike(const Shingles *shingles, PyObject *others, double share) {
    Size count = PyList_Size(others);
    for (Size n = 0; n < count; n++) {
        PyObject *object = PyList_GetItem(others, n);
        Shingles other;
        if (!PyByteArray_Check(object)) {
            PyErr_SetString(PyExc_TypeError, "shingles are a bytearray");
            return -2;
        }
        if (!take_shingles(object, &other)) return -2;
        if (are_alike(shingles, &other, share)) return n;
    }
    return -1;
}

/* find_alike(text, mean, others, share) -> what make_shingles makes of the text, and the index of the
   first of OTHERS, a list of such, of which SHARE of the smaller set is in both, or -1 */
static PyObject *find_alike(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *string, *others;
    Size mean, index = -2;
    double share;
    Shingles shingles;
    if (!PyArg_ParseTuple(args, "UnO!d", &string, &mean, &PyList_Type, &others, &share)) return NULL;
    PyObject *made = make_shingles(string, mean);
    if (!made) return NULL;
    if (take_shingles(made, &shingles)) index = first_alike(&shingles, others, share);
    PyObject *result = index > -2 ? Py_BuildValue("On", made, index) : NULL;
    Py_DECREF(made);
    return result;
}
