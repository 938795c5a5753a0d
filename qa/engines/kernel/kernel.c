/* The inner loops of an answer, compiled: scores, matches, positions, headings, features, and the
   terms of a question in a passage.

   What comes in are arrays of an open index, as buffers, and the terms of a query as numbers; what
   goes out are bytearrays that NumPy reads.  Every function gives what the NumPy code beside it
   gives, to the last bit: sums are in the same order, and nothing is contracted or reordered, so
   compile with -ffp-contract=off and without -ffast-math.

   Nothing that a file says is trusted: each number is compared with the length of the array that
   it is an index of, and ValueError is raised where it is beyond. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Newer instructions where the processor has them: twice as fast for rows. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define VECTORIZE __attribute__((target_clones("avx2", "default")))
#else
#define VECTORIZE
#endif

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "The files of an index are little-endian."
#endif

/* Raised with every change of what a function takes or gives; the Python code asks for one. */
#define VERSION 7

typedef Py_ssize_t Size;

#include "columns.h"
#include "index.h"
#include "sorting.h"
#include "scores.h"
#include "candidates.h"
#include "positions.h"
#include "candidate_features.h"
#include "term_matches.h"
#include "order.h"
#include "cards.h"
#include "facets.h"
#include "shingles.h"
#include "fragments.h"

static PyMethodDef index_methods[] = {
    {"search", index_search, METH_VARARGS, "The best passages for the lists of a query."},
    {"candidates", index_candidates, METH_VARARGS, "The columns of passages, in order."},
    {"positions", index_positions, METH_VARARGS, "The positions of terms in passages."},
    {"headings", index_headings, METH_VARARGS, "Which terms are in headings."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot index_slots[] = {
    {Py_tp_new, index_new},
    {Py_tp_dealloc, index_dealloc},
    {Py_tp_methods, index_methods},
    {0, NULL},
};

static PyType_Spec index_spec = {
    "qa.engines.kernel._kernel.Index", sizeof(Index), 0, Py_TPFLAGS_DEFAULT, index_slots,
};

static PyMethodDef module_methods[] = {
    {"features", compute_features, METH_VARARGS, "The features of passages."},
    {"match_terms", match_terms, METH_VARARGS, "Where and what the terms of a question are."},
    {"take_hits", take_hits, METH_VARARGS, "The hits in the answers of a cluster."},
    {"card_headers", card_headers, METH_VARARGS, "The numbers of cards."},
    {"card_words", card_words, METH_VARARGS, "The stems of a query in cards."},
    {"tally", tally_documents, METH_VARARGS, "The most frequent values of facets."},
    {"find_alike", find_alike, METH_VARARGS, "The first of several texts that is about the same."},
    {"fragment", make_fragment, METH_VARARGS, "The fragment of an address for quoted words."},
    {"order", order_places, METH_VARARGS, "The places of passages by score and coverage."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module) {
    PyObject *type = PyType_FromSpec(&index_spec);
    if (!type) return -1;
    int result = PyModule_AddObjectRef(module, "Index", type);
    Py_DECREF(type);
    return result < 0 ? result : PyModule_AddIntConstant(module, "VERSION", VERSION);
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, module_exec}, {0, NULL}};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, "_kernel", "The inner loops of an answer, compiled.", 0,
    module_methods, module_slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&module_definition); }
