/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/deed.h"

#include <stdlib.h>
#include <string.h>

#include "node/command.h"
#include "node/host.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/summary.h"
#include "proto/content.h"
#include "proto/text.h"

/* ---- the document ---- */

static enum err take_revision(void *context, const struct index_revision *revision)
{
    struct deed *d = context;
    struct deed_revision *revisions = realloc(d->revisions, (d->count + 1) * sizeof *revisions), *taken;
    char date[SUMMARY_DATE_LEN + 1];

    if (revisions == NULL)
        return ERR_MEMORY;
    d->revisions = revisions;
    taken = &revisions[d->count];
    summary_date(revision, date);
    *taken = (struct deed_revision){
        .id = revision->revision,
        .log = revision->log,
        .kibbutz = revision->kibbutz,
        .seq = revision->seq,
        .clock = revision->clock,
        .number = revision->revisions - d->count,
        .audience = revision->audience,
        .here = revision->here,
        .verdict = trust_entry(d->office.trust, &revision->revision),
        .title = strndup(revision->title.len > 0 ? (const char *)revision->title.at : "", revision->title.len),
        .date = strdup(date)};
    d->count++;
    return taken->title != NULL && taken->date != NULL ? ERR_OK : ERR_MEMORY;
}

static void forget_document(struct deed *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->revisions[i].title);
        free(d->revisions[i].date);
    }
    free(d->revisions);
    d->revisions = NULL;
    d->count = 0;
}

int deed_turn(struct deed *d, const struct id *document)
{
    struct office *o = &d->office;
    enum err err;

    forget_document(d);
    d->document = *document;
    if ((err = index_each_revision(o->index, &d->document, take_revision, d)))
        return office_fail(err, _("the index cannot be read"), index_reason(o->index));
    if (d->count > 0 && trust_document(o->trust, &d->document, &d->state))
        return COMMAND_OK;
    output_error(_("the first entry of this document has not come to this node yet"));
    output_hint(_("'igum sync' asks the other nodes for it"));
    return COMMAND_FAILED;
}

static int find_document(struct deed *d, const char *prefix)
{
    struct id document;
    int code = office_open_index(&d->office);

    if (code == COMMAND_OK && prefix != NULL &&
        (code = office_find_document(&d->office, prefix, &document)) == COMMAND_OK)
        code = deed_turn(d, &document);
    return code;
}

int deed_open(struct deed *d, const char *prefix)
{
    int code;

    *d = (struct deed){0};
    if ((code = office_open(&d->office, OFFICE_WRITE)) != COMMAND_OK)
        return code;
    code = office_need_charter(&d->office);
    if (code == COMMAND_OK)
        code = office_check_clock(&d->office);
    if (code == COMMAND_OK)
        code = find_document(d, prefix);
    if (code != COMMAND_OK)
        deed_close(d);
    return code;
}

void deed_close(struct deed *d)
{
    forget_document(d);
    key_file_close_person(d->person);
    signer_free(d->signer);
    office_close(&d->office);
    *d = (struct deed){0};
}

const struct deed_revision *deed_find(const struct deed *d, const struct id *revision)
{
    for (size_t i = 0; i < d->count; i++)
        if (id_equal(&d->revisions[i].id, revision))
            return &d->revisions[i];
    return NULL;
}

const struct deed_revision *deed_find_prefix(const struct deed *d, const char *prefix)
{
    const struct deed_revision *found = NULL;
    size_t len = strlen(prefix), count = 0;
    char text[ID_TEXT_LEN + 1];

    for (size_t i = 0; i < d->count; i++) {
        id_to_text(&d->revisions[i].id, text);
        if (len >= INDEX_PREFIX_MIN && strncasecmp(text, prefix, len) == 0) {
            found = &d->revisions[i];
            count++;
        }
    }
    if (count == 1)
        return found;
    output_error(count == 0 ? _("this document has no revision '%s'") : _("several revisions begin with '%s'"), prefix);
    output_hint(_("'igum show' lists the revisions of a document"));
    return NULL;
}

const struct deed_revision *deed_first(const struct deed *d)
{
    return deed_find(d, &d->document);
}

int deed_read_entry(struct deed *d, const struct deed_revision *revision, struct buffer *wire, struct entry *entry)
{
    struct id network = archive_network(d->office.archive);
    enum err err = archive_read_entry_of(d->office.archive, &revision->id, wire);

    if (!err)
        err = entry_decode(buffer_bytes(wire), &network, entry);
    return err ? office_fail(err, _("the document cannot be read"), archive_reason(d->office.archive)) : COMMAND_OK;
}

int deed_read_text(struct deed *d, const struct deed_revision *revision, struct buffer *text)
{
    struct archive *a = d->office.archive;
    struct buffer packed = BUFFER(LIMIT_BUNDLE);
    struct content *content = malloc(sizeof *content); /* Too large for the stack. */
    const struct content_file *file = NULL;
    enum err err = content == NULL ? ERR_MEMORY : archive_read_content_of(a, &revision->id, &packed);

    if (!err)
        err = content_open(buffer_bytes(&packed), content);
    if (!err && (file = content_find(content, CONTENT_DOCUMENT)) != NULL)
        buffer_add(text, file->bytes);
    if (!err)
        err = buffer_error(text);
    free(content);
    buffer_free(&packed);
    if (!err)
        return COMMAND_OK;
    if (err != ERR_MISSING)
        return office_fail(err, _("the document cannot be read"), archive_reason(a));
    output_error(_("the text of this document has not come to this node yet"));
    output_hint(_("'igum sync' asks the other nodes for it; a document for one kibbutz stays there"));
    return COMMAND_FAILED;
}

int deed_refuse_dead(struct deed *d)
{
    char id[ID_TEXT_LEN + 1];

    id_to_text(&d->state.ended_by, id);
    id[16] = '\0';
    if (d->state.erased) {
        output_error(_("the text of this document was erased"));
    } else if (d->state.state == TRUST_NULL) {
        output_error(_("this document is void: it counts for nothing"));
        output_hint(_("'igum why' tells the reason; 'igum republish' publishes it again under a key that stands"));
    } else if (d->state.state == TRUST_WITHDRAWN) {
        output_error(_("this document was withdrawn (by entry %s)"), id);
        output_hint(_("what was withdrawn stays so: publish a new document"));
    } else if (d->state.state == TRUST_SUPERSEDED) {
        output_error(_("this document was superseded by document %s"), id);
        output_hint(_("'igum show %s' shows that one"), id);
    } else
        return COMMAND_OK;
    return COMMAND_FAILED;
}

/* ---- signing ---- */

int deed_open_key(struct deed *d, bool own_only)
{
    struct office *o = &d->office;
    struct id network = archive_network(o->archive), root = trust_root(o->trust);
    int code = key_ring_open_signer(o, false, &d->person);

    if (code != COMMAND_OK)
        return code;
    d->key = trust_key(o->trust, &d->person->signing.public);
    if (own_only && !id_equal(&d->key.kibbutz, &d->state.kibbutz)) {
        output_error(_("this document is of %s: only its stewards and coordinators do this"),
                     office_kibbutz_name(o, &d->state.kibbutz));
        output_hint(_("publish a document of your own, and name this one in it"));
        return COMMAND_FAILED;
    }
    d->head = office_head(o, &d->person->signing.public);
    if ((d->signer = signer_new(&network, &root)) == NULL)
        return office_fail(ERR_MEMORY, _("nothing was signed"), NULL);
    return COMMAND_OK;
}

int deed_sign(struct deed *d, enum act act, struct bytes body, struct bytes content)
{
    struct signer_entry what = {
        .act = act, .body = body, .content = content, .kibbutz = d->key.kibbutz, .role = d->person->role};
    enum err err = signer_sign(d->signer, &d->person->signing, &d->head, &what, host_now_ms());

    return err ? office_fail(err, _("nothing was signed"), NULL) : COMMAND_OK;
}

int deed_append(struct deed *d)
{
    int code = office_append(&d->office, d->signer);

    if (code == COMMAND_OK)
        (void)trust_document(d->office.trust, &d->document, &d->state);
    return code;
}

struct output_json *deed_write(struct deed *d, const struct id *document)
{
    struct output_json *json = output_json_object();
    struct trust_document state;

    output_json_id(json, "document", document);
    output_json_id(json, "entry", &d->head.entry);
    output_json_id(json, "log", &d->head.log);
    output_json_number(json, "seq", d->head.seq);
    if (!trust_document(d->office.trust, document, &state))
        return json;
    output_json_text(json, "state", trust_state_name(state.state));
    output_json_number(json, "approvals", state.approvals);
    output_json_number(json, "need", state.need);
    return json;
}

void deed_print(struct deed *d, const char *title)
{
    char entry[ID_TEXT_LEN + 1];

    if (command_options()->json) {
        output_json_print(deed_write(d, &d->document));
        return;
    }
    id_to_text(&d->head.entry, entry);
    output_line("%s  %s: %s (%zu/%llu)\n", entry, title, _(trust_state_name(d->state.state)), d->state.approvals,
                (unsigned long long)d->state.need);
}

int deed_check_reason(const char *reason)
{
    if (reason != NULL && text_is_line(bytes_text(reason), LIMIT_REASON))
        return COMMAND_OK;
    if (reason == NULL)
        output_error(_("a reason is needed: it is signed, and everybody reads it"));
    else
        output_error(_("the reason must be one line of at most %d bytes, without control characters"), LIMIT_REASON);
    output_hint(_("--reason 'what happened, and what holds instead'"));
    return COMMAND_USAGE;
}
