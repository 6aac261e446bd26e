/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The kibbutzim and their nodes in words; forks, what they mean, and their proofs to save. */
#include "node/delivery.h"
#include "node/list.h"
#include "node/proof.h"
#include "node/route.h"
#include "proto/fork_proof.h"
#include "proto/text.h"

#include <stdio.h>

#define CONTESTED_ROWS 50

/* ---- kibbutzim ---- */

static const char *standing_of(const struct trust_kibbutz *kibbutz)
{
    if (kibbutz->closed)
        return SAY("has left the network");
    if (kibbutz->status != TRUST_GOOD)
        return SAY("waits for the approvals that admit it");
    if (!kibbutz->joined)
        return SAY("was invited and has not joined yet");
    return kibbutz->votes ? SAY("votes in the council") : SAY("a member without a vote");
}

/* The people or the nodes of a kibbutz, by their names; returns how many there are. */
static size_t write_keys(struct page *page, struct site *site, const struct id *kibbutz, bool nodes)
{
    const struct roster *roster = site_roster(site);
    size_t count = 0;

    for (size_t i = 0; i < roster_key_count(roster); i++) {
        const struct trust_key *key = roster_key_at(roster, i);

        if (!id_equal(&key->kibbutz, kibbutz) || (key->role == ROLE_NODE) != nodes || key->role == ROLE_CARD ||
            (key->status != TRUST_GOOD && key->status != TRUST_CONTESTED))
            continue;
        page_markup(page, count++ > 0 ? ", " : "");
        layout_person(page, site, &key->key);
        if (key->status == TRUST_CONTESTED) {
            page_html(page, " <span class=\"state fork\">");
            page_say(page, "Contested");
            page_html(page, "</span>");
        }
    }
    return count;
}

static void write_fact(struct page *page, struct site *site, const char *label, const struct id *kibbutz, bool nodes)
{
    size_t before = page->out.len;

    page_html(page, "<dt>");
    page_say(page, label);
    page_html(page, "</dt><dd>");
    if (write_keys(page, site, kibbutz, nodes) == 0) {
        page->out.len = before;
        return;
    }
    page_html(page, "</dd>");
}

static uint64_t documents_of(const struct overview *o, const struct id *kibbutz)
{
    for (size_t i = 0; i < o->share_count; i++)
        if (id_equal(&o->shares[i].kibbutz, kibbutz))
            return o->shares[i].documents;
    return 0;
}

static void write_kibbutz(struct page *page, struct site *site, const struct overview *o,
                          const struct delivery_tally *tally, const struct trust_kibbutz *kibbutz)
{
    uint64_t documents = documents_of(o, &kibbutz->kibbutz);
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 32];

    page_html(page, "<li><h3>");
    layout_kibbutz(page, site, &kibbutz->kibbutz);
    page_html(page, "</h3><div>");
    delivery_heard(page, site, &kibbutz->kibbutz);
    delivery_behind(page, tally, &kibbutz->kibbutz);
    page_html(page, "<p>");
    page_say(page, standing_of(kibbutz));
    if (documents > 0) {
        id_to_text(&kibbutz->kibbutz, id);
        snprintf(path, sizeof path, "/documents?kibbutz=%s", id);
        page_html(page, "; <a");
        page_href(page, path);
        page_html(page, ">");
        page_say_count(page, documents, "One document", "%1 documents");
        page_html(page, "</a>");
    }
    page_html(page, ".</p><dl class=\"facts\">");
    write_fact(page, site, SAY("People who sign"), &kibbutz->kibbutz, false);
    write_fact(page, site, SAY("Nodes"), &kibbutz->kibbutz, true);
    page_html(page, "</dl></div></li>\n");
}

static void write_kibbutzim(struct page *page, struct site *site, const struct overview *o)
{
    struct delivery_tally *tally = delivery_tally_make(site);
    const struct roster *roster = site_roster(site);

    page_html(page, "<section class=\"part\" aria-labelledby=\"kibbutzim\"><h2 id=\"kibbutzim\">");
    page_say(page, "Kibbutzim and their nodes");
    page_html(page, "</h2>\n<ul class=\"asks\">\n");
    for (size_t i = 0; i < roster_kibbutz_count(roster); i++)
        write_kibbutz(page, site, o, tally, roster_kibbutz_at(roster, i));
    delivery_tally_free(tally);
    page_html(page, "</ul></section>\n");
}

/* ---- what is contested ---- */

static void fork_path(const struct trust_fork *fork, char path[ID_TEXT_LEN + 16])
{
    char id[ID_TEXT_LEN + 1];

    id_to_text(&fork->log, id);
    snprintf(path, ID_TEXT_LEN + 16, "/fork/%s", id);
}

static void write_forks(struct page *page, struct site *site)
{
    const struct roster *roster = site_roster(site);
    size_t count = roster_fork_count(roster);
    char path[ID_TEXT_LEN + 16];

    page_html(page, "<section class=\"part\" aria-labelledby=\"forks\"><h2 id=\"forks\">");
    page_say(page, "Forks");
    page_html(page, "</h2>\n");
    if (count == 0) {
        page_html(page, "<p class=\"soft\">");
        page_say(page, "No key has signed two different entries under one number.");
        page_html(page, "</p>");
    } else {
        page_html(page, "<ul class=\"plain\">\n");
    }
    for (size_t i = 0; i < count; i++) {
        const struct trust_fork *fork = roster_fork_at(roster, i);

        fork_path(fork, path);
        page_html(page, "<li><a");
        page_href(page, path);
        page_html(page, "><span>");
        layout_person(page, site, &fork->log);
        page_html(page, "</span><span>");
        page_say(page, fork->settled ? SAY("settled") : SAY("not settled yet"));
        page_html(page, "</span></a></li>\n");
    }
    page_markup(page, count > 0 ? "</ul></section>\n" : "</section>\n");
}

struct rows {
    struct page *page;
    struct site *site;
    size_t count;
};

static enum err write_row(void *context, const struct index_revision *revision)
{
    struct rows *rows = context;

    if (rows->count++ == 0)
        page_html(rows->page, "<ol class=\"rows\">\n");
    list_row(rows->page, rows->site, revision);
    return ERR_OK;
}

static enum err write_contested(struct page *page, struct site *site)
{
    static const enum trust_state disputed = TRUST_DISPUTED;
    const struct index_filter filter = {.state = &disputed, .with_void = true, .limit = CONTESTED_ROWS};
    struct rows rows = {page, site, 0};
    enum err err;

    page_html(page, "<section class=\"part\" aria-labelledby=\"contested\"><h2 id=\"contested\">");
    page_say(page, "Contested documents");
    page_html(page, "</h2>\n");
    err = index_each_document(site_index(site), &filter, write_row, &rows);
    if (rows.count == 0) {
        page_html(page, "<p class=\"soft\">");
        page_say(page, "No document is contested.");
        page_html(page, "</p>");
    } else {
        page_html(page, "</ol>");
    }
    page_html(page, "</section>\n");
    return err;
}

enum err route_network(struct site *site, const struct route_request *request, struct bytes rest,
                       struct route_answer *answer)
{
    const struct overview *o = site_overview(site);
    struct page *page = &answer->page;
    enum err err;

    (void)request;
    (void)rest;
    if (o == NULL)
        return ERR_BUSY;
    layout_begin(page, site, bytes_text(reader_text(page->language, SAY("Kibbutzim"))), "/network");
    page_html(page, "<h1>");
    page_say(page, "Kibbutzim");
    page_html(page, "</h1>\n");
    if (site_roster(site) != NULL) {
        write_kibbutzim(page, site, o);
        write_forks(page, site);
    }
    err = write_contested(page, site);
    layout_end(page, "/network");
    return err;
}

/* ---- one fork ---- */

static bool find_fork(struct site *site, const struct id *log, struct trust_fork *fork)
{
    const struct roster *roster = site_roster(site);

    for (size_t i = 0; roster != NULL && i < roster_fork_count(roster); i++) {
        *fork = *roster_fork_at(roster, i);
        if (id_equal(&fork->log, log))
            return true;
    }
    return false;
}

static enum err take_title(void *context, const struct index_revision *revision)
{
    struct buffer *title = context;

    buffer_clear(title);
    buffer_add(title, revision->title);
    return ERR_OK;
}

static void write_branch(struct page *page, struct site *site, const struct id *id, const char *name)
{
    struct buffer title = BUFFER(KIB(4));
    struct index_entry entry;
    char document[ID_TEXT_LEN + 1], revision[ID_TEXT_LEN + 1], path[2 * ID_TEXT_LEN + 16];

    page_html(page, "<div class=\"panel\"><h2>");
    page_say(page, name);
    page_html(page, "</h2><dl class=\"facts\">");
    if (index_find_id(site_index(site), id, &entry) == ERR_OK) {
        page_html(page, "<dt>");
        page_say(page, "Signed");
        page_html(page, "</dt><dd>");
        layout_moment(page, ENTRY_CLOCK_MS(entry.clock));
        page_html(page, "</dd>");
        if ((entry.act == ACT_PUBLISH || entry.act == ACT_REVISE) &&
            index_each_revision(site_index(site), &entry.document, take_title, &title) == ERR_OK) {
            id_to_text(&entry.document, document);
            id_to_text(id, revision);
            snprintf(path, sizeof path, "/d/%s/r/%s", document, revision);
            page_html(page, "<dt>");
            page_say(page, "Document");
            page_html(page, "</dt><dd><a");
            page_href(page, path);
            page_html(page, ">");
            if (title.len > 0)
                page_isolated(page, buffer_bytes(&title));
            else
                page_say(page, "A document without a title");
            page_html(page, "</a></dd>");
        }
    }
    page_html(page, "<dt>");
    page_say(page, "Entry");
    page_html(page, "</dt><dd><bdi dir=\"ltr\" class=\"hash\">");
    page_id(page, id);
    page_html(page, "</bdi></dd></dl></div>\n");
    buffer_free(&title);
}

static void write_meaning(struct page *page, const struct trust_fork *fork)
{
    page_html(page, "<section class=\"part doc\"><h2>");
    page_say(page, "What this means");
    page_html(page, "</h2>\n<ul><li>");
    page_say(page, "Most forks are accidents: a computer restored from a backup, or a key copied to a second one. "
                   "Nobody is accused of anything.");
    page_html(page, "</li><li>");
    page_fill(page,
              fork->settled ? SAY("It is settled: a pin says what stands of this log from entry %1 on.")
                            : SAY("Until it is settled, what this key signed from entry %1 on is contested: it can be "
                                  "read, but counts as no approval and puts nothing in force."),
              PAGE_NUMBER(fork->seq));
    page_html(page, "</li><li>");
    page_say(page, "What was signed before stands, and the logs of others are not touched.");
    page_html(page, "</li></ul></section>\n");
}

/* Whose key it is, in words and in digits. */
static void write_signer(struct page *page, struct site *site, const struct trust_fork *fork)
{
    static const char *const offices[] = {[ROLE_STEWARD] = SAY("steward"),
                                          [ROLE_COORDINATOR] = SAY("coordinator"),
                                          [ROLE_NODE] = SAY("node"),
                                          [ROLE_INVITATION] = SAY("an invitation")};
    struct trust_key key = roster_key(site_roster(site), &fork->log);

    page_html(page, "<dl class=\"facts\"><dt>");
    page_say(page, "Signed by");
    page_html(page, "</dt><dd>");
    layout_person(page, site, &fork->log);
    page_html(page, "</dd><dt>");
    page_say(page, "Role");
    page_html(page, "</dt><dd>");
    if (key.role >= ROLE_STEWARD && key.role <= ROLE_INVITATION) {
        page_say(page, offices[key.role]);
        page_html(page, ", ");
        layout_kibbutz(page, site, &key.kibbutz);
    }
    page_html(page, "</dd><dt>");
    page_say(page, "Key");
    page_html(page, "</dt><dd><bdi dir=\"ltr\" class=\"hash\">");
    page_id(page, &fork->log);
    page_html(page, "</bdi></dd></dl>\n");
}

static void write_fork(struct page *page, struct site *site, const struct trust_fork *fork)
{
    char path[ID_TEXT_LEN + 16], proof[ID_TEXT_LEN + 32];

    fork_path(fork, path);
    snprintf(proof, sizeof proof, "%s/proof", path);
    layout_begin(page, site, bytes_text(reader_text(page->language, SAY("A fork"))), path);
    page_html(page, "<article><header class=\"doc-head\"><div class=\"kicker\"><span class=\"state fork\">");
    page_say(page, fork->settled ? SAY("settled") : SAY("Contested"));
    page_html(page, "</span></div><h1>");
    page_say(page, "Two different entries were signed under one number");
    page_html(page, "</h1><p class=\"dates\"><span>");
    layout_person(page, site, &fork->log);
    page_html(page, "</span> <span>");
    page_fill(page, "entry %1", PAGE_NUMBER(fork->seq));
    page_html(page, "</span></p></header>\n");
    write_signer(page, site, fork);
    page_html(page, "<div class=\"choose\">");
    write_branch(page, site, &fork->a, SAY("The one"));
    write_branch(page, site, &fork->b, SAY("The other"));
    page_html(page, "</div>\n");
    write_meaning(page, fork);
    page_html(page, "<section class=\"part\"><h2>");
    page_say(page, "The proof");
    page_html(page, "</h2><p class=\"small\">");
    page_say(page, "One file with the two signed entries. An auditor can check it without Igum.");
    page_html(page, "</p><p class=\"acts\"><a class=\"btn\" download href=\"");
    page_address(page, proof);
    page_html(page, "\">");
    page_say(page, "Save the proof");
    page_html(page, "</a></p></section></article>\n");
    layout_end(page, path);
}

static enum err give_proof(struct site *site, const struct trust_fork *fork, struct route_answer *answer)
{
    struct buffer proof = BUFFER(FORK_PROOF_MAX);
    enum err err = proof_make(site_archive(site), fork, &proof);

    answer->type = "application/octet-stream";
    snprintf(answer->disposition, sizeof answer->disposition, "attachment; filename=\"fork.proof\"");
    buffer_add(&answer->page.out, buffer_bytes(&proof));
    buffer_free(&proof);
    return err;
}

enum err route_fork(struct site *site, const struct route_request *request, struct bytes rest,
                    struct route_answer *answer)
{
    struct bytes text = bytes_of(rest.at, rest.len < ID_TEXT_LEN ? rest.len : ID_TEXT_LEN);
    struct trust_fork fork;
    struct id log;

    (void)request;
    rest = bytes_from(rest, text.len);
    (void)site_network_name(site); /* Gathers what trust says. */
    if (id_from_text(text, &log) != ERR_OK || !find_fork(site, &log, &fork))
        return ERR_MISSING;
    if (bytes_equal(rest, bytes_text("/proof")))
        return give_proof(site, &fork, answer);
    if (rest.len > 0)
        return ERR_MISSING;
    write_fork(&answer->page, site, &fork);
    return ERR_OK;
}
