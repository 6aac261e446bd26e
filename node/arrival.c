/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arrival.h"

#include <string.h>
#include <unistd.h>

#include "node/command.h"
#include "node/host.h"
#include "node/i18n.h"
#include "proto/text.h"

#define LOOK_MS 200 /* Between two looks for new receipts: one small question to a file. */
#define TIMEOUT_S 60

static enum err take_revision(void *context, const struct index_revision *revision)
{
    struct arrival *arrival = context;

    if (arrival->is_found && !id_equal(&revision->revision, &revision->judged.revision))
        return ERR_OK;
    arrival->is_found = true; /* The newest, until the one that counts comes. */
    arrival->revision = *revision;
    size_t len = revision->title.len < sizeof arrival->title ? revision->title.len : sizeof arrival->title - 1;
    if (len > 0)
        memcpy(arrival->title, revision->title.at, len);
    arrival->title[len] = '\0';
    arrival->revision.title = bytes_text(arrival->title);
    return ERR_OK;
}

int arrival_find(struct office *o, const struct id *document, uint64_t end_ms, struct arrival *arrival)
{
    enum err err;

    *arrival = (struct arrival){.is_found = false};
    while (!(err = index_each_revision(o->index, document, take_revision, arrival)) && !arrival->is_found &&
           host_monotonic_ms() < end_ms)
        (void)usleep(LOOK_MS * 1000);
    if (err)
        return office_fail(err, _("the index cannot be read"), index_reason(o->index));
    if (whereabouts(o) != NULL)
        return COMMAND_OK;
    output_error(_("the receipts of this home cannot be read"));
    output_hint(_("'receipts.sqlite' can be deleted while no node runs; the other nodes tell them again"));
    return COMMAND_FAILED;
}

/* ---- telling ---- */

static const char *has_name(enum reach_has has)
{
    static const char *const names[] = {"nothing", "entry", "text", "all"};

    return names[has];
}

struct telling {
    struct office *office;
    struct output_json *list;
};

static void put_time(struct output_json *object, const char *name, uint64_t ms)
{
    if (ms > 0)
        output_json_time(object, name, ms);
    else
        output_json_null(object, name);
}

static void write_kibbutz(void *context, const struct reach_kibbutz *kibbutz)
{
    const struct telling *telling = context;
    struct output_json *object = output_json_object();

    output_json_text(object, "kibbutz", office_kibbutz_name(telling->office, &kibbutz->kibbutz));
    output_json_bool(object, "has", kibbutz->has == REACH_ALL);
    put_time(object, "since", kibbutz->has == REACH_ALL ? kibbutz->since_ms : 0);
    put_time(object, "last_heard", kibbutz->heard_ms);
    output_json_id(object, "kibbutz_id", &kibbutz->kibbutz);
    output_json_text(object, "holds", has_name(kibbutz->has));
    output_json_bool(object, "has_node", kibbutz->has_node);
    output_json_bool(object, "own", kibbutz->is_own);
    output_json_add(telling->list, object);
}

static void print_kibbutz(void *context, const struct reach_kibbutz *kibbutz)
{
    const struct telling *telling = context;
    const char *name = office_kibbutz_name(telling->office, &kibbutz->kibbutz);
    char since[OUTPUT_TIME_LEN + 1], heard[OUTPUT_TIME_LEN + 1];

    output_time(kibbutz->since_ms, since);
    output_time(kibbutz->heard_ms, heard);
    if (kibbutz->has == REACH_ALL && kibbutz->is_own)
        output_line(_("  has it   %s, this office\n"), name);
    else if (kibbutz->has == REACH_ALL)
        output_line(_("  has it   %s, by its receipt of %s\n"), name, since);
    else if (kibbutz->has == REACH_TEXT && kibbutz->since_ms == 0)
        output_line(_("  partly   %s, this office: attachments are still on their way\n"), name);
    else if (kibbutz->has == REACH_TEXT)
        output_line(_("  partly   %s: the text is there, attachments are still on their way (receipt of %s)\n"), name,
                    since);
    else if (kibbutz->has == REACH_ENTRY)
        output_line(_("  partly   %s: the signed entry is there, its text is not yet\n"), name);
    else if (!kibbutz->has_node)
        output_line(_("  missing  %s, which has no node\n"), name);
    else if (kibbutz->heard_ms == 0)
        output_line(_("  missing  %s, not heard yet\n"), name);
    else
        output_line(_("  missing  %s, last heard %s\n"), name, heard);
}

void arrival_write(struct office *o, const struct arrival *arrival, struct reach_count count, struct output_json *json)
{
    struct telling telling = {.office = o, .list = output_json_list()};

    reach_each(o->reach, o->index, &arrival->revision, write_kibbutz, &telling);
    output_json_number(json, "reached", count.reached);
    output_json_number(json, "of", count.of);
    output_json_put(json, "kibbutzim", telling.list);
}

void arrival_print(struct office *o, const struct arrival *arrival, struct reach_count count)
{
    struct telling telling = {.office = o};

    output_line(_("%s: has reached %zu of %zu kibbutzim\n"), arrival->title, count.reached, count.of);
    reach_each(o->reach, o->index, &arrival->revision, print_kibbutz, &telling);
}

/* ---- waiting ---- */

bool arrival_read_wait(const char *count, const char *timeout, struct arrival_wait *wait)
{
    *wait = (struct arrival_wait){.is_asked = count != NULL, .timeout_s = TIMEOUT_S};
    if (count != NULL && !(wait->all = strcmp(count, "all") == 0) &&
        (!text_to_number(bytes_text(count), &wait->count) || wait->count == 0)) {
        output_error(_("--wait needs a number of kibbutzim, or 'all'"));
        return false;
    }
    if (timeout != NULL && (count == NULL || !text_to_number(bytes_text(timeout), &wait->timeout_s))) {
        output_error(_("--timeout needs a number of seconds, and goes with --wait"));
        return false;
    }
    return true;
}

bool arrival_is_far_enough(const struct arrival_wait *wait, struct reach_count count)
{
    return wait->is_asked && !wait->all ? count.reached >= wait->count : count.reached == count.of;
}

struct reach_count arrival_await(struct office *o, const struct arrival *arrival, const struct arrival_wait *wait,
                                 uint64_t end_ms)
{
    struct reach_count count = reach_count(o->reach, o->index, &arrival->revision);

    while (wait->is_asked && !arrival_is_far_enough(wait, count) && host_monotonic_ms() < end_ms) {
        (void)usleep(LOOK_MS * 1000);
        if (whereabouts_refresh(o))
            count = reach_count(o->reach, o->index, &arrival->revision);
    }
    return count;
}
