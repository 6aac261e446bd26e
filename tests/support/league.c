/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/support/league.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define START_MS UINT64_C(1790000000000)
#define ORDERS 12

/* A test whose fixture cannot be made has nothing to say: it ends loudly. */
static void need(enum err err, const char *what)
{
    if (err) {
        fprintf(stderr, "league: %s: %s\n", what, err_text(err));
        abort();
    }
}

const char *league_hex(const struct id *id)
{
    static char text[8][ID_TEXT_LEN + 1];
    static unsigned next;
    char *at = text[next++ % 8];

    id_to_text(id, at);
    return at;
}

struct league_writer league_writer(const char *label, const struct id *kibbutz, enum role role)
{
    struct league_writer w = {.kibbutz = *kibbutz, .role = role};
    struct id seed = id_hash(ID_BLOB, bytes_text(label));

    sshsig_key_from_seed(&w.key, seed.at);
    w.head.log = w.key.public;
    return w;
}

static struct id card_of(const struct league_writer *card)
{
    return id_hash(ID_CARD, id_bytes(&card->key.public));
}

static void make_people(struct league *l)
{
    char label[32];

    for (size_t i = 0; i < l->founder_count; i++) {
        snprintf(label, sizeof label, "steward %zu", i);
        l->stewards[i] = league_writer(label, &l->kibbutzim[i], ROLE_STEWARD);
        snprintf(label, sizeof label, "second %zu", i);
        l->seconds[i] = league_writer(label, &l->kibbutzim[i], ROLE_STEWARD);
        snprintf(label, sizeof label, "card %zu", i);
        l->cards[i] = league_writer(label, &l->kibbutzim[i], ROLE_CARD);
    }
}

void league_begin(struct league *l, struct league_options options)
{
    struct charter *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    *l = (struct league){.charter = BUFFER(LIMIT_CHARTER), .founder_count = options.founders, .now_ms = START_MS};
    make_people(l);
    c->name = bytes_text(options.name);
    c->nonce = id_hash(ID_BLOB, c->name);
    c->majority = options.majority;
    c->admission = options.admission;
    c->founder_count = options.founders;
    for (size_t i = 0; i < options.founders; i++) {
        c->founders[i].name = bytes_text("קיבוץ");
        c->founders[i].card = card_of(&l->cards[i]);
        c->founders[i].steward_count = 1 + options.has_seconds;
        c->founders[i].stewards[0].key = l->stewards[i].key.public;
        c->founders[i].stewards[1].key = l->seconds[i].key.public;
        c->founders[i].stewards[0].name = c->founders[i].stewards[1].name = bytes_text("דנה");
    }
    charter_write(&l->charter, c);
    need(charter_read(buffer_bytes(&l->charter), c), "charter");
    l->network = l->root = c->network;
    for (size_t i = 0; i < options.founders; i++)
        l->kibbutzim[i] = c->founders[i].kibbutz;
    make_people(l);
    free(c);
}

void league_free(struct league *l)
{
    for (size_t i = 0; i < l->count; i++)
        buffer_free(&l->wires[i]);
    buffer_free(&l->charter);
}

/* ---- signing ---- */

static struct id sign(struct league *l, struct league_writer *w, enum act act, struct bytes body)
{
    struct entry entry = {
        .network = l->network, .kibbutz = w->kibbutz, .role = w->role, .root = l->root, .act = act, .body = body};
    struct buffer *wire = &l->wires[l->count], commit = BUFFER(LIMIT_COMMIT);
    struct head after;

    if (l->count == LEAGUE_ENTRIES)
        abort();
    l->now_ms += 1000;
    need(entry_sign(&entry, &w->head, &w->key, l->now_ms), act_name(act));
    need(entry_verify(&entry, &w->head, &after, &commit), "verify");
    *wire = BUFFER(LIMIT_ENTRY);
    entry_encode(wire, &entry);
    need(buffer_error(wire), "encode");
    need(entry_decode(buffer_bytes(wire), &l->network, &l->entries[l->count]), "decode");
    l->ids[l->count++] = after.entry;
    w->head = after;
    buffer_free(&commit);
    return after.entry;
}

struct id league_sign(struct league *l, struct league_writer *w, enum act act, const char *format, ...)
{
    char body[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(body, sizeof body, format, arguments);
    va_end(arguments);
    return sign(l, w, act, bytes_text(body));
}

void league_withhold(struct league *l, const struct id *entry)
{
    size_t at = 0;

    while (at < l->count && !id_equal(&l->ids[at], entry))
        at++;
    if (at == l->count)
        abort();
    buffer_free(&l->wires[at]);
    for (l->count--; at < l->count; at++) {
        l->wires[at] = l->wires[at + 1];
        l->entries[at] = l->entries[at + 1];
        l->ids[at] = l->ids[at + 1];
    }
}

const struct entry *league_last(const struct league *l)
{
    return &l->entries[l->count - 1];
}

/* An id of a content: nobody here looks at contents, so there is none. */
static const char *new_content(struct league *l)
{
    unsigned number = ++l->contents;
    struct id id = id_hash(ID_CONTENT, bytes_of(&number, sizeof number));

    return league_hex(&id);
}

struct id league_grant(struct league *l, struct league_writer *steward, const struct league_writer *who)
{
    return league_sign(l, steward, ACT_GRANT, "subject %s\ngrants coordinator\nby key\ncontent %s\n",
                       league_hex(&who->key.public), new_content(l));
}

struct id league_invite(struct league *l, struct league_writer *steward, const struct league_writer *ephemeral,
                        enum role role)
{
    return league_sign(l, steward, ACT_GRANT, "subject %s\ngrants %s\nby invitation\ncontent %s\n",
                       league_hex(&ephemeral->key.public), role_name(role), new_content(l));
}

struct id league_revoke(struct league *l, struct league_writer *steward, const struct id *key, uint64_t seq,
                        const struct id *last)
{
    return league_sign(l, steward, ACT_REVOKE, "subject %s\npin %llu %s\nwhy retire\n", league_hex(key),
                       (unsigned long long)seq, seq ? league_hex(last) : "-");
}

struct id league_admit(struct league *l, struct league_writer *steward, const struct league_writer *ephemeral)
{
    return league_sign(l, steward, ACT_ADMIT, "invited %s\ncontent %s\n", league_hex(&ephemeral->key.public),
                       new_content(l));
}

struct id league_accept(struct league *l, struct league_writer *ephemeral, const struct id *grant,
                        const struct league_writer *newcomer, const struct id *card)
{
    struct id hash = act_consent_hash(&l->network, &ephemeral->key.public, grant, &newcomer->key.public, card, NULL);
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), hex = BUFFER(2 * SSHSIG_LEN);
    struct signature consent;

    sshsig_sign_plain(&newcomer->key, id_bytes(&hash), &consent);
    buffer_hex(&hex, bytes_of(consent.at, SSHSIG_LEN));
    act_write_id(&body, ACT_INVITATION, grant);
    act_write_id(&body, ACT_KEY, &newcomer->key.public);
    if (card)
        act_write_id(&body, ACT_CARD, card);
    act_write(&body, ACT_CONSENT, buffer_bytes(&hex));
    struct id id = sign(l, ephemeral, ACT_ACCEPT, buffer_bytes(&body));
    buffer_free(&hex);
    buffer_free(&body);
    return id;
}

struct id league_approve(struct league *l, struct league_writer *w, const struct id *subject)
{
    return league_sign(l, w, ACT_APPROVE, "subject %s\n", league_hex(subject));
}

struct id league_publish(struct league *l, struct league_writer *w, unsigned needed, const char *count)
{
    return league_sign(l, w, ACT_PUBLISH, "audience network\ncontent %s\nneed %u\ncount %s\n", new_content(l), needed,
                       count);
}

struct id league_revise(struct league *l, struct league_writer *w, const struct id *document, const struct id *after,
                        unsigned needed)
{
    return league_sign(l, w, ACT_REVISE,
                       "document %s\nafter %s\naudience network\ncontent %s\nneed %u\ncount kibbutzim\n",
                       league_hex(document), league_hex(after), new_content(l), needed);
}

struct id league_stand(struct league *l, struct league_writer *w)
{
    return league_sign(l, w, ACT_TRANSPORT, "channel %s\n", new_content(l));
}

/* ---- council roots ---- */

struct league_root league_root(const struct league *l, const struct id *base)
{
    struct league_root root = {
        .base = *base, .majority = l->founder_count / 2 + 1, .admission = 1, .line_count = l->founder_count};

    for (size_t i = 0; i < l->founder_count; i++)
        root.lines[i] = (struct league_line){.kibbutz = l->kibbutzim[i],
                                             .card = card_of(&l->cards[i]),
                                             .votes = true,
                                             .key_count = 1,
                                             .keys = {l->stewards[i].key.public}};
    return root;
}

void league_cut(struct league_root *root, const struct league_writer *w, uint64_t seq, const struct id *last)
{
    root->cuts[root->cut_count++] = (struct league_pin){w->key.public, w->kibbutz, *last, seq};
}

void league_replace(struct league_root *root, const struct league *l, size_t founder, const struct id *key)
{
    const struct league_writer *old = &l->stewards[founder];

    root->lines[founder].keys[0] = *key;
    league_cut(root, old, old->head.seq, &old->head.entry);
}

static void write_id(struct buffer *out, const struct id *id)
{
    buffer_text(out, " ");
    buffer_text(out, league_hex(id));
}

static int order_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

static int order_lines(const void *a, const void *b)
{
    return id_compare(&((const struct league_line *)a)->kibbutz, &((const struct league_line *)b)->kibbutz);
}

static int order_pins(const void *a, const void *b)
{
    return id_compare(&((const struct league_pin *)a)->key, &((const struct league_pin *)b)->key);
}

static void write_pins(struct buffer *out, const char *word, const struct league_pin pins[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char seq[24];

        snprintf(seq, sizeof seq, " %llu", (unsigned long long)pins[i].seq);
        buffer_text(out, word);
        write_id(out, &pins[i].key);
        write_id(out, &pins[i].kibbutz);
        buffer_text(out, seq);
        if (pins[i].seq)
            write_id(out, &pins[i].last);
        else
            buffer_text(out, " -");
        buffer_text(out, "\n");
    }
}

static void write_ids(struct buffer *out, const char *word, const struct id ids[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_text(out, word);
        write_id(out, &ids[i]);
        buffer_text(out, "\n");
    }
}

struct id league_propose(struct league *l, struct league_writer *w, const struct league_root *plan)
{
    struct league_root root = *plan;
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    qsort(root.lines, root.line_count, sizeof *root.lines, order_lines);
    qsort(root.cuts, root.cut_count, sizeof *root.cuts, order_pins);
    qsort(root.keeps, root.keep_count, sizeof *root.keeps, order_pins);
    qsort(root.closed, root.closed_count, sizeof *root.closed, order_ids);
    qsort(root.over, root.over_count, sizeof *root.over, order_ids);
    act_write_id(&body, ACT_BASE, &root.base);
    act_write_number(&body, ACT_MAJORITY, root.majority);
    act_write_number(&body, ACT_ADMISSION, root.admission);
    for (size_t i = 0; i < root.line_count; i++) {
        struct league_line *line = &root.lines[i];

        qsort(line->keys, line->key_count, sizeof *line->keys, order_ids);
        buffer_text(&body, "line");
        write_id(&body, &line->kibbutz);
        buffer_text(&body, line->votes ? " vote" : " none");
        write_id(&body, &line->card);
        for (size_t j = 0; j < line->key_count; j++)
            write_id(&body, &line->keys[j]);
        buffer_text(&body, "\n");
    }
    write_pins(&body, "cut", root.cuts, root.cut_count);
    write_pins(&body, "keep", root.keeps, root.keep_count);
    write_ids(&body, "closed", root.closed, root.closed_count);
    write_ids(&body, "over", root.over, root.over_count);
    struct id id = sign(l, w, ACT_COUNCIL, buffer_bytes(&body));
    buffer_free(&body);
    return id;
}

/* ---- judging ---- */

static struct trust *fresh(const struct league *l, const struct id *anchor)
{
    struct trust *t = trust_new(buffer_bytes(&l->charter));

    if (!t)
        abort();
    if (anchor)
        trust_set_anchor(t, anchor);
    return t;
}

static void add(struct trust *t, const struct league *l, size_t index)
{
    need(trust_add(t, &l->entries[index], &l->ids[index]), "add");
}

/* Adds all in an order drawn from a number; every other order is asked after each entry. */
static struct id print_in_order(const struct league *l, const struct id *anchor, uint64_t number)
{
    struct trust *t = fresh(l, anchor);
    size_t order[LEAGUE_ENTRIES];
    uint64_t state = number * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < l->count; i++)
        order[i] = number ? i : l->count - 1 - i;
    for (size_t i = l->count; number && i > 1; i--) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t j = (size_t)(state >> 33) % i, kept = order[i - 1];

        order[i - 1] = order[j];
        order[j] = kept;
    }
    for (size_t i = 0; i < l->count; i++) {
        add(t, l, order[i]);
        if (number % 2)
            (void)trust_fingerprint(t);
    }
    struct id print = trust_fingerprint(t);
    trust_free(t);
    return print;
}

struct trust *league_judge_anchored(const struct league *l, const struct id *anchor)
{
    struct trust *t = fresh(l, anchor);

    for (size_t i = 0; i < l->count; i++)
        add(t, l, i);
    struct id print = trust_fingerprint(t);
    for (uint64_t number = 0; number < ORDERS; number++) {
        struct id other = print_in_order(l, anchor, number);

        if (!id_equal(&print, &other)) {
            fprintf(stderr, "league: order %llu ends in another state\n", (unsigned long long)number);
            abort();
        }
    }
    return t;
}

struct trust *league_judge(const struct league *l)
{
    return league_judge_anchored(l, NULL);
}
