/* Quoted words -> the text fragment of an address that scrolls to them. */

#pragma once

/* What grows is the text of an address: each byte of the words may become three. */
typedef struct {
    uint8_t *data;
    Size size;
} Directive;

static void add_byte(Directive *to, uint8_t byte) {
    static const char digits[] = "0123456789ABCDEF";
    uint8_t small = byte | 0x20;
    int is_plain = byte < 0x80 && ((small >= 'a' && small <= 'z') || (byte >= '0' && byte <= '9') ||
                                   byte == '_' || byte == '.' || byte == '~');
    if (is_plain) {
        to->data[to->size++] = byte;
        return;
    }
    to->data[to->size++] = '%';
    to->data[to->size++] = (uint8_t)digits[byte >> 4];
    to->data[to->size++] = (uint8_t)digits[byte & 15];
}

static void add_bytes(Directive *to, const uint8_t *text, Size start, Size end) {
    for (Size place = start; place < end; place++) add_byte(to, text[place]);
}

static Size count_characters(const uint8_t *text, Size start, Size end) {
    Size count = 0;
    for (Size place = start; place < end; place++) count += is_lead(text[place]);
    return count;
}

/* The bounds of the first words from START to END, MOST at most; how many there are. */
static Size find_words(const uint8_t *text, Size start, Size end, Size *bounds, Size most) {
    Size count = 0, place = start;
    while (count < most) {
        Size space;
        while (place < end && (space = space_length(text, place, end))) place += space;
        if (place >= end) break;
        bounds[2 * count] = place;
        while (place < end && !space_length(text, place, end)) place++;
        bounds[2 * count++ + 1] = place;
    }
    return count;
}

/* Add words with a space between each two; their characters, with those of the spaces. */
static Size add_words(Directive *to, const uint8_t *text, const Size *bounds, Size count) {
    Size characters = 0;
    for (Size n = 0; n < count; n++) {
        if (n) add_byte(to, ' ');
        add_bytes(to, text, bounds[2 * n], bounds[2 * n + 1]);
        characters += (n > 0) + count_characters(text, bounds[2 * n], bounds[2 * n + 1]);
    }
    return characters;
}

/* The start of the last MOST words up to END. */
static Size last_words(const uint8_t *text, Size start, Size end, Size most) {
    Size place = end, words = 0;
    int inside = 0;
    while (place > start) {
        Size lead = place - 1;
        while (lead > start && !is_lead(text[lead])) lead--;
        int is_space = space_length(text, lead, end) > 0;
        if (is_space && inside && ++words == most) return place;
        inside = !is_space;
        place = lead;
    }
    return start;
}

/* fragment(text, longest whole, words of an edge, most characters) -> the directive; None where the
   characters are too many */
static PyObject *make_fragment(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *string, *result = NULL;
    Size whole, edge, most, size;
    if (!PyArg_ParseTuple(args, "Unnn", &string, &whole, &edge, &most)) return NULL;
    const uint8_t *text = (const uint8_t *)PyUnicode_AsUTF8AndSize(string, &size);
    if (!text) return NULL;
    if (edge < 1 || edge > 64) {
        PyErr_SetString(PyExc_ValueError, "an edge has 1 to 64 words");
        return NULL;
    }
    Size bounds[2 * (2 * 64 + 1)], first_end = size, last_start = 0, characters;
    for (Size n = 0; n + 1 < size && first_end == size; n++)
        if (text[n] == '\n' && text[n + 1] == '\n') first_end = n;
    for (Size n = size; n >= 2 && !last_start; n--)
        if (text[n - 1] == '\n' && text[n - 2] == '\n') last_start = n;
    int is_one = first_end == size;
    Size length = PyUnicode_GetLength(string);
    Size words = find_words(text, 0, first_end, bounds, 2 * edge + 1);
    Directive to = {malloc(3 * size + 3 * edge * 2 + 4), 0};
    if (!to.data) return PyErr_NoMemory();
    if (is_one && (length <= whole || words <= 2 * edge)) {
        characters = length;
        if (length <= most) add_bytes(&to, text, 0, size);
    } else {
        characters = add_words(&to, text, bounds, words < edge ? words : edge);
        to.data[to.size++] = ',';
        Size start = last_words(text, last_start, size, edge);
        Size count = find_words(text, start, size, bounds, edge);
        characters += add_words(&to, text, bounds, count);
    }
    result = characters > most ? Py_NewRef(Py_None)
                               : PyUnicode_DecodeASCII((char *)to.data, to.size, NULL);
    free(to.data);
    return result;
}
