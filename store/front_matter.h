/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_FRONT_MATTER_H
#define STORE_FRONT_MATTER_H

/*
 * The facts at the head of a document: a strict subset of YAML, and the only user of libyaml.  Mappings of scalars, lists of
 * scalars and lists of mappings of scalars; no anchors, aliases, tags or directives.  Keys that we do not know are left
 * alone.  Nothing here decides anything: what counts is in the signed entry.
 */

#include "proto/buffer.h"
#include "proto/limits.h"

#define FRONT_MATTER_SIZE_MAX KIB(64)
#define FRONT_MATTER_DEPTH_MAX 4
#define FRONT_MATTER_LINE_MAX 500 /* Bytes of one value. */
#define FRONT_MATTER_LIST_MAX 600 /* An assembly's list of those present. */
#define FRONT_MATTER_CONTACTS_MAX 64

enum document_kind { DOCUMENT_NOTICE, DOCUMENT_MINUTES, DOCUMENT_DECISION, DOCUMENT_KNOWLEDGE };

const char *document_kind_name(enum document_kind kind);
/* ERR_MISSING: no such kind. */
enum err document_kind_from_name(struct bytes name, enum document_kind *kind);

/* Why a document cannot be published, for people.  Written on failure only. */
struct document_reason {
    char text[300];
};

struct front_matter_list {
    struct bytes *items;
    size_t count;
};

struct front_matter_contact {
    struct bytes name, phone, role, kibbutz, confirmed; /* `confirmed` is a date as below. */
};

/* All texts are one line, cleaned (plain_text_clean()), NUL-terminated behind their length; never NULL, empty: not said. */
struct front_matter {
    struct bytes title;
    enum document_kind kind;
    struct bytes body, number;
    struct bytes date; /* yyyy-mm-dd */
    struct bytes language;
    struct front_matter_list present, absent, topics, supersedes;
    struct front_matter_contact *contacts;
    size_t contact_count;
    uint64_t approvals;     /* 0: not said. */
    bool approvals_are_own; /* By keys of the own kibbutz, and not by as many kibbutzim. */
    char *strings;          /* The texts, in one piece. */
    size_t strings_len, strings_size;
};

/* One that says nothing; it needs no freeing, but may be. */
void front_matter_empty(struct front_matter *front);

/*
 * Reads the lines between the fences; `line` is the number of the first of them, for the reason.  With `reason` NULL a
 * value that is not in order counts as not said, else it is an error.  ERR_FORMAT, ERR_LIMIT, ERR_MEMORY: then `front`
 * is empty.
 */
enum err front_matter_read(struct bytes yaml, size_t line, struct front_matter *front, struct document_reason *reason);
void front_matter_free(struct front_matter *front);

/* Writes yyyy-mm-dd for that or d.m.yyyy or d/m/yyyy; false when it is no date. */
bool front_matter_date(struct bytes text, char date[11]);

#endif
