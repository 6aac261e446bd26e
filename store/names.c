/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/names.h"

#include "proto/content.h"
#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>

#define CACHE_COUNT 1024 /* More keys than one page names. */
#define CACHE_PROBES 4   /* Places that a name may be at. */

struct cached {
    struct id id;
    bool used;
    bool stands_in; /* For a word that is not here yet. */
    char name[NAMES_SIZE];
};

struct names {
    struct archive *archive;
    const struct roster *roster;
    struct charter charter;
    struct content content;
    struct cached cache[CACHE_COUNT]; /* By the first bytes of the id; a later one takes the place. */
    bool stands_in;                   /* What was found last. */
};

struct names *names_new(struct archive *archive, const struct roster *roster)
{
    struct names *names = calloc(1, sizeof *names);

    if (!names || charter_read(archive_charter(archive), &names->charter)) {
        free(names);
        return NULL;
    }
    names->archive = archive;
    names->roster = roster;
    return names;
}

void names_free(struct names *names)
{
    free(names);
}

struct bytes names_network(const struct names *names)
{
    return names->charter.name;
}

void names_short(const struct id *id, char name[NAMES_SIZE])
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    (void)snprintf(name, NAMES_SIZE, "…%s", text + ID_TEXT_LEN - 4);
}

static bool take_name(struct bytes line, char name[NAMES_SIZE])
{
    if (!text_is_line(line, LIMIT_NAME))
        return false;
    memcpy(name, line.at, line.len);
    name[line.len] = '\0';
    return true;
}

/* ---- from contents ---- */

static bool read_content_name(struct names *names, struct bytes packed, char name[NAMES_SIZE])
{
    const struct content_file *file;

    if (content_open(packed, &names->content) || !(file = content_find(&names->content, CONTENT_NAME)))
        return false;
    struct bytes line = file->bytes;
    if (line.len > 0 && line.at[line.len - 1] == '\n')
        line.len--;
    return take_name(line, name);
}

/* The name in the content of an entry; false when it has none or it is not here. */
static bool read_name(struct names *names, const struct id *log, uint64_t seq, char name[NAMES_SIZE])
{
    struct buffer packed = BUFFER(LIMIT_CONTENT + LIMIT_MANIFEST + KIB(1));
    bool found = archive_read_content(names->archive, log, seq, &packed) == ERR_OK &&
                 read_content_name(names, buffer_bytes(&packed), name);

    buffer_free(&packed);
    return found;
}

/* The entry whose invitation an accept entry took up. */
static bool find_invitation(struct names *names, const struct id *log, uint64_t seq, struct id *invitation_log,
                            uint64_t *invitation_seq)
{
    struct id network = archive_network(names->archive), invitation;
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry entry;
    bool found = archive_read_entry(names->archive, log, seq, &wire) == ERR_OK &&
                 entry_decode(buffer_bytes(&wire), &network, &entry) == ERR_OK && entry.act == ACT_ACCEPT &&
                 act_id(entry.body, ACT_INVITATION, 0, &invitation) == ERR_OK &&
                 archive_find(names->archive, &invitation, invitation_log, invitation_seq) == ERR_OK;

    buffer_free(&wire);
    return found;
}

/* ---- whom to ask ---- */

static bool find_kibbutz(struct names *names, const struct id *kibbutz, char name[NAMES_SIZE])
{
    const struct trust_kibbutz *known = roster_kibbutz(names->roster, kibbutz);

    if (!known)
        return false;
    if (known->admit_seq > 0)
        return read_name(names, &known->admit_log, known->admit_seq, name);
    return known->founder < names->charter.founder_count &&
           take_name(names->charter.founders[known->founder].name, name);
}

static bool find_founder(struct names *names, const struct id *key, char name[NAMES_SIZE])
{
    const struct charter *charter = &names->charter;

    for (size_t i = 0; i < charter->founder_count; i++)
        for (size_t k = 0; k < charter->founders[i].steward_count; k++)
            if (id_equal(&charter->founders[i].stewards[k].key, key))
                return take_name(charter->founders[i].stewards[k].name, name);
    return false;
}

/*
 * The newcomer's own word goes before the inviter's, also when a root lists the key since.  A steward whom a root or a
 * recovery card has put in place is named by no entry: the kibbutz stands in.
 */
static bool find_key(struct names *names, const struct id *key, char name[NAMES_SIZE])
{
    struct trust_key known = roster_key(names->roster, key);
    struct id log;
    uint64_t seq;

    if (known.status == TRUST_UNKNOWN)
        return false;
    if (known.told_seq == 0)
        return find_founder(names, key, name) ||
               (known.role == ROLE_STEWARD && find_kibbutz(names, &known.kibbutz, name));
    if (read_name(names, &known.told_log, known.told_seq, name))
        return true;
    names->stands_in = true;
    return find_invitation(names, &known.told_log, known.told_seq, &log, &seq) && read_name(names, &log, seq, name);
}

bool names_forget(struct names *names, bool all)
{
    bool any = false;

    for (size_t i = 0; i < CACHE_COUNT; i++)
        if (names->cache[i].used && (all || names->cache[i].stands_in)) {
            names->cache[i].used = false;
            any = true;
        }
    return any;
}

/* The place of an id, or the one that it takes: free if there is one near. */
static struct cached *find_place(struct names *names, const struct id *id)
{
    size_t first = (id->at[0] | (size_t)id->at[1] << 8) % CACHE_COUNT;
    struct cached *place = &names->cache[first];

    for (size_t i = 0; i < CACHE_PROBES; i++) {
        struct cached *cached = &names->cache[(first + i) % CACHE_COUNT];

        if (cached->used && id_equal(&cached->id, id))
            return cached;
        if (place->used && !cached->used)
            place = cached;
    }
    return place;
}

static void look_up(struct names *names, const struct id *id,
                    bool (*find)(struct names *names, const struct id *id, char name[NAMES_SIZE]),
                    char name[NAMES_SIZE])
{
    struct cached *cached = find_place(names, id);

    if (!cached->used || !id_equal(&cached->id, id)) {
        *cached = (struct cached){.id = *id, .used = true};
        names->stands_in = false;
        if (!find(names, id, cached->name)) {
            names_short(id, cached->name);
            names->stands_in = true;
        }
        cached->stands_in = names->stands_in;
    }
    memcpy(name, cached->name, NAMES_SIZE);
}

void names_kibbutz(struct names *names, const struct id *kibbutz, char name[NAMES_SIZE])
{
    look_up(names, kibbutz, find_kibbutz, name);
}

void names_key(struct names *names, const struct id *key, char name[NAMES_SIZE])
{
    look_up(names, key, find_key, name);
}
