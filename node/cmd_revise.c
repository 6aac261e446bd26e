/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/command.h"
#include "node/host.h"
#include "node/key_ring.h"
#include "node/output.h"
#include "node/publication.h"
#include "node/i18n.h"

/* The newest revision of the document: what the new one follows. */
struct newest {
    struct id document, revision, kibbutz;
    enum act_audience audience;
    bool is_known;
};

static enum err take_newest(void *context, const struct index_revision *revision)
{
    struct newest *newest = context;

    if (!newest->is_known || revision->state == INDEX_CURRENT) {
        newest->revision = revision->revision;
        newest->audience = revision->audience;
        newest->kibbutz = revision->kibbutz;
        newest->is_known = true;
    }
    /* They come newest first: the first current one is the newest. */
    return revision->state == INDEX_CURRENT ? ERR_EXISTS : ERR_OK;
}

static int find_newest(struct office *o, const char *prefix, struct newest *newest)
{
    enum err err;
    int code = office_open_index(o);

    if (code == COMMAND_OK)
        code = office_find_document(o, prefix, &newest->document);
    if (code != COMMAND_OK)
        return code;
    err = index_each_revision(o->index, &newest->document, take_newest, newest);
    if ((err && err != ERR_EXISTS) || !newest->is_known)
        return office_fail(err ? err : ERR_MISSING, _("the index cannot be read"), index_reason(o->index));
    return COMMAND_OK;
}

static enum err sign(struct office *o, struct signer *s, const struct key_file_person *author, struct head *head,
                     const struct newest *newest, const struct publication *publication)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    struct signer_entry what = {.act = ACT_REVISE,
                                .content = buffer_bytes(&publication->packed),
                                .kibbutz = trust_key(o->trust, &author->signing.public).kibbutz,
                                .role = author->role};
    enum err err;

    act_write_id(&body, ACT_DOCUMENT, &newest->document);
    act_write_id(&body, ACT_AFTER, &newest->revision);
    buffer_add(&body, buffer_bytes(&publication->terms));
    what.body = buffer_bytes(&body);
    err = buffer_error(&body);
    if (!err)
        err = signer_sign(s, &author->signing, head, &what, host_now_ms());
    buffer_free(&body);
    return err;
}

static void print_result(const struct newest *newest, const struct head *head, const char *title, const char *path)
{
    struct output_json *json;
    char entry[ID_TEXT_LEN + 1];

    if (!command_options()->json) {
        id_to_text(&head->entry, entry);
        output_line("%s  %s\n", entry, title);
        return;
    }
    json = output_json_object();
    output_json_id(json, "document", &newest->document);
    output_json_id(json, "entry", &head->entry);
    output_json_id(json, "log", &head->log);
    output_json_number(json, "seq", head->seq);
    output_json_text(json, "title", title);
    output_json_text(json, "file", path);
    output_json_print(json);
}

/* Signs and appends what is prepared. */
static int publish(struct office *o, const struct newest *newest, const struct publication *publication,
                   const char *path)
{
    struct id network = archive_network(o->archive), root = trust_root(o->trust);
    struct key_file_person *author = NULL;
    struct signer *s = NULL;
    struct id kibbutz;
    struct head head;
    enum err err;
    int code = key_ring_open_signer(o, false, &author);

    if (code != COMMAND_OK)
        return code;
    kibbutz = trust_key(o->trust, &author->signing.public).kibbutz;
    if (!id_equal(&kibbutz, &newest->kibbutz)) {
        output_error(_("this document is of %s: only its stewards and coordinators revise it"),
                     office_kibbutz_name(o, &newest->kibbutz));
        output_hint(_("publish a document of your own, and name this one in it"));
        key_file_close_person(author);
        return COMMAND_FAILED;
    }
    head = office_head(o, &author->signing.public);
    err = (s = signer_new(&network, &root)) == NULL ? ERR_MEMORY : sign(o, s, author, &head, newest, publication);
    key_file_close_person(author);
    code = err ? office_fail(err, _("the revision could not be signed"), NULL) : office_append(o, s);
    signer_free(s);
    if (code == COMMAND_OK)
        print_result(newest, &head, publication->title, path);
    return code;
}

static int revise(struct office *o, char **argv, struct publication_options *options, bool has_audience)
{
    struct publication publication;
    struct newest newest = {0};
    enum err err;
    int code = office_need_charter(o);

    if (code == COMMAND_OK)
        code = office_check_clock(o);
    if (code == COMMAND_OK)
        code = find_newest(o, argv[1], &newest);
    if (code != COMMAND_OK)
        return code;
    /* A revision goes to those who have the document, unless it is said otherwise. */
    if (!has_audience)
        options->audience = newest.audience;
    if ((err = publication_prepare(o, argv[2], options, &publication)))
        return err == ERR_MEMORY ? office_fail(err, argv[2], NULL) : COMMAND_FAILED;
    code = publish(o, &newest, &publication, argv[2]);
    publication_free(&publication);
    return code;
}

int cmd_revise(int argc, char **argv)
{
    struct publication_options options = {0};
    const char *audience = NULL;
    const struct arguments_flag flags[] = {
        {"attach", NULL, NULL, &options.attach},
        {"audience", NULL, &audience, NULL},
        {"kind", NULL, &options.kind, NULL},
        {"title", NULL, &options.title, NULL},
    };
    struct office office;
    int code = COMMAND_USAGE;

    if (arguments_parse(&argc, argv, flags, 4, 2, 2) && publication_read_audience(audience, &options.audience) &&
        publication_check_options(&options) && (code = office_open(&office, OFFICE_WRITE)) == COMMAND_OK) {
        code = revise(&office, argv, &options, audience != NULL);
        office_close(&office);
    }
    arguments_list_free(&options.attach);
    return code;
}
