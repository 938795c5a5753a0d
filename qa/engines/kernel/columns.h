/* What Python passes: arrays of one dimension, borrowed while they are read. */

#pragma once

typedef struct {
    Py_buffer view;
    const void *data;
    Size length;
    int width;
    char kind; /* 'u' unsigned, 'i' signed, 'f' floating */
} Column;

static char kind_of(const char *format) {
    if (format == NULL) return 'u';
    if (*format == '<' || *format == '=' || *format == '@' || *format == '|') format++;
    if (*format == '\0' || format[1] != '\0') return 0;
    if (strchr("BHILQ?", *format)) return 'u';
    if (strchr("bhilq", *format)) return 'i';
    if (strchr("fd", *format)) return 'f';
    return 0;
}

static void release_column(Column *column) {
    if (column->data) PyBuffer_Release(&column->view);
    column->data = NULL;
    column->length = 0;
}

/* Borrow the array OBJECT, whose items must be of one of KINDS; 0 and an exception if not so. */
static int borrow(PyObject *object, Column *column, const char *kinds, int width) {
    memset(column, 0, sizeof *column);
    if (PyObject_GetBuffer(object, &column->view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) < 0) return 0;
    column->data = column->view.buf ? column->view.buf : (void *)"";
    column->width = (int)column->view.itemsize;
    column->kind = kind_of(column->view.format);
    column->length = column->width ? column->view.len / column->width : 0;
    if (column->kind && strchr(kinds, column->kind) && (!width || width == column->width) &&
        (column->width == 1 || column->width == 2 || column->width == 4 || column->width == 8))
        return 1;
    release_column(column);
    PyErr_SetString(PyExc_ValueError, "an array is of the wrong type");
    return 0;
}

static inline uint64_t item(const Column *column, Size index) {
    switch (column->width) {
    case 1: return ((const uint8_t *)column->data)[index];
    case 2: return ((const uint16_t *)column->data)[index];
    case 4: return ((const uint32_t *)column->data)[index];
    default: return ((const uint64_t *)column->data)[index];
    }
}

static PyObject *damage_error(void) {
    PyErr_SetString(PyExc_ValueError, "the postings of a term lie beyond the index");
    return NULL;
}
