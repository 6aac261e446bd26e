/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/cmd_fork.h"

#include <inttypes.h>
#include <string.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/fork_view.h"
#include "node/i18n.h"

#define DIGITS_MIN 4 /* That name a key. */
#define SHOWN_MAX 20 /* Entries of one branch. */

/* ---- which fork ---- */

static bool is_meant(struct office *o, const struct trust_fork *fork, const char *word)
{
    char digits[ID_TEXT_LEN + 1];
    size_t len = strlen(word);

    id_to_text(&fork->log, digits);
    return strcmp(office_key_name(o, &fork->log), word) == 0 ||
           (len >= DIGITS_MIN && len <= ID_TEXT_LEN && memcmp(digits, word, len) == 0);
}

static int choose(struct office *o, const char *word, struct trust_fork *fork)
{
    size_t found = 0;

    for (size_t i = 0; i < trust_fork_count(o->trust); i++) {
        struct trust_fork one = trust_fork_at(o->trust, i);

        if (is_meant(o, &one, word)) {
            *fork = one;
            found++;
        }
    }
    if (found == 1)
        return COMMAND_OK;
    if (found == 0)
        output_error(_("no fork of a key that goes by '%s' is known"), word);
    else
        output_error(_("several keys that forked go by '%s'"), word);
    output_hint(_("'igum fork show' lists the forks that are known; the first digits of a key name it"));
    return COMMAND_FAILED;
}

/* ---- show ---- */

static void print_branch(struct office *o, const struct trust_fork *fork, const struct head *tip)
{
    struct index_entry entry;

    output_line(_("a branch of %" PRIu64 " entries:\n"), tip->seq - fork->seq + 1);
    for (uint64_t seq = fork->seq; seq <= tip->seq && seq < fork->seq + SHOWN_MAX; seq++)
        if (!index_find_before(o->index, &tip->entry, seq, &entry))
            fork_view_print_entry(o, &entry, "  ");
    if (tip->seq >= fork->seq + SHOWN_MAX)
        output_line(_("  … and %" PRIu64 " more\n"), tip->seq - fork->seq - SHOWN_MAX + 1);
}

static void advise(struct office *o, const struct trust_fork *fork)
{
    struct trust_key key = trust_key(o->trust, &fork->log);
    char log[ID_TEXT_LEN + 1], a[ID_TEXT_LEN + 1], b[ID_TEXT_LEN + 1];

    id_to_text(&fork->log, log);
    id_to_text(&fork->a, a);
    id_to_text(&fork->b, b);
    if (fork->settled)
        return;
    if (key.role == ROLE_STEWARD || key.role == ROLE_CARD) {
        output_note(
            _("Only the council settles this: the next root that it approves says which branch of a steward's log "
              "stands; 'igum council propose' proposes one."));
        return;
    }
    output_note(_("A steward of %s settles this, by saying which branch stands; the key ends with it:"),
                office_kibbutz_name(o, &key.kibbutz));
    output_note("  igum revoke %.16s --after %.16s", log, a);
    output_note("  igum revoke %.16s --after %.16s", log, b);
    output_note(
        _("A later entry of the branch keeps more of it. Whoever owns the key needs a new one: 'igum invite'."));
}

static struct output_json *write_branches(struct office *o, const struct trust_fork *fork)
{
    struct output_json *list = output_json_list();
    size_t first, count = frontier_tips(o->frontier, &fork->log, &first);

    for (size_t i = first; i < first + count; i++) {
        const struct head *tip = frontier_at(o->frontier, i);
        struct output_json *branch = output_json_list();
        struct index_entry entry;

        for (uint64_t seq = fork->seq; seq <= tip->seq && seq < fork->seq + SHOWN_MAX; seq++)
            if (!index_find_before(o->index, &tip->entry, seq, &entry))
                output_json_add(branch, fork_view_write_entry(o, &entry));
        output_json_add(list, branch);
    }
    return list;
}

static void show_one(struct office *o, const struct trust_fork *fork)
{
    size_t first, count = frontier_tips(o->frontier, &fork->log, &first);

    if (command_options()->json) {
        struct output_json *json = fork_view_write(o, fork);

        output_json_put(json, "branches", write_branches(o, fork));
        output_json_print(json);
        return;
    }
    fork_view_print(o, fork);
    for (size_t i = first; i < first + count; i++)
        if (frontier_at(o->frontier, i)->seq >= fork->seq)
            print_branch(o, fork, frontier_at(o->frontier, i));
    advise(o, fork);
}

static int show(struct office *o, const char *word)
{
    struct trust_fork fork;
    int code;

    if (word != NULL) {
        if ((code = choose(o, word, &fork)) == COMMAND_OK)
            show_one(o, &fork);
        return code;
    }
    for (size_t i = 0; i < trust_fork_count(o->trust); i++) {
        fork = trust_fork_at(o->trust, i);
        show_one(o, &fork);
    }
    if (trust_fork_count(o->trust) == 0)
        output_note(_("no fork is known"));
    return COMMAND_OK;
}

/* ---- the verb ---- */

static int refuse_usage(const char *what)
{
    if (what != NULL)
        output_error(_("'fork' does not know '%s'"), what);
    else
        output_error(_("'fork' needs to know what, and of which key or file"));
    output_hint("igum fork show [KEY] | export KEY --out FILE | import FILE");
    return COMMAND_USAGE;
}

static int run(const char *what, const char *word, const char *out)
{
    struct trust_fork fork;
    struct office office;
    int code = office_open(&office, OFFICE_READ);

    if (code != COMMAND_OK)
        return code;
    if ((code = office_need_charter(&office)) == COMMAND_OK && (code = office_open_index(&office)) == COMMAND_OK) {
        if (strcmp(what, "show") == 0)
            code = show(&office, word);
        else if ((code = choose(&office, word, &fork)) == COMMAND_OK)
            code = fork_export(&office, &fork, out);
    }
    office_close(&office);
    return code;
}

int cmd_fork(int argc, char **argv)
{
    const char *out = NULL, *what, *word;
    const struct arguments_flag flags[] = {{.name = "out", .value = &out}};
    bool is_export;

    if (!arguments_parse(&argc, argv, flags, 1, 0, 2))
        return COMMAND_USAGE;
    what = argc > 1 ? argv[1] : "show";
    word = argc > 2 ? argv[2] : NULL;
    is_export = strcmp(what, "export") == 0;
    if (is_export ? out == NULL || word == NULL : out != NULL)
        return refuse_usage(NULL);
    if (is_export || strcmp(what, "show") == 0)
        return run(what, word, out);
    if (strcmp(what, "import") == 0)
        return word != NULL ? fork_import(word) : refuse_usage(NULL);
    return refuse_usage(what);
}
