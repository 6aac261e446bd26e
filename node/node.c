/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/node.h"

#include "node/address_book.h"
#include "node/advertise.h"
#include "node/config.h"
#include "node/control.h"
#include "node/crew.h"
#include "node/discovery.h"
#include "node/driver.h"
#include "node/errand_desk.h"
#include "node/effects.h"
#include "node/file_io.h"
#include "node/host.h"
#include "node/keeper.h"
#include "node/listener.h"
#include "node/loader.h"
#include "node/log.h"
#include "node/patience.h"
#include "node/peer.h"
#include "node/reader_process.h"
#include "node/request.h"
#include "node/running.h"
#include "node/settler.h"
#include "node/tender.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS 4096
#define VISIT_TICK_MS 50
#define KEPT_BYTES (32 << 20)
#define READ_AT_ONCE 8 /* Texts of a batch; a page is to be there at once when one document comes. */

/* ---- this process ---- */

static void harden(void)
{
    struct rlimit none = {0, 0}, files;

    signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < DESCRIPTORS) {
        files.rlim_cur = files.rlim_max < DESCRIPTORS ? files.rlim_max : DESCRIPTORS;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

/*
 * Buffers of megabytes come and go with every batch: what is given back would be asked for again, page by page.  So would what each
 * thread keeps for itself, for a batch is stored by whichever is free.
 */
static void keep_memory(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

/* ---- opening ---- */

static enum err lock_home(struct node *node, char reason[NODE_REASON])
{
    long holder = 0;
    enum err err = files_lock(node->home, &node->lock, &holder);

    if (err == ERR_BUSY && holder > 0)
        snprintf(reason, NODE_REASON, "another process has this home open: pid %ld", holder);
    else if (err == ERR_MISSING)
        snprintf(reason, NODE_REASON, "there is no archive in '%.150s'", node->home);
    else if (err != ERR_OK)
        snprintf(reason, NODE_REASON, "cannot lock '%.150s': %s", node->home, err_text(err));
    node->is_locked = err == ERR_OK;
    return err;
}

static enum err open_archive(struct node *node, char reason[NODE_REASON])
{
    struct archive *archive = NULL;
    enum err err = archive_open(node->home, ARCHIVE_WRITE, &archive);

    if (err != ERR_OK) {
        snprintf(reason, NODE_REASON, "%s", archive_open_reason());
        return err;
    }
    archive_read_later(archive, READ_AT_ONCE);
    archive_work_parallel(archive, crew_parallel(node->crew));
    if ((err = storer_new(archive, effects_stored, node, &node->storer)))
        archive_close(archive);
    return err;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct node *node = handle->data;

    log_event("stopping", "signal %d", number);
    node->was_interrupted = number == SIGINT;
    driver_stop(node);
}

static enum err start_loop(struct node *node)
{
    if (uv_loop_init(&node->loop) != 0)
        return ERR_MEMORY;
    uv_timer_init(&node->loop, &node->timer);
    uv_signal_init(&node->loop, &node->terminated);
    uv_signal_init(&node->loop, &node->interrupted);
    node->timer.data = node->terminated.data = node->interrupted.data = node;
    uv_signal_start(&node->terminated, on_signal, SIGTERM);
    uv_signal_start(&node->interrupted, on_signal, SIGINT);
    return ERR_OK;
}

void running_close(struct node *node)
{
    keeper_close(node);
    replica_free(node->replica);
    storer_free(node->storer);
    crew_free(node->crew);
    dialer_free(node->dialer);
    gate_free(node->gate);
    if (node->is_locked)
        files_unlock(&node->lock);
    free(node);
}

/* Opens all but the network.  Afterwards the loop must be run to its end before running_close(). */
enum err running_open(const char *home, struct node **opened, char reason[NODE_REASON])
{
    struct node *node = calloc(1, sizeof *node);
    enum err err;

    reason[0] = '\0';
    if (node == NULL)
        return ERR_MEMORY;
    harden();
    keep_memory();
    node->home = home;
    node->index_due_ms = UINT64_MAX;
    node->since_ms = host_now_ms();
    caution_begin(&node->caution, host_monotonic_ms());
    node->dialer = dialer_new();
    node->gate = gate_new();
    if (node->dialer == NULL || node->gate == NULL || crew_new(&node->crew) != ERR_OK) {
        err = ERR_MEMORY;
        goto out;
    }
    if ((err = lock_home(node, reason)))
        goto out;
    if ((err = open_archive(node, reason)))
        goto out;
    if ((err = loader_fill(node, reason)) || (err = start_loop(node)))
        goto out;
    *opened = node;
    node = NULL; /* taken */
out:
    if (node != NULL)
        running_close(node);
    return err;
}

void running_run(struct node *node)
{
    storer_start(node->storer, &node->loop);
    driver_run(node);
    uv_run(&node->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&node->loop);
}

/* ---- peers ---- */

static void add_contact(struct node *node, const char *line)
{
    struct id channel;
    char address[LIMIT_ADDRESS + 1];
    enum err err = dialer_read(bytes_text(line), &channel, address);

    if (err == ERR_OK && id_equal(&channel, &node->channel))
        return; /* It is ourselves. */
    if (err == ERR_OK)
        err = dialer_add(node->dialer, &channel, address, host_monotonic_ms());
    if (err != ERR_OK)
        log_event("peer ignored", "'%s': %s", line, err_text(err));
}

static void bar_configured(struct node *node, const struct config *config)
{
    const char *line;
    struct id key;

    for (size_t i = 0; (line = config_value(config, "removed", i)) != NULL; i++)
        if (id_from_text(bytes_text(line), &key) != ERR_OK || dialer_bar(node->dialer, &key) != ERR_OK)
            log_event("line ignored", "'removed = %s'", line);
}

static void add_configured(struct node *node, const struct config *config)
{
    const char *line;

    for (size_t i = 0; (line = config_value(config, "peer", i)) != NULL; i++)
        add_contact(node, line);
    bar_configured(node, config);
}

/* ---- serving ---- */

struct readiness {
    struct node *node;
    int fd;
};

static void print_address(void *context, const char *address)
{
    const struct node *node = context;
    char key[ID_TEXT_LEN + 1];

    id_to_text(&node->channel, key);
    printf("peer %s@%s\n", key, address);
}

static void on_reader(void *context, const char *url)
{
    struct readiness *ready = context;

    if (url != NULL)
        printf("reader %s\n", url);
    if (ready->fd < 0)
        printf("ready\n");
    else if (dprintf(ready->fd, "ready\n") < 0)
        log_event("ready not told", "%s", strerror(errno));
    fflush(stdout);
}

static int open_channel(void *context)
{
    const struct readiness *ready = context;

    return errand_desk_open(ready->node->desk);
}

static enum err start_reader(struct node *node, const char *http, struct readiness *ready)
{
    const struct reader_process_calls calls = {on_reader, open_channel, ready};
    enum err err = errand_desk_new(node, &node->desk);

    return err ? err : reader_process_start(&node->reader, &node->loop, node->home, http, &calls);
}

static void note_listen(void *context, const char *address)
{
    struct node *node = context;
    size_t len = strlen(node->listen);

    snprintf(node->listen + len, sizeof node->listen - len, "%s%s", len > 0 ? " " : "", address);
}

/* Everything that others can see of us. */
static enum err appear(struct node *node, const struct node_serve *options, const struct config *config,
                       struct readiness *ready, char reason[NODE_REASON])
{
    const char *listen = options->listen != NULL ? options->listen : config_value(config, "listen", 0);
    const char *http = options->http != NULL ? options->http : config_value(config, "http", 0);
    char default_http[32];
    enum err err;

    snprintf(default_http, sizeof default_http, "0.0.0.0:%d", NODE_READER_PORT);
    if ((err = listener_open(node, listen, reason)) ||
        (err = control_open(&node->control, &node->loop, node->home, request_answer, node, reason)))
        return err;
    listener_each_address(node, note_listen, node);
    listener_each_address(node, print_address, node);
    fflush(stdout);
    log_event("serving", "at %s, %llu entries", node->listen,
              (unsigned long long)frontier_entries(replica_frontier(node->replica)));
    if (!options->no_http)
        return start_reader(node, http != NULL ? http : default_http, ready);
    on_reader(ready, NULL);
    return ERR_OK;
}

static void begin_discovery(struct node *node, const struct node_serve *options, const struct config *config)
{
    const char *switched = config_value(config, "discovery", 0);

    if (!options->no_discovery && (switched == NULL || strcmp(switched, "off") != 0))
        node->discovery = discovery_begin(node, host_monotonic_ms());
}

enum err node_serve(const struct node_serve *options, char reason[NODE_REASON])
{
    struct node *node = NULL;
    struct config *config = NULL;
    struct readiness ready = {.fd = options->ready_fd};
    enum err err = running_open(options->home, &node, reason);

    if (err != ERR_OK)
        return err;
    file_io_tidy(node);
    archive_make_room(storer_archive(node->storer));
    ready.node = node;
    if ((err = config_load(options->home, &config)))
        snprintf(reason, NODE_REASON, "cannot read the configuration: %s", err_text(err));
    else
        err = appear(node, options, config, &ready, reason);
    if (err == ERR_OK)
        err = tender_start(&node->tender, node);
    if (err == ERR_OK)
        err = settler_start(&node->settler, node);
    if (err == ERR_OK) {
        add_configured(node, config);
        node->learns = true;
        address_book_touch(node);
        advertise_begin(node, host_monotonic_ms());
        begin_discovery(node, options, config);
    } else
        node->stop_asked = true;
    config_free(config);
    host_step_back(HOST_BEHIND_READER); /* The reader has been started: it stays where we were. */
    running_run(node);
    log_event("stopped", "%s", "");
    running_close(node);
    return err;
}

/* ---- once, then done ---- */

struct visit {
    struct patience patience;
    bool join; /* A charter is awaited too, and a refusal ends it. */
    size_t peers, reached, equal;
    bool all_equal;
    uv_timer_t timer;
};

static void on_visit_timer(uv_timer_t *timer)
{
    driver_run(timer->data);
}

/* From those that are not equal. */
static uint64_t count_received(const struct node *node)
{
    uint64_t received = 0;

    for (const struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (!peer_is_equal(node, &peer->channel))
            received += peer->received;
    return received;
}

/* Done when every contact is equal or was not to be reached at all. */
static bool visit_is_done(struct node *node, void *context)
{
    struct visit *visit = context;
    size_t waiting = 0;

    visit->peers = visit->reached = visit->equal = 0;
    for (size_t i = 0; i < dialer_count(node->dialer); i++) {
        const struct contact *contact = dialer_at(node->dialer, i);

        visit->peers += contact->is_given || contact->dialling || contact->reached || contact->failures > 0;
        visit->reached += contact->reached;
        if (contact->open > 0 && peer_is_equal(node, &contact->channel))
            visit->equal++;
        else if (dialer_awaits(contact) || (contact->is_given && contact->reached))
            waiting++;
    }
    visit->all_equal = visit->equal > 0 && waiting == 0 && replica_settled(node->replica) &&
                       (!visit->join || archive_charter(storer_archive(node->storer)).len > 0);
    if (visit->join && node->refusal[0] != '\0')
        return true;
    return visit->all_equal || (waiting == 0 && visit->reached == 0) ||
           patience_is_over(&visit->patience, count_received(node), host_monotonic_ms());
}

static void close_visit_timer(struct visit *visit)
{
    uv_close((uv_handle_t *)&visit->timer, NULL);
}

/* Runs until visit_is_done().  What it found stands in `visit`. */
static void run_visit(struct node *node, struct visit *visit, unsigned timeout_s)
{
    patience_begin(&visit->patience, timeout_s > 0 ? timeout_s : NODE_SYNC_TIMEOUT_S, host_monotonic_ms());
    node->is_done = visit_is_done;
    node->context = visit;
    uv_timer_init(&node->loop, &visit->timer);
    visit->timer.data = node;
    uv_unref((uv_handle_t *)&visit->timer);
    uv_timer_start(&visit->timer, on_visit_timer, VISIT_TICK_MS, VISIT_TICK_MS);
    storer_start(node->storer, &node->loop);
    driver_run(node);
    uv_run(&node->loop, UV_RUN_DEFAULT);
    close_visit_timer(visit);
    uv_run(&node->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&node->loop);
}

static enum err choose_peers(struct node *node, const struct config *config, const char *peer, char reason[NODE_REASON])
{
    const char *line;

    if (peer != NULL && strchr(peer, '@') != NULL) {
        add_contact(node, peer);
    } else {
        for (size_t i = 0; (line = config_value(config, "peer", i)) != NULL; i++)
            if (peer == NULL || strstr(line, peer) != NULL)
                add_contact(node, line);
        bar_configured(node, config);
    }
    if (dialer_count(node->dialer) == 0 && peer == NULL) { /* People gave none: those that the network knows of. */
        node->learns = true;
        address_book_touch(node);
        address_book_follow(node, host_monotonic_ms());
    }
    for (size_t i = 0; i < dialer_count(node->dialer); i++)
        if (dialer_at(node->dialer, i)->address_count > 0)
            return ERR_OK;
    if (peer != NULL)
        snprintf(reason, NODE_REASON, "no peer '%.100s' is known", peer);
    else
        snprintf(reason, NODE_REASON, "no peers are known");
    return ERR_TIMEOUT;
}

enum err node_sync(const struct node_sync *options, struct node_sync_result *result, char reason[NODE_REASON])
{
    struct node *node = NULL;
    struct config *config = NULL;
    struct visit visit = {.join = false};
    enum err err = running_open(options->home, &node, reason);

    *result = (struct node_sync_result){0};
    if (err != ERR_OK)
        return err;
    if ((err = config_load(options->home, &config)) == ERR_OK)
        err = choose_peers(node, config, options->peer, reason);
    config_free(config);
    if (err != ERR_OK)
        node->stop_asked = true;
    run_visit(node, &visit, options->timeout_s);
    result->peers = visit.peers;
    result->reached = visit.reached;
    result->equal = visit.equal;
    result->interrupted = node->was_interrupted;
    if (err == ERR_OK && (!visit.all_equal || visit.equal < result->peers)) {
        err = ERR_TIMEOUT;
        for (size_t i = 0; i < dialer_count(node->dialer) && reason[0] == '\0'; i++)
            snprintf(reason, NODE_REASON, "%s", dialer_at(node->dialer, i)->why);
    }
    running_close(node);
    return err;
}

enum err node_remember(const char *home, const struct id *channel, const char *address)
{
    struct config *config = NULL;
    char line[ID_TEXT_LEN + 1 + LIMIT_ADDRESS + 1];
    char key[ID_TEXT_LEN + 1];
    enum err err;

    id_to_text(channel, key);
    snprintf(line, sizeof line, "%s@%s", key, address);
    if ((err = config_load(home, &config)) == ERR_OK && (err = config_add(config, "peer", line)) == ERR_OK)
        err = config_save(config);
    config_free(config);
    return err == ERR_EXISTS ? ERR_OK : err;
}

/* Who used it second is let in to read, like everybody whose standing is contested; it must not be told that all is well. */
static bool was_used_twice(struct node *node, const struct invitation *invitation)
{
    struct trust *trust = replica_trust(node->replica);
    struct id key;

    return trust != NULL && trust_invitation(trust, &invitation->grant, &key) == TRUST_USED_TWICE;
}

enum err node_join_contact(const char *home, const struct invitation *invitation, unsigned timeout_s,
                           char reason[NODE_REASON])
{
    struct node *node = NULL;
    struct visit visit = {.join = true};
    enum err err = node_remember(home, &invitation->channel, invitation->address);

    reason[0] = '\0';
    log_quiet(true); /* The verb talks to people itself. */
    if (err == ERR_OK)
        err = running_open(home, &node, reason);
    if (err != ERR_OK)
        return err;
    archive_read_later(storer_archive(node->storer), 0); /* Nobody reads here yet. */
    err = dialer_add(node->dialer, &invitation->channel, invitation->address, host_monotonic_ms());
    if (err != ERR_OK)
        node->stop_asked = true;
    run_visit(node, &visit, timeout_s);
    if (err == ERR_OK && node->refusal[0] != '\0') {
        snprintf(reason, NODE_REASON, "%s", node->refusal);
        err = node->refusal_cause;
    } else if (err == ERR_OK && !visit.all_equal) {
        const struct contact *contact = dialer_at(node->dialer, 0);

        snprintf(reason, NODE_REASON, "%s", contact->why[0] != '\0' ? contact->why : "it took too long");
        err = ERR_TIMEOUT;
    } else if (err == ERR_OK && was_used_twice(node, invitation)) {
        err = ERR_EXISTS;
    }
    running_close(node);
    return err;
}
