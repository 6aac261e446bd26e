/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "node/office.h"
#include "node/output.h"
#include "proto/content.h"

#define SHORT_LEN 8 /* Bytes of an id that stand for a name. */

struct office_name {
    struct id id;
    char *text;
};

/* The name in the content of an admit, grant or accept entry. */
static enum err write_content_name(const struct office *o, const struct id *log, uint64_t seq, struct buffer *name)
{
    struct buffer packed = BUFFER(LIMIT_BUNDLE);
    struct content *content = malloc(sizeof *content); /* Too large for the stack. */
    const struct content_file *file = NULL;
    enum err err = content == NULL ? ERR_MEMORY : archive_read_content(o->archive, log, seq, &packed);

    if (!err && !(err = content_open(buffer_bytes(&packed), content)) &&
        (file = content_find(content, CONTENT_NAME)) == NULL)
        err = ERR_MISSING;
    if (!err) {
        struct bytes line = file->bytes;

        if (line.len > 0 && line.at[line.len - 1] == '\n')
            line.len--;
        output_clean(name, line, false);
        err = line.len > 0 ? buffer_error(name) : ERR_MISSING;
    }
    free(content);
    buffer_free(&packed);
    return err;
}

static enum err write_founder_name(const struct office *o, const struct id *key, struct buffer *name)
{
    const struct charter *charter = trust_charter(o->trust);

    for (size_t i = 0; i < charter->founder_count; i++)
        for (size_t j = 0; j < charter->founders[i].steward_count; j++)
            if (id_equal(&charter->founders[i].stewards[j].key, key)) {
                output_clean(name, charter->founders[i].stewards[j].name, false);
                return buffer_error(name);
            }
    return ERR_MISSING;
}

static enum err write_key_name(const struct office *o, const struct id *key, struct buffer *name)
{
    struct trust_key known;

    if (o->trust == NULL || (known = trust_key(o->trust, key)).status == TRUST_UNKNOWN)
        return ERR_MISSING;
    return known.grant_seq == 0 ? write_founder_name(o, key, name)
                                : write_content_name(o, &known.grant_log, known.grant_seq, name);
}

static enum err write_kibbutz_name(const struct office *o, const struct id *kibbutz, struct buffer *name)
{
    for (size_t i = 0; o->trust != NULL && i < trust_kibbutz_count(o->trust); i++) {
        struct trust_kibbutz known = trust_kibbutz_at(o->trust, i);

        if (!id_equal(&known.kibbutz, kibbutz))
            continue;
        if (known.admit_seq > 0)
            return write_content_name(o, &known.admit_log, known.admit_seq, name);
        output_clean(name, trust_charter(o->trust)->founders[known.founder].name, false);
        return buffer_error(name);
    }
    return ERR_MISSING;
}

typedef enum err name_fn(const struct office *o, const struct id *id, struct buffer *name);

static const char *find(struct office *o, const struct id *id, name_fn *write)
{
    struct office_name *names;
    struct buffer name = BUFFER(LIMIT_ENTRY);

    for (size_t i = 0; i < o->name_count; i++)
        if (id_equal(&o->names[i].id, id))
            return o->names[i].text;
    if (write(o, id, &name)) {
        buffer_clear(&name);
        buffer_hex(&name, bytes_of(id->at, SHORT_LEN));
    }
    buffer_u8(&name, 0);
    names = realloc(o->names, (o->name_count + 1) * sizeof *names);
    if (names != NULL)
        o->names = names;
    if (names == NULL || buffer_error(&name)) {
        buffer_free(&name);
        return "?";
    }
    names[o->name_count] = (struct office_name){.id = *id, .text = (char *)name.at};
    return names[o->name_count++].text;
}

const char *office_key_name(struct office *o, const struct id *key)
{
    return find(o, key, write_key_name);
}

const char *office_kibbutz_name(struct office *o, const struct id *kibbutz)
{
    return find(o, kibbutz, write_kibbutz_name);
}

void office_forget_names(struct office *o)
{
    for (size_t i = 0; i < o->name_count; i++)
        free(o->names[i].text);
    free(o->names);
    o->names = NULL;
    o->name_count = 0;
}
