/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/condition.h"

#include <inttypes.h>

#include "node/command.h"
#include "node/control.h"
#include "node/dialer.h"
#include "node/i18n.h"
#include "node/peer_list.h"
#include "node/whereabouts.h"
#include "store/dictionary.h"
#include "store/index_search.h"

static void load_report(const struct office *o, struct condition *condition)
{
    struct buffer text = BUFFER(CONTROL_REPLY);

    if (!control_status(o->home, &text))
        condition->report = output_json_read(buffer_bytes(&text));
    buffer_free(&text);
}

static void count_forks(struct office *o, struct condition *condition)
{
    size_t count = o->trust != NULL ? trust_fork_count(o->trust) : 0;

    for (size_t i = 0; i < count; i++) {
        if (trust_fork_at(o->trust, i).settled)
            condition->forks_settled++;
        else
            condition->forks++;
    }
}

int condition_load(struct office *o, struct condition *condition)
{
    struct index_counts counts;
    uint64_t unread_documents = 0;
    enum err err;
    int code = office_open_index_as_it_is(o);

    *condition = (struct condition){.network = archive_network(o->archive),
                                    .root = frontier_root(o->frontier),
                                    .entries = frontier_entries(o->frontier)};
    if (code != COMMAND_OK)
        return code;
    condition->has_dictionary = dictionary_is_here();
    condition->has_kibbutz = office_kibbutz(o, &condition->kibbutz);
    if ((err = index_count(o->index, &counts)) || (err = index_count_unread_documents(o->index, &unread_documents)) ||
        (err = index_count_awaited(o->index, condition->has_kibbutz ? &condition->kibbutz : NULL,
                                   &condition->contents_missing)) ||
        (err = index_search_behind(o->index, &condition->search_behind)))
        return office_fail(err, _("the index cannot be read"), index_reason(o->index));
    condition->documents = counts.documents + unread_documents;
    condition->files_missing = counts.files_missing;
    condition->unread = archive_unread(o->archive);
    condition->contents_erased = counts.contents_erased;
    condition->documents_void = counts.documents_void;
    condition->documents_contested = counts.documents_contested;
    count_forks(o, condition);
    condition->has_node = office_node(o, &condition->node, NULL);
    load_report(o, condition);
    return COMMAND_OK;
}

void condition_free(struct condition *condition)
{
    if (condition->report != NULL)
        output_json_free(condition->report);
    condition->report = NULL;
}

/* Where no node runs, all that is known of peers is whom it would call. */
static struct output_json *write_configured_peers(const struct office *o)
{
    struct output_json *peers = output_json_list();
    const char *value;

    for (size_t i = 0; (value = config_value(o->config, "peer", i)) != NULL; i++) {
        struct output_json *peer = output_json_object();

        output_json_null(peer, "kibbutz");
        output_json_null(peer, "node");
        output_json_text(peer, "address", value);
        output_json_text(peer, "state", "stopped");
        output_json_null(peer, "last_heard");
        output_json_null(peer, "behind");
        output_json_add(peers, peer);
    }
    return peers;
}

static struct output_json *write_search(const struct condition *condition)
{
    struct output_json *json = output_json_object();

    output_json_bool(json, "dictionary", condition->has_dictionary);
    output_json_number(json, "behind", condition->search_behind);
    return json;
}

static void print_search(const struct condition *condition)
{
    if (condition->search_behind > 0)
        output_line(_("search    %" PRIu64 " documents cannot be searched yet\n"), condition->search_behind);
    if (!condition->has_dictionary)
        output_line(_("search    without the Hebrew dictionary, by guess: the package 'hspell' is not installed\n"));
}

/* ---- the council ---- */

static struct output_json *write_council(struct office *o)
{
    struct output_json *json;
    struct trust_council council;

    if (o->trust == NULL)
        return NULL;
    json = output_json_object();
    council = trust_council(o->trust);
    output_json_text(json, "status", trust_council_name(council.status));
    output_json_id(json, "root", &council.root);
    output_json_number(json, "number", council.number);
    output_json_bool(json, "final", council.is_final);
    output_json_number(json, "voters", council.voters);
    output_json_number(json, "majority", council.majority);
    return json;
}

/* How many roots have passed that exclude one another. */
static size_t count_rivals(struct office *o)
{
    struct trust_candidate candidate;
    size_t count = 0;

    for (size_t i = 0; trust_candidate_at(o->trust, i, &candidate); i++)
        count += candidate.passed;
    return count;
}

static void print_council(struct office *o)
{
    struct trust_council council;

    if (o->trust == NULL)
        return;
    council = trust_council(o->trust);
    output_line(_("council   root %" PRIu64 ", "), council.number);
    switch (council.status) {
    case TRUST_RIVALS:
        output_line(_("contested: %zu roots have passed; 'igum council show' tells the way out\n"), count_rivals(o));
        break;
    case TRUST_SPLIT: output_line(_("split: the kibbutzim stand on different roots, and people must decide\n")); break;
    case TRUST_WAITING: output_line(_("waiting: the approvals of the root that was final here are missing\n")); break;
    case TRUST_SETTLED:
        output_line(council.is_final ? _("final\n")
                                     : _("not yet final: waiting until more than two thirds stand on it\n"));
        break;
    }
}

struct output_json *condition_write(struct office *o, const struct condition *condition)
{
    struct output_json *json = output_json_object();
    struct output_json *peers = condition->report != NULL ? output_json_find(condition->report, "peers") : NULL;

    output_json_id(json, "network", &condition->network);
    output_json_text(json, "kibbutz", condition->has_kibbutz ? office_kibbutz_name(o, &condition->kibbutz) : NULL);
    output_json_text(json, "node", condition->has_node ? office_key_name(o, &condition->node) : NULL);
    output_json_id(json, "root", &condition->root);
    output_json_number(json, "entries", condition->entries);
    output_json_number(json, "documents", condition->documents);
    output_json_number(json, "contents_missing", condition->contents_missing);
    output_json_number(json, "files_missing", condition->files_missing);
    output_json_number(json, "unread", condition->unread);
    output_json_number(json, "forks", condition->forks);
    output_json_put(json, "peers", peers != NULL ? output_json_keep(peers) : write_configured_peers(o));
    if (condition->has_kibbutz)
        output_json_id(json, "kibbutz_id", &condition->kibbutz);
    if (condition->has_node)
        output_json_id(json, "node_key", &condition->node);
    output_json_number(json, "forks_settled", condition->forks_settled);
    output_json_number(json, "documents_contested", condition->documents_contested);
    output_json_number(json, "documents_void", condition->documents_void);
    output_json_number(json, "contents_erased", condition->contents_erased);
    output_json_put(json, "search", write_search(condition));
    output_json_put(json, "council", write_council(o));
    output_json_bool(json, "running", condition->report != NULL);
    output_json_text(json, "last_news",
                     condition->report != NULL ? output_json_find_text(condition->report, "last_news") : NULL);
    whereabouts_write_freshness(o, json);
    output_json_text(json, "trouble",
                     condition->report != NULL ? output_json_find_text(condition->report, "trouble") : NULL);
    return json;
}

static const char *or_unknown(const char *text)
{
    return text != NULL ? text : _("not known yet");
}

static void print_peers(const struct condition *condition)
{
    struct output_json *peers = output_json_find(condition->report, "peers"), *peer;

    for (size_t i = 0; (peer = output_json_at(peers, i)) != NULL; i++) {
        const char *state = output_json_find_text(peer, "state"), *address = output_json_find_text(peer, "address");

        output_line(_("peer      %s%s%s: %s\n"), or_unknown(output_json_find_text(peer, "kibbutz")),
                    address != NULL ? " · " : "", address != NULL ? address : "",
                    peer_list_state_text(state != NULL ? state : ""));
    }
}

static void print_clock(const struct condition *condition)
{
    struct output_json *peers = output_json_find(condition->report, "peers"), *peer;
    const char *cause;

    for (size_t i = 0; (peer = output_json_at(peers, i)) != NULL; i++)
        if ((cause = output_json_find_text(peer, "cause")) != NULL &&
            dialer_failure_from_name(cause) == DIALER_OUR_CLOCK) {
            output_line(_("caution   the clock of this machine is off: that of other offices says %s\n"),
                        output_json_find_text(peer, "detail"));
            return;
        }
}

void condition_print(struct office *o, const struct condition *condition)
{
    char network[ID_TEXT_LEN + 1], root[ID_TEXT_LEN + 1];

    id_to_text(&condition->network, network);
    id_to_text(&condition->root, root);
    output_line(_("network   %s\n"), network);
    output_line(_("kibbutz   %s\n"),
                condition->has_kibbutz ? office_kibbutz_name(o, &condition->kibbutz) : or_unknown(NULL));
    output_line(_("node      %s (%s)\n"), condition->has_node ? office_key_name(o, &condition->node) : or_unknown(NULL),
                condition->report != NULL ? _("running") : _("not running"));
    output_line(_("root      %s\n"), root);
    output_line(_("entries   %" PRIu64 "\n"), condition->entries);
    output_line(_("documents %" PRIu64 "\n"), condition->documents);
    output_line(_("missing   %" PRIu64 "\n"), condition->contents_missing);
    if (condition->files_missing > 0)
        output_line(_("files     %" PRIu64 " attachments are not here\n"), condition->files_missing);
    print_search(condition);
    if (condition->unread > 0)
        output_line(_("index     %" PRIu64 " documents behind\n"), condition->unread);
    if (condition->contents_erased > 0)
        output_line(_("erased    %" PRIu64 "\n"), condition->contents_erased);
    if (condition->documents_contested > 0)
        output_line(_("contested %" PRIu64 " documents\n"), condition->documents_contested);
    if (condition->documents_void > 0)
        output_line(_("void      %" PRIu64 " documents\n"), condition->documents_void);
    if (condition->forks > 0)
        output_line(_("forks     %zu: 'igum fork show' tells whose\n"), condition->forks);
    print_council(o);
    if (condition->report == NULL)
        return;
    if (output_json_find_text(condition->report, "last_news") != NULL)
        output_line(_("news      nothing new since %s\n"), output_json_find_text(condition->report, "last_news"));
    else
        output_line(_("news      nothing new since this node was started\n"));
    whereabouts_print_freshness(o);
    print_clock(condition);
    print_peers(condition);
    if (output_json_find_text(condition->report, "trouble") != NULL)
        output_line(_("trouble   %s\n"), output_json_find_text(condition->report, "trouble"));
}
