/* How many passages of each document match -> how many there are of each value of a facet. */

#pragma once

typedef struct {
    int64_t count, code;
} Tally;

/* The highest count first; ties by code. */
static int compare_tallies(const void *one, const void *other) {
    const Tally *left = one, *right = other;
    if (left->count != right->count) return left->count < right->count ? 1 : -1;
    return (left->code > right->code) - (left->code < right->code);
}

/* The codes with the MOST highest counts above 0, and these counts: two lists. */
static PyObject *list_tallies(Tally *tallies, Size count, Size most) {
    Size present = 0;
    for (Size n = 0; n < count; n++)
        if (tallies[n].count) tallies[present++] = tallies[n];
    qsort(tallies, present, sizeof *tallies, compare_tallies);
    if (present > most) present = most;
    PyObject *codes = PyList_New(present), *counts = PyList_New(present), *result = NULL;
    int fine = codes && counts;
    for (Size n = 0; fine && n < present; n++) {
        PyObject *code = PyLong_FromLongLong(tallies[n].code);
        PyObject *sum = PyLong_FromLongLong(tallies[n].count);
        fine = code && sum;
        if (code) PyList_SetItem(codes, n, code);
        if (sum) PyList_SetItem(counts, n, sum);
    }
    if (fine) result = Py_BuildValue("OO", codes, counts);
    Py_XDECREF(codes);
    Py_XDECREF(counts);
    return result;
}

/* tally(counts, groups, facets, most) -> the sum of the counts, and for each facet the codes of its
   most frequent values with their counts

   COUNTS is how many passages of each document match, GROUPS the group of each document; a facet has
   the code of each group's value. */
static PyObject *tally_documents(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *counts_object, *groups_object, *facets, *result = NULL;
    Size most;
    Column counts = {0}, groups = {0};
    int64_t *sums = NULL, total = 0;
    if (!PyArg_ParseTuple(args, "OOO!n", &counts_object, &groups_object, &PyTuple_Type, &facets,
                          &most)) return NULL;
    if (!borrow(counts_object, &counts, "iu", 4) || !borrow(groups_object, &groups, "i", 8)) goto done;
    const int32_t *count = counts.data;
    const int64_t *group = groups.data;
    Size length = counts.length, facet_count = PyTuple_Size(facets), group_count = 0;
    int fits = groups.length == length;
    for (Size n = 0; n < length && fits; n++) {
        fits = group[n] >= 0 && group[n] < length;
        if (group[n] >= group_count) group_count = (Size)group[n] + 1;
    }
    sums = calloc(group_count + 1, sizeof(int64_t));
    if (!fits || !sums) {
        if (fits) PyErr_NoMemory();
        else damage_error();
        goto done;
    }
    for (Size n = 0; n < length; n++) {
        sums[group[n]] += count[n];
        total += count[n];
    }
    result = PyTuple_New(1 + facet_count);
    PyObject *first = result ? PyLong_FromLongLong(total) : NULL;
    if (!first) goto failed;
    PyTuple_SetItem(result, 0, first);
    for (Size n = 0; n < facet_count; n++) {
        Column codes = {0};
        if (!borrow(PyTuple_GetItem(facets, n), &codes, "i", 8)) goto failed;
        const int64_t *code = codes.data;
        Size values = 0;
        fits = codes.length >= group_count;
        for (Size each = 0; fits && each < group_count; each++) {
            fits = code[each] >= 0 && code[each] <= length;
            if (code[each] >= values) values = (Size)code[each] + 1;
        }
        Tally *tallies = fits ? calloc(values + 1, sizeof(Tally)) : NULL;
        PyObject *lists = NULL;
        if (tallies) {
            for (Size each = 0; each < values; each++) tallies[each].code = each;
            for (Size each = 0; each < group_count; each++) tallies[code[each]].count += sums[each];
            lists = list_tallies(tallies, values, most);
        } else if (fits)
            PyErr_NoMemory();
        else
            damage_error();
        free(tallies);
        release_column(&codes);
        if (!lists) goto failed;
        PyTuple_SetItem(result, 1 + n, lists);
    }
    goto done;
failed:
    Py_XDECREF(result);
    result = NULL;
done:
    free(sums);
    release_column(&counts);
    release_column(&groups);
    return result;
}
