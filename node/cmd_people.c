/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/i18n.h"
#include "node/office.h"
#include "node/output.h"
#include "node/overview.h"

struct asking {
    const char *words, *topic;
    size_t count;
};

static bool holds(struct bytes text, struct bytes word)
{
    return word.len == 0 || (text.len >= word.len && memmem(text.at, text.len, word.at, word.len) != NULL);
}

static bool is_wanted(const struct asking *a, const struct index_person *p)
{
    struct bytes words = bytes_text(a->words != NULL ? a->words : "");

    return holds(p->name, words) || holds(p->role, words) || holds(p->kibbutz, words);
}

static void print_json(const struct index_person *p)
{
    struct output_json *json = output_json_object();

    output_json_bytes(json, "name", p->name);
    output_json_bytes(json, "role", p->role);
    output_json_bytes(json, "kibbutz", p->kibbutz);
    output_json_bytes(json, "phone", p->phone);
    if (p->confirmed.len > 0)
        output_json_bytes(json, "confirmed", p->confirmed);
    else
        output_json_null(json, "confirmed");
    output_json_id(json, "document", &p->document);
    output_json_bytes(json, "title", p->title);
    output_json_print(json);
}

static enum err print_person(void *context, const struct index_person *p)
{
    struct asking *a = context;

    if (!is_wanted(a, p))
        return ERR_OK;
    a->count++;
    if (command_options()->json) {
        print_json(p);
        return ERR_OK;
    }
#define TEXT(bytes) (int)(bytes).len, (bytes).len > 0 ? (const char *)(bytes).at : ""
    output_line("%.*s  %.*s  %.*s, %.*s", TEXT(p->name), TEXT(p->phone), TEXT(p->role), TEXT(p->kibbutz));
    if (p->confirmed.len > 0)
        output_line(_("  (confirmed %.*s)"), TEXT(p->confirmed));
#undef TEXT
    output_line("\n");
    return ERR_OK;
}

static enum err print_all(struct office *o, struct asking *a)
{
    struct overview *overview;
    enum err err = ERR_OK;

    if (a->topic != NULL)
        return index_each_person(o->index, bytes_text(a->topic), print_person, a);
    if ((overview = overview_make(o->index)) == NULL)
        return ERR_IO;
    for (size_t i = 0; !err && i < overview->person_count; i++)
        err = print_person(a, &overview->people[i]);
    overview_free(overview);
    return err;
}

int cmd_people(int argc, char **argv)
{
    struct asking a = {.words = NULL};
    const struct arguments_flag flags[] = {{.name = "topic", .value = &a.topic}};
    struct office office;
    enum err err;
    int code;

    if (!arguments_parse(&argc, argv, flags, 1, 0, 1))
        return COMMAND_USAGE;
    a.words = argc > 1 ? argv[1] : NULL;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = office_open_index(&office);
    if (code == COMMAND_OK && (err = print_all(&office, &a)))
        code = office_fail(err, _("the index cannot be read"), index_reason(office.index));
    if (code == COMMAND_OK && a.count == 0 && !command_options()->json)
        output_note(_("no document names such a person"));
    office_close(&office);
    return code;
}
