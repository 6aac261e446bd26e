/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/scenario.h"
#include "tests/sim/world.h"

/*
 * sim --seeds FROM-TO           runs these worlds, stops at the first that fails
 * sim --seed N [--trace]        runs one, prints its last events
 * sim --twice FROM-TO           runs each twice and compares the hashes of all that happened
 * sim --seconds S --from N      runs worlds from N on for so long
 * sim --attack NAME|all ...     plays this attack (scenario.h) or shape (large.h), or all attacks, in those worlds
 * sim --years ...               lets offices open and close for months (office_hours.h)
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
           "partition %u half-open %u hang %u full %u sync %u;%s%s%s%s%s%s%s%s%s, hostile %u%s\n",
           w->seed, s->node_goal, s->work_count, s->work_gap_ms, s->fault_gap_ms, s->crash, s->cut, s->stall,
           s->partition, s->half_open, s->hang, s->full, s->sync_fail, s->big ? " big" : "",
           s->slow_net ? " slow-net" : "", s->choppy ? " choppy" : "", s->slow_disk ? " slow-disk" : "",
           s->wild_clocks ? " wild-clocks" : "", s->power ? " power" : "", s->forgetful ? " forgetful" : "",
           s->small_trie ? " small-trie" : "", s->small_answers ? " small-answers" : "", s->hostiles,
           s->twice ? " twice" : "");
}

/* Hours of all offices together, that passed in all worlds so far. */
static double office_hours;

static bool run_seed(uint64_t seed, const struct world_kind *kind, bool trace, uint64_t *hash)
{
    const struct scenario *scenario = kind->scenario;
    struct world *w = running = world_new(seed, kind);

    if (trace)
        describe(w);
    world_run(w);
    bool failed = w->failed;
    *hash = w->trace.hash;
    office_hours += (double)w->now / 3600000 * (double)w->node_count;
    if (failed)
        printf("FAIL %s seed=%" PRIu64 ": replay: build/release/tests/sim/sim --seed %" PRIu64 " --trace%s%s\n",
               w->failure, seed, seed,
               kind->years ? " --years"
               : scenario  ? " --attack "
                           : "",
               scenario ? scenario->name : "");
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
    fprintf(stderr, "sim [--attack NAME|all] [--years] --seeds FROM-TO | --seed N [--trace] | --twice FROM-TO | "
                    "--seconds S --from N\n");
    return 2;
}

struct order {
    uint64_t from, to, seconds;
    bool trace, twice, years;
};

static bool run_all(const struct order *order, const struct scenario *scenario)
{
    const struct world_kind kind = {.scenario = scenario, .years = order->years};
    time_t end = time(NULL) + (time_t)order->seconds;
    uint64_t hash, again, count = 0;

    for (uint64_t seed = order->from; order->seconds ? time(NULL) < end : seed <= order->to; seed++, count++) {
        if (!run_seed(seed, &kind, order->trace, &hash))
            return false;
        if (order->twice && (!run_seed(seed, &kind, false, &again) || hash != again)) {
            printf("FAIL deterministic seed=%" PRIu64 ": %016" PRIx64 " and %016" PRIx64 "\n", seed, hash, again);
            return false;
        }
    }
    printf("%s%s%" PRIu64 " seeds passed, from %" PRIu64 ", %.1f years of an office\n", scenario ? scenario->name : "",
           scenario ? ": " : "", count, order->from, office_hours / 8766);
    return true;
}

static bool run_attacks(const struct order *order)
{
    bool good = true;

    for (size_t i = 0; scenario_at(i); i++)
        good = run_all(order, scenario_at(i)) && good;
    return good;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"attack", required_argument, NULL, 'a'},
                                            {"seeds", required_argument, NULL, 's'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"trace", no_argument, NULL, 't'},
                                            {"twice", required_argument, NULL, '2'},
                                            {"seconds", required_argument, NULL, 'l'},
                                            {"from", required_argument, NULL, 's'},
                                            {"years", no_argument, NULL, 'y'},
                                            {NULL, 0, NULL, 0}};
    struct order order = {.from = 1};
    const char *attack = NULL;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        order.twice = order.twice || option == '2';
        order.trace = order.trace || option == 't';
        order.years = order.years || option == 'y';
        if (option == 'l')
            order.seconds = strtoull(optarg, NULL, 10);
        else if (option == 'a')
            attack = optarg;
        else if (option == '?' || (option != 't' && option != 'y' && !read_range(optarg, &order.from, &order.to)))
            return usage();
    }
    bool all = attack && strcmp(attack, "all") == 0;
    if ((order.to == 0 && order.seconds == 0) || (attack && !all && !scenario_named(attack)))
        return usage();
    signal(SIGABRT, on_abort);
    bool good = all ? run_attacks(&order) : run_all(&order, attack ? scenario_named(attack) : NULL);
    return good ? 0 : 1;
}
