/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Asking for an attachment that is not here, and seeing it come.  To look at this page is to ask: it may be a GET, because what it
 * does is bounded, changes nothing that is signed, and comes out the same however often it is done (docs/ARCHITECTURE.md, Processes).
 */
#include "node/delivery.h"
#include "node/host.h"
#include "node/layout.h"
#include "node/route.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PATH_SIZE ROUTE_PATH
#define COMES_S 2  /* Between two looks while it comes, ... */
#define WAITS_S 15 /* ... and while it waits. */

static void write_path(const char *prefix, const struct route_named *named, char path[PATH_SIZE])
{
    char entry[ID_TEXT_LEN + 1];

    id_to_text(&named->entry.entry, entry);
    snprintf(path, PATH_SIZE, "%s%s/%zu", prefix, entry, named->place);
}

/* ---- parts of the page ---- */

static void begin(struct page *page, struct site *site, const struct route_named *named, const char *title)
{
    char path[PATH_SIZE];

    write_path("/fetch/", named, path);
    layout_begin(page, site, bytes_text(reader_text(page->language, title)), path);
    page_html(page, "<div class=\"hero\"><h1>");
    page_say(page, title);
    page_html(page, "</h1>\n<p><b>");
    page_isolated(page, named->file->name);
    page_html(page, "</b>, <bdi dir=\"ltr\">");
    layout_size(page, named->file->size);
    page_html(page, "</bdi></p>\n");
}

static void end(struct page *page, const struct route_named *named)
{
    char document[ID_TEXT_LEN + 1], path[PATH_SIZE];

    id_to_text(&named->entry.document, document);
    snprintf(path, sizeof path, "/d/%s", document);
    page_html(page, "<p><a");
    page_href(page, path);
    page_html(page, ">");
    page_say(page, "To the document");
    page_html(page, "</a></p>\n</div>\n");
    write_path("/fetch/", named, path);
    layout_end(page, path);
}

static void write_paragraph(struct page *page, const char *text)
{
    page_html(page, "<p>");
    page_say(page, text);
    page_html(page, "</p>\n");
}

static void write_command(struct page *page, const char *command, struct bytes argument)
{
    page_html(page, "<pre dir=\"ltr\" lang=\"en\"><code>");
    page_string(page, command);
    page_text(page, argument);
    page_html(page, "</code></pre>\n");
}

/* What the office types. */
static void write_office(struct page *page, const struct route_named *named)
{
    char document[ID_TEXT_LEN + 1];

    id_to_text(&named->entry.document, document);
    write_paragraph(page,
                    SAY("This node fetches attachments on demand. Ask the office to fetch it, with the program igum:"));
    write_command(page, "igum fetch ", bytes_of((const uint8_t *)document, 12));
}

static void write_holders(struct page *page, struct site *site, const struct route_named *named)
{
    const struct index_entry *entry = &named->entry;

    delivery_holders(page, site,
                     &(struct index_revision){.document = entry->document,
                                              .revision = entry->entry,
                                              .log = entry->log,
                                              .seq = entry->seq,
                                              .clock = entry->clock,
                                              .kibbutz = entry->kibbutz,
                                              .audience = entry->audience,
                                              .here = true});
}

/* A button and no link: what reads ahead, follows links and shows previews presses none. */
static void write_button(struct page *page, const struct route_named *named, const char *label)
{
    char path[PATH_SIZE];

    write_path("/fetch/", named, path);
    page_html(page, "<form action=\"");
    page_address(page, path);
    page_html(page, "\">\n");
    page_language_field(page);
    page_html(page, "<button class=\"main\">");
    page_say(page, label);
    page_html(page, "</button></form>\n");
}

/* ---- before it is asked for ---- */

void route_tell_absent(struct site *site, const struct route_named *named, struct route_answer *answer)
{
    struct page *page = &answer->page;
    bool on_demand = site_fetches_on_demand(site), may_ask = site_is_near(site) && site_errands(site)->fd >= 0;

    begin(page, site, named, SAY("This attachment is not here yet"));
    if (on_demand && may_ask) {
        write_paragraph(page, SAY("This node keeps every text, and brings an attachment when somebody asks for it."));
        write_button(page, named, SAY("Bring it here"));
    } else if (on_demand) {
        write_office(page, named);
    } else {
        write_paragraph(page, SAY("It is still on its way to this node, and comes by itself. Try again later."));
        if (may_ask)
            write_button(page, named, SAY("How much of it has come?"));
    }
    write_holders(page, site, named);
    end(page, named);
}

/* ---- after that ---- */

static void tell_here(struct site *site, const struct route_named *named, struct route_answer *answer)
{
    struct page *page = &answer->page;

    write_path("/a/", named, answer->refresh_path);
    begin(page, site, named, SAY("The attachment is here"));
    page_html(page, "<p><a class=\"btn main\"");
    page_href(page, answer->refresh_path);
    page_html(page, ">");
    page_say(page, "Open the attachment");
    page_html(page, "</a></p>\n");
    end(page, named);
}

static void write_size(struct page *page, const struct page_slot *slot)
{
    page_html(page, "<bdi dir=\"ltr\">");
    layout_size(page, slot->number);
    page_html(page, "</bdi>");
}

/* Whole chunks are what is here of it. */
static uint64_t count_here(struct site *site, const struct content_file *file)
{
    struct file_state *state = malloc(sizeof *state);
    uint64_t here = 0;

    if (state != NULL) {
        archive_file_state(site_archive(site), &file->digest, file->size, state);
        here = (uint64_t)state->count * LIMIT_CHUNK;
    }
    free(state);
    return here < file->size ? here : file->size;
}

static void tell_coming(struct site *site, const struct route_named *named, struct route_answer *answer)
{
    struct page *page = &answer->page;
    uint64_t here = count_here(site, named->file);
    char numbers[64];

    answer->refresh_s = COMES_S;
    begin(page, site, named, SAY("The attachment is being brought"));
    snprintf(numbers, sizeof numbers, " max=\"%" PRIu64 "\" value=\"%" PRIu64 "\">", named->file->size, here);
    page_html(page, "<div><p id=\"come\">");
    page_fill(page, "%1 of %2 are here", {.write = write_size, .number = here},
              {.write = write_size, .number = named->file->size});
    page_html(page, "</p>\n<progress aria-labelledby=\"come\"");
    page_markup(page, numbers);
    page_html(page, "</progress></div>\n");
    write_paragraph(page, SAY("This page looks again by itself, and opens the attachment when it is here."));
    end(page, named);
}

static void tell_nobody(struct site *site, const struct route_named *named, struct route_answer *answer)
{
    struct page *page = &answer->page;

    answer->refresh_s = WAITS_S;
    begin(page, site, named, SAY("Nobody who has it is connected now"));
    write_paragraph(page,
                    SAY("It was asked for, and comes as soon as a node that has it is connected. Whoever needs it "
                        "sooner telephones an office that has it: perhaps its node is switched off, or it can "
                        "bring the attachment on a stick."));
    write_holders(page, site, named);
    page_html(page, "<p><a class=\"btn\"");
    page_href(page, "/people");
    page_html(page, ">");
    page_say(page, "People and phones");
    page_html(page, "</a></p>\n");
    end(page, named);
}

static void tell_refused(struct site *site, const struct route_named *named, struct route_answer *answer,
                         enum errand_outcome outcome)
{
    static const char *const texts[] = {
        [ERRAND_UNKNOWN] = SAY("The node does not count it among what is lacking here. Look at the document again: "
                               "perhaps it has changed."),
        [ERRAND_FULL] = SAY("There is no room for it on the disk of this node, which keeps what is left for what is "
                            "signed. Tell the office."),
        [ERRAND_BUSY] = SAY("Many attachments are being asked for right now. This page asks again by itself."),
        [ERRAND_NO_NODE] = SAY("The program that brings attachments is not running. Tell the office."),
    };
    struct page *page = &answer->page;

    if (outcome == ERRAND_BUSY)
        answer->refresh_s = WAITS_S;
    begin(page, site, named, SAY("The attachment cannot be brought now"));
    write_paragraph(page, texts[outcome]);
    if (outcome == ERRAND_NO_NODE)
        write_command(page, "igum serve", bytes_of(NULL, 0));
    end(page, named);
}

static void tell(struct site *site, const struct route_request *request, const struct route_named *named,
                 struct route_answer *answer)
{
    enum errand_outcome outcome;

    if (archive_has_file(site_archive(site), &named->file->digest)) {
        tell_here(site, named, answer);
        return;
    }
    if (request->only_looks || !site_is_near(site)) {
        route_tell_absent(site, named, answer);
        return;
    }
    outcome = errands_ask(site_errands(site), &named->file->digest, host_monotonic_ms());
    if (outcome == ERRAND_ASKED)
        tell_coming(site, named, answer);
    else if (outcome == ERRAND_NOBODY)
        tell_nobody(site, named, answer);
    else
        tell_refused(site, named, answer, outcome);
}

enum err route_fetch(struct site *site, const struct route_request *request, struct bytes rest,
                     struct route_answer *answer)
{
    struct route_named named;
    enum err err = route_find_named(site, rest, &named);

    if (err == ERR_OK && named.file == content_text(named.content))
        err = ERR_MISSING;
    answer->no_store = true;
    if (err == ERR_OK)
        tell(site, request, &named, answer);
    route_named_free(&named);
    return err;
}
