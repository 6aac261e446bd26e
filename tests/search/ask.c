/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * ask HOME [LIMIT]: answers the questions on standard input, one a line, as the reader does: from index and archive, with
 * snippets.  For each a line: nanoseconds, how many fit, and the ids of those on the first page.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/archive.h"
#include "store/search.h"

static enum err print_hit(void *context, const struct search_hit *hit)
{
    char *line = context, id[ID_TEXT_LEN + 1];

    id_to_text(&hit->revision->document, id);
    strcat(strcat(line, " "), id);
    return ERR_OK;
}

static long long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv)
{
    static char line[4096], answer[100 * (ID_TEXT_LEN + 2)];
    struct archive *archive;
    struct index *index;
    struct search *search;
    char path[4096];
    size_t limit = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;

    if (argc < 2 || limit == 0 || limit > 50)
        return 2;
    snprintf(path, sizeof path, "%s/index.sqlite", argv[1]);
    if (archive_open(argv[1], ARCHIVE_READ, &archive) || index_open(path, false, &index, NULL) ||
        (search = search_new(argv[1])) == NULL)
        return 1;
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct search_question question = {.words = bytes_of(line, strcspn(line, "\n")), .limit = limit};
        struct search_outcome outcome;
        long long start = now();

        answer[0] = '\0';
        if (search_ask(search, index, archive, &question, print_hit, answer, &outcome) != ERR_OK) {
            fprintf(stderr, "%s: %s\n", line, index_reason(index));
            return 1;
        }
        printf("%lld %zu%s\n", now() - start, outcome.count, answer);
        fflush(stdout);
    }
    search_free(search);
    index_close(index);
    archive_close(archive);
    return 0;
}
