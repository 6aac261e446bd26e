/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/whereabouts.h"

#include "node/host.h"
#include "node/i18n.h"
#include "node/roll.h"

static bool set_roll(struct office *o)
{
    struct receipt_world world;
    struct id own;
    bool has_node = office_node(o, &own, NULL);
    enum err err = o->trust != NULL ? roll_of(o->trust, has_node ? &own : NULL, &world) : ERR_MISSING;

    if (err == ERR_OK) {
        err = reach_set_world(o->reach, &world);
        receipt_world_free(&world);
    }
    return err == ERR_OK || err == ERR_MISSING;
}

bool whereabouts_refresh(struct office *o)
{
    return o->reach != NULL && reach_refresh(o->reach, o->index) == ERR_OK && set_roll(o);
}

struct reach *whereabouts(struct office *o)
{
    if (o->reach != NULL || o->index == NULL || reach_open(o->home, &o->reach) != ERR_OK)
        return o->reach;
    if (!whereabouts_refresh(o)) {
        reach_close(o->reach);
        o->reach = NULL;
    }
    return o->reach;
}

/* ---- freshness ---- */

struct telling {
    struct office *office;
    struct output_json *list; /* NULL: in words. */
    uint64_t before;
};

static void tell_silent(void *context, const struct reach_kibbutz *kibbutz)
{
    const struct telling *telling = context;
    const char *name = office_kibbutz_name(telling->office, &kibbutz->kibbutz);
    char time[OUTPUT_TIME_LEN + 1];

    if (kibbutz->is_own || kibbutz->heard_ms >= telling->before)
        return;
    if (telling->list != NULL) {
        struct output_json *object = output_json_object();

        output_json_text(object, "kibbutz", name);
        output_json_id(object, "kibbutz_id", &kibbutz->kibbutz);
        if (kibbutz->heard_ms > 0)
            output_json_time(object, "last_heard", kibbutz->heard_ms);
        else
            output_json_null(object, "last_heard");
        output_json_add(telling->list, object);
    } else if (kibbutz->heard_ms > 0) {
        output_time(kibbutz->heard_ms, time);
        output_line(_("silent    %s, last heard %s\n"), name, time);
    } else {
        output_line(_("silent    %s, not heard yet\n"), name);
    }
}

static struct telling begin(struct office *o, struct output_json *list, uint64_t now)
{
    return (struct telling){.office = o, .list = list, .before = now > REACH_SILENT_MS ? now - REACH_SILENT_MS : 0};
}

void whereabouts_print_freshness(struct office *o)
{
    struct reach *reach = whereabouts(o);
    uint64_t now = host_now_ms();
    struct telling telling = begin(o, NULL, now);
    struct reach_freshness freshness;
    char time[OUTPUT_TIME_LEN + 1];

    if (reach == NULL)
        return;
    freshness = reach_freshness(reach, now);
    if (freshness.others == 0)
        return;
    if (freshness.complete_ms > 0) {
        output_time(freshness.complete_ms, time);
        output_line(_("complete  as of %s, when another node had the same\n"), time);
    }
    reach_each_kibbutz(reach, tell_silent, &telling);
    if (freshness.cut_off)
        output_line(_("caution   possibly cut off: there may be news that does not come here\n"));
}

void whereabouts_write_freshness(struct office *o, struct output_json *json)
{
    struct reach *reach = whereabouts(o);
    uint64_t now = host_now_ms();
    struct output_json *list = output_json_list();
    struct telling telling = begin(o, list, now);
    struct reach_freshness freshness = {.complete_ms = 0};

    if (reach != NULL) {
        freshness = reach_freshness(reach, now);
        reach_each_kibbutz(reach, tell_silent, &telling);
    }
    if (freshness.complete_ms > 0)
        output_json_time(json, "complete", freshness.complete_ms);
    else
        output_json_null(json, "complete");
    output_json_put(json, "silent", list);
    output_json_bool(json, "cut_off", freshness.cut_off);
}
