/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_PEOPLE_H
#define TESTS_SIM_PEOPLE_H

/* Those who hold keys, what they sign, and what becomes of it. */

#include "tests/sim/world.h"

/* Founds the network: the first node, its steward, and nodes and coordinators of that kibbutz. */
void people_found(struct world *w);
/* Somebody does something. */
void people_work(struct world *w);
/* The outcome of a publication. */
void people_published(struct world *w, uint32_t node, uint64_t tag, enum err cause);
/* After a start: those who were left without an answer look at the store. */
void people_look(struct world *w, uint32_t node);
/* Publishes a small document somewhere to see it arrive everywhere; false when nobody could. */
bool people_probe(struct world *w);

/* Notes what a bundle holds as signed at `origin`; with `on_disk` it is put there at once. */
void people_note(struct world *w, uint32_t origin, const struct buffer *bundle, uint64_t tag, bool on_disk);
/* Notes one entry, after which its log's head is `head`; it is not on its way yet. */
void people_note_one(struct world *w, uint32_t origin, const struct entry *entry, const struct head *head,
                     struct bytes wire, size_t content_len);
/* The entry of this wire form, or NULL. */
struct signed_entry *people_signed(struct world *w, struct bytes wire);
/* The entry with this id, or NULL. */
struct signed_entry *people_entry(struct world *w, const struct id *log, uint64_t seq, const struct id *entry);
bool people_knows_log(const struct world *w, const struct id *log);

#endif
