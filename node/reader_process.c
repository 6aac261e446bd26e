/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/reader_process.h"

#include "node/dialer.h"
#include "node/host.h"
#include "node/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define LINE_SIZE 512
#define STEADY_MS 60000 /* It ran this long: the next failure counts as the first. */
#define KILL_MS 2000    /* For ending by itself. */

struct reader_process {
    uv_loop_t *loop;
    char *home, *address;
    struct reader_process_calls calls;

    uv_process_t process;
    uv_pipe_t in, out;
    uv_timer_t timer;
    unsigned handles; /* Of the child: process and two pipes. */
    bool running, stopping, timer_closed, told;

    unsigned failures;
    uint64_t started_ms;
    char line[LINE_SIZE];
    size_t line_len;
    char url[LINE_SIZE];
};

static void start(struct reader_process *reader);

static void tell(struct reader_process *reader, const char *url)
{
    if (!reader->told && !reader->stopping) {
        reader->told = true;
        reader->calls.ready(reader->calls.context, url);
    }
}

static void free_when_quiet(struct reader_process *reader)
{
    if (reader->handles > 0 || !reader->timer_closed)
        return;
    free(reader->home);
    free(reader->address);
    free(reader);
}

static void timer_closed(uv_handle_t *handle)
{
    struct reader_process *reader = handle->data;

    reader->timer_closed = true;
    free_when_quiet(reader);
}

static void on_timer(uv_timer_t *timer)
{
    struct reader_process *reader = timer->data;

    if (!reader->stopping)
        start(reader);
    else if (reader->running)
        uv_process_kill(&reader->process, SIGKILL);
}

/* All handles of the child are closed: start another after a while, or be done. */
static void child_closed(uv_handle_t *handle)
{
    struct reader_process *reader = handle->data;
    uint32_t random;
    uint64_t wait_ms;

    if (--reader->handles > 0)
        return;
    if (reader->stopping) {
        uv_close((uv_handle_t *)&reader->timer, timer_closed);
        return;
    }
    if (host_monotonic_ms() - reader->started_ms >= STEADY_MS)
        reader->failures = 0;
    host_random(&random, sizeof random);
    wait_ms = dialer_backoff_ms(reader->failures, random);
    reader->failures += reader->failures < 16;
    log_event("reader waits", "it is started again in %u ms", (unsigned)wait_ms);
    uv_timer_start(&reader->timer, on_timer, wait_ms, 0);
}

static void close_child(struct reader_process *reader)
{
    reader->running = false;
    reader->url[0] = '\0';
    reader->line_len = 0;
    uv_close((uv_handle_t *)&reader->process, child_closed);
    uv_close((uv_handle_t *)&reader->in, child_closed);
    uv_close((uv_handle_t *)&reader->out, child_closed);
}

static void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
    struct reader_process *reader = process->data;

    if (!reader->stopping || signal != 0)
        log_event("reader ended", "status %d, signal %d", (int)status, signal);
    close_child(reader);
    tell(reader, NULL);
}

static void on_line(struct reader_process *reader, const char *line)
{
    if (strncmp(line, "ready ", 6) != 0)
        return;
    snprintf(reader->url, sizeof reader->url, "%s", line + 6);
    log_event("reader ready", "%s", reader->url);
    tell(reader, reader->url);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *run)
{
    struct reader_process *reader = handle->data;

    (void)suggested;
    if (reader->line_len == sizeof reader->line - 1) /* A line too long is no line of ours. */
        reader->line_len = 0;
    *run = uv_buf_init(reader->line + reader->line_len, (unsigned)(sizeof reader->line - 1 - reader->line_len));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *run)
{
    struct reader_process *reader = stream->data;
    char *end;

    (void)run;
    if (count < 0) {
        uv_read_stop(stream);
        return;
    }
    reader->line_len += (size_t)count;
    while ((end = memchr(reader->line, '\n', reader->line_len)) != NULL) {
        size_t len = (size_t)(end - reader->line) + 1;

        *end = '\0';
        on_line(reader, reader->line);
        reader->line_len -= len;
        memmove(reader->line, end + 1, reader->line_len);
    }
}

/* What the reader may know of our surroundings: where programs and languages are, and nothing that leads to a key. */
static void copy_environment(char *copies[], size_t size)
{
    static const char *const names[] = {"PATH",        "LANG", "LANGUAGE",     "LC_ALL",
                                        "LC_MESSAGES", "TZ",   "ASAN_OPTIONS", "UBSAN_OPTIONS"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && count + 1 < size; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && asprintf(&copies[count], "%s=%s", names[i], value) >= 0)
            count++;
    }
    copies[count] = NULL;
}

static void start(struct reader_process *reader)
{
    char program[4096];
    size_t len = sizeof program;
    char home_flag[] = "--home", verb[] = "reader", http_flag[] = "--http", channel_flag[] = "--errand-fd";
    char channel_place[] = "3";
    int channel = reader->calls.channel(reader->calls.context);
    char *arguments[] = {
        program,       home_flag, reader->home, verb, http_flag, reader->address, channel >= 0 ? channel_flag : NULL,
        channel_place, NULL};
    char *environment[16];
    uv_stdio_container_t streams[4] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&reader->in},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&reader->out},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = channel},
    };
    uv_process_options_t options = {.exit_cb = on_exit_of_child,
                                    .args = arguments,
                                    .env = environment,
                                    .stdio_count = channel >= 0 ? 4 : 3,
                                    .stdio = streams};
    int status;

    uv_exepath(program, &len);
    options.file = program;
    copy_environment(environment, sizeof environment / sizeof environment[0]);
    uv_pipe_init(reader->loop, &reader->in, 0);
    uv_pipe_init(reader->loop, &reader->out, 0);
    reader->in.data = reader->out.data = reader->process.data = reader;
    reader->handles = 3;
    reader->started_ms = host_monotonic_ms();
    status = uv_spawn(reader->loop, &reader->process, &options);
    if (channel >= 0)
        close(channel);
    for (size_t i = 0; environment[i] != NULL; i++)
        free(environment[i]);
    reader->process.data = reader;
    if (status != 0) {
        log_event("reader not started", "%s", uv_strerror(status));
        close_child(reader);
        tell(reader, NULL);
        return;
    }
    reader->running = true;
    uv_read_start((uv_stream_t *)&reader->out, on_allocate, on_read);
}

enum err reader_process_start(struct reader_process **reader, struct uv_loop_s *loop, const char *home,
                              const char *address, const struct reader_process_calls *calls)
{
    struct reader_process *r = calloc(1, sizeof *r);

    if (r == NULL || (r->home = strdup(home)) == NULL || (r->address = strdup(address)) == NULL) {
        if (r != NULL)
            free(r->home);
        free(r);
        return ERR_MEMORY;
    }
    r->loop = loop;
    r->calls = *calls;
    uv_timer_init(loop, &r->timer);
    r->timer.data = r;
    start(r);
    *reader = r;
    return ERR_OK;
}

const char *reader_process_url(const struct reader_process *reader)
{
    return reader->url;
}

void reader_process_stop(struct reader_process *reader)
{
    if (reader == NULL || reader->stopping)
        return;
    reader->stopping = true;
    uv_timer_stop(&reader->timer);
    if (reader->running) {
        uv_process_kill(&reader->process, SIGTERM);
        uv_timer_start(&reader->timer, on_timer, KILL_MS, 0);
    } else if (reader->handles == 0) {
        uv_close((uv_handle_t *)&reader->timer, timer_closed);
    }
}
