/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/site.h"

#include "node/config.h"
#include "node/host.h"
#include "node/name_book.h"
#include "node/nearness.h"
#include "store/dictionary.h"
#include "store/names.h"
#include "store/receipt_file.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define OVERVIEW_SHARE 100  /* Of the time, one part in so many may go into overviews. */

struct site {
    char *home, *index_path;
    struct config *config;
    struct archive *archive;
    struct index *index;
    struct stat index_stat; /* Of the file that is open: a rebuilt index is another one. */
    uint64_t openings;
    struct roster roster;
    uint64_t roster_number; /* Of the one that was read. */
    struct names *names;    /* NULL: there is no roster. */
    struct name_book book;  /* Of the names; empty until they are searched for. */
    struct search *search;
    uint64_t named_version; /* Of the index, when names were looked for; ... */
    bool is_gathered;       /* ... in this request already. */
    char name[NAMES_SIZE];
    struct reach *reach;
    struct receipt_file *receipts; /* For site_read_stamp(). */
    uint64_t recalls, recalls_version;
    unsigned warmed;
    struct errands errands;
    bool is_far; /* Whoever asks sees nothing that is for the kibbutz alone. */
    enum nearness readers;
    struct made {
        struct overview *overview;
        struct overview_stamp stamp;
        uint64_t next_ms; /* Until then it is young. */
    } made[2];            /* For those who are near, and for the others. */
    struct {
        bool is_known;
        struct index_extent is;
        struct overview_stamp stamp;
        uint64_t next_ms;
    } extent; /* For both. */
};

static void forget_names(struct site *s);

struct site *site_open(const char *home)
{
    struct site *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    if ((s->home = strdup(home)) == NULL || asprintf(&s->index_path, "%s/" INDEX_FILE, home) < 0) {
        s->index_path = NULL;
        site_close(s);
        return NULL;
    }
    errands_begin(&s->errands, -1);
    (void)config_load(home, &s->config);
    (void)nearness_read(s->config != NULL ? config_value(s->config, "kibbutz-readers", 0) : NULL, &s->readers);
    return s;
}

void site_drop(struct site *s)
{
    forget_names(s);
    for (size_t i = 0; i < 2; i++) {
        overview_free(s->made[i].overview);
        s->made[i] = (struct made){.overview = NULL};
    }
    s->extent.is_known = false;
    reach_close(s->reach);
    s->reach = NULL;
    receipt_file_close(s->receipts);
    s->receipts = NULL;
    if (s->index != NULL)
        index_close(s->index);
    if (s->archive != NULL)
        archive_close(s->archive);
    s->index = NULL;
    s->archive = NULL;
}

void site_close(struct site *s)
{
    if (s == NULL)
        return;
    site_drop(s);
    config_free(s->config);
    search_free(s->search);
    free(s->index_path);
    free(s->home);
    free(s);
}

enum err site_refresh(struct site *s)
{
    struct stat now;
    enum err err;

    if (stat(s->index_path, &now) < 0) {
        site_drop(s);
        return ERR_MISSING;
    }
    s->is_gathered = false;
    if (s->index != NULL && s->archive != NULL && now.st_ino == s->index_stat.st_ino &&
        now.st_dev == s->index_stat.st_dev)
        return ERR_OK;
    site_drop(s);
    if ((err = archive_open(s->home, ARCHIVE_READ, &s->archive)) != ERR_OK) {
        s->archive = NULL;
        return err;
    }
    if ((err = index_open(s->index_path, false, &s->index, NULL)) != ERR_OK) {
        s->index = NULL;
        site_drop(s);
        return err;
    }
    s->index_stat = now;
    s->openings++;
    s->recalls_version = 0;
    index_hide_kibbutz(s->index, s->is_far);
    return ERR_OK;
}

/* Of receipts; 0: there are none. */
static uint64_t read_serial(struct site *s)
{
    uint64_t serial = 0;

    if (s->receipts == NULL && receipt_file_open(s->home, false, &s->receipts) != ERR_OK) {
        s->receipts = NULL;
    } else if (receipt_file_serial(s->receipts, &serial) != ERR_OK) {
        receipt_file_close(s->receipts); /* It may have been begun anew. */
        s->receipts = NULL;
        serial = 0;
    }
    return serial;
}

enum err site_read_stamp(struct site *s, struct site_stamp *stamp)
{
    enum err err = site_refresh(s);

    if (err == ERR_OK)
        err = index_version(s->index, &stamp->version);
    if (err == ERR_OK && stamp->version != s->recalls_version) {
        err = index_recalls(s->index, &s->recalls);
        s->recalls_version = stamp->version;
    }
    stamp->opening = s->openings;
    stamp->recalls = s->recalls;
    stamp->receipts = read_serial(s);
    return err;
}

struct archive *site_archive(struct site *s)
{
    return s->archive;
}

struct index *site_index(struct site *s)
{
    return s->index;
}

bool site_count_gaps(struct site *s, uint64_t *missing, uint64_t *unread)
{
    const struct id *own = site_reach(s) != NULL ? reach_own(s->reach) : NULL;

    return s->index != NULL && index_count_awaited(s->index, own, missing) == ERR_OK &&
           index_count_unread(s->index, unread) == ERR_OK;
}

const struct overview *site_overview(struct site *s)
{
    uint64_t start = host_monotonic_ms();
    struct overview_stamp now;
    struct made *made = &s->made[s->is_far];
    struct overview *overview;

    if (s->index == NULL || overview_stamp_read(s->index, &now) != ERR_OK)
        return NULL;
    if (made->overview != NULL && overview_serves(&made->stamp, &now, start < made->next_ms))
        return made->overview;
    if ((overview = overview_make(s->index)) == NULL)
        return made->overview;
    overview_free(made->overview);
    *made = (struct made){
        .overview = overview, .stamp = now, .next_ms = start + (host_monotonic_ms() - start) * OVERVIEW_SHARE};
    return overview;
}

const struct index_extent *site_extent(struct site *s)
{
    uint64_t start = host_monotonic_ms();
    struct overview_stamp now;

    if (s->index == NULL || overview_stamp_read(s->index, &now) != ERR_OK)
        return NULL;
    if (s->extent.is_known && overview_serves(&s->extent.stamp, &now, start < s->extent.next_ms))
        return &s->extent.is;
    s->extent.is_known = index_extent(s->index, &s->extent.is) == ERR_OK;
    s->extent.stamp = now;
    s->extent.next_ms = start + (host_monotonic_ms() - start) * OVERVIEW_SHARE;
    return s->extent.is_known ? &s->extent.is : NULL;
}

uint64_t site_now_ms(void)
{
    return host_now_ms();
}

struct reach *site_reach(struct site *s)
{
    if (s->index == NULL || (s->reach == NULL && reach_open(s->home, &s->reach) != ERR_OK) ||
        reach_refresh(s->reach, s->index) != ERR_OK)
        return NULL;
    return s->reach;
}

void site_set_near(struct site *s, bool is_near)
{
    s->is_far = !is_near;
    if (s->index != NULL)
        index_hide_kibbutz(s->index, s->is_far);
}

bool site_is_near(const struct site *s)
{
    return !s->is_far;
}

bool site_knows_as_near(const struct site *s, const struct sockaddr *caller)
{
    return nearness_of(caller, s->readers);
}

/* ---- names ---- */

static void forget_names(struct site *s)
{
    name_book_free(&s->book);
    names_free(s->names);
    roster_free(&s->roster);
    s->names = NULL;
}

/* All names rest on the roster. */
static enum err read_roster(struct site *s)
{
    struct buffer file = BUFFER(ROSTER_SIZE);
    enum err err;

    forget_names(s);
    if ((err = index_roster(s->index, &s->roster_number, &file)) == ERR_OK)
        err = roster_decode(&s->roster, buffer_bytes(&file));
    buffer_free(&file);
    if (err == ERR_OK && (s->names = names_new(s->archive, &s->roster)) == NULL)
        err = ERR_MISSING;
    return err;
}

static enum err follow(struct site *s)
{
    uint64_t number = 0;
    enum err err = index_roster(s->index, &number, NULL);

    if (err != ERR_OK)
        return err;
    if (s->names == NULL || number != s->roster_number)
        return read_roster(s);
    if (names_forget(s->names, false)) /* A content may have come that tells one. */
        name_book_free(&s->book);
    return ERR_OK;
}

/* What is new is looked for once in a request at most, so that all of it is lent until its end. */
static void gather_names(struct site *s)
{
    uint64_t version;

    if (s->archive == NULL || s->is_gathered || index_version(s->index, &version) != ERR_OK)
        return;
    s->is_gathered = true;
    if (s->names != NULL && version == s->named_version)
        return;
    s->named_version = version;
    if (follow(s) != ERR_OK)
        forget_names(s);
}

const struct roster *site_roster(struct site *s)
{
    gather_names(s);
    return s->names != NULL ? &s->roster : NULL;
}

struct bytes site_accessibility(const struct site *s)
{
    const char *contact = s->config != NULL ? config_value(s->config, "accessibility", 0) : NULL;

    return bytes_text(contact != NULL ? contact : "");
}

bool site_fetches_on_demand(const struct site *s)
{
    return s->config != NULL && config_fetches_on_demand(s->config);
}

void site_set_errands(struct site *s, int fd)
{
    errands_begin(&s->errands, fd);
}

struct errands *site_errands(struct site *s)
{
    return &s->errands;
}

struct search *site_search(struct site *s)
{
    if (s->search == NULL)
        s->search = search_new(s->home);
    return s->search;
}

struct search_names site_search_names(struct site *s)
{
    gather_names(s);
    if (s->names != NULL && s->book.at == NULL)
        (void)name_book_fill(&s->book, &s->roster, s->names);
    return name_book_names(&s->book);
}

struct bytes site_network_name(struct site *s)
{
    gather_names(s);
    return s->names != NULL ? names_network(s->names) : bytes_of(NULL, 0);
}

struct bytes site_kibbutz_name(struct site *s, const struct id *kibbutz)
{
    gather_names(s);
    if (s->names != NULL)
        names_kibbutz(s->names, kibbutz, s->name);
    else
        names_short(kibbutz, s->name);
    return bytes_text(s->name);
}

struct bytes site_key_name(struct site *s, const struct id *key)
{
    gather_names(s);
    if (s->names != NULL)
        names_key(s->names, key, s->name);
    else
        names_short(key, s->name);
    return bytes_text(s->name);
}

void site_rest(struct site *s)
{
    dictionary_forget();
    if (s->index != NULL)
        index_rest(s->index);
    (void)malloc_trim(0);
}

bool site_warm(struct site *s)
{
    switch (s->warmed++) {
    case 0:
        if (site_refresh(s) == ERR_OK && site_overview(s) != NULL)
            gather_names(s);
        return true;
    case 1: site_rest(s); return true;
    default: return false;
    }
}
