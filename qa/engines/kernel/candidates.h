/* The best passages -> their columns, in order. */

#pragma once

typedef struct {
    float score;
    int64_t rank, number, document;
} Ranked;

/* By descending score; ties by the id of the document, then by number. */
static int compare_ranked(const void *one, const void *other) {
    const Ranked *left = one, *right = other;
    if (left->score != right->score) return left->score < right->score ? 1 : -1;
    if (left->rank != right->rank) return left->rank < right->rank ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

/* Most come by descending score, and few scores are alike. */
static void sort_ranked(Ranked *ranked, Size count) {
    for (Size n = 1; n < count; n++)
        if (!(ranked[n - 1].score >= ranked[n].score)) {
            qsort(ranked, count, sizeof *ranked, compare_ranked);
            return;
        }
    for (Size start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && ranked[end].score == ranked[start].score;) end++;
        if (end - start > 1) qsort(ranked + start, end - start, sizeof *ranked, compare_ranked);
    }
}

/* candidates(numbers, scores) -> scores, and seven columns one after another: the numbers, their
   documents, the ranks of these, the numbers within them, lengths, headings and their lengths */
static PyObject *index_candidates(PyObject *object, PyObject *args) {
    Index *self = (Index *)object;
    PyObject *numbers_object, *scores_object, *result = NULL, *columns = NULL, *ordered = NULL;
    Column numbers = {0}, scores = {0};
    if (!PyArg_ParseTuple(args, "OO", &numbers_object, &scores_object)) return NULL;
    if (!borrow(numbers_object, &numbers, "i", 8)) return NULL;
    if (!borrow(scores_object, &scores, "f", 4)) {
        release_column(&numbers);
        return NULL;
    }
    Size count = numbers.length;
    Ranked *ranked = malloc((count + 1) * sizeof(Ranked));
    int fits = ranked && scores.length == count;
    for (Size n = 0; n < count && fits; n++) {
        int64_t number = ((const int64_t *)numbers.data)[n];
        fits = number >= 0 && number < self->passages;
        if (!fits) break;
        uint64_t document = item(&self->document_of, number);
        fits = document < (uint64_t)self->documents;
        if (!fits) break;
        ranked[n] = (Ranked){((const float *)scores.data)[n],
                             (int64_t)item(&self->id_ranks, document), number, (int64_t)document};
    }
    columns = fits ? PyByteArray_FromStringAndSize(NULL, 7 * count * sizeof(int64_t)) : NULL;
    ordered = columns ? PyByteArray_FromStringAndSize(NULL, count * sizeof(float)) : NULL;
    if (!ordered) {
        if (!fits) damage_error();
        goto done;
    }
    sort_ranked(ranked, count);
    int64_t *cell = (int64_t *)PyByteArray_AsString(columns);
    float *score = (float *)PyByteArray_AsString(ordered);
    const Field *words = &self->fields[WORDS], *titles = &self->fields[TITLE];
    for (Size n = 0; n < count; n++, cell++) {
        uint64_t heading = item(&self->heading_of, ranked[n].number);
        score[n] = ranked[n].score;
        cell[0] = ranked[n].number;
        cell[count] = ranked[n].document;
        cell[2 * count] = ranked[n].rank;
        cell[3 * count] = ranked[n].number - (int64_t)item(&self->first_passages, ranked[n].document);
        cell[4 * count] = item(&words->lengths, ranked[n].number);
        cell[5 * count] = heading;
        cell[6 * count] = heading < (uint64_t)self->headings ? item(&titles->lengths, heading) : 0;
    }
    result = Py_BuildValue("OO", ordered, columns);
done:
    free(ranked);
    release_column(&numbers);
    release_column(&scores);
    Py_XDECREF(columns);
    Py_XDECREF(ordered);
    return result;
}
