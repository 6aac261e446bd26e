/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/cmd_export_copy.h"
#include "node/command.h"
#include "node/host.h"
#include "node/i18n.h"
#include "node/lone.h"
#include "node/output.h"
#include "node/stick_page.h"
#include "node/who.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE_MODE 0644
#define PART_MIN KIB(64) /* For tests and old media; a bundle that is larger still stays whole. */

struct request {
    const char *path, *whom, *part;
};

static int check_part(const struct request *request, uint64_t *part_max)
{
    char *end;

    *part_max = STICK_PART;
    if (request->part == NULL)
        return COMMAND_OK;
    *part_max = strtoull(request->part, &end, 10);
    if (*end == '\0' && end != request->part && *part_max >= PART_MIN && *part_max <= STICK_PART)
        return COMMAND_OK;
    output_error(_("'%s' is not a size of parts: bytes, from 65536"), request->part);
    return COMMAND_USAGE;
}

static enum err write_page(struct office *o, const struct stick_write *s)
{
    const char *slash = strrchr(s->path, '/');
    struct buffer text = BUFFER(KIB(128));
    char path[FILES_PATH_SIZE], directory[FILES_PATH_SIZE], date[OUTPUT_TIME_LEN + 1];
    char from[512] = "", to[512] = "";
    struct stick_page page = {.network = "",
                              .from = from,
                              .to = to,
                              .date = date,
                              .file = slash != NULL ? slash + 1 : s->path,
                              .parts = s->parts,
                              .entries = s->entries,
                              .contents = s->contents};
    const struct charter *charter = trust_charter(o->trust);
    char network[512];
    enum err err;

    snprintf(network, sizeof network, "%.*s", (int)charter->name.len, (const char *)charter->name.at);
    page.network = network;
    if (!id_is_zero(&s->from))
        snprintf(from, sizeof from, "%s", office_kibbutz_name(o, &s->from));
    if (!id_is_zero(&s->to))
        snprintf(to, sizeof to, "%s", office_kibbutz_name(o, &s->to));
    output_time(s->clock_ms, date);
    stick_page_write(&page, &text);
    snprintf(directory, sizeof directory, "%.*s", slash != NULL ? (int)(slash - s->path) : 1,
             slash != NULL ? s->path : ".");
    if ((err = buffer_error(&text)) == ERR_OK && (err = files_join(path, directory, STICK_PAGE)) == ERR_OK)
        err = files_replace(path, buffer_bytes(&text), PAGE_MODE);
    buffer_free(&text);
    return err;
}

static void print_result(struct office *o, const struct stick_write *s)
{
    char path[FILES_PATH_SIZE];

    if (command_options()->json) {
        struct output_json *json = output_json_object();
        struct output_json *files = output_json_list();

        for (uint32_t part = 1; part <= s->parts; part++)
            if (stick_part_path(s->path, part, path) == ERR_OK)
                output_json_add_text(files, path);
        output_json_put(json, "files", files);
        output_json_text(json, "for", id_is_zero(&s->to) ? NULL : office_kibbutz_name(o, &s->to));
        output_json_number(json, "entries", s->entries);
        output_json_number(json, "contents", s->contents);
        output_json_number(json, "held", s->held);
        output_json_number(json, "attachments", s->files);
        output_json_number(json, "receipts", s->receipts);
        output_json_number(json, "bytes", s->bytes);
        output_json_print(json);
        return;
    }
    for (uint32_t part = 1; part <= s->parts; part++)
        if (stick_part_path(s->path, part, path) == ERR_OK)
            output_line("%s\n", path);
    output_note(
        _("%" PRIu64 " entries and %" PRIu64 " contents are in it; beside it lies a page that tells what to do."),
        s->entries, s->contents);
    if (s->held > 0)
        output_note(_("%" PRIu64 " entries were left out: by their receipts they have them."), s->held);
    if (s->kept_back > 0)
        output_note(_("%" PRIu64 " contents that are only for one kibbutz were left out."), s->kept_back);
}

static int run(struct office *o, const struct request *request)
{
    struct stick_write s = {.office = o, .path = request->path, .clock_ms = host_now_ms()};
    struct trust_kibbutz whom;
    enum err err;
    int code;

    if ((code = office_need_charter(o)) != COMMAND_OK || (code = check_part(request, &s.part_max)) != COMMAND_OK)
        return code;
    if (request->whom != NULL && (code = who_kibbutz(o, request->whom, &whom)) != COMMAND_OK)
        return code;
    if (request->whom != NULL)
        s.to = whom.kibbutz;
    (void)office_kibbutz(o, &s.from);
    if ((err = stick_write(&s)) == ERR_OK)
        err = write_page(o, &s);
    if (err != ERR_OK)
        return office_fail(err, _("the bundle could not be written"), NULL);
    print_result(o, &s);
    return COMMAND_OK;
}

static bool is_given(const char *path)
{
    return path != NULL && path[0] != '\0';
}

int cmd_export(int argc, char **argv)
{
    struct request request = {.path = NULL};
    struct export_copy copy = {.site = NULL};
    const struct arguments_flag flags[] = {
        {.name = "bundle", .value = &request.path},         {.name = "for", .value = &request.whom},
        {.name = "part", .value = &request.part},           {.name = "site", .value = &copy.site},
        {.name = "folder", .value = &copy.folder},          {.name = "lang", .value = &copy.language},
        {.name = "restricted", .is_set = &copy.restricted},
    };
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, sizeof flags / sizeof flags[0], 0, 0))
        return COMMAND_USAGE;
    if ((is_given(request.path) ? 1 : 0) + (is_given(copy.site) ? 1 : 0) + (is_given(copy.folder) ? 1 : 0) != 1) {
        output_error(_("where to, and as what? one of --bundle FILE, --site DIRECTORY and --folder DIRECTORY says it"));
        output_hint(_("'igum export --help' shows how it is used"));
        return COMMAND_USAGE;
    }
    if (!is_given(request.path))
        return cmd_export_copy(&copy);
    lone_sign(command_options()->home);
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = run(&office, &request);
    office_close(&office);
    return code;
}
