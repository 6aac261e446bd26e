/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>
#include <unistd.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/host.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/whereabouts.h"
#include "proto/text.h"

#define LOOK_MS 200 /* Between two looks for new receipts: one small question to a file. */
#define TIMEOUT_S 60

struct search {
    struct office office;
    struct index_revision revision; /* That counts; its texts are not kept. */
    char title[LIMIT_NAME * 4 + 1];
    bool found;
};

static enum err take_revision(void *context, const struct index_revision *revision)
{
    struct search *search = context;

    if (search->found && !id_equal(&revision->revision, &revision->judged.revision))
        return ERR_OK;
    search->found = true; /* The newest, until the one that counts comes. */
    search->revision = *revision;
    size_t len = revision->title.len < sizeof search->title ? revision->title.len : sizeof search->title - 1;
    if (len > 0)
        memcpy(search->title, revision->title.at, len);
    search->title[len] = '\0';
    search->revision.title = bytes_text(search->title);
    return ERR_OK;
}

static int find(struct search *search, const char *word)
{
    struct office *o = &search->office;
    struct id document;
    enum err err;
    int code = office_open_index(o);

    if (code == COMMAND_OK)
        code = office_find_document(o, word, &document);
    if (code != COMMAND_OK)
        return code;
    if ((err = index_each_revision(o->index, &document, take_revision, search)))
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

static void tell(struct search *search, struct reach_count count)
{
    struct office *o = &search->office;
    struct telling telling = {.office = o};

    if (command_options()->json) {
        struct output_json *json = output_json_object();

        telling.list = output_json_list();
        reach_each(o->reach, o->index, &search->revision, write_kibbutz, &telling);
        output_json_id(json, "document", &search->revision.document);
        output_json_number(json, "reached", count.reached);
        output_json_number(json, "of", count.of);
        output_json_put(json, "kibbutzim", telling.list);
        output_json_id(json, "entry", &search->revision.revision);
        output_json_text(json, "title", search->title[0] != '\0' ? search->title : NULL);
        output_json_text(json, "audience", act_audience_name(search->revision.audience));
        output_json_print(json);
        return;
    }
    output_line(_("%s: has reached %zu of %zu kibbutzim\n"), search->title, count.reached, count.of);
    reach_each(o->reach, o->index, &search->revision, print_kibbutz, &telling);
}

/* ---- waiting ---- */

struct wait {
    bool is_asked, all;
    uint64_t count; /* Of kibbutzim. */
    uint64_t timeout_s;
};

static bool read_wait(const char *count, const char *timeout, struct wait *wait)
{
    *wait = (struct wait){.is_asked = count != NULL, .timeout_s = TIMEOUT_S};
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

static bool is_reached(const struct wait *wait, struct reach_count count)
{
    return wait->is_asked && !wait->all ? count.reached >= wait->count : count.reached == count.of;
}

/* Looks until it has reached so many, or the time is over. */
static struct reach_count wait_for(struct search *search, const struct wait *wait)
{
    struct office *o = &search->office;
    uint64_t end = host_monotonic_ms() + wait->timeout_s * 1000;
    struct reach_count count = reach_count(o->reach, o->index, &search->revision);

    while (wait->is_asked && !is_reached(wait, count) && host_monotonic_ms() < end) {
        (void)usleep(LOOK_MS * 1000);
        if (whereabouts_refresh(o))
            count = reach_count(o->reach, o->index, &search->revision);
    }
    return count;
}

int cmd_whereis(int argc, char **argv)
{
    const char *count = NULL, *timeout = NULL;
    const struct arguments_flag flags[] = {{"wait", NULL, &count, NULL}, {"timeout", NULL, &timeout, NULL}};
    struct search search = {.found = false};
    struct reach_count reached;
    struct wait wait;
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 1, 1) || !read_wait(count, timeout, &wait))
        return COMMAND_USAGE;
    if ((code = office_open(&search.office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = find(&search, argv[1]);
    if (code == COMMAND_OK) {
        reached = wait_for(&search, &wait);
        tell(&search, reached);
        code = is_reached(&wait, reached) ? COMMAND_OK : COMMAND_PARTLY;
    }
    office_close(&search.office);
    return code;
}
