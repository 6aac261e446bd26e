/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/fork_view.h"
#include "node/office.h"
#include "node/output.h"
#include "node/i18n.h"

struct place {
    struct id log;
    uint64_t seq;
    bool here;
};

struct check {
    struct place *places; /* Of the one document that is asked for; NULL: everything. */
    size_t place_count;
    bool is_erased;
    struct output_json *bad; /* NULL: told in words. */
    uint64_t bad_count;
};

static bool concerns(const struct check *check, const struct archive_damage *damage)
{
    if (check->places == NULL)
        return true;
    for (size_t i = 0; i < check->place_count; i++)
        if (id_equal(&check->places[i].log, &damage->log) &&
            (check->places[i].seq == damage->seq || damage->seq == 0 || strcmp(damage->what, "content") != 0))
            return true;
    return false;
}

static void add_damage(void *context, const struct archive_damage *damage)
{
    struct check *check = context;
    struct output_json *json;
    char log[ID_TEXT_LEN + 1];

    if (!concerns(check, damage))
        return;
    check->bad_count++;
    id_to_text(&damage->log, log);
    if (check->bad == NULL) {
        output_line(_("bad: %s, log %.16s, entry %" PRIu64 ": %s\n"), damage->what, log, damage->seq, damage->detail);
        return;
    }
    json = output_json_object();
    output_json_id(json, "log", &damage->log);
    output_json_number(json, "seq", damage->seq);
    output_json_text(json, "what", damage->what);
    output_json_text(json, "detail", damage->detail);
    output_json_add(check->bad, json);
}

static enum err add_place(void *context, const struct index_revision *revision)
{
    struct check *check = context;
    struct place *places = realloc(check->places, (check->place_count + 1) * sizeof *places);

    if (places == NULL)
        return ERR_MEMORY;
    check->places = places;
    check->is_erased = revision->judged.erased;
    places[check->place_count++] = (struct place){revision->log, revision->seq, revision->here};
    return ERR_OK;
}

static int choose_document(struct office *o, const char *prefix, struct check *check)
{
    struct id document;
    enum err err;
    int code = office_open_index_as_it_is(o);

    if (code == COMMAND_OK)
        code = office_find_document(o, prefix, &document);
    if (code == COMMAND_OK && (err = index_each_revision(o->index, &document, add_place, check)))
        code = office_fail(err, _("the index cannot be read"), index_reason(o->index));
    return code;
}

/* The figures of one document instead of the archive's. */
static void narrow(const struct check *check, struct archive_report *report)
{
    if (check->places == NULL)
        return;
    report->entries = check->place_count;
    report->contents = 0;
    for (size_t i = 0; i < check->place_count; i++)
        report->contents += check->places[i].here;
    report->contents_erased = check->is_erased ? check->place_count - report->contents : 0;
    report->contents_missing = check->place_count - report->contents - report->contents_erased;
}

static bool concerns_log(const struct check *check, const struct id *log)
{
    bool concerns = check->places == NULL;

    for (size_t i = 0; !concerns && i < check->place_count; i++)
        concerns = id_equal(&check->places[i].log, log);
    return concerns;
}

/* Forks are no damage: the archive is whole, and says that a key was used in two places. */
static int tell_forks(struct office *o, const struct check *check, struct output_json *list, size_t *count)
{
    int code = office_load(o);
    size_t all = code == COMMAND_OK && o->trust != NULL ? trust_fork_count(o->trust) : 0;

    if (all > 0 && o->index == NULL)
        code = office_open_index_as_it_is(o);
    for (size_t i = 0; code == COMMAND_OK && i < all; i++) {
        struct trust_fork fork = trust_fork_at(o->trust, i);

        if (!concerns_log(check, &fork.log))
            continue;
        *count += 1;
        if (list != NULL)
            output_json_add(list, fork_view_write(o, &fork));
        else
            fork_view_print(o, &fork);
    }
    return code;
}

static int finish_forks(size_t count)
{
    if (count == 0)
        return COMMAND_OK;
    output_error(_("nothing is damaged, but two entries were signed for one place; keys that did: %zu"), count);
    output_hint(_("'igum fork show' tells what is contested, and who can settle it"));
    return COMMAND_FORK;
}

static int finish(struct office *o, struct check *check, const struct archive_report *report)
{
    struct output_json *json, *forks = NULL;
    size_t fork_count = 0;
    int code = COMMAND_OK;

    if (check->bad != NULL)
        forks = output_json_list();
    if (check->bad_count == 0)
        code = tell_forks(o, check, forks, &fork_count);

    if (check->bad != NULL) {
        json = output_json_object();
        output_json_number(json, "entries", report->entries);
        output_json_number(json, "contents", report->contents);
        output_json_number(json, "contents_missing", report->contents_missing);
        if (check->places == NULL) {
            output_json_number(json, "files", report->files);
            output_json_number(json, "files_missing", report->files_missing);
        }
        output_json_number(json, "contents_erased", report->contents_erased);
        output_json_put(json, "bad", check->bad);
        output_json_put(json, "forks", forks);
        output_json_print(json);
        check->bad = NULL;
    } else
        output_line(_("%" PRIu64 " entries and %" PRIu64 " contents were read; %" PRIu64 " are bad\n"), report->entries,
                    report->contents, check->bad_count);
    if (check->bad_count == 0)
        return code == COMMAND_OK ? finish_forks(fork_count) : code;
    output_error(_("%" PRIu64 " objects of the archive are damaged"), check->bad_count);
    output_hint(_("the other nodes hold the same archive: put this home aside, and join again with a new node key"));
    return COMMAND_BAD;
}

int cmd_verify(int argc, char **argv)
{
    struct check check = {0};
    struct archive_report report = {0};
    struct office office;
    enum err err;
    int code;

    if (!arguments_parse(&argc, argv, NULL, 0, 0, 1))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_INSPECT)) != COMMAND_OK)
        return code;
    if (argc > 1)
        code = choose_document(&office, argv[1], &check);
    if (code == COMMAND_OK) {
        check.bad = command_options()->json ? output_json_list() : NULL;
        if ((err = archive_verify(office.archive, add_damage, &check, &report)))
            code = office_fail(err, _("the archive could not be read to its end"), archive_reason(office.archive));
        narrow(&check, &report);
    }
    if (code == COMMAND_OK)
        code = finish(&office, &check, &report);
    if (check.bad != NULL)
        output_json_free(check.bad);
    free(check.places);
    office_close(&office);
    return code;
}
