/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/delivery.h"

#include "proto/sorted.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY_MS (24 * 60 * 60 * 1000ULL)
#define NEWEST 20    /* Documents that tell whether a kibbutz keeps up. */
#define GAUGE_MAX 60 /* Ticks; more are told in words alone. */

/* "(12 days)": how long somebody has been silent; of one never heard, that. */
static void write_silence(struct page *page, uint64_t heard_ms)
{
    uint64_t days = page->now_ms > heard_ms ? (page->now_ms - heard_ms) / DAY_MS : 0;

    page_html(page, " (");
    if (heard_ms == 0)
        page_say(page, "not heard yet");
    else if (page->now_ms == 0)
        layout_moment(page, heard_ms);
    else
        page_say_count(page, days > 0 ? days : 1, "one day", "%1 days");
    page_html(page, ")");
}

/* ---- how complete this node is ---- */

struct silent {
    struct page *page;
    struct site *site;
    uint64_t before;
    size_t count;
};

static void write_silent(void *context, const struct reach_kibbutz *kibbutz)
{
    struct silent *silent = context;
    struct page *page = silent->page;

    if (kibbutz->is_own || kibbutz->heard_ms >= silent->before)
        return;
    page_markup(page, silent->count++ > 0 ? ", " : " ");
    layout_kibbutz(page, silent->site, &kibbutz->kibbutz);
    write_silence(page, kibbutz->heard_ms);
}

static void write_moment(struct page *page, const struct page_slot *slot)
{
    layout_moment(page, slot->number);
}

/* "Complete as of today at 14:05"; on paper, and of another day, with its date. */
static void write_complete(struct page *page, uint64_t complete_ms)
{
    const struct page_slot moment = {.write = write_moment, .number = complete_ms};
    struct date date, now;
    char time[DATE_TEXT_SIZE];

    if (complete_ms == 0) {
        page_say(page, "It is not known yet whether everything is here");
    } else if (page->now_ms > 0 && date_from_ms(page->now_ms, &now) && date_from_ms(complete_ms, &date) &&
               date_is_same_day(&now, &date)) {
        date_time(&date, time);
        page_html(page, "<span class=\"no-print\">");
        page_fill(page, "Complete as of today at %1", PAGE_LTR(bytes_text(time)));
        page_html(page, "</span><span class=\"only-print\">");
        page_fill(page, "Complete as of %1", moment);
        page_html(page, "</span>");
    } else {
        page_fill(page, "Complete as of %1", moment);
    }
}

bool delivery_freshness(struct page *page, struct site *site)
{
    struct reach *reach = site_reach(site);
    uint64_t now = page->now_ms > 0 ? page->now_ms : site_now_ms();
    struct silent silent = {page, site, now > REACH_SILENT_MS ? now - REACH_SILENT_MS : 0, 0};
    struct reach_freshness freshness = {.others = 0};

    if (reach != NULL)
        freshness = reach_freshness(reach, now);
    if (freshness.others == 0)
        return false;
    page_markup(page, freshness.cut_off      ? "<div class=\"fresh stale\"><div class=\"wrap\"><p><b>"
                      : freshness.silent > 0 ? "<div class=\"fresh gaps\"><div class=\"wrap\"><p>"
                                             : "<div class=\"fresh\"><div class=\"wrap\"><p>");
    if (freshness.cut_off) {
        page_say(page, "This node may be cut off.");
        page_html(page, "</b> ");
    }
    write_complete(page, freshness.complete_ms);
    page_html(page, "; ");
    if (freshness.silent > 0) {
        page_say(page, "not heard from:");
        reach_each_kibbutz(reach, write_silent, &silent);
        page_html(page, ".");
    } else {
        page_say(page, "everybody was heard from.");
    }
    page_html(page, " <a");
    page_href(page, "/network");
    page_html(page, ">");
    page_say(page, "Details");
    page_html(page, "</a></p></div></div>\n");
    return true;
}

/* ---- whom a document has reached ---- */

struct lacking { /* Or, of the others, those that have it. */
    struct page *page;
    struct site *site;
    uint64_t before;
    size_t count;
};

static void write_lacking(void *context, const struct reach_kibbutz *kibbutz)
{
    struct lacking *lacking = context;
    struct page *page = lacking->page;

    if (kibbutz->has == REACH_ALL)
        return;
    page_markup(page, lacking->count++ > 0 ? ", " : " ");
    layout_kibbutz(page, lacking->site, &kibbutz->kibbutz);
    if (kibbutz->has == REACH_TEXT) {
        page_html(page, " (");
        page_say(page, "attachments are still on their way");
        page_html(page, ")");
    } else if (!kibbutz->has_node) {
        page_html(page, " (");
        page_say(page, "has no node");
        page_html(page, ")");
    } else if (kibbutz->heard_ms < lacking->before) {
        write_silence(page, kibbutz->heard_ms);
    }
}

/* One tick a kibbutz: full, on its way, or hollow.  The sentence says the same. */
struct gauge {
    size_t count[3];
};

static void count_tick(void *context, const struct reach_kibbutz *kibbutz)
{
    struct gauge *gauge = context;

    gauge->count[kibbutz->has == REACH_ALL ? 0 : kibbutz->has == REACH_NOTHING ? 2 : 1]++;
}

static void write_ticks(struct page *page, const char *class, size_t from, size_t count, const char *shape)
{
    char at[32];

    if (count == 0)
        return;
    page_html(page, "<path class=\"");
    page_markup(page, class);
    page_html(page, "\" d=\"");
    for (size_t i = from; i < from + count; i++) {
        snprintf(at, sizeof at, "M%zu 1.75", 1 + 12 * i);
        page_markup(page, at);
        page_markup(page, shape);
    }
    page_html(page, "\"/>");
}

static void write_gauge(struct page *page, const size_t count[3])
{
    char box[64];
    size_t all = count[0] + count[1] + count[2];

    if (all == 0 || all > GAUGE_MAX)
        return;
    snprintf(box, sizeof box, "<svg viewBox=\"0 0 %zu 20\" aria-hidden=\"true\">", 12 * all);
    page_markup(page, box);
    write_ticks(page, "has", 0, count[0], "h8v16.5h-8z");
    write_ticks(page, "way", count[0], count[1], "h8v16.5h-8zm0 8.25h8");
    write_ticks(page, "not", count[0] + count[1], count[2], "h8v16.5h-8z");
    page_html(page, "</svg>\n");
}

void delivery_of(struct page *page, struct site *site, const struct index_revision *revision)
{
    struct reach *reach = site_reach(site);
    uint64_t now = page->now_ms > 0 ? page->now_ms : site_now_ms();
    struct lacking lacking = {page, site, now > REACH_SILENT_MS ? now - REACH_SILENT_MS : 0, 0};
    struct gauge gauge = {.count = {0}};
    struct reach_count count;

    if (reach == NULL)
        return;
    count = reach_count(reach, site_index(site), revision);
    if (count.of < 2)
        return;
    page_html(page, "<section class=\"panel reach\" aria-labelledby=\"reach\"><h2 id=\"reach\">");
    page_fill(page, "Has reached %1 of %2 kibbutzim", PAGE_NUMBER(count.reached), PAGE_NUMBER(count.of));
    page_html(page, "</h2>");
    reach_each(reach, site_index(site), revision, count_tick, &gauge);
    write_gauge(page, gauge.count);
    if (count.reached < count.of) {
        page_html(page, "<p class=\"small\">");
        page_say(page, "Missing:");
        reach_each(reach, site_index(site), revision, write_lacking, &lacking);
        page_html(page, ".</p>");
    }
    page_html(page, "</section>\n");
}

static void write_holder(void *context, const struct reach_kibbutz *kibbutz)
{
    struct lacking *holding = context;
    struct page *page = holding->page;

    if (kibbutz->has != REACH_ALL || kibbutz->is_own)
        return;
    if (holding->count++ > 0) {
        page_html(page, ", ");
    } else {
        page_html(page, "<p>");
        page_say(page, "As far as is known, it is kept at:");
        page_html(page, " ");
    }
    layout_kibbutz(page, holding->site, &kibbutz->kibbutz);
    if (kibbutz->heard_ms < holding->before)
        write_silence(page, kibbutz->heard_ms);
}

void delivery_holders(struct page *page, struct site *site, const struct index_revision *revision)
{
    struct reach *reach = site_reach(site);
    uint64_t now = page->now_ms > 0 ? page->now_ms : site_now_ms();
    struct lacking holding = {page, site, now > REACH_SILENT_MS ? now - REACH_SILENT_MS : 0, 0};

    if (reach == NULL)
        return;
    reach_each(reach, site_index(site), revision, write_holder, &holding);
    if (holding.count > 0)
        page_html(page, ".</p>\n");
}

/* ---- one kibbutz ---- */

struct wanted {
    const struct id *kibbutz;
    struct reach_kibbutz found;
    bool is_found;
};

static void find_kibbutz(void *context, const struct reach_kibbutz *kibbutz)
{
    struct wanted *wanted = context;

    if (!id_equal(&kibbutz->kibbutz, wanted->kibbutz))
        return;
    wanted->found = *kibbutz;
    wanted->is_found = true;
}

void delivery_heard(struct page *page, struct site *site, const struct id *kibbutz)
{
    struct wanted wanted = {.kibbutz = kibbutz};
    struct reach *reach = site_reach(site);
    uint64_t now = page->now_ms > 0 ? page->now_ms : site_now_ms();

    if (reach == NULL)
        return;
    reach_each_kibbutz(reach, find_kibbutz, &wanted);
    if (!wanted.is_found)
        return;
    if (wanted.found.is_own) {
        page_html(page, "<p class=\"answer\">");
        page_say(page, "This node is here");
    } else if (!wanted.found.has_node) {
        page_html(page, "<p class=\"answer look\">");
        page_say(page, "It has no node yet");
    } else if (wanted.found.heard_ms + REACH_SILENT_MS < now) {
        page_html(page, "<p class=\"answer act\">");
        page_say(page, "Not heard");
        write_silence(page, wanted.found.heard_ms);
    } else {
        page_html(page, "<p class=\"answer\">");
        page_say(page, "Heard");
        page_html(page, " ");
        layout_moment(page, wanted.found.heard_ms);
    }
    page_html(page, "</p>");
}

/* ---- who is behind ---- */

struct share { /* Of the newest documents. */
    struct id kibbutz;
    uint64_t of, lacks;
};

struct delivery_tally {
    struct reach *reach;
    struct index *index;
    struct sorted shares; /* struct share, ascending by id, as they are told. */
    enum err err;
};

static int by_kibbutz(const void *item, const void *wanted)
{
    const struct share *share = item;

    return id_compare(&share->kibbutz, wanted);
}

static struct share *find_share(const struct delivery_tally *tally, const struct id *kibbutz)
{
    struct share *share = sorted_at(&tally->shares, sorted_place(&tally->shares, kibbutz, by_kibbutz));

    return share != NULL && id_equal(&share->kibbutz, kibbutz) ? share : NULL;
}

static void add_member(void *context, const struct reach_kibbutz *kibbutz)
{
    struct delivery_tally *tally = context;
    struct share share = {.kibbutz = kibbutz->kibbutz};

    if (tally->err == ERR_OK)
        tally->err = sorted_append(&tally->shares, &share);
}

static void add_one(void *context, const struct reach_kibbutz *kibbutz)
{
    struct share *share = find_share(context, &kibbutz->kibbutz);

    if (share == NULL || !kibbutz->has_node)
        return;
    share->of++;
    share->lacks += kibbutz->has != REACH_ALL;
}

static enum err add_document(void *context, const struct index_revision *revision)
{
    struct delivery_tally *tally = context;

    reach_each(tally->reach, tally->index, revision, add_one, tally);
    return ERR_OK;
}

struct delivery_tally *delivery_tally_make(struct site *site)
{
    const struct index_filter newest = {.by_arrival = true, .limit = NEWEST};
    struct reach *reach = site_reach(site);
    struct delivery_tally *tally = reach != NULL ? calloc(1, sizeof *tally) : NULL;

    if (tally == NULL)
        return NULL;
    *tally =
        (struct delivery_tally){.reach = reach, .index = site_index(site), .shares.item_size = sizeof(struct share)};
    reach_each_kibbutz(reach, add_member, tally);
    if (tally->err != ERR_OK || index_each_document(tally->index, &newest, add_document, tally) != ERR_OK) {
        delivery_tally_free(tally);
        return NULL;
    }
    return tally;
}

void delivery_tally_free(struct delivery_tally *tally)
{
    if (tally != NULL)
        free(tally->shares.at);
    free(tally);
}

void delivery_behind(struct page *page, const struct delivery_tally *tally, const struct id *kibbutz)
{
    const struct share *share = tally != NULL ? find_share(tally, kibbutz) : NULL;

    if (share == NULL || share->of == 0)
        return;
    page_html(page, "<p>");
    if (share->lacks > 0)
        page_fill(page, "Of the newest documents (%2) it lacks %1.", PAGE_NUMBER(share->lacks), PAGE_NUMBER(share->of));
    else
        page_say_count(page, share->of, "It has the newest document.", "It has the newest %1 documents.");
    page_html(page, "</p>");
}
