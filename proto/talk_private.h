/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_TALK_PRIVATE_H
#define PROTO_TALK_PRIVATE_H

/* What the files talk*.c share; nobody else includes it. */

#include "proto/replica_state.h"

/* ---- talk.c ---- */
/* Sends a message; a link whose queue is full ends. */
void talk_say(struct link *l, enum session_stream stream, uint8_t type, const struct buffer *body);
/* Says why, and ends the link. */
void talk_refuse(struct link *l, enum message_refusal code, const char *text, enum err cause, const char *reason);
/* Tells the caller that the link is open, once. */
void talk_tell_opened(struct replica *r, struct link *l);

/* ---- talk_bundle.c ---- */
void talk_on_show(struct replica *r, struct link *l, struct bytes frame, uint64_t now);
void talk_on_push(struct replica *r, struct link *l, struct bytes frame);
void talk_on_bundle(struct replica *r, struct link *l, struct bytes payload, uint64_t now);

/* Whoever pushes an entry has it, also where we had it before. */
void talk_note_pushed(struct replica *r, struct link *l);

/* ---- talk_lean.c ---- */
void talk_on_lean(struct replica *r, struct link *l, struct bytes payload);
/* Sends the one item on its way so, if the peer holds what that rests on.  ERR_MISSING: it has to be told in full. */
enum err talk_push_lean(struct replica *r, struct link *l, const struct item *item);
void talk_end_lean(struct replica *r);
/* Remembers an entry that others may push too. */
void talk_hear(struct replica *r, const struct item *item);

/* ---- talk_roots.c ---- */
void talk_on_roots(struct replica *r, struct link *l, struct bytes payload);
void talk_on_vector(struct replica *r, struct link *l, struct bytes payload);
void talk_send_roots(struct replica *r, struct link *l);
/* Has them sent if they are not what we told last.  A newcomer asks for the charter first: before it, roots say nothing to it. */
void talk_offer_roots(struct replica *r, struct link *l);
/* Compares the peer's roots, which are known, with ours. */
void talk_compare_roots(struct replica *r, struct link *l);
/* Tells all that we have, as a VECTOR or by our trie, once for each pair of roots. */
void talk_offer_all(struct replica *r, struct link *l);
/* All that the peer has was told: we look what of it is not here. */
void talk_begin_asking(struct link *l);
/* A peer has something of our own log that we lack: this node was set back, or its key is used elsewhere. */
void talk_look_for_own(struct replica *r, struct link *l, const struct message_item *item);
/* Asks for what the peer has and we lack; when that is nothing, the comparison ends. */
void talk_ask(struct replica *r, struct link *l, uint64_t now);

/* ---- talk_delta.c ---- */
/* Roots are unequal: tells what differs from what the peer has, or had, or what we know of earlier states; once for each pair of roots. */
void talk_offer_delta(struct replica *r, struct link *l);
void talk_on_points(struct replica *r, struct link *l, struct bytes payload);
void talk_on_delta(struct replica *r, struct link *l, struct bytes payload);

/* ---- talk_trie.c ---- */
void talk_send_top(struct replica *r, struct link *l);
void talk_on_trie(struct replica *r, struct link *l, struct bytes payload, uint64_t now);
void talk_on_want_trie(struct replica *r, struct link *l, struct bytes payload);

/* ---- talk_receipt.c ---- */
void talk_on_receipt(struct replica *r, struct link *l, struct bytes payload, uint64_t now);
void talk_on_want_receipt(struct replica *r, struct link *l, struct bytes payload);
/* The first bytes of a digest over the numbers of all newest receipts that count. */
uint64_t talk_receipt_digest(struct replica *r);
/* After the peer's roots: where it has other receipts, tells which are here. */
void talk_receipt_compare(struct replica *r, struct link *l);
/* Tells and asks what is due; true when it did something. */
bool talk_receipt_drive(struct replica *r, struct link *l, uint64_t now);
/* A peer is asked for contents after this serial, by what its receipt says now; a later one does not count against the answer. */
void talk_receipt_trust(struct replica *r, struct link *l, uint64_t asked_after);

/* ---- talk_answer.c ---- */
void talk_on_want(struct replica *r, struct link *l, struct bytes payload, bool content_only);
/* Has the next range that the peer asked for read from the disk. */
void talk_read_next(struct replica *r, struct link *l);

/* ---- talk_file.c ---- */
void talk_on_want_file(struct replica *r, struct link *l, struct bytes payload);
void talk_on_file(struct replica *r, struct link *l, struct bytes payload, uint64_t now);
void talk_on_file_here(struct replica *r, struct link *l, struct bytes payload);
/* Asks this peer for one part more of what is wanted; true when it did. */
bool talk_ask_files(struct replica *r, struct link *l, uint64_t now);
/* Has the next part that the peer asked for read from the disk; true when it did. */
bool talk_read_file(struct replica *r, struct link *l);

#endif
