/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * make_corpus DIRECTORY TARGET...: writes seeds for fuzz targets into DIRECTORY/TARGET, made by the project's own
 * encoders, so that no binaries are kept.  A target that is not in the table below gets the bare seeds only.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "proto/beacon.h"
#include "proto/bundle_file.h"
#include "proto/fork_proof.h"
#include "proto/bundle.h"
#include "proto/compress.h"
#include "proto/content.h"
#include "proto/entry.h"
#include "proto/frame.h"
#include "proto/limits.h"
#include "proto/trie.h"
#include "tests/support/federation.h"
#include "tests/support/samples.h"

static const char *directory; /* Of the target whose seeds are written. */

static void die(const char *what)
{
    fprintf(stderr, "make_corpus: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void write_seed(const char *name, size_t number, struct bytes bytes)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s-%zu", directory, name, number);
    file = fopen(path, "wb");
    if (!file || (bytes.len > 0 && fwrite(bytes.at, 1, bytes.len, file) != bytes.len) || fclose(file) != 0)
        die(path);
}

static void write_buffer(const char *name, size_t number, struct buffer *b)
{
    if (buffer_error(b) != ERR_OK)
        die(name);
    write_seed(name, number, buffer_bytes(b));
    buffer_free(b);
}

static void must(enum err err, const char *what)
{
    if (err)
        die(what);
}

static struct buffer sample_packed(size_t count)
{
    static const uint8_t salt[CONTENT_SALT_LEN] = {7};
    static const char *const names[] = {CONTENT_DOCUMENT, CONTENT_NAME, "photo.png"};
    struct content_file files[3];
    struct buffer packed = BUFFER(LIMIT_CONTENT);
    struct id id;

    for (size_t i = 0; i < count; i++)
        files[i] = (struct content_file){.name = bytes_text(names[i]), .bytes = bytes_text("# Water\n\nRuth\n")};
    must(content_pack(files, count, salt, &packed, &id), "content");
    return packed;
}

/* The log of one key: an entry for each act.  With `wire` or `commit` both filled in. */
static void sample_entry(enum act act, struct buffer *wire, struct buffer *commit)
{
    static const uint8_t seed[SSHSIG_SEED_LEN] = {5};
    const struct head none = {.seq = 0};
    struct head after;
    struct signing_key key;
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    struct entry entry = {.kibbutz = sample_id(1), .role = ROLE_STEWARD, .root = sample_id(2), .act = act};

    sample_act(&body, act, 1);
    entry.body = buffer_bytes(&body);
    if (act == ACT_UNKNOWN)
        entry.act_name = bytes_text("paint");
    sshsig_key_from_seed(&key, seed);
    must(entry_sign(&entry, &none, &key, 1700000000000 + (uint64_t)act), "entry_sign");
    entry_encode(wire, &entry);
    must(entry_verify(&entry, &none, &after, commit), "entry_verify");
    buffer_free(&body);
}

/* ---- a function for each target ---- */

static void act_seeds(void)
{
    for (size_t act = 0; act <= ACT_UNKNOWN; act++)
        for (size_t many = 0; many < 3; many++) {
            struct buffer seed = BUFFER(LIMIT_ENTRY_BODY);

            buffer_u8(&seed, (uint8_t)act);
            sample_act(&seed, (enum act)act, many);
            write_buffer("act", 3 * act + many, &seed);
        }
}

static void content_seeds(void)
{
    static const uint8_t list[] = "a salt of 32 bytes .............\001a\003one\001b\003two";

    for (size_t count = 1; count <= 3; count++) {
        struct buffer packed = sample_packed(count);

        write_buffer("packed", count, &packed);
    }
    write_seed("list", 0, bytes_of(list, sizeof list - 1));
}

static void charter_seeds(void)
{
    for (size_t founders = 1; founders <= 3; founders++) {
        struct charter charter = sample_charter(founders, founders);
        struct buffer text = BUFFER(LIMIT_CHARTER);

        charter_write(&text, &charter);
        write_buffer("charter", founders, &text);
    }
}

static void invitation_seeds(void)
{
    for (size_t kind = INVITATION_KIBBUTZ; kind <= INVITATION_NODE; kind++) {
        struct invitation invitation = sample_invitation((enum invitation_kind)kind);
        struct buffer line = BUFFER(KIB(2));
        struct buffer body = BUFFER(KIB(2));

        invitation_write(&line, &invitation);
        write_buffer("line", kind, &line);
        buffer_u8(&body, (uint8_t)kind);
        for (unsigned i = 0; i < (kind == INVITATION_KIBBUTZ ? 5 : 6); i++) {
            struct id id = sample_id(i);

            buffer_add(&body, id_bytes(&id));
        }
        buffer_u8(&body, 6);
        buffer_text(&body, "host:1");
        write_buffer("body", kind, &body);
    }
}

static struct buffer sample_bundle(void)
{
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct buffer packed = sample_packed(2);
    struct id id = sample_id(1);

    sample_entry(ACT_PUBLISH, &wire, &commit);
    bundle_begin(&bundle, &id);
    bundle_add_charter(&bundle, bytes_text("igum charter 1\n"));
    bundle_add_entry(&bundle, buffer_bytes(&wire));
    bundle_add_content(&bundle, &id, 1, buffer_bytes(&packed));
    buffer_free(&wire);
    buffer_free(&commit);
    buffer_free(&packed);
    return bundle;
}

static void bundle_seeds(void)
{
    struct buffer bundle = sample_bundle();

    write_buffer("bundle", 0, &bundle);
}

static void compress_seeds(void)
{
    struct buffer bundle = sample_bundle();
    struct buffer frame = BUFFER(LIMIT_BUNDLE);

    buffer_u8(&frame, 255); /* The largest limit. */
    must(compress_frame(buffer_bytes(&bundle), COMPRESS_BULK, &frame), "compress");
    write_buffer("frame", 0, &frame);
    buffer_free(&bundle);
}

/* The target reads wire forms, commits, and messages of commits behind one byte; of network id zero. */
static void entry_seeds(void)
{
    for (size_t act = 0; act <= ACT_UNKNOWN; act++) {
        struct buffer wire = BUFFER(LIMIT_ENTRY);
        struct buffer commit = BUFFER(LIMIT_COMMIT);
        struct buffer message = BUFFER(LIMIT_COMMIT);
        const uint8_t *blank;

        sample_entry((enum act)act, &wire, &commit);
        blank = memmem(commit.at, commit.len, "\n\n", 2);
        buffer_u8(&message, 0);
        buffer_add(&message, bytes_from(buffer_bytes(&commit), (size_t)(blank - commit.at) + 2));
        write_buffer("message", act, &message);
        write_buffer("wire", act, &wire);
        write_buffer("commit", act, &commit);
    }
}

static void commit_seeds(void)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct buffer commit = BUFFER(LIMIT_COMMIT);

    sample_entry(ACT_APPROVE, &wire, &commit);
    write_buffer("commit", 0, &commit);
    buffer_free(&wire);
}

static void fork_proof_seeds(void)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct buffer proof = BUFFER(FORK_PROOF_MAX);

    sample_entry(ACT_APPROVE, &wire, &commit);
    fork_proof_write(&proof, buffer_bytes(&commit), &(struct id){{1}}, buffer_bytes(&commit), &(struct id){{2}});
    write_buffer("proof", 0, &proof);
    buffer_free(&wire);
    buffer_free(&commit);
}

static void sshsig_seeds(void)
{
    static const uint8_t seed[SSHSIG_SEED_LEN] = {5};
    struct buffer armour = BUFFER(KIB(1));
    struct signing_key key;
    struct signature signature;

    sshsig_key_from_seed(&key, seed);
    sshsig_sign(&key, "git", bytes_text("a message"), &signature);
    sshsig_write_armour(&armour, "git", &key.public, &signature);
    write_buffer("armour", 0, &armour);
}

static void markdown_seeds(void)
{
    write_seed("markdown", 0,
               bytes_text("# Water\n\n* one\n* two\n\n[a](a.pdf) ![b](b.png) <b>\n\n| a | b |\n|---|---|\n"));
    write_seed("markdown", 2,
               bytes_text("[a](JaVaScRiPt:alert(1)) [b](java&#115;cript:x) [c](//x) <http://x> [d](data:text/html,x)\n"
                          "![e](http://x/y.png) <iframe src=x> <svg onload=x>\n"));
    write_seed("markdown", 3,
               bytes_text("\xE2\x80\xAE"
                          "abc &#8238;x &#27;[31m \x1b]0;title\x07 \x1b[2J \xE2\x81\xA6x\xC2\x9B\n"));
    write_seed(
        "markdown", 4,
        bytes_text("> > > > > > > > > > > > > > > > > > > > > > > > > > > > > > a\n\n"
                   "* * * * * * * * * * * * * * * * b\n\n[[[[[[[[[[[[[[[[](]((](((\n*a _b *a _b *a _b ~~c *a\n"));
    write_seed("markdown", 1, bytes_text("---\ntitle: Water\n---\n> `code`\n\n```\n<script>\n```\n"));
}

/* An address, a name, and a document. */
static void page_seeds(void)
{
    write_seed(
        "page", 0,
        bytes_text(
            "/documents?kind=minutes&page=2\nscan.pdf\n"
            "---\ntitle: Water\nkind: minutes\nbody: Secretariat\nnumber: 3/26\ndate: 2026-11-17\n"
            "present: [A, \"<b>B\"]\nabsent: [C]\ntopics: [water]\ncontacts:\n  - {name: D, phone: 050-555-0171, "
            "role: E, kibbutz: F, confirmed: 2026-10-12}\n---\n# Water\n\n1. a\n2. b\n\n**Decided:** c\n\n"
            "[x](scan.pdf) ![y](scan.png)\n"));
    write_seed(
        "page", 1,
        bytes_text("/search?q=%22<script>%00\n\"><img src=x onerror=alert(1)>\n"
                   "---\ntitle: \"<script>alert(1)</script>\"\nkind: decision\nbody: \"\\\" onmouseover=\"\n"
                   "number: \"<b>9/26\"\napprovals: 2\n---\n<svg onload=a> [x](javascript:a) [y](//example.invalid) "
                   "<http://example.invalid/x>\n\n| a | b |\n| --- | --- |\n| c |\n"));
    write_seed("page", 2,
               bytes_text("/d/../%2e%2e/a//b\n\xe2\x80\xae"
                          "fdp.exe\n---\ntitle: \"x\xe2\x80\xaey\xe2\x81\xa6z\"\n---\n"
                          "> > > > a\n\n```html\n</code></pre>\n```\n&#8238;abc&#x202e; &#0;\n"));
    write_seed("page", 5, bytes_text("/books\nx\n---\ntitle: Wide\n---\na|a|a|a|a|a|a|a\n-|-|-|-|-|-|-|-\na\na\na\n"));
    write_seed("page", 3, bytes_text("/people?q=a\n\nno front matter: \xff\xfe\x1b[31m\n\n- [ ] task\n- [x] done\n"));
    write_seed(
        "page", 4,
        bytes_text(
            "/book/0123456789abcdef/2026\n.png\n---\nkind: minutes\nnumber: 5/26\n---\nAgenda\n\n1. x\n\n> y\n"));
}

static void search_seeds(void)
{
    write_seed("search", 0,
               bytes_text("מכסות \"ועד הנהלה\" -גינון kind:minutes שנה:2018\n# א\n\nועד הנהלה דן במכסות.\n"));
    write_seed("search", 1, bytes_text("* NEAR(\"a\" 3) OR ^x ~all {a}:b \"\n| a | b |\n| --- | --- |\n"));
    write_seed("search", 2, bytes_text("-\"\" state:void person: 1.5.18 צח\"י\xff\n\xd7"));
}

static void document_seeds(void)
{
    write_seed("document", 0,
               bytes_text("---\ntitle: מים\nkind: decision\nnumber: 9/26\ndate: 2026-06-01\npresent: [א, ב]\n"
                          "contacts:\n  - name: א\n    phone: 050-0000000\napprovals: 2\n---\n\n# מים\n"));
    write_seed("document", 1, bytes_text("סיכום\r\n\r\n1. א\xc2\xa0ב\r\n\xe2\x80\xa2 ג\r\n(ב) ד\r\n"));
    write_seed("document", 2, bytes_text("---\ntitle: [\n---\n"));
}

static void key_file_seeds(void)
{
    static const uint8_t rest[128];
    struct buffer file = BUFFER(256);

    buffer_text(&file, "IGUMNODE");
    buffer_u8(&file, 1);
    buffer_add(&file, bytes_of(rest, 72));
    write_buffer("node", 0, &file);
    file = BUFFER(256);
    buffer_text(&file, "IGUMKEY\n");
    buffer_u8(&file, 1);
    buffer_u8(&file, 1);
    buffer_add(&file, bytes_of(rest, 128));
    write_buffer("person", 0, &file);
}

static void frame_seeds(void)
{
    static const uint8_t body[FRAME_BODY_MAX];
    static const size_t lens[] = {0, 56, 57, 1015, 1016, FRAME_BODY_MAX};

    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct buffer plain = BUFFER(LIMIT_RECORD);

        frame_encode(&plain,
                     &(struct frame){.type = 0x10, .flags = i & 1, .stream = i & 1, .body = bytes_of(body, lens[i])});
        write_buffer("frame", i, &plain);
    }
}

/* Messages of the right sizes to each side. */
static void noise_seeds(void)
{
    static const uint8_t lens[] = {48, 64, 122};

    for (uint8_t way = 0; way < 3; way++) {
        struct buffer seed = BUFFER(KIB(1));

        buffer_u8(&seed, way);
        for (unsigned i = 0; i < sizeof lens; i++) {
            struct id id = sample_id(i);

            buffer_u8(&seed, lens[i]);
            for (size_t rest = lens[i]; rest > 0; rest -= rest < ID_LEN ? rest : ID_LEN)
                buffer_add(&seed, bytes_of(id.at, rest < ID_LEN ? rest : ID_LEN));
        }
        write_buffer("messages", way, &seed);
    }
}

/* A stranger's message (1); then scripts behind the handshake: the session's own records, messages, long ones, time. */
static void session_seeds(void)
{
    static const char stranger[] = "\0\0\70IGUM\1\1\0\60................................................";
    static const char records[] = "\1\3\0\5\1\3\7\2\1\3\1\3\1\5\0\3\0\20\61abc\4\0\22\60abc\2\4\20\1\0\0\3\0\4\21\0";
    static const char flow[] = "\1\10\1\7\377\7\3\5\7\3\0\30\372\3\0\30\372\3\0\30\373\5\0\6\132\5\0\11\10\5\0\6\377";

    write_seed("stranger", 0, bytes_of(stranger, sizeof stranger - 1));
    write_seed("records", 0, bytes_of(records, sizeof records - 1));
    write_seed("flow", 0, bytes_of(flow, sizeof flow - 1));
}

/* The network of the target's own federation: what it signs first, in another bundle. */
static void intake_seeds(void)
{
    static const char spoilt[] = "\1\0\0\1\0\202\0\2\0\203\5\3\0";
    enum { RECORDS = 24 };
    struct federation f;
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);

    federation_begin(&f, "fuzz");
    struct writer anna = federation_writer("anna", &f.founder.kibbutz, ROLE_COORDINATOR);
    buffer_u8(&bundle, 0);
    bundle_begin(&bundle, &f.network);
    bundle_add_charter(&bundle, buffer_bytes(&f.charter));
    federation_grant_coordinator(&f, &f.founder, &anna.key.public, &bundle);
    federation_publish(&f, &anna, "# Water\n", ACT_FOR_NETWORK, &bundle);
    write_buffer("bundle", 0, &bundle);
    for (size_t way = 0; way < 2; way++) {
        buffer_u8(&bundle, 1);
        for (size_t i = 0; i < RECORDS; i++) {
            buffer_u8(&bundle, (uint8_t)(way ? RECORDS - 1 - i : i));
            buffer_u8(&bundle, 0);
        }
        write_buffer("order", way, &bundle);
    }
    write_seed("order", 2, bytes_of(spoilt, sizeof spoilt - 1));
    federation_free(&f);
}

/* The top of a trie of many logs, a leaf below it, and what asks for that. */
static void trie_seeds(void)
{
    struct trie_ask ask = {.place = trie_child(trie_shape(), (struct trie_place){.depth = 0}, 3)};
    struct frontier *frontier = frontier_new();
    struct buffer seed;

    for (unsigned i = 1; frontier && i <= 100; i++) {
        struct head head = {.log = sample_id(i), .seq = i, .entry = sample_id(i + 1), .role = ROLE_NODE};

        must(frontier_add(frontier, NULL, &head, NULL), "frontier");
    }
    for (unsigned depth = 0; depth < 2; depth++) {
        seed = BUFFER(KIB(8));
        buffer_u8(&seed, MESSAGE_TRIE);
        buffer_u32(&seed, depth);
        must(trie_write_node(&seed, frontier, trie_shape(), depth ? ask.place : (struct trie_place){.depth = 0}),
             "trie");
        trie_write_gone(&seed);
        write_buffer("trie", depth, &seed);
    }
    seed = BUFFER(KIB(1));
    buffer_u8(&seed, MESSAGE_WANT_TRIE);
    buffer_u32(&seed, 1);
    trie_write_ask(&seed, &ask);
    write_buffer("want_trie", 1, &seed);
    frontier_free(frontier);
}

static void message_seeds(void)
{
    struct message_roots roots = {.frontier = sample_id(1), .missing = 3};
    struct head head = {.log = sample_id(1), .seq = 5, .entry = sample_id(2), .role = ROLE_STEWARD};
    struct message_range range = {.log = sample_id(1), .from = 2, .to = 7};
    static const uint8_t types[] = {MESSAGE_ROOTS,  MESSAGE_VECTOR,  MESSAGE_WANT, MESSAGE_WANT_CONTENT,
                                    MESSAGE_BUNDLE, MESSAGE_REFUSED, MESSAGE_LEAN};
    struct message_lean lean = {.runs = {{.seq = 9, .count = 4}},
                                .run_count = 1,
                                .has_root = true,
                                .lean = {.has_content = true},
                                .frame = bytes_text("frame")};

    for (size_t i = 0; i < sizeof types; i++) {
        struct buffer seed = BUFFER(KIB(1));

        buffer_u8(&seed, types[i]);
        if (types[i] == MESSAGE_WANT || types[i] == MESSAGE_WANT_CONTENT)
            buffer_u32(&seed, 9);
        for (size_t many = 0; many < 2; many++) {
            if (types[i] == MESSAGE_VECTOR)
                message_write_item(&seed, &head);
            else if (types[i] == MESSAGE_WANT || types[i] == MESSAGE_WANT_CONTENT)
                message_write_range(&seed, &range, types[i] == MESSAGE_WANT_CONTENT);
        }
        if (types[i] == MESSAGE_ROOTS)
            message_write_roots(&seed, &roots);
        else if (types[i] == MESSAGE_BUNDLE)
            message_write_bundle(&seed, 9, MESSAGE_LAST, bytes_text("frame"));
        else if (types[i] == MESSAGE_REFUSED)
            message_write_refused(&seed, MESSAGE_REFUSED_USED, "used before");
        else if (types[i] == MESSAGE_LEAN)
            message_write_lean(&seed, &lean);
        write_buffer("message", i, &seed);
    }
    trie_seeds();
}

static void beacon_seeds(void)
{
    const struct id network = {{1}};
    struct buffer datagram = BUFFER(BEACON_LEN), plain = BUFFER(BEACON_LEN);
    struct beacon beacon = {.clock_ms = 5, .port = 8610, .salt = {2}};
    uint8_t seed[SSHSIG_SEED_LEN] = {3};
    struct signing_key key;

    sshsig_key_from_seed(&key, seed);
    beacon_write(&datagram, &network, &key, &beacon);
    write_buffer("datagram", 1, &datagram);
    buffer_add(&plain, id_bytes(&beacon.node));
    buffer_u64(&plain, beacon.clock_ms);
    buffer_u16(&plain, beacon.port);
    buffer_add(&plain, bytes_of(beacon.signature.at, SSHSIG_LEN));
    write_buffer("plain", 1, &plain);
}

static void bundle_file_seeds(void)
{
    struct bundle_file_header header = {.network = {{1}}, .part = 1};
    struct buffer file = BUFFER(KIB(4));
    struct bundle_file_writer w;

    bundle_file_begin(&w, &header, &file);
    for (unsigned i = 0; i < 3; i++)
        bundle_file_add(&w, BUNDLE_FILE_BUNDLE, bytes_text("body"), &file);
    bundle_file_end(&w, true, &file);
    write_seed("cut", 1, bytes_of(file.at, file.len - 20));
    write_buffer("whole", 1, &file);
}

static void canary_seeds(void)
{
    write_seed("bug", 0, bytes_text("bug!"));
}

static const struct {
    const char *target;
    void (*write)(void);
} TARGETS[] = {
    {"act", act_seeds},
    {"bundle", bundle_seeds},
    {"canary", canary_seeds},
    {"charter", charter_seeds},
    {"commit", commit_seeds},
    {"compress", compress_seeds},
    {"content", content_seeds},
    {"document", document_seeds},
    {"search", search_seeds},
    {"page", page_seeds},
    {"entry", entry_seeds},
    {"frame", frame_seeds},
    {"intake", intake_seeds},
    {"invitation", invitation_seeds},
    {"key_file", key_file_seeds},
    {"markdown", markdown_seeds},
    {"message", message_seeds},
    {"noise", noise_seeds},
    {"session", session_seeds},
    {"sshsig", sshsig_seeds},
    {"fork_proof", fork_proof_seeds},
    {"beacon", beacon_seeds},
    {"bundle_file", bundle_file_seeds},
};

static void bare_seeds(void)
{
    uint8_t run[256];

    write_seed("bare", 0, bytes_of(NULL, 0));
    memset(run, 0, sizeof run);
    write_seed("bare", 1, bytes_of(run, sizeof run));
    memset(run, 0xff, sizeof run);
    write_seed("bare", 2, bytes_of(run, sizeof run));
    for (size_t i = 0; i < sizeof run; i++)
        run[i] = (uint8_t)i;
    write_seed("bare", 3, bytes_of(run, sizeof run));
}

static void make_directory(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        die(path);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: make_corpus DIRECTORY TARGET...\n");
        return 2;
    }
    make_directory(argv[1]);
    for (int i = 2; i < argc; i++) {
        char path[4000];

        snprintf(path, sizeof path, "%s/%s", argv[1], argv[i]);
        make_directory(path);
        directory = path;
        bare_seeds();
        for (size_t j = 0; j < sizeof TARGETS / sizeof TARGETS[0]; j++)
            if (strcmp(TARGETS[j].target, argv[i]) == 0)
                TARGETS[j].write();
    }
    return 0;
}
