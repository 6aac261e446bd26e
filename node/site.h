/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SITE_H
#define NODE_SITE_H

/* What the reader's routes read: archive and index of one home, read-only, beside the node that writes them. */

#include "node/errand.h"
#include "node/overview.h"
#include "store/archive.h"
#include "store/roster.h"
#include "store/search.h"

#include "store/reach.h"

struct site;
struct sockaddr;

/* There need be no archive yet.  NULL: memory is out. */
struct site *site_open(const char *home);
void site_close(struct site *s); /* Accepts NULL. */

/*
 * Opens what is not open, and opens anew what another process replaced: before each request.  Both are NULL after an
 * error: ERR_MISSING: there is no archive here yet; else it cannot be read.
 */
enum err site_refresh(struct site *s);

/*
 * What tells whether anything has changed since: which opening of the index this is, its version, what was taken back of it
 * (index_recalls()), and receipts.  Refreshes.  `version` is this site's own: another one counts otherwise.
 */
struct site_stamp {
    uint64_t opening, version, recalls, receipts;
};
enum err site_read_stamp(struct site *s, struct site_stamp *stamp);

/*
 * Says for whom the next answers are: one who is not near sees nothing that is for the kibbutz alone.  Near until told.
 * A caller's address is near as igum.conf says.
 */
void site_set_near(struct site *s, bool is_near);
bool site_is_near(const struct site *s);
bool site_knows_as_near(const struct site *s, const struct sockaddr *caller);

/* Who may be asked about accessibility, as the office wrote it; empty: nobody.  Lent. */
struct bytes site_accessibility(const struct site *s);

/* Whether this node fetches attachments only when somebody asks for them. */
bool site_fetches_on_demand(const struct site *s);

/* By which the running node is asked for attachments; none until told. */
void site_set_errands(struct site *s, int fd);
struct errands *site_errands(struct site *s);

/* Who holds which office, as the index has it; NULL: nothing is known.  Lent until the next request. */
const struct roster *site_roster(struct site *s);

struct archive *site_archive(struct site *s);
struct index *site_index(struct site *s);

/* How many contents are missing that may come here, and how many came whose texts nobody has read yet.  false: the index cannot be read. */
bool site_count_gaps(struct site *s, uint64_t *missing, uint64_t *unread);

/*
 * What many pages show and what takes long to count, of a moment ago: made anew when the archive has changed, but, unless
 * something was taken back, never so often that making it takes much of the time.  NULL: the index cannot be read.  Lent until the next request.
 */
const struct overview *site_overview(struct site *s);
/* The same of what every page shows, which is counted much sooner. */
const struct index_extent *site_extent(struct site *s);

/* The search, and the names that it may be asked for; NULL: memory is out.  Lent until the next request. */
struct search *site_search(struct site *s);
struct search_names site_search_names(struct site *s);

/* What receipts tell; NULL: nothing.  Lent until the next request. */
struct reach *site_reach(struct site *s);
uint64_t site_now_ms(void);

/*
 * Reads beforehand what the first pages would wait for, a part each time; false: nothing is left to read.
 */
bool site_warm(struct site *s);

/* When nobody asks for anything: gives memory back that the next question takes again. */
void site_rest(struct site *s);

/* Closes both after an error, so that the next request begins afresh. */
void site_drop(struct site *s);

/*
 * The names of the network, of a kibbutz and of a key's holder; a network without a charter has none, for others the end of
 * the id stands in.  Lent until the next call.
 */
struct bytes site_network_name(struct site *s);
struct bytes site_kibbutz_name(struct site *s, const struct id *kibbutz);
struct bytes site_key_name(struct site *s, const struct id *key);

#endif
