/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/reader.h"

#include "node/download.h"
#include "node/host.h"
#include "node/page_cache.h"
#include "proto/text.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int fd; /* -1: the place is free. */
    uint64_t deadline;
};

struct reader {
    struct site *site;
    struct MHD_Daemon *daemon;
    int listen_fd;
    char address[128];
    const char *names[READER_NAMES + 1];
    unsigned headers_ms, total_ms;
    struct connection connections[READER_CONNECTIONS];
    struct download_cache cache;
    struct page_cache pages;
};

/* ---- what a request may be ---- */

static bool is_port(struct bytes text)
{
    uint64_t port;

    return text_to_number(text, &port) && port > 0 && port <= 65535;
}

static bool is_literal(int family, struct bytes text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (text.len >= sizeof copy || memchr(text.at, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, &address) == 1;
}

static bool is_name(struct bytes text, const char *name)
{
    return text.len == strlen(name) && strncasecmp((const char *)text.at, name, text.len) == 0;
}

bool reader_knows_host(struct bytes host, const char *const names[])
{
    struct bytes name = host, rest;

    if (host.len == 0)
        return false;
    if (host.at[0] == '[') {
        rest = bytes_from(host, 1);
        if (!text_take(&rest, ']', &name) || name.len == 0)
            return false;
        return is_literal(AF_INET6, name) && (rest.len == 0 || (rest.at[0] == ':' && is_port(bytes_from(rest, 1))));
    }
    rest = host;
    if (text_take(&rest, ':', &name) && !is_port(rest))
        return false;
    if (name.len == 0)
        return false;
    if (is_literal(AF_INET, name) || is_name(name, "localhost"))
        return true;
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        if (is_name(name, names[i]))
            return true;
    return false;
}

/* The primary tag of one range of Accept-Language, unless its weight is nothing. */
static bool range_is(struct bytes range, const char *tag)
{
    size_t len = strlen(tag);

    while (range.len > 0 && range.at[0] == ' ')
        range = bytes_from(range, 1);
    if (range.len < len || strncasecmp((const char *)range.at, tag, len) != 0)
        return false;
    range = bytes_from(range, len);
    return range.len == 0 || range.at[0] == '-' || range.at[0] == ';' || range.at[0] == ' ';
}

bool reader_prefers_english(struct bytes accept)
{
    bool english = false;

    while (accept.len > 0) {
        struct bytes range = accept;

        if (text_take(&accept, ',', &range) == false)
            accept = bytes_of(NULL, 0);
        /* Many an Israeli computer speaks English first: whoever reads Hebrew at all gets Hebrew. */
        if (range_is(range, "he") || range_is(range, "iw"))
            return false;
        english = english || range_is(range, "en");
    }
    return english;
}

struct headers {
    size_t hosts, lengths, encodings;
    struct bytes host, length;
};

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct headers *headers = context;
    struct bytes text = bytes_text(value != NULL ? value : "");

    (void)kind;
    if (strcasecmp(name, "Host") == 0) {
        headers->hosts++;
        headers->host = text;
    } else if (strcasecmp(name, "Content-Length") == 0) {
        headers->lengths++;
        headers->length = text;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        headers->encodings++;
    }
    return MHD_YES;
}

/* 0: it is in order; else the status that refuses it. */
static unsigned judge(const struct reader *r, struct MHD_Connection *connection, const char *url, const char *method)
{
    struct headers headers = {0};

    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &headers);
    if (headers.hosts != 1 || !reader_knows_host(headers.host, r->names))
        return MHD_HTTP_MISDIRECTED_REQUEST;
    if (url[0] != '/' || headers.encodings > 0 || headers.lengths > 1)
        return MHD_HTTP_BAD_REQUEST;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (headers.lengths == 1 && !bytes_equal(headers.length, bytes_text("0")))
        return MHD_HTTP_BAD_REQUEST;
    return 0;
}

static void read_request(struct MHD_Connection *connection, const char *url, struct route_request *request)
{
    const char *lang = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "lang");
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    const char *page = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "page");
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Language");

    *request = (struct route_request){.path = bytes_text(url), .page = 1, .now_ms = host_now_ms()};
    if (host != NULL)
        request->host = bytes_text(host);
    request->chosen = lang != NULL && (strcmp(lang, "he") == 0 || strcmp(lang, "en") == 0);
    if (request->chosen ? lang[0] == 'e' : accept != NULL && reader_prefers_english(bytes_text(accept)))
        request->language = READER_ENGLISH;
    for (size_t i = 0; i < ROUTE_ARGUMENTS; i++) {
        const char *value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, route_argument_names[i]);

        request->argument[i] = bytes_text(value != NULL ? value : "");
    }
    if (page != NULL && (!text_to_number(bytes_text(page), &request->page) || request->page == 0))
        request->page = UINT64_MAX; /* There is no such page. */
}

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
    struct bytes part;

    if (download_read(&s->reader->cache, site_archive(s->reader->site), &s->file, s->from + position, &part) !=
            ERR_OK ||
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

static enum MHD_Result answer_request(void *context, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *upload, size_t *upload_len,
                                      void **request_context)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct reader *r = context;
    struct connection *place = info != NULL ? info->socket_context : NULL;
    struct route_request request;
    struct route_answer answer;
    enum MHD_Result result;
    unsigned refused;

    (void)version;
    (void)upload;
    (void)upload_len;
    if (place == NULL)
        return MHD_NO;
    refused = judge(r, connection, url, method);
    if (*request_context == NULL) {
        *request_context = place; /* Only says: not the first call.  An answer in the first call ends the connection. */
        place->deadline += r->total_ms - r->headers_ms;
        if (refused == 0)
            return MHD_YES;
    }
    read_request(connection, url, &request);
    route_answer_begin(&answer, &request);
    site_set_near(r->site, is_near(r, connection));
    if (refused != 0)
        route_error(r->site, &request, &answer, refused);
    else
        page_cache_route(&r->pages, r->site, &request, host_monotonic_ms(), &answer);
    result = send_answer(r, place, connection, &answer);
    route_answer_free(&answer);
    return result;
}

/* ---- connections and their deadlines ---- */

/* libmicrohttpd's own timeout counts inactivity: a client that drips a byte a second would stay for ever. */
static void notice_connection(void *context, struct MHD_Connection *connection, void **place,
                              enum MHD_ConnectionNotificationCode code)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct reader *r = context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*place != NULL)
            ((struct connection *)*place)->fd = -1;
        return;
    }
    *place = NULL;
    if (info == NULL)
        return;
    for (size_t i = 0; i < READER_CONNECTIONS && *place == NULL; i++)
        if (r->connections[i].fd < 0) {
            r->connections[i] = (struct connection){info->connect_fd, host_monotonic_ms() + r->headers_ms};
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
    if (info != NULL && info->socket_context != NULL)
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
    struct pollfd fds[] = {
        {.fd = info->epoll_fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}, {.fd = parent_fd}};

    for (;;) {
        uint64_t now = host_monotonic_ms(), wait = expire(r, now) - now;
        MHD_UNSIGNED_LONG_LONG wanted;

        if (MHD_get_timeout(r->daemon, &wanted) == MHD_YES && wanted < wait)
            wait = wanted;
        if (poll(fds, 3, (int)wait) < 0 && errno != EINTR)
            return ERR_IO;
        if (fds[1].revents != 0 || fds[2].revents != 0)
            return ERR_OK;
        if (MHD_run(r->daemon) != MHD_YES)
            return ERR_IO;
    }
}

/* ---- opening ---- */

static enum err split_address(const char *http, char host[NI_MAXHOST], const char **port)
{
    const char *colon = strrchr(http, ':');
    size_t len = colon != NULL ? (size_t)(colon - http) : 0;

    if (len == 0 || len >= NI_MAXHOST)
        return ERR_FORMAT;
    if (http[0] == '[' && http[len - 1] == ']') {
        http++;
        len -= 2;
    }
    memcpy(host, http, len);
    host[len] = '\0';
    *port = colon + 1;
    return ERR_OK;
}

static enum err bind_to(const struct addrinfo *address, int *fd)
{
    int one = 1, unsent = 64 * 1024; /* Of a client that does not read, no more than this waits in the kernel. */
    int s = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (s < 0)
        return ERR_IO;
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        setsockopt(s, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof unsent) < 0 ||
        bind(s, address->ai_addr, address->ai_addrlen) < 0 || listen(s, SOMAXCONN) < 0) {
        enum err err = errno == EADDRINUSE ? ERR_EXISTS : ERR_IO;

        close(s);
        return err;
    }
    *fd = s;
    return ERR_OK;
}

static enum err listen_on(struct reader *r, const char *http, char reason[READER_REASON])
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof bound;
    char host[NI_MAXHOST], service[NI_MAXSERV];
    const char *port;
    enum err err;

    if (split_address(http, host, &port) != ERR_OK || getaddrinfo(host, port, &hints, &found) != 0) {
        snprintf(reason, READER_REASON, "'%s' is no address to listen on: ADDR:PORT is wanted", http);
        return ERR_FORMAT;
    }
    err = bind_to(found, &r->listen_fd);
    if (err != ERR_OK)
        snprintf(reason, READER_REASON, "cannot listen on %s: %s", http, strerror(errno));
    freeaddrinfo(found);
    if (err != ERR_OK)
        return err;
    if (getsockname(r->listen_fd, (struct sockaddr *)&bound, &bound_len) < 0 ||
        getnameinfo((struct sockaddr *)&bound, bound_len, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return ERR_IO;
    snprintf(r->address, sizeof r->address, strchr(host, ':') != NULL ? "[%.90s]:%.10s" : "%.90s:%.10s", host, service);
    return ERR_OK;
}

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
        MHD_USE_EPOLL | MHD_USE_PEDANTIC_CHECKS, 0, NULL, NULL, answer_request, r, MHD_OPTION_LISTEN_SOCKET,
        r->listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)READER_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)READER_CONNECTIONS_PER_IP, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)READER_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, r->headers_ms / 1000 + 1, MHD_OPTION_STRICT_FOR_CLIENT, 1,
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
    if ((r->site = site_open(options->home)) == NULL || (err = listen_on(r, options->http, reason)) != ERR_OK ||
        (err = start(r)) != ERR_OK)
        goto out;
    *reader = r;
    r = NULL; /* taken */
out:
    reader_close(r);
    return err;
}

void reader_close(struct reader *r)
{
    if (r == NULL)
        return;
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
