/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/reader_request.h"

#include "node/host.h"
#include "node/reader.h"
#include "proto/text.h"

#include <microhttpd.h>
#include <strings.h>

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

unsigned reader_judge(struct MHD_Connection *connection, const char *url, const char *method, const char *const names[])
{
    struct headers headers = {0};

    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &headers);
    if (headers.hosts != 1 || !reader_knows_host(headers.host, names))
        return MHD_HTTP_MISDIRECTED_REQUEST;
    if (url[0] != '/' || headers.encodings > 0 || headers.lengths > 1)
        return MHD_HTTP_BAD_REQUEST;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (headers.lengths == 1 && !bytes_equal(headers.length, bytes_text("0")))
        return MHD_HTTP_BAD_REQUEST;
    return 0;
}

/* Nobody looks at it yet: what a browser fetches ahead, the names for it by which browsers have said so, and a question for headers. */
static bool only_looks(struct MHD_Connection *connection, const char *method)
{
    static const char *const names[] = {"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"};
    bool looks = strcmp(method, "GET") != 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        looks = looks || MHD_lookup_connection_value(connection, MHD_HEADER_KIND, names[i]) != NULL;
    return looks;
}

/* Asked for from within a page of another site; browsers tell where they can. */
static bool comes_from_elsewhere(struct MHD_Connection *connection)
{
    const char *from = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Sec-Fetch-Site");

    return from != NULL && strcmp(from, "same-origin") != 0 && strcmp(from, "none") != 0;
}

void reader_read_request(struct MHD_Connection *connection, const char *url, const char *method,
                         struct route_request *request)
{
    const char *lang = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "lang");
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    const char *page = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "page");
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Language");

    *request = (struct route_request){.path = bytes_text(url), .page = 1, .now_ms = host_now_ms()};
    request->only_looks = only_looks(connection, method) || comes_from_elsewhere(connection);
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
