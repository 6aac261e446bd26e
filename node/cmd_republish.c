/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * Honest work that a revocation cut off is published again by another key of the same kibbutz: the same bytes under a new
 * entry.  A void document becomes a new one that supersedes it; a void revision of a document that stands becomes its next
 * revision.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/confirm.h"
#include "node/deed.h"
#include "node/i18n.h"
#include "node/output.h"

struct ids {
    struct id *at;
    size_t count, size;
};

struct run {
    struct deed deed;
    struct id key;        /* Whose void work is looked for; zeros: anybody's. */
    struct ids standing;  /* The contents of revisions that are not void. */
    struct ids documents; /* To be looked at. */
    size_t done, failed;
};

static enum err add_id(struct ids *ids, const struct id *id)
{
    if (ids->count == ids->size) {
        size_t size = ids->size ? ids->size * 2 : 64;
        struct id *at = realloc(ids->at, size * sizeof *at);

        if (at == NULL)
            return ERR_MEMORY;
        ids->at = at;
        ids->size = size;
    }
    ids->at[ids->count++] = *id;
    return ERR_OK;
}

static int compare(const void *a, const void *b)
{
    return id_compare(a, b);
}

/* ---- what is void, and what stands already ---- */

static enum err note_entry(void *context, const struct index_entry *entry)
{
    struct run *run = context;
    struct trust *trust = run->deed.office.trust;

    if (entry->act != ACT_PUBLISH && entry->act != ACT_REVISE)
        return ERR_OK;
    if (trust_entry(trust, &entry->entry).status != TRUST_VOID)
        return add_id(&run->standing, &entry->content);
    return !id_is_zero(&run->key) && id_equal(&entry->log, &run->key) ? add_id(&run->documents, &entry->document)
                                                                      : ERR_OK;
}

static int look(struct run *run)
{
    struct office *o = &run->deed.office;
    enum err err = index_each_newest(o->index, LIMIT_NUMBER, 0, note_entry, run);
    size_t kept = 0;

    if (err)
        return office_fail(err, _("the index cannot be read"), index_reason(o->index));
    qsort(run->standing.at, run->standing.count, sizeof run->standing.at[0], compare);
    qsort(run->documents.at, run->documents.count, sizeof run->documents.at[0], compare);
    for (size_t i = 0; i < run->documents.count; i++)
        if (i == 0 || !id_equal(&run->documents.at[i], &run->documents.at[i - 1]))
            run->documents.at[kept++] = run->documents.at[i];
    run->documents.count = kept;
    return COMMAND_OK;
}

static bool stands(const struct run *run, const struct id *content)
{
    return run->standing.count > 0 &&
           bsearch(content, run->standing.at, run->standing.count, sizeof *content, compare) != NULL;
}

/* The newest void revision, of that key if one is asked for; NULL: there is none. */
static const struct deed_revision *find_void(const struct run *run)
{
    for (size_t i = 0; i < run->deed.count; i++) {
        const struct deed_revision *revision = &run->deed.revisions[i];

        if (revision->verdict.status == TRUST_VOID && (id_is_zero(&run->key) || id_equal(&revision->log, &run->key)))
            return revision;
    }
    return NULL;
}

/* ---- signing it anew ---- */

static void write_superseded(struct deed *d, const struct entry *old, struct buffer *body)
{
    struct id ids[LIMIT_SUPERSEDES + 1];
    size_t count = act_count(old->body, ACT_SUPERSEDES), kept = 0;

    for (size_t i = 0; i < count && kept < LIMIT_SUPERSEDES - 1; i++)
        if (act_id(old->body, ACT_SUPERSEDES, i, &ids[kept]) == ERR_OK && !id_equal(&ids[kept], &d->document))
            kept++;
    if (old->act == ACT_PUBLISH)
        ids[kept++] = d->document;
    qsort(ids, kept, sizeof ids[0], compare);
    for (size_t i = 0; i < kept; i++)
        act_write_id(body, ACT_SUPERSEDES, &ids[i]);
}

/* The same terms; a revision needs no fewer approvals than the document has needed. */
static void write_terms(struct deed *d, const struct entry *old, bool is_revision, struct buffer *body)
{
    struct bytes value;
    uint64_t need = 1;

    if (act_value(old->body, ACT_AUDIENCE, 0, &value) == ERR_OK)
        act_write(body, ACT_AUDIENCE, value);
    if (act_value(old->body, ACT_CONTENT, 0, &value) == ERR_OK)
        act_write(body, ACT_CONTENT, value);
    (void)act_number(old->body, ACT_NEED, &need);
    act_write_number(body, ACT_NEED, is_revision && d->state.need > need ? d->state.need : need);
    if (act_value(old->body, ACT_COUNT, 0, &value) == ERR_OK)
        act_write(body, ACT_COUNT, value);
    write_superseded(d, old, body);
}

static int sign(struct deed *d, const struct entry *old, struct bytes packed)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    struct id heads[LIMIT_AFTER];
    size_t count = d->state.state == TRUST_NULL ? 0 : trust_document_heads(d->office.trust, &d->document, heads);
    int code;

    if (count > 0)
        act_write_id(&body, ACT_DOCUMENT, &d->document);
    for (size_t i = 0; i < count; i++)
        act_write_id(&body, ACT_AFTER, &heads[i]);
    write_terms(d, old, count > 0, &body);
    code = buffer_error(&body) ? office_fail(buffer_error(&body), _("nothing was signed"), NULL)
                               : deed_sign(d, count > 0 ? ACT_REVISE : ACT_PUBLISH, buffer_bytes(&body), packed);
    buffer_free(&body);
    return code;
}

static void print(struct run *run, const struct deed_revision *old)
{
    struct deed *d = &run->deed;
    bool is_new = d->state.state == TRUST_NULL;
    const struct id *document = is_new ? &d->head.entry : &d->document;
    struct output_json *json;
    char id[ID_TEXT_LEN + 1];

    if (!command_options()->json) {
        id_to_text(&d->head.entry, id);
        output_line("%s  %s\n", id, old->title);
        output_note(_("signed first by %s on %s"), office_key_name(&d->office, &old->log), old->date);
        return;
    }
    json = deed_write(d, document);
    output_json_text(json, "title", old->title);
    output_json_id(json, "was", &old->id);
    output_json_id(json, "was_document", &d->document);
    output_json_text(json, "was_by", office_key_name(&d->office, &old->log));
    output_json_id(json, "was_by_key", &old->log);
    output_json_time(json, "was_published", ENTRY_CLOCK_MS(old->clock));
    output_json_print(json);
}

static int publish(struct run *run, const struct deed_revision *old)
{
    struct deed *d = &run->deed;
    struct buffer wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_BUNDLE);
    struct entry entry;
    struct id content;
    enum err err;
    int code = deed_read_entry(d, old, &wire, &entry);

    if (code == COMMAND_OK && act_id(entry.body, ACT_CONTENT, 0, &content) == ERR_OK && stands(run, &content)) {
        output_error(_("%s: it was published again already"), old->title);
        code = COMMAND_FAILED;
    }
    if (code == COMMAND_OK && (err = archive_read_content_of(d->office.archive, &old->id, &packed))) {
        output_error(_("%s: its text has not come to this node yet"), old->title);
        output_hint(_("'igum sync' asks the other nodes for it"));
        code = COMMAND_FAILED;
    }
    if (code == COMMAND_OK)
        code = sign(d, &entry, buffer_bytes(&packed));
    if (code == COMMAND_OK)
        code = office_append(&d->office, d->signer);
    if (code == COMMAND_OK)
        print(run, old);
    buffer_free(&wire);
    buffer_free(&packed);
    return code;
}

/* ---- one document, or all of a key ---- */

static int republish_one(struct run *run)
{
    const struct deed_revision *old = find_void(run);
    int code;

    if (old == NULL) {
        output_error(_("nothing of this document is void"));
        output_hint(_("what stands needs no second signature; 'igum why' tells on what it rests"));
        return COMMAND_FAILED;
    }
    code = look(run);
    if (code == COMMAND_OK)
        code = deed_open_key(&run->deed, true);
    return code == COMMAND_OK ? publish(run, old) : code;
}

static bool find_key(struct office *o, const char *name, struct id *key)
{
    size_t count = trust_key_count(o->trust), found = 0, len = strlen(name);
    char digits[ID_TEXT_LEN + 1];

    for (size_t i = 0; i < count; i++) {
        struct id one = trust_key_at(o->trust, i).key;

        id_to_text(&one, digits);
        if (strcmp(office_key_name(o, &one), name) == 0 ||
            (len >= INDEX_PREFIX_MIN && strncmp(digits, name, len) == 0)) {
            *key = one;
            found++;
        }
    }
    if (found == 1)
        return true;
    output_error(found == 0 ? _("no key of this network goes by '%s'") : _("several keys go by '%s'"), name);
    output_hint(_("'igum signers --json' lists them all; give the first digits of one"));
    return false;
}

static int republish_all(struct run *run, const char *name, bool yes)
{
    struct deed *d = &run->deed;
    char question[256];
    int code;

    if (!find_key(&d->office, name, &run->key))
        return COMMAND_FAILED;
    d->state.kibbutz = trust_key(d->office.trust, &run->key).kibbutz;
    if ((code = look(run)) != COMMAND_OK)
        return code;
    if (run->documents.count == 0) {
        output_error(_("nothing that this key published is void"));
        return COMMAND_FAILED;
    }
    (void)snprintf(question, sizeof question, _("publish %zu documents again under your own key?"),
                   run->documents.count);
    if ((code = confirm(question, yes, true)) != COMMAND_OK || (code = deed_open_key(d, true)) != COMMAND_OK)
        return code;
    for (size_t i = 0; i < run->documents.count; i++) {
        const struct deed_revision *old = deed_turn(d, &run->documents.at[i]) == COMMAND_OK ? find_void(run) : NULL;

        if (old != NULL && publish(run, old) == COMMAND_OK)
            run->done++;
        else
            run->failed++;
    }
    return run->failed == 0 ? COMMAND_OK : run->done > 0 ? COMMAND_PARTLY : COMMAND_FAILED;
}

int cmd_republish(int argc, char **argv)
{
    const char *key = NULL;
    bool yes = false;
    const struct arguments_flag flags[] = {{"void-of", NULL, &key, NULL}, {"yes", &yes, NULL, NULL}};
    struct run run = {.done = 0};
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 0, 1))
        return COMMAND_USAGE;
    if ((key != NULL) == (argc > 1)) {
        output_error(_("name one document, or by --void-of a key whose void work is published again"));
        return COMMAND_USAGE;
    }
    if ((code = deed_open(&run.deed, key == NULL ? argv[1] : NULL)) != COMMAND_OK)
        return code;
    code = key == NULL ? republish_one(&run) : republish_all(&run, key, yes);
    deed_close(&run.deed);
    free(run.standing.at);
    free(run.documents.at);
    return code;
}
