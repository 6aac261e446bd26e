/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/host.h"
#include "node/i18n.h"
#include "node/key_ring.h"
#include "node/log.h"
#include "node/node.h"
#include "node/output.h"

struct home {
    struct office office;
    struct buffer machine;
    struct marks *marks;
};

static const char *place_name(enum marks_place place)
{
    switch (place) {
    case MARKS_NEW: return N_("nothing was signed here yet");
    case MARKS_HERE: return N_("this home signs here");
    case MARKS_COPIED: return N_("this home is a copy");
    case MARKS_ELSEWHERE: return N_("this home came from another machine");
    }
    return "";
}

static const char *place_word(enum marks_place place)
{
    static const char *const words[] = {
        [MARKS_NEW] = "new", [MARKS_HERE] = "here", [MARKS_COPIED] = "copied", [MARKS_ELSEWHERE] = "elsewhere"};

    return words[place];
}

static int open_home(struct home *h, enum office_mode mode)
{
    enum err err;
    int code = office_open(&h->office, mode);

    if (code != COMMAND_OK)
        return code;
    h->machine = BUFFER(KIB(1));
    host_machine(&h->machine);
    if ((err = marks_open(h->office.home, buffer_bytes(&h->machine), &h->marks)))
        code = office_fail(err, _("what was signed in this home cannot be read"), NULL);
    return code;
}

static void close_home(struct home *h)
{
    marks_close(h->marks);
    buffer_free(&h->machine);
    office_close(&h->office);
    *h = (struct home){.marks = NULL};
}

/* ---- show ---- */

static void print_json(struct home *h)
{
    struct output_json *json = output_json_object(), *list = output_json_list();

    output_json_text(json, "home", h->office.home);
    output_json_text(json, "place", place_word(marks_place(h->marks)));
    for (size_t i = 0; i < marks_count(h->marks); i++) {
        const struct mark *mark = marks_at(h->marks, i);
        struct output_json *one = output_json_object();

        output_json_id(one, "key", &mark->log);
        output_json_text(one, "name", office_key_name(&h->office, &mark->log));
        output_json_number(one, "signed", mark->seq);
        output_json_id(one, "entry", &mark->entry);
        output_json_number(one, "here", office_head(&h->office, &mark->log).seq);
        output_json_add(list, one);
    }
    output_json_put(json, "keys", list);
    output_json_print(json);
}

static int show(struct home *h)
{
    if (command_options()->json) {
        print_json(h);
        return COMMAND_OK;
    }
    output_line("%s\n", _(place_name(marks_place(h->marks))));
    for (size_t i = 0; i < marks_count(h->marks); i++) {
        const struct mark *mark = marks_at(h->marks, i);

        output_line(_("%s: signed %" PRIu64 " entries here; the archive holds %" PRIu64 "\n"),
                    office_key_name(&h->office, &mark->log), mark->seq, office_head(&h->office, &mark->log).seq);
    }
    return COMMAND_OK;
}

/* ---- confirm ---- */

static int explain(void)
{
    output_error(_("one key that signs in two places forks its log: this is confirmed only when no other copy of this "
                   "home is used"));
    output_hint(_("make sure of that, then: igum home confirm --yes"));
    return COMMAND_USAGE;
}

/* Others may hold what was signed after the copy was made.  Without peers there is nobody to ask. */
static int ask_peers(const char *home)
{
    struct node_sync options = {.home = home};
    struct node_sync_result result = {0};
    char reason[NODE_REASON] = "";
    enum err err;

    log_quiet(true);
    err = node_sync(&options, &result, reason);
    if (err && err != ERR_TIMEOUT)
        return office_fail(err, _("the other offices could not be asked"), reason);
    if (result.interrupted)
        return COMMAND_INTERRUPTED;
    if (result.peers == 0 || result.reached > 0)
        return COMMAND_OK;
    output_error(_("nobody can be reached who would know what was signed since the copy was made: %s"), reason);
    output_hint(_("try again when the line is up; --unasked confirms without asking, at the risk of a fork"));
    return COMMAND_NOBODY;
}

static int settle_here(struct home *h)
{
    enum err err;

    if ((err = archive_renew_store_id(h->office.archive)))
        return office_fail(err, _("the home could not be confirmed"), archive_reason(h->office.archive));
    if ((err = marks_save(h->marks)))
        return office_fail(err, _("the home could not be confirmed"), NULL);
    if (command_options()->json)
        print_json(h);
    output_note(_("This home signs here from now on."));
    output_note(
        _("If the other copy is to live on as a node, it must not keep this node's key: 'igum invite --node NAME' "
          "makes it a node of its own."));
    return COMMAND_OK;
}

/* No node can run here: it would have refused to start. */
static int confirm(struct home *h, bool is_sure, bool is_unasked)
{
    bool is_here = marks_place(h->marks) == MARKS_HERE || marks_place(h->marks) == MARKS_NEW;
    const char *home = h->office.home;
    int code = COMMAND_OK;

    if (is_here) {
        output_note(_("this home is where it was; there is nothing to confirm"));
        return COMMAND_OK;
    }
    if (!is_sure)
        return explain();
    close_home(h);
    if (!is_unasked)
        code = ask_peers(home);
    if (code == COMMAND_OK)
        code = open_home(h, OFFICE_WRITE);
    if (code == COMMAND_OK && !h->office.is_locked) {
        output_error(_("a node runs in this home"));
        output_hint(_("stop it, and try again"));
        code = COMMAND_LOCKED;
    }
    return code == COMMAND_OK ? settle_here(h) : code;
}

int cmd_home(int argc, char **argv)
{
    bool is_sure = false, is_unasked = false;
    const struct arguments_flag flags[] = {{.name = "yes", .is_set = &is_sure},
                                           {.name = "unasked", .is_set = &is_unasked}};
    struct home home = {.marks = NULL};
    bool is_confirm;
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 0, 1))
        return COMMAND_USAGE;
    is_confirm = argc > 1 && strcmp(argv[1], "confirm") == 0;
    if (argc > 1 && !is_confirm && strcmp(argv[1], "show") != 0) {
        output_error(_("'home' does not know '%s'"), argv[1]);
        output_hint("igum home show | confirm [--yes] [--unasked]");
        return COMMAND_USAGE;
    }
    code = open_home(&home, OFFICE_READ);
    if (code == COMMAND_OK)
        code = is_confirm ? confirm(&home, is_sure, is_unasked) : show(&home);
    close_home(&home);
    return code;
}
