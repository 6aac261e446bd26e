/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/world.h"

/*
 * sim --seeds FROM-TO           runs these worlds, stops at the first that fails
 * sim --seed N [--trace]        runs one, prints its last events
 * sim --twice FROM-TO           runs each twice and compares the hashes of all that happened
 * sim --seconds S --from N      runs worlds from N on for so long
 */

static struct world *running;

/* A crash of the code under test says which seed it was. */
static void on_abort(int signal_number)
{
    if (running) {
        fprintf(stdout, "FAIL crash seed=%" PRIu64 ": replay: build/release/tests/sim/sim --seed %" PRIu64 " --trace\n",
                running->seed, running->seed);
        trace_print(&running->trace, stdout, 30);
        fflush(stdout);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void describe(const struct world *w)
{
    const struct swarm *s = &w->swarm;

    printf("seed %" PRIu64 ": nodes <= %u, work %u each %" PRIu64 " ms, faults each %" PRIu64
           " ms; crash %u cut %u stall %u "
           "partition %u half-open %u hang %u full %u sync %u;%s%s%s%s%s%s, hostile %u%s\n",
           w->seed, s->node_goal, s->work_count, s->work_gap_ms, s->fault_gap_ms, s->crash, s->cut, s->stall,
           s->partition, s->half_open, s->hang, s->full, s->sync_fail, s->big ? " big" : "",
           s->slow_net ? " slow-net" : "", s->choppy ? " choppy" : "", s->slow_disk ? " slow-disk" : "",
           s->wild_clocks ? " wild-clocks" : "", s->power ? " power" : "", s->hostiles, s->twice ? " twice" : "");
}

static bool run_seed(uint64_t seed, bool trace, uint64_t *hash)
{
    struct world *w = running = world_new(seed);

    if (trace)
        describe(w);
    world_run(w);
    bool failed = w->failed;
    *hash = w->trace.hash;
    if (failed)
        printf("FAIL %s seed=%" PRIu64 ": replay: build/release/tests/sim/sim --seed %" PRIu64 " --trace\n", w->failure,
               seed, seed);
    if (failed || trace)
        trace_print(&w->trace, stdout, trace ? TRACE_LINES : 30);
    if (trace)
        printf("%s: %zu nodes, %zu people, %zu entries, %" PRIu64 " steps, %" PRIu64 " events traced, %" PRIu64
               " s, hash %016" PRIx64 "\n",
               failed ? "failed" : "passed", w->node_count, w->person_count, w->entry_count, w->steps, w->trace.count,
               w->now / 1000, *hash);
    running = NULL;
    world_free(w);
    fflush(stdout);
    return !failed;
}

static bool read_range(const char *text, uint64_t *from, uint64_t *to)
{
    char *end;

    *from = *to = strtoull(text, &end, 10);
    if (*end == '-')
        *to = strtoull(end + 1, &end, 10);
    return *end == '\0' && *from <= *to;
}

static int usage(void)
{
    fprintf(stderr, "sim --seeds FROM-TO | --seed N [--trace] | --twice FROM-TO | --seconds S --from N\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seeds", required_argument, NULL, 's'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"trace", no_argument, NULL, 't'},
                                            {"twice", required_argument, NULL, '2'},
                                            {"seconds", required_argument, NULL, 'l'},
                                            {"from", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    uint64_t from = 1, to = 0, seconds = 0, hash, again;
    bool trace = false, twice = false;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        twice = twice || option == '2';
        trace = trace || option == 't';
        if (option == 'l')
            seconds = strtoull(optarg, NULL, 10);
        else if (option == '?' || (option != 't' && !read_range(optarg, &from, &to)))
            return usage();
    }
    if (to == 0 && seconds == 0)
        return usage();
    signal(SIGABRT, on_abort);
    time_t end = time(NULL) + (time_t)seconds;
    uint64_t count = 0;
    for (uint64_t seed = from; seconds ? time(NULL) < end : seed <= to; seed++, count++) {
        if (!run_seed(seed, trace, &hash))
            return 1;
        if (twice && (!run_seed(seed, false, &again) || hash != again)) {
            printf("FAIL deterministic seed=%" PRIu64 ": %016" PRIx64 " and %016" PRIx64 "\n", seed, hash, again);
            return 1;
        }
    }
    printf("%" PRIu64 " seeds passed, from %" PRIu64 "\n", count, from);
    return 0;
}
