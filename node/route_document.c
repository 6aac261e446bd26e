/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A document: its newest revision, or the one that is asked for. */
#include "node/banner.h"
#include "node/comparison.h"
#include "node/contact.h"
#include "node/delivery.h"
#include "node/layout.h"
#include "node/markdown.h"
#include "node/route.h"
#include "node/view.h"
#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>

static void write_heading(struct page *page, const char *text, const char *id)
{
    page_html(page, "<section class=\"panel\" aria-labelledby=\"");
    page_markup(page, id);
    page_html(page, "\"><h2 id=\"");
    page_markup(page, id);
    page_html(page, "\">");
    page_say(page, text);
    page_html(page, "</h2>\n");
}

static bool is_void(const struct view *v)
{
    return v->judged.state == TRUST_NULL || v->shown->verdict.status == TRUST_VOID;
}

/* ---- the head ---- */

static void write_kicker(struct page *page, const struct view *v)
{
    const struct front_matter *front = &v->text->front;

    page_html(page, "<div class=\"kicker\">");
    if (front->number.len > 0) {
        page_html(page, "<span class=\"number\">");
        page_ltr(page, front->number);
        page_html(page, "</span>");
    }
    page_html(page, "<span>");
    if (v->here) {
        layout_kind(page, bytes_text(document_kind_name(front->kind)));
        page_html(page, " · ");
    }
    if (front->body.len > 0) {
        page_isolated(page, front->body);
        page_html(page, " · ");
    }
    layout_kibbutz(page, v->site, &v->shown->kibbutz);
    page_html(page, "</span>");
    layout_state(page, &(struct index_revision){
                           .judged = v->judged, .kind = bytes_text(document_kind_name(front->kind)), .here = v->here});
    page_html(page, "</div>\n");
}

static void write_head(struct page *page, const struct view *v)
{
    struct bytes title = v->text->front.title;
    struct date date;

    page_html(page, "<header class=\"doc-head\">\n");
    write_kicker(page, v);
    page_html(page, "<h1");
    page_direction(page, title);
    page_markup(page, is_void(v) ? " class=\"struck\">" : ">");
    if (title.len > 0)
        page_text(page, title);
    else
        page_say(page,
                 v->judged.erased ? SAY("A document whose content was erased") : SAY("A document without a title"));
    page_html(page, "</h1>\n<p class=\"dates\">");
    if (date_parse(v->text->front.date, &date) || date_from_ms(ENTRY_CLOCK_MS(v->shown->clock), &date)) {
        layout_both_dates(page, &date);
    }
    page_html(page, "</p>\n</header>\n");
}

/* ---- the text ---- */

static void write_people(struct page *page, const char *label, const struct front_matter_list *people)
{
    struct page_letters letters = {0};

    if (people->count == 0)
        return;
    for (size_t i = 0; i < people->count; i++)
        page_count_letters(&letters, people->items[i]);
    page_html(page, "<dt>");
    page_say(page, label);
    page_html(page, "</dt><dd");
    page_script_attributes(page, page_dominant(&letters), page_language_script(page));
    page_html(page, ">");
    for (size_t i = 0; i < people->count; i++) {
        if (i > 0)
            page_html(page, ", ");
        page_isolated(page, people->items[i]);
    }
    page_html(page, "</dd>\n");
}

static void write_audience(struct page *page, enum act_audience audience)
{
    static const char *const texts[] = {[ACT_FOR_KIBBUTZ] = SAY("the kibbutz"),
                                        [ACT_FOR_NETWORK] = SAY("the network"),
                                        [ACT_FOR_PUBLIC] = SAY("everybody")};

    page_html(page, "<dt>");
    page_say(page, "For");
    page_html(page, "</dt><dd>");
    page_say(page, texts[audience]);
    page_html(page, "</dd>\n");
}

static void write_text(struct page *page, const struct view *v)
{
    const struct front_matter *front = &v->text->front;
    struct markdown_options options = {.title = front->title, .entry = v->shown->id};
    struct markdown_file files[LIMIT_FILES];

    options.class = is_void(v) || v->judged.state == TRUST_WITHDRAWN ? "doc dimmed" : "doc";
    options.files = files;
    for (size_t i = 0; i < v->content->count; i++) {
        const struct content_file *file = &v->content->files[i];

        if (page->links == NULL || content_text(v->content) == file ||
            archive_has_file(site_archive(v->site), &file->digest))
            files[options.file_count++] =
                (struct markdown_file){.name = file->name, .place = i, .picture = route_name_is_picture(file->name)};
    }
    if (markdown_is_plain(v->text->text)) {
        page_html(page, "<p class=\"soft\">");
        page_say(page, "The document is too long or too intricate to be laid out, so it is shown as it was written.");
        page_html(page, "</p>\n");
    }
    if (v->text->text.len > 0) {
        markdown_write(page, v->text->text, &options);
        return;
    }
    page_html(page, "<p class=\"soft\">");
    page_say(page, "This document has no text.");
    page_html(page, "</p>\n");
}

/* ---- beside it ---- */

/* A colleague may have revised it: whose document it was at first. */
static void write_first(struct page *page, const struct view *v)
{
    const struct view_revision *first = view_first(v);

    if (first == NULL || id_equal(&first->log, &v->shown->log))
        return;
    page_html(page, "<p class=\"small soft\">");
    page_say(page, "First published by");
    page_html(page, " ");
    layout_person(page, v->site, &first->log);
    page_html(page, ", ");
    layout_moment(page, ENTRY_CLOCK_MS(first->clock));
    page_html(page, "</p>");
}

static void write_signature(struct page *page, const struct view *v)
{
    static const char *const roles[] = {
        [ROLE_STEWARD] = SAY("steward"), [ROLE_COORDINATOR] = SAY("coordinator"), [ROLE_NODE] = SAY("node")};

    write_heading(page, SAY("Signature"), "signature");
    page_html(page, "<ul class=\"ticks\"><li class=\"yes\"><b>");
    layout_person(page, v->site, &v->shown->log);
    page_html(page, "</b>");
    if (v->role >= ROLE_STEWARD && v->role <= ROLE_NODE) {
        page_html(page, ", ");
        page_say(page, roles[v->role]);
    }
    page_html(page, ", ");
    layout_kibbutz(page, v->site, &v->shown->kibbutz);
    page_html(page, "<small>");
    page_say(page, SAY_IN("when", "Signed"));
    page_html(page, " ");
    layout_moment(page, ENTRY_CLOCK_MS(v->shown->clock));
    page_html(page, "</small></li></ul>\n");
    write_first(page, v);
    page_html(page, "</section>\n");
}

/* ---- approvals ---- */

struct approvals {
    struct page *page;
    const struct view *view;
};

static enum err write_approval(void *context, const struct trust_approval *approval)
{
    const struct approvals *a = context;
    struct page *page = a->page;
    struct index_entry entry;
    bool counts = approval->counts && approval->status == TRUST_GOOD;

    page_markup(page, counts ? "<li class=\"yes\">" : "<li>");
    layout_person(page, a->view->site, &approval->log);
    page_html(page, ", ");
    layout_kibbutz(page, a->view->site, &approval->kibbutz);
    page_html(page, "<small>");
    if (!counts) {
        page_say(page, approval->status == TRUST_CONTESTED ? SAY("contested, does not count")
                       : approval->status == TRUST_GOOD    ? SAY("of a kibbutz that has approved already")
                                                           : SAY("void"));
        page_html(page, ", ");
    }
    if (index_find_id(site_index(a->view->site), &approval->entry, &entry) == ERR_OK)
        layout_moment(page, ENTRY_CLOCK_MS(entry.clock));
    page_html(page, "</small></li>\n");
    return ERR_OK;
}

static enum err write_approvals(struct page *page, const struct view *v)
{
    struct approvals approvals = {page, v};
    uint64_t need = v->judged.need;
    enum err err;

    if (need <= 1 || v->shown != view_main(v))
        return ERR_OK;
    page_html(page, "<section class=\"panel\" aria-labelledby=\"approvals\"><h2 id=\"approvals\">");
    page_say(page, "Approvals");
    page_html(page, ": ");
    page_number(page, v->judged.approvals);
    page_html(page, " ");
    page_say(page, "of");
    page_html(page, " ");
    page_number(page, need);
    page_html(page, "</h2>\n<ul class=\"ticks\">\n");
    err = index_each_approval(site_index(v->site), &v->shown->id, write_approval, &approvals);
    if (need > v->judged.approvals) {
        page_html(page, "<li>");
        page_say_count(page, need - v->judged.approvals, "one approval is missing", "%1 approvals are missing");
        page_html(page, "</li>\n");
    }
    page_html(page, "</ul>\n</section>\n");
    return err;
}

/* ---- files ---- */

static struct bytes extension(struct bytes name)
{
    for (size_t i = name.len; i > 1 && name.len - i < 6; i--)
        if (name.at[i - 1] == '.' && i < name.len)
            return bytes_from(name, i);
    return bytes_of(NULL, 0);
}

static void write_file(struct page *page, const struct view *v, size_t place)
{
    const struct content_file *file = &v->content->files[place];
    bool is_document = bytes_equal(file->name, bytes_text(CONTENT_DOCUMENT));
    struct bytes kind = is_document ? bytes_text("Markdown") : extension(file->name);
    bool here = is_document || archive_has_file(site_archive(v->site), &file->digest);
    bool leads = here || page->links == NULL; /* Who asks later may have it then; a copy never will. */

    if (leads) {
        page_html(page, "<li><a href=\"");
        page_file_address(page, &v->shown->id, place, file->name);
        page_html(page, "\"><span>");
    } else {
        page_html(page, "<li><p><span>");
    }
    if (is_document)
        page_say(page, "The document as signed");
    else
        page_isolated(page, file->name);
    page_html(page, "</span> <small><bdi dir=\"ltr\">");
    if (kind.len > 0) {
        page_text(page, kind);
        page_html(page, " · ");
    }
    layout_size(page, file->size);
    page_html(page, "</bdi>");
    if (!here) {
        page_html(page, " · ");
        page_say(page, site_fetches_on_demand(v->site) ? SAY("fetched on demand") : SAY("still on its way"));
    }
    page_markup(page, leads ? "</small></a></li>\n" : "</small></p></li>\n");
}

static void write_files(struct page *page, const struct view *v)
{
    write_heading(page, SAY("Attachments"), "files");
    page_html(page, "<ul class=\"files\">\n");
    for (size_t i = 0; i < v->content->count; i++)
        if (!bytes_equal(v->content->files[i].name, bytes_text(CONTENT_DOCUMENT)))
            write_file(page, v, i);
    for (size_t i = 0; i < v->content->count; i++)
        if (bytes_equal(v->content->files[i].name, bytes_text(CONTENT_DOCUMENT)))
            write_file(page, v, i);
    page_html(page, "</ul>\n</section>\n");
}

static void write_contacts(struct page *page, const struct front_matter *front)
{
    if (front->contact_count == 0)
        return;
    write_heading(page, SAY("Who to ask"), "ask");
    page_html(page, "<ul class=\"people\">\n");
    for (size_t i = 0; i < front->contact_count; i++)
        contact_write(page,
                      &(struct contact){front->contacts[i].name, front->contacts[i].phone, front->contacts[i].role,
                                        front->contacts[i].kibbutz, front->contacts[i].confirmed});
    page_html(page, "</ul>\n</section>\n");
}

/* What changed from the revision before the one that is shown; of the first one, to the one after it. */
static void write_compare(struct page *page, const struct view *v)
{
    size_t shown = (size_t)(v->shown - v->revisions), before = shown + 1 < v->count ? shown + 1 : shown;
    size_t after = before == shown ? shown - 1 : shown;
    char path[COMPARISON_PATH_SIZE];

    comparison_path(&v->document, &v->revisions[before].id, &v->revisions[after].id, path);
    page_html(page, "<p><a class=\"more\"");
    page_href(page, path);
    page_html(page, ">");
    page_fill(page, "What changed from revision %1 to %2", PAGE_NUMBER(v->total - before),
              PAGE_NUMBER(v->total - after));
    page_html(page, "</a></p>\n");
}

static void write_revisions(struct page *page, const struct view *v)
{
    char path[VIEW_PATH_SIZE];
    struct date date;

    if (v->count < 2)
        return;
    write_heading(page, SAY("Revisions"), "revisions");
    page_html(page, "<ul class=\"plain\">\n");
    for (size_t i = 0; i < v->count; i++) {
        const struct view_revision *revision = &v->revisions[i];

        page_html(page, "<li><a");
        banner_path(v, revision, path);
        page_href(page, path);
        page_markup(page, revision == v->shown ? " aria-current=\"page\"><span>" : "><span>");
        page_say(page, "Revision");
        page_html(page, " ");
        page_number(page, v->total - i);
        if (revision == v->shown) {
            page_html(page, ", ");
            page_say(page, "shown here");
        }
        page_html(page, "</span><span>");
        if (date_from_ms(ENTRY_CLOCK_MS(revision->clock), &date))
            layout_date(page, &date);
        page_html(page, "</span></a></li>\n");
    }
    page_html(page, "</ul>\n");
    write_compare(page, v);
    page_html(page, "</section>\n");
}

/* ---- for a stranger ---- */

static void write_blob(struct page *page, struct bytes blob)
{
    struct sha1 name = sha1_of_object("blob", blob);

    page_html(page, "git -C archive.git cat-file blob ");
    buffer_hex(&page->out, bytes_of(name.at, SHA1_LEN));
}

/* Ids are personalised (docs/FORMAT.md, 1), which b2sum cannot do; a digest of chunks is no single command either. */
static void write_check_of_text(struct page *page, const struct view *v)
{
    const struct content_file *text = v->here ? content_find(v->content, CONTENT_DOCUMENT) : NULL;

    if (text == NULL || text->size > LIMIT_CHUNK)
        return;
    page_html(page, "<p class=\"small soft\">");
    page_say(
        page,
        "The text is checked with git and Python: what the entry names, then what is there; what the list of files "
        "names, then what is there.");
    page_html(
        page,
        "</p>\n<pre dir=\"ltr\" lang=\"en\"><code>b2() { python3 -c &quot;import hashlib, sys; print(hashlib.blake2b("
        "sys.stdin.buffer.read(), digest_size=32, person=b'$1').hexdigest())&quot;; }\n"
        "git -C archive.git cat-file commit ");
    buffer_hex(&page->out, bytes_of(v->commit.at, SHA1_LEN));
    page_html(page, " | grep '^content '\n");
    write_blob(page, v->content->manifest);
    page_html(page, " | b2 igum.content.v1\n");
    write_blob(page, v->content->manifest);
    page_html(page, " | grep ' " CONTENT_DOCUMENT "$'\n");
    write_blob(page, text->bytes);
    page_html(page, " | b2 igum.blob.v1</code></pre>\n<p class=\"small soft\">");
    page_say(page, "The answer should be:");
    page_html(page, "</p>\n<pre dir=\"ltr\" lang=\"en\"><code>content ");
    page_id(page, &v->content->id);
    page_html(page, "\n");
    page_id(page, &v->content->id);
    page_html(page, "\nfile ");
    page_id(page, &text->digest);
    page_html(page, " ");
    buffer_number(&page->out, text->size);
    page_html(page, " " CONTENT_DOCUMENT "\n");
    page_id(page, &text->digest);
    page_html(page, "</code></pre>\n");
}

static void write_check(struct page *page, const struct view *v)
{
    struct buffer key = BUFFER(256);

    sshsig_write_public_key(&key, &v->shown->log);
    page_html(page, "<section class=\"part no-print\" aria-labelledby=\"check\"><h2 id=\"check\">");
    page_say(page, "Checking it yourself, without Igum");
    page_html(page, "</h2>\n<p class=\"small soft\">");
    page_say(page, "The signature is checked with stock git and ssh-keygen, on a computer with a copy of the archive. "
                   "The first line writes down the signer’s key; compare it with the list of signers in the office.");
    page_html(page, "</p>\n<pre dir=\"ltr\" lang=\"en\"><code>echo &quot;");
    page_id(page, &v->shown->log);
    page_html(page, "@igum ");
    page_text(page, buffer_bytes(&key));
    page_html(page, "&quot; &gt; signers\ngit -C archive.git -c gpg.ssh.allowedSignersFile=&quot;$PWD/signers&quot; "
                    "verify-commit ");
    buffer_hex(&page->out, bytes_of(v->commit.at, SHA1_LEN));
    page_html(page, "</code></pre>\n<p class=\"small soft\">");
    page_say(page, "The answer of git should begin so:");
    page_html(page, "</p>\n<pre dir=\"ltr\" lang=\"en\"><code>Good &quot;git&quot; signature for ");
    page_id(page, &v->shown->log);
    page_html(page, "@igum</code></pre>\n");
    write_check_of_text(page, v);
    page_html(page, "<dl class=\"facts small part\"><dt>");
    page_say(page, "Entry");
    page_html(page, "</dt><dd><bdi dir=\"ltr\" class=\"hash\">");
    page_id(page, &v->shown->id);
    page_html(page, "</bdi></dd><dt>");
    page_say(page, "Document");
    page_html(page, "</dt><dd><bdi dir=\"ltr\" class=\"hash\">");
    page_id(page, &v->document);
    page_html(page, "</bdi></dd></dl></section>\n");
    buffer_free(&key);
}

static enum err write_page(struct page *page, const struct view *v)
{
    char path[VIEW_PATH_SIZE];
    struct bytes title = v->text->front.title;
    enum err err;

    banner_path(v, v->shown, path);
    layout_begin(page, v->site,
                 title.len > 0 ? title : bytes_text(reader_text(page->language, SAY("A document without a title"))),
                 path);
    page_html(page, "<article>\n");
    write_head(page, v);
    banner_write(page, v);
    page_html(page, "<div class=\"cols\">\n<div>\n<dl class=\"facts\">\n");
    write_people(page, SAY("Present"), &v->text->front.present);
    write_people(page, SAY("Absent"), &v->text->front.absent);
    write_people(page, SAY("Topics"), &v->text->front.topics);
    write_audience(page, v->shown->audience);
    page_html(page, "</dl>\n");
    if (v->here)
        write_text(page, v);
    page_html(page, "</div>\n<aside class=\"stack\">\n");
    delivery_of(page, v->site,
                &(struct index_revision){.document = v->document,
                                         .revision = v->shown->id,
                                         .log = v->shown->log,
                                         .seq = v->shown->seq,
                                         .clock = v->shown->clock,
                                         .kibbutz = v->shown->kibbutz,
                                         .audience = v->shown->audience,
                                         .here = v->here,
                                         .judged = v->judged});
    err = write_approvals(page, v);
    write_signature(page, v);
    if (v->here)
        write_files(page, v);
    write_contacts(page, &v->text->front);
    write_revisions(page, v);
    page_html(page, "</aside>\n</div>\n");
    write_check(page, v);
    page_html(page, "</article>\n");
    layout_end(page, path);
    return err;
}

/* What came in bulk stands in the index by its entry alone until its text is read (docs/ARCHITECTURE.md, "Processes"). */
static enum err write_unread(struct site *site, struct route_answer *answer)
{
    struct page *page = &answer->page;
    const char *title = SAY("The document has arrived and is being read");

    answer->status = 503;
    answer->no_store = true;
    layout_begin(page, site, bytes_text(reader_text(page->language, title)), "");
    page_html(page, "<div class=\"hero\"><h1>");
    page_say(page, title);
    page_html(page, "</h1>\n<p>");
    page_say(page, "It came with many others, whose signatures have been checked. Load this page again in a moment.");
    page_html(page, "</p>\n</div>\n");
    layout_end(page, "/");
    return ERR_OK;
}

enum err route_document(struct site *site, const struct route_request *request, struct bytes rest,
                        struct route_answer *answer)
{
    struct bytes text = bytes_of(rest.at, rest.len < ID_TEXT_LEN ? rest.len : ID_TEXT_LEN);
    struct id document, revision;
    bool newest = rest.len == ID_TEXT_LEN;
    struct view *view = NULL;
    enum err err;

    rest = bytes_from(rest, text.len);
    if (id_from_text(text, &document) != ERR_OK)
        return ERR_MISSING;
    if (text_take_prefix(&rest, "/compare"))
        return route_compare(site, request, &document, rest, answer);
    if (!newest && (!text_take_prefix(&rest, "/r/") || id_from_text(rest, &revision) != ERR_OK))
        return ERR_MISSING;
    err = view_open(site, &document, newest ? NULL : &revision, &view);
    if (err == ERR_OK) {
        answer->no_store = view->shown->audience == ACT_FOR_KIBBUTZ;
        err = write_page(&answer->page, view);
    } else if (err == ERR_MISSING && newest && index_find_unread(site_index(site), &document) == ERR_OK)
        err = write_unread(site, answer);
    view_close(view);
    return err;
}
