/* Sorting of numbers: qsort calls a function for every comparison. */

#pragma once

#define RUN 8

/* Sort KEYS, ascending; SCRATCH has room for as many.  Runs are inserted, then merged. */
static void sort_numbers(uint64_t *keys, uint64_t *scratch, Size count) {
    for (Size start = 0; start < count; start += RUN) {
        Size end = count - start < RUN ? count : start + RUN;
        for (Size n = start + 1; n < end; n++) {
            uint64_t key = keys[n];
            Size place = n;
            for (; place > start && keys[place - 1] > key; place--) keys[place] = keys[place - 1];
            keys[place] = key;
        }
    }
    uint64_t *from = keys, *to = scratch;
    for (Size width = RUN; width < count; width *= 2) {
        for (Size start = 0; start < count; start += 2 * width) {
            Size middle = count - start < width ? count : start + width;
            Size end = count - middle < width ? count : middle + width;
            Size left = start, right = middle, place = start;
            while (left < middle && right < end) {
                /* Without a branch: which one is less is as good as random. */
                int is_right = from[right] < from[left];
                to[place++] = is_right ? from[right] : from[left];
                right += is_right;
                left += !is_right;
            }
            while (left < middle) to[place++] = from[left++];
            while (right < end) to[place++] = from[right++];
        }
        uint64_t *other = from;
        from = to;
        to = other;
    }
    if (from != keys) memcpy(keys, from, count * sizeof *keys);
}
