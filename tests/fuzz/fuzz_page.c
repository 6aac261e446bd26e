/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whatever a member publishes and whatever a browser asks for, each page, as it is read and as it is copied, is one that
 * tests/node/whole.h finds sound, and no larger than what it shows can account for.
 *
 * An input is an address, a name and a document, each ended by a newline but the last.  The document is published, then revised to
 * the text without its first half, so that there is something to compare; the name is that of an attachment and what is searched for.
 */
#include "node/copy_name.h"
#include "node/route.h"
#include "proto/text.h"
#include "store/archive.h"
#include "tests/fuzz/fuzz.h"
#include "tests/node/whole.h"
#include "tests/support/federation.h"
#include "tests/support/home.h"

#define TEXT_MAX KIB(8)
#define INPUTS 64     /* Then the archive is made anew: what one input finds, it finds alone. */
#define FRAME KIB(50) /* What a page may have beside the text of its document. */
#define GROWTH 64     /* A byte of a document may become so many: an empty cell of a table, with its element. */

static struct world {
    struct home home;
    struct federation federation;
    struct archive *archive;
    struct trust *trust;
    struct site *site;
    unsigned inputs;
    size_t text_len; /* Of what was published by now. */
} world;

/* ---- the archive ---- */

static void end(void)
{
    site_close(world.site);
    trust_free(world.trust);
    archive_close(world.archive);
    federation_free(&world.federation);
    home_remove(&world.home);
    world = (struct world){.inputs = 0};
}

static void begin(void)
{
    if (world.inputs == 0)
        (void)atexit(end);
    else if (world.inputs % INPUTS != 0)
        return;
    if (world.inputs > 0)
        end();
    world.home = home_make();
    federation_begin(&world.federation, "the valley");
    FUZZ_REQUIRE(archive_create(world.home.path, &world.federation.network) == ERR_OK);
    FUZZ_REQUIRE(archive_open(world.home.path, ARCHIVE_WRITE, &world.archive) == ERR_OK);
    FUZZ_REQUIRE(archive_set_charter(world.archive, buffer_bytes(&world.federation.charter)) == ERR_OK);
    world.trust = trust_new(buffer_bytes(&world.federation.charter));
    world.site = site_open(world.home.path);
    FUZZ_REQUIRE(world.trust != NULL && world.site != NULL);
}

/* Makes durable what was signed: each entry with its content. */
static void append(const struct buffer *bundle, struct head *before)
{
    struct bundle_reader reader;
    struct bundle_record record, content;

    FUZZ_REQUIRE(bundle_open(&reader, buffer_bytes(bundle), &world.federation.network) == ERR_OK);
    while (bundle_next(&reader, &record) == ERR_OK && record.kind == BUNDLE_ENTRY) {
        struct buffer commit = BUFFER(LIMIT_COMMIT);
        struct entry entry;
        struct item item = {.prev = before->entry, .entry = record.bytes};

        FUZZ_REQUIRE(entry_decode(record.bytes, &world.federation.network, &entry) == ERR_OK);
        FUZZ_REQUIRE(entry_verify(&entry, before, &item.head, &commit) == ERR_OK);
        FUZZ_REQUIRE(bundle_next(&reader, &content) == ERR_OK && content.kind == BUNDLE_CONTENT);
        item.commit = buffer_bytes(&commit);
        item.content = content.bytes;
        FUZZ_REQUIRE(archive_append(world.archive, &item, 1) == ERR_OK);
        FUZZ_REQUIRE(trust_add(world.trust, &entry, &item.head.entry) == ERR_OK);
        *before = item.head;
        buffer_free(&commit);
    }
    FUZZ_REQUIRE(archive_judge(world.archive, world.trust) == ERR_OK);
}

/* As whoever publishes sends it: the program refuses other texts before they are signed, a hostile peer does not. */
static void publish(const char *text, struct bytes name, const struct id *revised, struct id *id)
{
    struct writer *w = &world.federation.founder;
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);
    struct content_file attachment = {.name = name, .size = 3000000, .digest = id_hash(ID_BLOB, name)};
    struct head before = w->head;

    bundle_begin(&bundle, &world.federation.network);
    *id = federation_revise_with(&world.federation, w, revised, text, ACT_FOR_NETWORK, &attachment,
                                 text_is_file_name(name) && !bytes_equal(name, bytes_text(CONTENT_DOCUMENT)) ? 1 : 0,
                                 &bundle);
    append(&bundle, &before);
    world.text_len += strlen(text);
    buffer_free(&bundle);
}

/* ---- looking ---- */

static void follow(struct page_links *links, struct page *page, const char *path, struct bytes file)
{
    char name[COPY_NAME_SIZE];

    (void)links;
    copy_name(path, file, name);
    copy_name_relative("d/a.html", name, &page->out);
}

/* Shows what stands around the place. */
static void fail(const struct route_answer *answer, const char *path, const char *why, size_t left)
{
    size_t len = answer->page.out.len, at = len - left, from = at > 300 ? at - 300 : 0;

    fprintf(stderr, "%s: %s, behind:\n%.*s\n-- of %zu bytes\n", path, why, (int)(at - from),
            (const char *)answer->page.out.at + from, len);
    abort();
}

static void look(struct bytes path, struct bytes words, enum reader_language language, bool is_copy)
{
    struct page_links links = {.write = follow, .made_ms = 1790000000000};
    struct route_request request = {.path = path,
                                    .language = language,
                                    .chosen = language == READER_ENGLISH,
                                    .page = 1,
                                    .host = bytes_text("archive.example"),
                                    .now_ms = is_copy ? 0 : 1790000500000,
                                    .links = is_copy ? &links : NULL};
    struct route_answer answer;
    const char *why;
    char shown[64];
    size_t left = 0;

    for (size_t i = 0; i < ROUTE_ARGUMENTS; i++)
        request.argument[i] = words;
    route_answer_begin(&answer, &request);
    route(world.site, &request, &answer);
    snprintf(shown, sizeof shown, "%.*s", (int)path.len, (const char *)path.at);
    if ((answer.status != 200 && answer.status != 404) || buffer_error(&answer.page.out) != ERR_OK)
        fail(&answer, shown, "not answered", 0);
    if (strncmp(answer.type, "text/html", 9) == 0) {
        if ((why = whole_judge(buffer_bytes(&answer.page.out), is_copy, &left)) != NULL)
            fail(&answer, shown, why, left);
        if (answer.page.out.len > FRAME + GROWTH * world.text_len)
            fail(&answer, shown, "too large", 0);
    }
    route_answer_free(&answer);
}

/* In one language as a page, in the other as a file of a copy. */
static void look_both(const char *path, struct bytes words)
{
    look(bytes_text(path), words, READER_HEBREW, false);
    look(bytes_text(path), words, READER_ENGLISH, true);
}

static void look_at_all(const struct id *document, const struct id *revision, struct bytes name)
{
    static const char *const paths[] = {"/",       "/documents", "/decisions",     "/books",
                                        "/people", "/network",   "/accessibility", "/feed/all.atom"};
    const struct bytes none = bytes_of(NULL, 0);
    char first[ID_TEXT_LEN + 1], second[ID_TEXT_LEN + 1], path[3 * ID_TEXT_LEN + 32];

    id_to_text(document, first);
    id_to_text(revision, second);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        look_both(paths[i], none);
    look(bytes_text("/search"), name, READER_HEBREW, false);
    look(bytes_text("/people"), name, READER_ENGLISH, false);
    snprintf(path, sizeof path, "/d/%s", first);
    look_both(path, none);
    snprintf(path, sizeof path, "/d/%s/r/%s", first, first);
    look_both(path, none);
    snprintf(path, sizeof path, "/d/%s/compare/%s/%s", first, first, second);
    look_both(path, none);
    for (unsigned place = 0; place < 2; place++) {
        snprintf(path, sizeof path, "/a/%s/%u", first, place);
        look(bytes_text(path), none, READER_HEBREW, false);
        snprintf(path, sizeof path, "/fetch/%s/%u", first, place);
        look(bytes_text(path), none, READER_ENGLISH, false);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size), address = rest, name = bytes_of(NULL, 0), query = name;
    struct id document, revision;
    char text[TEXT_MAX + 1];

    begin();
    world.inputs++;
    if (text_take(&rest, '\n', &address) && !text_take(&rest, '\n', &name))
        name = bytes_of(NULL, 0);
    rest.len = rest.len < TEXT_MAX ? rest.len : TEXT_MAX;
    snprintf(text, sizeof text, "%.*s", (int)rest.len, (const char *)rest.at);
    publish(text, name, NULL, &document);
    publish(text + strlen(text) / 2, name, &document, &revision);
    look_at_all(&document, &revision, name);
    if (!text_take(&address, '?', &query)) {
        query = address;
        address = bytes_of(NULL, 0);
    }
    look(query, address, READER_HEBREW, false);
    look(query, address, READER_ENGLISH, true);
    return 0;
}
