/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/config.h"
#include "node/output.h"
#include "node/reader.h"
#include "node/i18n.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE_BYTES (512 << 10)

/* `igum serve` starts us; without it nobody would stop us. */
static int watch_for_the_end(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
        return -1;
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

/* Our standard input where it is a pipe: `igum serve` holds the other end. */
static int parent_fd(void)
{
    struct stat what;

    return fstat(STDIN_FILENO, &what) == 0 && (S_ISFIFO(what.st_mode) || S_ISSOCK(what.st_mode)) ? STDIN_FILENO : -1;
}

/* A crash must not leave members' documents in a file. */
static void leave_no_core(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

/* 0: none was given. */
static unsigned small_number(const char *text)
{
    long number = text != NULL ? strtol(text, NULL, 10) : 0;

    return number > 0 && number < 10000000 ? (unsigned)number : 0;
}

static void tell_address(const struct reader *reader)
{
    if (command_options()->json) {
        struct output_json *json = output_json_object();

        output_json_text(json, "http", reader_address(reader));
        output_json_print(json);
    } else {
        output_line("ready http://%s/\n", reader_address(reader));
    }
    (void)output_flush();
}

/* What is large is given back at once, and no thread keeps anything for itself: one makes pages, the other hands them out. */
static void keep_little_memory(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
}

static int serve(const struct reader_options *options)
{
    char reason[READER_REASON];
    struct reader *reader = NULL;
    int stop_fd, code = COMMAND_FAILED;

    if ((stop_fd = watch_for_the_end()) < 0) {
        output_error(_("the reader cannot start"));
        return COMMAND_FAILED;
    }
    if (reader_open(options, &reader, reason) != ERR_OK) {
        output_error("%s", reason);
        output_hint(_("choose another address with --http ADDR:PORT"));
    } else {
        tell_address(reader);
        if (reader_run(reader, stop_fd, parent_fd()) == ERR_OK)
            code = COMMAND_OK;
    }
    reader_close(reader);
    close(stop_fd);
    return code;
}

int cmd_reader(int argc, char **argv)
{
    struct reader_options options = {.home = command_options()->home};
    const char *headers_ms = NULL, *total_ms = NULL, *errand_fd = NULL;
    const struct arguments_flag flags[] = {
        {.name = "http", .value = &options.http},
        {.name = "errand-fd", .value = &errand_fd},   /* Of `igum serve`. */
        {.name = "headers-ms", .value = &headers_ms}, /* For tests. */
        {.name = "total-ms", .value = &total_ms},
    };
    struct config *config = NULL;
    int code;

    if (!arguments_parse(&argc, argv, flags, sizeof flags / sizeof flags[0], 0, 0))
        return COMMAND_USAGE;
    if (options.http == NULL)
        options.http = "127.0.0.1:8611";
    leave_no_core();
    keep_little_memory();
    if (config_load(options.home, &config) == ERR_OK)
        for (size_t i = 0; i < READER_NAMES; i++)
            options.names[i] = config_value(config, "host", i);
    options.errand_fd = errand_fd != NULL ? (int)small_number(errand_fd) : -1;
    options.headers_ms = small_number(headers_ms);
    options.total_ms = small_number(total_ms);
    code = serve(&options);
    config_free(config);
    return code;
}
