/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_LIMITS_H
#define PROTO_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* Every bound, with its reason.  A number from outside meets this file before it meets arithmetic or memory. */

#define KIB(n) ((size_t)(n)*1024)
#define MIB(n) ((size_t)(n)*1024 * 1024)

/* ---- entries ---- */
#define LIMIT_ENTRY KIB(64)                     /* A council root of 300 kibbutzim fits; a reader can hold many. */
#define LIMIT_ENTRY_BODY KIB(62)                /* Leaves room for the fixed fields within LIMIT_ENTRY. */
#define LIMIT_COMMIT KIB(72)                    /* The body as text, headers and armour. */
#define LIMIT_ACT_NAME 16                       /* An act is one word. */
#define LIMIT_NUMBER ((UINT64_C(1) << 53) - 1)  /* Exact in every JSON reader. */
#define LIMIT_CLOCK_SECONDS (UINT64_C(1) << 33) /* Until the year 2242; git tools cope. */
#define LIMIT_AFTER 64                          /* Revisions joined at once. */
#define LIMIT_OVER 64                           /* Rival roots set aside at once. */
#define LIMIT_SUPERSEDES 16                     /* Documents replaced at once. */
#define LIMIT_LINES 300                         /* Kibbutzim a council root may list. */
#define LIMIT_PINS 128                          /* Logs one entry may pin. */
#define LIMIT_CLOSED 64                         /* Kibbutzim that leave at once. */
#define LIMIT_STEWARDS 3                        /* Steward keys of one kibbutz (docs/FORMAT.md, 4). */
#define LIMIT_ADDRESSES 8                       /* Addresses of one node. */
#define LIMIT_REASON 1000                       /* A sentence for people, in bytes. */
#define LIMIT_NAME 200                          /* A person's or kibbutz's name, in bytes. */
#define LIMIT_ENROLMENT 16 /* Steps from a node to the charter: founder, admission, hand-over, grant, and room. */
#define LIMIT_ADDRESS 255  /* A host name and a port. */

/* ---- contents ---- */
#define LIMIT_FILES 256        /* Files of one content. */
#define LIMIT_FILE_NAME 255    /* What file systems take. */
#define LIMIT_MANIFEST KIB(96) /* LIMIT_FILES lines with the longest names. */
#define LIMIT_CHUNK MIB(1)     /* Larger files are hashed by chunks of this. */
#define LIMIT_CHUNKS 256       /* Of one file: a list of their hashes is 8 KiB. */
#define LIMIT_FILE (LIMIT_CHUNKS * LIMIT_CHUNK)
#define LIMIT_CONTENT MIB(3)   /* A manifest and its text must fit a bundle; attachments travel apart. */
#define LIMIT_CHARTER KIB(16)  /* Some 40 founding kibbutzim. */
#define LIMIT_FOUNDERS 40

/* ---- what a node keeps ---- */
#define LIMIT_LOGS 16384    /* Logs of one network: heads stay in memory. */
#define LIMIT_BRANCHES 64   /* Tips of one log: beyond it its key is plainly hostile, and further ones are left out. */
#define LIMIT_FORKS 8192    /* Tips of all logs together beyond the first of each. */
#define LIMIT_MISSING 65536 /* Contents known to be missing, kept in memory. */
#define LIMIT_WANTED 65536  /* The same of attachments. */

/* ---- transport ---- */
#define LIMIT_RECORD KIB(16)                  /* 131 ms at 1 Mbit/s: the longest wait behind a bulk record. */
#define LIMIT_HELLO 1024                      /* Payload of the last handshake message. */
#define LIMIT_BEFORE_AUTH KIB(2)              /* Memory of a connection that has proven nothing. */
#define LIMIT_MESSAGE KIB(128)                /* A message nobody asked for. */
#define LIMIT_MESSAGE_BULK (MIB(4) + KIB(64)) /* An answer of bulk data. */
#define LIMIT_OUTPUT KIB(512)                 /* Bytes a session may queue before the sender has to wait. */
#define LIMIT_SESSIONS 64                     /* Connections of one node, one per peer. */
#define LIMIT_SHOW KIB(256)                   /* What a caller on probation may show. */
#define LIMIT_REKEY 65536                     /* Records of a direction under one key. */
#define LIMIT_MESSAGE_FILE (LIMIT_CHUNK + KIB(1)) /* A chunk of an attachment. */
#define LIMIT_CREDIT MIB(4)                   /* Of attachments under way on one connection: 40 ms at 100 MB a second. */
#define LIMIT_CREDIT_LEAST KIB(4)             /* 33 ms at 1 Mbit/s. */
#define LIMIT_FILE_ASKS 4                     /* Chunks asked of one peer at a time: the next is read while one travels. */
#define LIMIT_FILES_OPEN 16                   /* Attachments under way at once. */
#define LIMIT_PUSH_FRAME KIB(96)              /* A pushed frame; larger contents are asked for. */

/* ---- pushes against what both sides have ---- */
#define LIMIT_PUSH_BASE KIB(384)     /* What one push is compressed against: beyond it the gain is small. */
#define LIMIT_RECENT_READ KIB(96)    /* So much of it is read from the disk where it is not at hand: some 15 documents. */
#define LIMIT_RECENT_CONTENT KIB(32) /* A larger content helps no other, and is left out. */
#define LIMIT_RECENT_TEXT KIB(128)   /* An entry with its content, before compression. */
#define LIMIT_RECENT_RUN 255         /* Entries of one run. */
#define LIMIT_RECENT_LOGS 16         /* Logs at hand: with the above, 6 MiB. */

/* ---- bundles ---- */
#define LIMIT_BUNDLE MIB(4)                   /* A bundle before compression. */
#define LIMIT_BUNDLE_SMALL MIB(1)             /* A bundle nobody asked for (PUSH, SHOW). */
#define LIMIT_BUNDLE_FILL (MIB(3) + KIB(512)) /* A sender stops filling here. */
#define LIMIT_BUNDLE_ENTRIES 4096             /* Entries of one bundle: bounds the work and memory of taking it in. */
#define LIMIT_COMMITS MIB(12)                 /* The commits rebuilt from one bundle. */
#define LIMIT_BUNDLE_FIRST KIB(64)            /* The first answer to a request, before LIMIT_BUNDLE_SMALL: a slow line resumes early. */
#define LIMIT_WINDOW_LOG 23                   /* zstd window of 8 MiB, RFC 9659's bound. */
#define LIMIT_RANGES 256                      /* Ranges of one WANT. */
#define LIMIT_POINTS 16                       /* Earlier states that a node tells it remembers. */
#define LIMIT_VECTOR 256                      /* Tips told one by one: 14 KiB, a tenth of a second at 1 Mbit/s, as long as the turns that a trie takes. */

/* ---- the trie: docs/PROTOCOL.md, 2 ---- */
#define LIMIT_TRIE_LEAF 32     /* Logs told one by one at its end: of fewer more digests are told where all differs, of more all of them where one does. */
#define LIMIT_TRIE_DEPTH 8     /* 48 bits of keys: nobody finds 33 keys that are alike in more. */
#define LIMIT_TRIE_ASKS 512    /* Nodes asked for at once: as many leaves as fill an answer where there are most logs. */
#define LIMIT_TRIE_NODES 32768 /* Of one walk: LIMIT_LOGS leaves at most, and the nodes above them. */
#define LIMIT_TRIE_ROUNDS 64   /* Of one walk: its depth, and as many full answers as all tips and nodes are. */

/* ---- receipts ---- */
#define LIMIT_RECEIPT_NODES 4096  /* Nodes whose receipts are kept. */
#define LIMIT_RECEIPT_LACKS 1024  /* Contents that one receipt lists as lacking; more: no attachments, or no contents count as held. */
#define LIMIT_RECEIPT_PROOF MIB(2) /* What stands behind a receipt: LIMIT_LOGS and LIMIT_FORKS tips, and that list. */
#define LIMIT_RECEIPT_PAST MIB(2) /* Own frontiers remembered, so that most receipts need no proof. */
#define LIMIT_RECEIPT_ASKS 64     /* Receipts of one WANT_RECEIPT. */
#define LIMIT_RECEIPT_PART KIB(32) /* Of a proof in one message. */

/* ---- time, in milliseconds ---- */
#define LIMIT_FIRST_MS 5000      /* For the first handshake message. */
#define LIMIT_HANDSHAKE_MS 10000 /* For the whole handshake, and for probation. */
#define LIMIT_CALL_MS 30000      /* A call: to be connected, the handshake, and probation. */
#define LIMIT_PING_MS 45000      /* Silence before we ask. */
#define LIMIT_SILENCE_MS 120000  /* Silence that ends a session. */
#define LIMIT_STALL_MS 10000     /* An answer that does not begin or go on, nor anything else is said ... */
#define LIMIT_ANSWER_MS 60000    /* ... though other things are said. */
#define LIMIT_QUEUE_MS 60        /* What attachments under way may add to the wait of anything else. */
#define LIMIT_SETTLE_MS 1000     /* After a crash at most so much of an attachment under way is fetched again. */
#define LIMIT_ROOTS_MS 60000     /* Roots are compared this often. */
#define LIMIT_RECEIPT_DELAY_MS 1000   /* From a change to the receipt that tells it, and from that to the others: one of many. */
#define LIMIT_RECEIPT_GAP_MS 10000    /* Between two receipts of a busy node. */
#define LIMIT_RECEIPT_EACH_MS 100     /* Longer, for each node that has to hear of it. */
#define LIMIT_RECEIPT_BUSY_MS 60000   /* While much is on its way. */
#define LIMIT_RECEIPT_BEAT_MS 86400000 /* An idle node says once a day that it is alive. */

_Static_assert(LIMIT_ENTRY_BODY + 400 <= LIMIT_ENTRY, "an entry holds its body");
_Static_assert(LIMIT_CONTENT + LIMIT_ENTRY + KIB(128) <= LIMIT_BUNDLE_FILL, "any entry fits a bundle with its content");
_Static_assert(LIMIT_BUNDLE_FILL < LIMIT_BUNDLE, "a filled bundle fits");
_Static_assert(LIMIT_BUNDLE < LIMIT_MESSAGE_BULK, "a bundle that does not compress fits a message");
_Static_assert(LIMIT_PUSH_FRAME < LIMIT_MESSAGE, "a push fits a message");

#endif
