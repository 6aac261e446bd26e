/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/reader.h"

#include "node/download.h"
#include "node/host.h"
#include "node/page_maker.h"
#include "node/reader_request.h"
#include "node/reader_socket.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int fd; /* -1: the place is free. */
    uint64_t deadline;
    struct MHD_Connection *suspended; /* While it waits for `order`. */
    struct page_order *order;         /* Its page, made or to be made; NULL: none. */
};

struct reader {
    struct site *site; /* For what has changed and for attachments: pages are the maker's. */
    struct page_maker *maker;
    struct MHD_Daemon *daemon;
    int listen_fd;
    char address[READER_ADDRESS];
    const char *names[READER_NAMES + 1];
    unsigned headers_ms, total_ms;
    struct connection connections[READER_CONNECTIONS];
    struct download_cache cache;
    struct page_cache pages;
    struct site_stamp stamp; /* Of the archive, ... */
    bool is_known;           /* if it could be read ... */
    uint64_t stamped_ms;     /* at this moment. */
};

/* ---- what an answer carries ---- */

static const char POLICY[] = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
                             "base-uri 'none'; frame-ancestors 'none'";
static const char POLICY_FILE[] = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox";

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    assert(MHD_add_response_header(response, name, value) == MHD_YES);
}

/* HTTP's date, in its English whatever the locale; an author's clock may be ahead of ours, and nothing changes tomorrow. */
static void add_modified(struct MHD_Response *response, uint64_t ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    uint64_t now = host_now_ms();
    time_t seconds = (time_t)((ms < now ? ms : now) / 1000);
    struct tm tm;
    char text[64];

    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    add(response, "Last-Modified", text);
}

static void add_refresh(struct MHD_Response *response, const struct route_answer *answer)
{
    char text[ROUTE_PATH + 32];

    snprintf(text, sizeof text, answer->refresh_path[0] != '\0' ? "%u; url=%s" : "%u", answer->refresh_s,
             answer->refresh_path);
    add(response, "Refresh", text);
}

static void add_headers(struct MHD_Response *response, const struct route_answer *answer)
{
    bool file = answer->disposition[0] != '\0';

    add(response, "Content-Type", answer->type);
    add(response, "Content-Security-Policy", file ? POLICY_FILE : POLICY);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Referrer-Policy", "no-referrer");
    add(response, "Cross-Origin-Opener-Policy", "same-origin");
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
    add(response, "Cache-Control", answer->no_store ? "no-store" : "private, no-cache");
    add(response, "Vary", "Accept-Language");
    if (answer->etag[0] != '\0' && !answer->no_store)
        add(response, "ETag", answer->etag);
    if (answer->modified_ms > 0 && answer->status < 400 && !answer->no_store)
        add_modified(response, answer->modified_ms);
    if (answer->refresh_s > 0 || answer->refresh_path[0] != '\0')
        add_refresh(response, answer);
    if (file)
        add(response, "Content-Disposition", answer->disposition);
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        add(response, "Allow", "GET, HEAD");
    if (answer->status == MHD_HTTP_BAD_REQUEST || answer->status == MHD_HTTP_METHOD_NOT_ALLOWED ||
        answer->status == MHD_HTTP_MISDIRECTED_REQUEST)
        add(response, "Connection", "close");
}

static bool is_known(struct MHD_Connection *connection, const struct route_answer *answer)
{
    const char *known = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");

    return known != NULL && answer->status == MHD_HTTP_OK && answer->etag[0] != '\0' && !answer->no_store &&
           strstr(known, answer->etag) != NULL;
}

/* ---- attachments ---- */

struct sending {
    struct reader *reader;
    struct connection *place;
    struct route_file file;
    uint64_t from;
};

/* A large file takes its time: who takes it steadily is not cut. */
static ssize_t send_part(void *context, uint64_t position, char *room, size_t size)
{
    struct sending *s = context;
    struct archive *archive = site_archive(s->reader->site);
    struct bytes part;

    if (archive == NULL || download_read(&s->reader->cache, archive, &s->file, s->from + position, &part) != ERR_OK ||
        part.len == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (part.len > size)
        part.len = size;
    memcpy(room, part.at, part.len);
    uint64_t latest = host_monotonic_ms() + s->reader->total_ms;
    s->place->deadline += part.len * 1000 / READER_RATE;
    if (s->place->deadline > latest)
        s->place->deadline = latest;
    return (ssize_t)part.len;
}

static struct MHD_Response *begin_sending(struct reader *r, struct connection *place, struct MHD_Connection *connection,
                                          struct route_answer *answer)
{
    const char *range = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Range");
    const char *condition = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-Range");
    struct sending *s = malloc(sizeof *s);
    struct MHD_Response *response = NULL;
    uint64_t from = 0, count = 0;
    char text[96];

    if (s == NULL)
        return NULL;
    if (condition != NULL && strcmp(condition, answer->etag) != 0)
        range = NULL;
    enum download_wish wish = download_range(range, answer->file.size, &from, &count);
    *s = (struct sending){.reader = r, .place = place, .file = answer->file, .from = from};
    if (wish == DOWNLOAD_NOTHING)
        count = 0;
    response = MHD_create_response_from_callback(count, READER_PART, send_part, s, free);
    if (response == NULL) {
        free(s);
        return NULL;
    }
    add(response, "Accept-Ranges", "bytes");
    if (wish == DOWNLOAD_PART)
        snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, from, from + count - 1,
                 answer->file.size);
    else
        snprintf(text, sizeof text, "bytes */%" PRIu64, answer->file.size);
    if (wish != DOWNLOAD_ALL) {
        add(response, "Content-Range", text);
        answer->status = wish == DOWNLOAD_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_RANGE_NOT_SATISFIABLE;
    }
    return response;
}

static enum MHD_Result send_answer(struct reader *r, struct connection *place, struct MHD_Connection *connection,
                                   struct route_answer *answer)
{
    struct bytes body = buffer_bytes(&answer->page.out);
    struct MHD_Response *response;
    enum MHD_Result result;

    if (is_known(connection, answer)) {
        answer->status = MHD_HTTP_NOT_MODIFIED;
        body.len = 0;
        answer->file.is_set = false;
    }
    response = answer->file.is_set ? begin_sending(r, place, connection, answer)
                                   : MHD_create_response_from_buffer(
                                         body.len, body.len > 0 ? answer->page.out.at : NULL, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    add_headers(response, answer);
    result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static bool is_near(const struct reader *r, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    return info != NULL && site_knows_as_near(r->site, info->client_addr);
}

/* An answer that tells nothing of the archive. */
static enum MHD_Result refuse(struct reader *r, struct connection *place, struct MHD_Connection *connection,
                              const struct route_request *request, unsigned status)
{
    struct route_answer answer;
    enum MHD_Result result;

    route_answer_begin(&answer, request);
    route_error(NULL, request, &answer, status);
    result = send_answer(r, place, connection, &answer);
    route_answer_free(&answer);
    return result;
}

static uint64_t count_changes(void *context, const struct id *document)
{
    struct reader *r = context;
    struct index *index = site_index(r->site);
    uint64_t count;

    return index != NULL && index_changed(index, document, &count) == ERR_OK ? count : 0;
}

/* The files are asked once in a millisecond, in which there may be dozens of requests: it is a third of what an answer costs. */
static bool read_stamp(struct reader *r, struct page_cache_asker *asker)
{
    if (r->stamped_ms != asker->now_ms) {
        r->is_known = site_read_stamp(r->site, &r->stamp) == ERR_OK;
        r->stamped_ms = asker->now_ms;
    }
    asker->stamp = r->stamp;
    return r->is_known;
}

/* What is kept is sent, and what is not is waited for. */
static enum MHD_Result find_answer(struct reader *r, struct connection *place, struct MHD_Connection *connection,
                                   const struct route_request *request)
{
    struct page_cache_asker asker = {
        .is_near = is_near(r, connection), .now_ms = host_monotonic_ms(), .changed = count_changes, .context = r};
    bool is_known = read_stamp(r, &asker);
    enum page_cache_found found = PAGE_CACHE_NOTHING;
    enum MHD_Result result = MHD_YES;
    struct route_answer answer;

    route_answer_begin(&answer, request);
    if (is_known)
        found = page_cache_find(&r->pages, &asker, request, &answer);
    if (found != PAGE_CACHE_NOTHING)
        result = send_answer(r, place, connection, &answer);
    route_answer_free(&answer);
    if (found == PAGE_CACHE_DUE)
        (void)page_maker_order(r->maker, &asker, is_known, request, false);
    if (found != PAGE_CACHE_NOTHING)
        return result;
    place->order = page_maker_order(r->maker, &asker, is_known, request, true);
    if (place->order == NULL)
        return refuse(r, place, connection, request, MHD_HTTP_SERVICE_UNAVAILABLE);
    place->order->waiting++;
    place->suspended = connection;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

/* Only after it was made: until then nothing becomes of a connection that is suspended. */
static void leave_order(struct connection *place)
{
    if (place->order != NULL && --place->order->waiting == 0)
        page_order_free(place->order);
    place->order = NULL;
}

/* Each of those who waited sends it by itself: one knows it already, another wants a part. */
static enum MHD_Result send_order(struct reader *r, struct connection *place, struct MHD_Connection *connection)
{
    struct route_answer answer = place->order->answer;
    enum MHD_Result result = send_answer(r, place, connection, &answer);

    leave_order(place);
    return result;
}

/* Keeps what was made, and lets go on who waited for it. */
static void take_made(struct reader *r)
{
    struct page_order *order;

    while ((order = page_maker_take(r->maker)) != NULL) {
        if (order->is_known)
            page_cache_keep(&r->pages, &order->asker, order->changed, &order->request, &order->answer);
        if (order->waiting == 0) {
            page_order_free(order);
            continue;
        }
        for (size_t i = 0; i < READER_CONNECTIONS; i++)
            if (r->connections[i].order == order) {
                MHD_resume_connection(r->connections[i].suspended);
                r->connections[i].suspended = NULL;
            }
    }
}

static enum MHD_Result answer_request(void *context, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *upload, size_t *upload_len,
                                      void **request_context)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct reader *r = context;
    struct connection *place = info != NULL ? info->socket_context : NULL;
    struct route_request request;
    unsigned refused;

    (void)version;
    (void)upload;
    (void)upload_len;
    if (place == NULL || r->maker == NULL)
        return MHD_NO;
    if (place->order != NULL)
        return send_order(r, place, connection);
    refused = reader_judge(connection, url, method, r->names);
    if (*request_context == NULL) {
        *request_context = place; /* Only says: not the first call.  An answer in the first call ends the connection. */
        place->deadline += r->total_ms - r->headers_ms;
        if (refused == 0)
            return MHD_YES;
    }
    reader_read_request(connection, url, method, &request);
    return refused != 0 ? refuse(r, place, connection, &request, refused) : find_answer(r, place, connection, &request);
}

/* ---- connections and their deadlines ---- */

/* libmicrohttpd's own timeout counts inactivity: a client that drips a byte a second would stay for ever. */
static void notice_connection(void *context, struct MHD_Connection *connection, void **place,
                              enum MHD_ConnectionNotificationCode code)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct reader *r = context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*place != NULL) {
            leave_order(*place);
            ((struct connection *)*place)->fd = -1;
        }
        return;
    }
    *place = NULL;
    if (info == NULL)
        return;
    for (size_t i = 0; i < READER_CONNECTIONS && *place == NULL; i++)
        if (r->connections[i].fd < 0) {
            r->connections[i] =
                (struct connection){.fd = info->connect_fd, .deadline = host_monotonic_ms() + r->headers_ms};
            *place = &r->connections[i];
        }
    if (*place == NULL)
        (void)shutdown(info->connect_fd, SHUT_RDWR);
}

static void notice_completed(void *context, struct MHD_Connection *connection, void **request_context,
                             enum MHD_RequestTerminationCode code)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct reader *r = context;

    (void)request_context;
    (void)code;
    if (info == NULL || info->socket_context == NULL)
        return;
    leave_order(info->socket_context);
    ((struct connection *)info->socket_context)->deadline = host_monotonic_ms() + r->headers_ms;
}

/* Cuts what is over its time; returns when the next one is due. */
static uint64_t expire(struct reader *r, uint64_t now)
{
    uint64_t next = now + 60000;

    for (size_t i = 0; i < READER_CONNECTIONS; i++) {
        struct connection *c = &r->connections[i];

        if (c->fd < 0)
            continue;
        if (now >= c->deadline) {
            (void)shutdown(c->fd, SHUT_RDWR); /* libmicrohttpd notices, and closes it. */
            c->deadline = now + 1000;
        }
        if (c->deadline < next)
            next = c->deadline;
    }
    return next;
}

enum err reader_run(struct reader *r, int stop_fd, int parent_fd)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[] = {{.fd = info->epoll_fd, .events = POLLIN},
                           {.fd = stop_fd, .events = POLLIN},
                           {.fd = parent_fd},
                           {.fd = page_maker_fd(r->maker), .events = POLLIN}};

    for (;;) {
        uint64_t now = host_monotonic_ms(), wait = expire(r, now) - now;
        MHD_UNSIGNED_LONG_LONG wanted;

        if (MHD_get_timeout(r->daemon, &wanted) == MHD_YES && wanted < wait)
            wait = wanted;
        if (poll(fds, 4, (int)wait) < 0 && errno != EINTR)
            return ERR_IO;
        if (fds[1].revents != 0 || fds[2].revents != 0)
            return ERR_OK;
        if (fds[3].revents != 0)
            take_made(r);
        if (MHD_run(r->daemon) != MHD_YES)
            return ERR_IO;
    }
}

/* ---- opening ---- */

/* Paths and queries are matched as they were sent. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static enum err start(struct reader *r)
{
    r->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_PEDANTIC_CHECKS | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer_request, r,
        MHD_OPTION_LISTEN_SOCKET, r->listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)READER_CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)READER_CONNECTIONS_PER_IP, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)READER_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, r->headers_ms / 1000 + 1, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_CONNECTION, notice_connection, r,
        MHD_OPTION_NOTIFY_COMPLETED, notice_completed, r, MHD_OPTION_END);
    return r->daemon != NULL ? ERR_OK : ERR_IO;
}

enum err reader_open(const struct reader_options *options, struct reader **reader, char reason[READER_REASON])
{
    struct reader *r = calloc(1, sizeof *r);
    enum err err = ERR_MEMORY;

    snprintf(reason, READER_REASON, "the reader cannot start");
    if (r == NULL)
        return ERR_MEMORY;
    r->listen_fd = -1;
    r->headers_ms = options->headers_ms > 0 ? options->headers_ms : READER_HEADERS_MS;
    r->total_ms =
        options->total_ms > r->headers_ms ? options->total_ms : r->headers_ms + READER_TOTAL_MS - READER_HEADERS_MS;
    for (size_t i = 0; i < READER_CONNECTIONS; i++)
        r->connections[i].fd = -1;
    for (size_t i = 0; i < READER_NAMES && options->names[i] != NULL; i++)
        r->names[i] = options->names[i];
    if ((err = reader_listen(options->http, &r->listen_fd, r->address, reason)) != ERR_OK)
        goto out;
    snprintf(reason, READER_REASON, "the reader cannot start");
    err = ERR_MEMORY;
    if ((r->site = site_open(options->home)) == NULL ||
        (r->maker = page_maker_start(options->home, options->errand_fd)) == NULL || (err = start(r)) != ERR_OK)
        goto out;
    *reader = r;
    r = NULL; /* taken */
out:
    reader_close(r);
    return err;
}

/* Nobody may be left suspended; their orders went with the maker. */
static void end_waiting(struct reader *r)
{
    for (size_t i = 0; i < READER_CONNECTIONS; i++) {
        struct connection *c = &r->connections[i];

        if (c->suspended == NULL)
            continue;
        c->order = NULL;
        (void)shutdown(c->fd, SHUT_RDWR);
        MHD_resume_connection(c->suspended);
        c->suspended = NULL;
    }
}

void reader_close(struct reader *r)
{
    if (r == NULL)
        return;
    page_maker_stop(r->maker);
    r->maker = NULL;
    end_waiting(r);
    if (r->daemon != NULL)
        MHD_stop_daemon(r->daemon); /* Closes the listening socket, too. */
    else if (r->listen_fd >= 0)
        close(r->listen_fd);
    site_close(r->site);
    download_cache_free(&r->cache);
    page_cache_free(&r->pages);
    free(r);
}

const char *reader_address(const struct reader *r)
{
    return r->address;
}
