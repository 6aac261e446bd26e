/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/difference.h"
#include "proto/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

typedef enum err compare_fn(struct bytes before, struct bytes after, struct difference *d);

/* What the texts amount to by the answer: they must come out as they went in. */
static void assert_exact(struct bytes before, struct bytes after, const struct difference *d)
{
    struct buffer a = BUFFER(1 << 24), b = BUFFER(1 << 24);

    for (size_t i = 0; i < d->count; i++) {
        if (d->pieces[i].kind != DIFFERENCE_ADDED)
            buffer_add(&a, d->pieces[i].text);
        if (d->pieces[i].kind != DIFFERENCE_REMOVED)
            buffer_add(&b, d->pieces[i].text);
    }
    assert_true(bytes_equal(buffer_bytes(&a), before));
    assert_true(bytes_equal(buffer_bytes(&b), after));
    assert_int_equal(d->count, d->kept + d->removed + d->added);
    buffer_free(&a);
    buffer_free(&b);
}

/* "=kept|-removed|+added|" */
static void expect(compare_fn *compare, const char *before, const char *after, const char *pieces)
{
    struct buffer seen = BUFFER(1 << 20);
    struct difference d;

    assert_int_equal(compare(bytes_text(before), bytes_text(after), &d), ERR_OK);
    for (size_t i = 0; i < d.count; i++) {
        buffer_u8(&seen, (uint8_t) "=-+"[d.pieces[i].kind]);
        buffer_add(&seen, d.pieces[i].text);
        buffer_u8(&seen, '|');
    }
    buffer_u8(&seen, 0);
    assert_string_equal((const char *)seen.at, pieces);
    assert_exact(bytes_text(before), bytes_text(after), &d);
    buffer_free(&seen);
    difference_free(&d);
}

static void sentences_are_kept_removed_and_added(void **state)
{
    compare_fn *s = difference_of_sentences;

    (void)state;
    expect(s, "", "", "");
    expect(s, "אחת. שתיים.", "אחת. שתיים.", "=אחת. |=שתיים.|");
    expect(s, "", "אחת.", "+אחת.|");
    expect(s, "אחת.", "", "-אחת.|");
    expect(s, "אחת. שתיים. שלוש.", "אחת. שלוש.", "=אחת. |-שתיים. |=שלוש.|");
    expect(s, "אחת. שלוש.", "אחת. שתיים. שלוש.", "=אחת. |+שתיים. |=שלוש.|");
    expect(s, "עד 60 חודשים.\nסוף\n", "עד 36 חודשים.\nסוף\n", "-עד 60 חודשים.\n|+עד 36 חודשים.\n|=סוף\n|");
    expect(s, "a. b. c. d. ", "c. a. b. d. ", "+c. |=a. |=b. |-c. |=d. |");
}

static void numbers_and_items_do_not_end_a_sentence(void **state)
{
    (void)state;
    expect(difference_of_sentences, "1. נמוכה ב־11.8% מן. כן", "1. נמוכה ב־11.8% מן. כן",
           "=1. נמוכה ב־11.8% מן. |=כן|");
    expect(difference_of_sentences, "מה? כן!  לא.", "", "-מה? |-כן!  |-לא.|");
    expect(difference_of_sentences, "\n\n", "\n", "=\n|-\n|");
}

static void words_are_told_apart(void **state)
{
    (void)state;
    expect(difference_of_words, "עד 60 חודשים", "עד 36 חודשים", "=עד|- 60|+ 36|= חודשים|");
    expect(difference_of_words, "  ", "", "-  |");
}

static void every_answer_is_exact(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 300; round++) {
        char texts[2][64];
        struct difference d;

        for (int t = 0; t < 2; t++) {
            size_t len = (seed = seed * 1103515245 + 12345) >> 16 & 31;

            for (size_t i = 0; i < len; i++)
                texts[t][i] = "ab. \n"[((seed = seed * 1103515245 + 12345) >> 16) % 5];
            texts[t][len] = '\0';
        }
        assert_int_equal(difference_of_sentences(bytes_text(texts[0]), bytes_text(texts[1]), &d), ERR_OK);
        assert_exact(bytes_text(texts[0]), bytes_text(texts[1]), &d);
        difference_free(&d);
        assert_int_equal(difference_of_words(bytes_text(texts[0]), bytes_text(texts[1]), &d), ERR_OK);
        assert_exact(bytes_text(texts[0]), bytes_text(texts[1]), &d);
        difference_free(&d);
    }
}

/* So many that no table of them is made. */
static void very_long_texts_are_compared_as_well(void **state)
{
    struct buffer a = BUFFER(1 << 22), b = BUFFER(1 << 22);
    struct difference d;

    (void)state;
    for (int i = 0; i < 25000; i++) {
        buffer_text(&a, i % 2 ? "x\n" : "y\n");
        buffer_text(&b, i % 3 ? "y\n" : "x\n");
    }
    assert_int_equal(difference_of_sentences(buffer_bytes(&a), buffer_bytes(&b), &d), ERR_OK);
    assert_exact(buffer_bytes(&a), buffer_bytes(&b), &d);
    assert_true(d.count <= 2 * DIFFERENCE_PIECES);
    difference_free(&d);
    buffer_free(&a);
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_are_kept_removed_and_added),
        cmocka_unit_test(numbers_and_items_do_not_end_a_sentence),
        cmocka_unit_test(words_are_told_apart),
        cmocka_unit_test(every_answer_is_exact),
        cmocka_unit_test(very_long_texts_are_compared_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
