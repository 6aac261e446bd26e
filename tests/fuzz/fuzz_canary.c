/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* A planted bug: it must be found, or the fuzzer, its coverage or its sanitizers do not work. */

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    size_t last = size;

    if (!copy)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = 0;
    if (size > 3 && copy[0] == 'b' && copy[1] == 'u' && copy[2] == 'g' && copy[3] == '!')
        last++;                                   /* The bug: one byte behind the copy is read below. */
    (void)*(const volatile uint8_t *)&copy[last]; /* Volatile, or a compiler leaves out the read. */
    free(copy);
    return 0;
}
