/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/fork_view.h"

#include <inttypes.h>
#include <stdio.h>

#include "node/i18n.h"

struct title {
    const struct id *revision;
    char text[LIMIT_NAME + 1]; /* Empty: none is known. */
};

static enum err take_title(void *context, const struct index_revision *revision)
{
    struct title *title = context;

    if (id_equal(&revision->revision, title->revision))
        (void)snprintf(title->text, sizeof title->text, "%.*s", (int)revision->title.len,
                       (const char *)revision->title.at);
    return ERR_OK;
}

static struct title find_title(struct office *o, const struct index_entry *entry)
{
    struct title title = {.revision = &entry->entry};

    if (!id_is_zero(&entry->document) && index_each_revision(o->index, &entry->document, take_title, &title))
        title.text[0] = '\0';
    return title;
}

static const char *state_name(struct office *o, const struct id *entry)
{
    switch (trust_entry(o->trust, entry).status) {
    case TRUST_GOOD: return N_("stands");
    case TRUST_CONTESTED: return N_("contested");
    case TRUST_VOID: return N_("void");
    case TRUST_UNKNOWN: break;
    }
    return N_("not counted");
}

static const char *act_of(const struct index_entry *entry)
{
    return entry->act == ACT_UNKNOWN ? "?" : act_name(entry->act);
}

void fork_view_print_entry(struct office *o, const struct index_entry *entry, const char *indent)
{
    struct title title = find_title(o, entry);
    char id[ID_TEXT_LEN + 1], time[OUTPUT_TIME_LEN + 1];

    id_to_text(&entry->entry, id);
    output_time(ENTRY_CLOCK_MS(entry->clock), time);
    output_line("%s%" PRIu64 "  %.16s  %s  %-9s %s (%s)\n", indent, entry->seq, id, time, act_of(entry), title.text,
                _(state_name(o, &entry->entry)));
}

struct output_json *fork_view_write_entry(struct office *o, const struct index_entry *entry)
{
    struct output_json *json = output_json_object();
    struct title title = find_title(o, entry);

    output_json_id(json, "entry", &entry->entry);
    output_json_number(json, "seq", entry->seq);
    output_json_text(json, "act", act_of(entry));
    output_json_text(json, "title", title.text[0] != '\0' ? title.text : NULL);
    output_json_time(json, "time", ENTRY_CLOCK_MS(entry->clock));
    output_json_text(json, "state", state_name(o, &entry->entry));
    return json;
}

/* Who settled it: the writer of the entry that cut the key.  False: not known. */
static bool find_judge(struct office *o, const struct trust_fork *fork, struct id *judge)
{
    struct trust_key key = trust_key(o->trust, &fork->log);
    uint64_t seq;

    return fork->settled && !id_is_zero(&key.because) && !archive_find(o->archive, &key.because, judge, &seq);
}

static bool are_documents(const struct index_entry *a, const struct index_entry *b)
{
    return !id_is_zero(&a->document) && !id_is_zero(&b->document);
}

static void print_end(struct office *o, const struct trust_fork *fork, const struct trust_key *key)
{
    struct id judge;

    if (!fork->settled)
        output_line(_("  not settled: what this key signed from entry %" PRIu64 " on counts for nothing\n"), fork->seq);
    else if (find_judge(o, fork, &judge) && !id_equal(&judge, &key->key))
        output_line(_("  settled by %s\n"), office_key_name(o, &judge));
    else
        output_line(_("  settled\n"));
}

void fork_view_print(struct office *o, const struct trust_fork *fork)
{
    struct trust_key key = trust_key(o->trust, &fork->log);
    struct index_entry a, b;

    if (index_find_id(o->index, &fork->a, &a) || index_find_id(o->index, &fork->b, &b))
        return;
    if (are_documents(&a, &b))
        output_line(_("two different documents were signed as entry %" PRIu64 " of %s (%s, %s)\n"), fork->seq,
                    office_key_name(o, &fork->log), _(role_name(a.role)), office_kibbutz_name(o, &a.kibbutz));
    else
        output_line(_("two different entries were signed as entry %" PRIu64 " of %s (%s, %s)\n"), fork->seq,
                    office_key_name(o, &fork->log), _(role_name(a.role)), office_kibbutz_name(o, &a.kibbutz));
    fork_view_print_entry(o, &a, "  ");
    fork_view_print_entry(o, &b, "  ");
    print_end(o, fork, &key);
}

struct output_json *fork_view_write(struct office *o, const struct trust_fork *fork)
{
    struct output_json *json = output_json_object(), *list = output_json_list();
    const struct id *const sides[] = {&fork->a, &fork->b};
    struct index_entry entry = {.role = ROLE_NONE};
    struct id judge;

    output_json_id(json, "log", &fork->log);
    output_json_number(json, "seq", fork->seq);
    for (size_t i = 0; i < 2; i++)
        if (!index_find_id(o->index, sides[i], &entry))
            output_json_add(list, fork_view_write_entry(o, &entry));
    output_json_text(json, "name", office_key_name(o, &fork->log));
    output_json_text(json, "kibbutz", office_kibbutz_name(o, &entry.kibbutz));
    output_json_text(json, "role", role_name(entry.role));
    output_json_bool(json, "settled", fork->settled);
    if (find_judge(o, fork, &judge))
        output_json_text(json, "settled_by", office_key_name(o, &judge));
    else
        output_json_null(json, "settled_by");
    output_json_put(json, "entries", list);
    return json;
}
