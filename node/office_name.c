/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "node/office.h"
#include "store/names.h"

/* Kept until the office closes, so that several can stand in one line. */
struct office_name {
    struct office_name *next;
    struct id id;
    char text[NAMES_SIZE];
};

typedef void name_fn(struct names *names, const struct id *id, char name[NAMES_SIZE]);

static const char *find(struct office *o, const struct id *id, name_fn *look_up)
{
    struct office_name *name;

    for (name = o->found_names; name != NULL; name = name->next)
        if (id_equal(&name->id, id))
            return name->text;
    if ((name = malloc(sizeof *name)) == NULL)
        return "?";
    name->id = *id;
    if (o->names == NULL && o->trust != NULL)
        (void)roster_take(&o->roster, o->trust);
    if (o->names == NULL && office_is_informed(o))
        o->names = names_new(o->archive, &o->roster);
    if (o->names != NULL)
        look_up(o->names, id, name->text);
    else
        names_short(id, name->text);
    name->next = o->found_names;
    o->found_names = name;
    return name->text;
}

const char *office_key_name(struct office *o, const struct id *key)
{
    return find(o, key, names_key);
}

const char *office_kibbutz_name(struct office *o, const struct id *kibbutz)
{
    return find(o, kibbutz, names_kibbutz);
}

void office_forget_names(struct office *o)
{
    while (o->found_names != NULL) {
        struct office_name *next = o->found_names->next;

        free(o->found_names);
        o->found_names = next;
    }
    names_free(o->names);
    o->names = NULL;
}
