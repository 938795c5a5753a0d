/* The scores and features of candidates -> their order. */

#pragma once

typedef struct {
    double score;
    int64_t document, number;
    Size place;
} Scored;

/* By descending score; ties by document, number and place. */
static int compare_scored(const void *one, const void *other) {
    const Scored *left = one, *right = other;
    if (left->score != right->score) return left->score < right->score ? 1 : -1;
    if (left->document != right->document) return left->document < right->document ? -1 : 1;
    if (left->number != right->number) return left->number < right->number ? -1 : 1;
    return (left->place > right->place) - (left->place < right->place);
}

/* The coverage of a place in the matrix of features. */
static inline double coverage_of(const Column *features, Size place) {
    return ((const double *)features->data)[place * COLUMNS + COVERAGE];
}

/* order(scores, documents, numbers, features, share) -> the places of passages that have any
   coverage; those that have less than SHARE of that of the first come last */
static PyObject *order_places(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *objects[4], *result = NULL;
    double share;
    Column scores = {0}, documents = {0}, numbers = {0}, features = {0};
    Scored *scored = NULL;
    if (!PyArg_ParseTuple(args, "OOOOd", &objects[0], &objects[1], &objects[2], &objects[3], &share))
        return NULL;
    if (!borrow(objects[0], &scores, "f", 8) || !borrow(objects[1], &documents, "i", 8) ||
        !borrow(objects[2], &numbers, "i", 8) || !borrow(objects[3], &features, "f", 8))
        goto done;
    Size count = scores.length, kept = 0;
    if (documents.length != count || numbers.length != count ||
        features.length != count * COLUMNS) {
        PyErr_SetString(PyExc_ValueError, "scores and features do not fit together");
        goto done;
    }
    if (!(scored = malloc((count + 1) * sizeof(Scored)))) {
        PyErr_NoMemory();
        goto done;
    }
    for (Size n = 0; n < count; n++) {
        if (!(coverage_of(&features, n) > 0)) continue;
        double score = ((const double *)scores.data)[n];
        /* What is no number comes last, as in NumPy. */
        scored[kept++] = (Scored){isnan(score) ? -INFINITY : score,
                                  ((const int64_t *)documents.data)[n],
                                  ((const int64_t *)numbers.data)[n], n};
    }
    qsort(scored, kept, sizeof *scored, compare_scored);
    double least = kept ? share * coverage_of(&features, scored[0].place) : 0;
    result = PyList_New(kept);
    Size next = 0;
    for (int is_low = 0; is_low < 2; is_low++)
        for (Size n = 0; n < kept && result; n++) {
            if ((coverage_of(&features, scored[n].place) < least) != is_low) continue;
            PyObject *place = PyLong_FromSsize_t(scored[n].place);
            if (place)
                PyList_SetItem(result, next++, place);
            else
                Py_CLEAR(result);
        }
done:
    free(scored);
    release_column(&scores);
    release_column(&documents);
    release_column(&numbers);
    release_column(&features);
    return result;
}
