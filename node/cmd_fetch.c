/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/control.h"
#include "node/host.h"
#include "node/i18n.h"
#include "node/office.h"
#include "node/output.h"
#include "proto/text.h"

#define LOOK_MS 200 /* Between two looks at what has come. */
#define TIMEOUT_S 600

struct wish {
    struct office office;
    struct id document, revision; /* The one that counts. */
    bool found;
};

static enum err take_revision(void *context, const struct index_revision *revision)
{
    struct wish *wish = context;

    if (!wish->found || id_equal(&revision->revision, &revision->judged.revision))
        wish->revision = revision->revision; /* The newest, until the one that counts comes. */
    wish->found = true;
    return ERR_OK;
}

static int find(struct wish *wish, const char *word)
{
    struct office *o = &wish->office;
    enum err err;
    int code = office_open_index(o);

    if (code == COMMAND_OK)
        code = office_find_document(o, word, &wish->document);
    if (code != COMMAND_OK)
        return code;
    if ((err = index_each_revision(o->index, &wish->document, take_revision, wish)))
        return office_fail(err, _("the index cannot be read"), index_reason(o->index));
    return COMMAND_OK;
}

/* ---- what is here ---- */

struct count {
    struct archive *archive;
    uint64_t files, here, bytes, bytes_here;
};

static enum err count_file(void *context, const struct id *entry, const struct id *digest, uint64_t size, bool here)
{
    struct count *count = context;
    struct file_state *state;

    (void)entry;
    count->files++;
    count->bytes += size;
    if (here || archive_has_file(count->archive, digest)) {
        count->here++;
        count->bytes_here += size;
    } else if ((state = malloc(sizeof *state)) != NULL) {
        archive_file_state(count->archive, digest, size, state);
        count->bytes_here += state->count * (uint64_t)LIMIT_CHUNK; /* The last one, which is smaller, is in `here`. */
        free(state);
    }
    return ERR_OK;
}

static int look(struct wish *wish, struct count *count)
{
    enum err err;

    *count = (struct count){.archive = wish->office.archive};
    err = archive_each_attachment(count->archive, &wish->revision, count_file, count);
    if (err == ERR_OK)
        return COMMAND_OK;
    if (err != ERR_MISSING)
        return office_fail(err, _("the document cannot be read"), archive_reason(count->archive));
    output_error(_("the text of this document has not come to this node yet"));
    output_hint(_("'igum sync' asks the other nodes for it; a document for one kibbutz stays there"));
    return COMMAND_FAILED;
}

/* ---- asking and waiting ---- */

static int ask(const struct wish *wish)
{
    char reason[CONTROL_REASON];
    enum err outcome = ERR_OK;
    enum err err = control_request(wish->office.home, CONTROL_FETCH, id_bytes(&wish->revision), &outcome, reason);

    if (err == ERR_MISSING) {
        output_error(_("attachments are fetched by the running node, and none runs in this home"));
        output_hint(_("start it with 'igum serve', and ask again"));
        return COMMAND_NOBODY;
    }
    if (err == ERR_OK && outcome == ERR_OK)
        return COMMAND_OK;
    return office_fail(err != ERR_OK ? err : outcome, _("the node does not fetch them"), reason);
}

static int wait_for(struct wish *wish, uint64_t timeout_s, struct count *count)
{
    uint64_t end = host_monotonic_ms() + timeout_s * 1000;
    struct output_progress progress;
    int code = COMMAND_OK;

    output_progress_begin(&progress, _("fetching"));
    while (code == COMMAND_OK && count->here < count->files && host_monotonic_ms() < end) {
        (void)usleep(LOOK_MS * 1000);
        code = look(wish, count);
        output_progress(&progress, count->bytes_here < count->bytes ? count->bytes_here : count->bytes, count->bytes);
    }
    output_progress_end(&progress);
    return code;
}

static int tell(const struct wish *wish, const struct count *count)
{
    if (command_options()->json) {
        struct output_json *json = output_json_object();

        output_json_id(json, "document", &wish->document);
        output_json_id(json, "entry", &wish->revision);
        output_json_number(json, "files", count->files);
        output_json_number(json, "here", count->here);
        output_json_number(json, "bytes", count->bytes);
        output_json_print(json);
    } else if (count->files == 0) {
        output_note(_("this document has no attachments"));
    } else if (count->here == count->files) {
        output_note(_("all attachments of this document are here"));
    }
    if (count->here == count->files)
        return COMMAND_OK;
    output_error(_("%" PRIu64 " of %" PRIu64 " attachments are here"), count->here, count->files);
    output_hint(_("the node goes on asking while it runs; 'igum whereis' tells which kibbutzim have them"));
    return COMMAND_PARTLY;
}

int cmd_fetch(int argc, char **argv)
{
    const char *timeout = NULL;
    const struct arguments_flag flags[] = {{.name = "timeout", .value = &timeout}};
    struct wish wish = {.found = false};
    uint64_t timeout_s = TIMEOUT_S;
    struct count count;
    int code;

    if (!arguments_parse(&argc, argv, flags, 1, 1, 1))
        return COMMAND_USAGE;
    if (timeout != NULL && !text_to_number(bytes_text(timeout), &timeout_s)) {
        output_error(_("'%s' is not a number of seconds"), timeout);
        return COMMAND_USAGE;
    }
    if ((code = office_open(&wish.office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = find(&wish, argv[1]);
    if (code == COMMAND_OK)
        code = look(&wish, &count);
    if (code == COMMAND_OK && count.here < count.files && (code = ask(&wish)) == COMMAND_OK)
        code = wait_for(&wish, timeout_s, &count);
    if (code == COMMAND_OK)
        code = tell(&wish, &count);
    office_close(&wish.office);
    return code;
}
