/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/cmd_export_copy.h"

#include "node/command.h"
#include "node/folder_copy.h"
#include "node/i18n.h"
#include "node/office.h"
#include "node/output.h"
#include "node/site_copy.h"

#include <inttypes.h>
#include <string.h>

static bool choose_language(const char *wanted, enum reader_language *language)
{
    *language = reader_language_of_locale();
    for (int i = READER_HEBREW; wanted != NULL && i <= READER_ENGLISH; i++)
        if (strcmp(wanted, reader_language_code((enum reader_language)i)) == 0) {
            *language = (enum reader_language)i;
            return true;
        }
    return wanted == NULL;
}

static int refuse(const struct copy_target *target, enum err err, const char *path)
{
    if (err == ERR_BUSY) {
        output_error(_("another igum is writing a copy to '%s'"), path);
        output_hint(_("wait until it is done, and try again"));
        return COMMAND_LOCKED;
    }
    if (err == ERR_EXISTS) {
        output_error(_("'%s' is there and not empty"), target->is_hindered ? target->place : path);
        output_hint(_("name a directory that is not there yet: nothing is written over"));
        return COMMAND_FAILED;
    }
    if (err == ERR_MISSING) {
        output_error(_("the directory in which '%s' would lie is not there"), path);
        output_hint(_("make it first, or name another"));
        return COMMAND_FAILED;
    }
    return office_fail(err, _("the directory cannot be made"), NULL);
}

static void print_site(const struct site_copy *copy, const char *path)
{
    if (command_options()->json) {
        struct output_json *json = output_json_object();

        output_json_text(json, "directory", path);
        output_json_number(json, "pages", copy->pages);
        output_json_number(json, "documents", copy->documents);
        output_json_number(json, "attachments", copy->attachments);
        output_json_print(json);
        return;
    }
    output_line("%s/index.html\n", path);
    output_note(
        _("%" PRIu64 " documents on %" PRIu64 " pages, %" PRIu64 " attachments; the page opens in any browser."),
        copy->documents, copy->pages - copy->attachments, copy->attachments);
}

static void print_folder(const struct folder_copy *copy, const char *path)
{
    if (command_options()->json) {
        struct output_json *json = output_json_object();

        output_json_text(json, "directory", path);
        output_json_number(json, "documents", copy->documents);
        output_json_number(json, "attachments", copy->attachments);
        output_json_number(json, "missing", copy->missing);
        output_json_print(json);
        return;
    }
    output_line("%s\n", path);
    output_note(_("%" PRIu64 " documents and %" PRIu64 " attachments are in it."), copy->documents, copy->attachments);
    if (copy->missing > 0)
        output_note(_("%" PRIu64 " texts and attachments have not arrived here yet, and are not in it."),
                    copy->missing);
}

static void show(void *context, uint64_t done, uint64_t total)
{
    output_progress(context, done, total);
}

static enum err write_site(struct site *site, struct copy_target *target, enum reader_language language)
{
    struct site_copy copy = {.site = site, .target = target, .language = language};
    struct output_progress progress;
    enum err err;

    output_progress_begin(&progress, _("writing the pages"));
    err = site_copy_write(&copy, show, &progress);
    output_progress_end(&progress);
    if (!err && (err = copy_target_finish(target)) == ERR_OK)
        print_site(&copy, target->path);
    return err;
}

static enum err write_folder(struct site *site, struct copy_target *target, enum reader_language language)
{
    struct folder_copy copy = {.site = site, .target = target, .language = language};
    struct output_progress progress;
    enum err err;

    output_progress_begin(&progress, _("writing the documents"));
    err = folder_copy_write(&copy, show, &progress);
    output_progress_end(&progress);
    if (!err && (err = copy_target_finish(target)) == ERR_OK)
        print_folder(&copy, target->path);
    return err;
}

static int write_copy(const struct export_copy *wanted, struct site *site, enum reader_language language)
{
    const char *path = wanted->site != NULL ? wanted->site : wanted->folder;
    struct copy_target target;
    enum err err = copy_target_begin(&target, path);

    if (err != ERR_OK)
        return refuse(&target, err, path);
    site_set_near(site, wanted->restricted);
    err = wanted->site != NULL ? write_site(site, &target, language) : write_folder(site, &target, language);
    if (err == ERR_OK)
        return COMMAND_OK;
    copy_target_abandon(&target);
    return office_fail(err, _("the copy could not be written; nothing of it is left"), NULL);
}

int cmd_export_copy(const struct export_copy *wanted)
{
    enum reader_language language;
    struct office office;
    struct site *site;
    int code;

    if (!choose_language(wanted->language, &language)) {
        output_error(_("'%s' is no language of the pages"), wanted->language);
        output_hint(_("--lang takes he or en"));
        return COMMAND_USAGE;
    }
    if ((code = office_open(&office, OFFICE_GLANCE)) != COMMAND_OK)
        return code;
    if ((code = office_need_charter(&office)) == COMMAND_OK && (code = office_open_index(&office)) == COMMAND_OK) {
        if ((site = site_open(office.home)) != NULL)
            code = write_copy(wanted, site, language);
        else
            code = office_fail(ERR_MEMORY, _("the archive cannot be opened"), NULL);
        site_close(site);
    }
    office_close(&office);
    return code;
}
