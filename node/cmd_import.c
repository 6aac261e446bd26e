/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/cmd_import.h"

#include "node/arguments.h"
#include "node/command.h"
#include "node/i18n.h"
#include "node/log.h"
#include "node/lone.h"
#include "node/office.h"
#include "node/output.h"
#include "node/stick_read.h"

#include <inttypes.h>
#include <stdlib.h>

static bool is_sound(const struct stick_file *file)
{
    return file->unread == ERR_OK && file->is_whole && file->refused == 0 && file->damaged == 0 && !file->is_cut;
}

static void tell_unread(const struct stick_file *file)
{
    output_error(_("'%s' cannot be read: %s"), file->path,
                 file->unread == ERR_FORMAT ? _("it is no plain file") : err_text(file->unread));
    output_hint(file->unread == ERR_FORMAT
                    ? _("name the bundle files themselves; a repository or a folder on a stick is never opened")
                    : _("see whether the stick is in, and the name is right"));
}

static void tell_foreign(const struct stick_file *file)
{
    if (file->odd == ERR_NETWORK)
        output_error(_("'%s' is of another network: nothing was taken from it"), file->path);
    else if (file->odd == ERR_VERSION)
        output_error(_("'%s' is of a newer Igum: nothing was taken from it"), file->path);
    else
        output_error(_("'%s' is no bundle file, or nothing of it is left whole"), file->path);
    output_hint(_("'igum export --bundle FILE --for KIBBUTZ' in the other office writes it anew"));
}

static void tell_file(const struct stick_file *file)
{
    if (file->unread != ERR_OK) {
        tell_unread(file);
        return;
    }
    if (file->taken + file->receipts + file->known == 0 && (file->odd != ERR_OK || file->frames == 0) &&
        !is_sound(file)) {
        tell_foreign(file);
        return;
    }
    if (file->is_cut)
        output_error(_("'%s' ends before its end: %" PRIu64 " whole frames were read from it"), file->path,
                     file->frames);
    else if (file->damaged > 0 || !file->is_whole)
        output_error(_("'%s' is damaged: %" PRIu64 " whole frames were read from it"), file->path, file->frames);
    if (file->refused > 0)
        output_error(_("%" PRIu64 " frames of '%s' hold what nobody of this network signed so: they were left out"),
                     file->refused, file->path);
    if (!is_sound(file))
        output_hint(_("all that is whole is taken in; have the file written anew for the rest, and import it again"));
}

static void print_json(struct office *o, const struct stick_read *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct stick_file *file = &s->files[i];
        struct output_json *json = output_json_object();
        bool is_from = file->odd == ERR_OK && !id_is_zero(&file->header.from);

        output_json_text(json, "file", file->path);
        output_json_text(json, "from", is_from ? office_kibbutz_name(o, &file->header.from) : NULL);
        if (file->odd == ERR_OK && file->unread == ERR_OK)
            output_json_time(json, "written", file->header.clock_ms);
        else
            output_json_null(json, "written");
        output_json_number(json, "frames", file->frames);
        output_json_number(json, "new", file->taken);
        output_json_number(json, "known", file->known);
        output_json_number(json, "receipts", file->receipts);
        output_json_number(json, "refused", file->refused);
        output_json_number(json, "damaged", file->damaged);
        output_json_bool(json, "cut", file->is_cut);
        output_json_bool(json, "whole", is_sound(file));
        output_json_print(json);
    }
}

static int report(struct office *o, const struct stick_read *s)
{
    uint64_t frames = 0, taken = 0, known = 0;
    bool all_sound = true;

    for (size_t i = 0; i < s->count; i++) {
        frames += s->files[i].frames;
        taken += s->files[i].taken + s->files[i].receipts;
        known += s->files[i].known;
        all_sound = all_sound && is_sound(&s->files[i]);
        tell_file(&s->files[i]);
    }
    if (command_options()->json)
        print_json(o, s);
    if (taken > 0)
        output_note(_("%" PRIu64 " of %" PRIu64 " frames brought something new, and it is kept."), taken, frames);
    else if (known > 0)
        output_note(_("nothing of it was new here"));
    if (s->left_out > 0) {
        output_error(_("%" PRIu64 " entries rest on others that are neither here nor in these files"), s->left_out);
        output_hint(_("import all parts together, or have the bundle written anew"));
    }
    if (taken == 0 && known == 0 && !all_sound)
        return COMMAND_FAILED;
    return all_sound && s->left_out == 0 ? COMMAND_OK : COMMAND_PARTLY;
}

/* An office that has joined and reached nobody yet: what it stands on may be on the stick, too. */
static int bring_charter(struct office *o, struct stick_read *s)
{
    struct buffer charter = BUFFER(LIMIT_CHARTER);
    enum err err = stick_read_charter(s, &charter);
    int code = COMMAND_OK;

    office_close(o);
    if (err == ERR_OK)
        err = lone_keep_charter(s->home, buffer_bytes(&charter), s->reason);
    if (err != ERR_OK && err != ERR_MISSING)
        code = office_fail(err, _("the archive cannot begin with these files"), s->reason);
    buffer_free(&charter);
    if (code == COMMAND_OK && (code = office_open(o, OFFICE_READ)) == COMMAND_OK)
        code = office_need_charter(o);
    s->archive = o->archive;
    return code;
}

static int take_in(struct office *o, struct stick_read *s)
{
    enum err err;
    int code;

    log_quiet(true); /* The verb talks to people itself. */
    if (o->trust == NULL && (code = bring_charter(o, s)) != COMMAND_OK)
        return code;
    err = stick_read(s);
    code = report(o, s);
    return err == ERR_OK
               ? code
               : office_fail(err, _("the import was cut off; what was taken in until then is kept"), s->reason);
}

static int run(struct office *o, const char *const *paths, size_t count)
{
    struct stick_read s = {
        .home = command_options()->home, .archive = o->archive, .network = archive_network(o->archive), .count = count};
    int code;

    if ((s.files = calloc(count, sizeof *s.files)) == NULL)
        return office_fail(ERR_MEMORY, _("nothing was read"), NULL);
    for (size_t i = 0; i < count; i++)
        s.files[i].path = paths[i];
    code = take_in(o, &s);
    free(s.files);
    return code;
}

int cmd_import_files(const char *const *paths, size_t count)
{
    struct office office;
    int code = office_open(&office, OFFICE_READ);

    if (code != COMMAND_OK)
        return code;
    code = run(&office, paths, count);
    office_close(&office);
    return code;
}

int cmd_import(int argc, char **argv)
{
    return arguments_parse(&argc, argv, NULL, 0, 1, STICK_FILES)
               ? cmd_import_files((const char *const *)(argv + 1), (size_t)argc - 1)
               : COMMAND_USAGE;
}
