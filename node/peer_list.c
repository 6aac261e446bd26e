/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/peer_list.h"

#include "node/config.h"
#include "node/control.h"
#include "node/dialer.h"
#include "node/i18n.h"

#include <jansson.h>
#include <stdlib.h>

#define ITEMS (LIMIT_SESSIONS + DIALER_CONTACTS) /* Sessions and contacts together have no more. */

static char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return strdup(text != NULL ? text : "");
}

static void free_item(struct peer_list_item *item)
{
    free(item->kibbutz);
    free(item->node);
    free(item->channel);
    free(item->address);
    free(item->state);
    free(item->last_heard);
    free(item->since);
    free(item->why);
    free(item->cause);
    free(item->side);
    free(item->detail);
    free(item->clock);
}

static bool is_whole(const struct peer_list_item *item)
{
    return item->kibbutz && item->node && item->channel && item->address && item->state && item->last_heard &&
           item->since && item->why && item->cause && item->side && item->detail && item->clock;
}

static enum err add(struct peer_list *list, struct peer_list_item *item)
{
    struct peer_list_item *items;

    if (!is_whole(item) || list->count == ITEMS ||
        (items = realloc(list->items, (list->count + 1) * sizeof *items)) == NULL) {
        free_item(item);
        return ERR_MEMORY;
    }
    list->items = items;
    list->items[list->count++] = *item;
    return ERR_OK;
}

enum err peer_list_read(struct bytes json, struct peer_list *list)
{
    json_t *root = json_loadb((const char *)json.at, json.len, 0, NULL);
    const json_t *peers = json_object_get(root, "peers");
    enum err err = json_is_array(peers) ? ERR_OK : ERR_FORMAT;

    for (size_t i = 0; err == ERR_OK && i < json_array_size(peers); i++) {
        const json_t *object = json_array_get(peers, i);
        const json_t *behind = json_object_get(object, "behind");
        struct peer_list_item item = {
            .kibbutz = text_of(object, "kibbutz"),
            .node = text_of(object, "node"),
            .channel = text_of(object, "channel"),
            .address = text_of(object, "address"),
            .state = text_of(object, "state"),
            .last_heard = text_of(object, "last_heard"),
            .since = text_of(object, "since"),
            .why = text_of(object, "why"),
            .cause = text_of(object, "cause"),
            .side = text_of(object, "side"),
            .detail = text_of(object, "detail"),
            .clock = text_of(object, "clock"),
            .given = json_is_true(json_object_get(object, "given")),
            .has_behind = json_is_integer(behind),
            .behind = json_is_integer(behind) ? (uint64_t)json_integer_value(behind) : 0,
            .received = (uint64_t)json_integer_value(json_object_get(object, "received")),
        };

        err = add(list, &item);
    }
    json_decref(root);
    return err;
}

static enum err read_config(const char *home, struct peer_list *list)
{
    struct config *config = NULL;
    const char *line;
    enum err err = config_load(home, &config);

    for (size_t i = 0; err == ERR_OK && (line = config_value(config, "peer", i)) != NULL; i++) {
        size_t key_len = strcspn(line, "@");
        struct peer_list_item item = {
            .kibbutz = strdup(""),
            .node = strdup(""),
            .channel = strndup(line, key_len),
            .address = strdup(line[key_len] == '@' ? line + key_len + 1 : ""),
            .state = strdup("apart"),
            .last_heard = strdup(""),
            .since = strdup(""),
            .why = strdup(""),
            .cause = strdup(""),
            .side = strdup(""),
            .detail = strdup(""),
            .clock = strdup(""),
            .given = true,
        };

        err = add(list, &item);
    }
    config_free(config);
    return err;
}

enum err peer_list_load(const char *home, struct peer_list *list)
{
    struct buffer json = BUFFER(CONTROL_REPLY);
    enum err err;

    *list = (struct peer_list){.count = 0};
    err = control_status(home, &json);
    list->node_runs = err == ERR_OK;
    if (err == ERR_OK)
        err = peer_list_read(buffer_bytes(&json), list);
    else if (err == ERR_MISSING)
        err = read_config(home, list);
    buffer_free(&json);
    if (err != ERR_OK)
        peer_list_free(list);
    return err;
}

void peer_list_free(struct peer_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_item(&list->items[i]);
    free(list->items);
    *list = (struct peer_list){.count = 0};
}

const char *peer_list_state_text(const char *state)
{
    if (strcmp(state, "equal") == 0)
        return _("connected, equal");
    return strcmp(state, "connected") == 0 ? _("connected") : _("not connected");
}
