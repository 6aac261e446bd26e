/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/control.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

static void frame_is_read_when_it_is_whole(void **state)
{
    static const uint8_t frame[] = {0, 0, 0, 3, CONTROL_SYNC, 'a', 'b', 'x'};
    uint8_t type;
    struct bytes body;

    (void)state;
    for (size_t len = 0; len < 7; len++)
        assert_int_equal(control_read(bytes_of(frame, len), 3, &type, &body), ERR_GAP);
    assert_int_equal(control_read(bytes_of(frame, 7), 3, &type, &body), ERR_OK);
    assert_int_equal(type, CONTROL_SYNC);
    assert_true(bytes_equal(body, bytes_text("ab")));
    assert_int_equal(control_read(bytes_of(frame, 8), 3, &type, &body), ERR_OK);
}

static void frame_beyond_the_limit_is_refused_by_its_length_alone(void **state)
{
    static const uint8_t frame[] = {0, 0, 0, 4}, none[] = {0, 0, 0, 0};
    uint8_t type;
    struct bytes body;

    (void)state;
    assert_int_equal(control_read(bytes_of(frame, 4), 3, &type, &body), ERR_LIMIT);
    assert_int_equal(control_read(bytes_of(frame, 4), 4, &type, &body), ERR_GAP);
    assert_int_equal(control_read(bytes_of(none, 4), 4, &type, &body), ERR_FORMAT);
}

/* ---- a server on a thread of its own, since the client blocks ---- */

struct server {
    uv_loop_t loop;
    uv_async_t stop;
    uv_timer_t timer;
    struct control *control;
    uint64_t tag;
    size_t published;
    pthread_t thread;
    char home[256];
};

static void publish_later(uv_timer_t *timer)
{
    struct server *server = timer->data;

    control_answer(server->control, server->tag + 1000, ERR_IO, "nobody waits for this");
    control_answer(server->control, server->tag, ERR_GAP, "the log has moved on");
}

static enum err answer(void *context, enum control_type type, struct bytes body, uint64_t tag, struct buffer *text,
                       bool *later)
{
    struct server *server = context;

    switch (type) {
    case CONTROL_STATUS: buffer_text(text, "{\"pid\":1}"); return ERR_OK;
    case CONTROL_PUBLISH:
        server->tag = tag;
        server->published = body.len;
        *later = true;
        uv_timer_start(&server->timer, publish_later, 20, 0);
        return ERR_OK;
    case CONTROL_PEER_ADD:
    case CONTROL_PEER_REMOVE:
    case CONTROL_SYNC:
    case CONTROL_CHANNEL:
    case CONTROL_IMPORT:
    case CONTROL_CHUNK:
    case CONTROL_FETCH:
    case CONTROL_RECEIPT:
    case CONTROL_STOP: break;
    }
    buffer_text(text, "no such request");
    return ERR_FORMAT;
}

static void on_stop(uv_async_t *stop)
{
    struct server *server = stop->data;

    control_close(server->control);
    uv_close((uv_handle_t *)&server->timer, NULL);
    uv_close((uv_handle_t *)stop, NULL);
}

static void *run(void *context)
{
    struct server *server = context;

    uv_run(&server->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void start(struct server *server, const char *below)
{
    char reason[CONTROL_REASON];
    char directory[] = "/tmp/igum-control-XXXXXX";

    assert_non_null(mkdtemp(directory));
    snprintf(server->home, sizeof server->home, "%s%s", directory, below);
    if (below[0] != '\0')
        assert_int_equal(mkdir(server->home, 0700), 0);
    uv_loop_init(&server->loop);
    uv_async_init(&server->loop, &server->stop, on_stop);
    uv_timer_init(&server->loop, &server->timer);
    server->stop.data = server;
    server->timer.data = server;
    assert_int_equal(control_open(&server->control, &server->loop, server->home, answer, server, reason), ERR_OK);
    assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
}

static void finish(struct server *server)
{
    char path[512];

    uv_async_send(&server->stop);
    pthread_join(server->thread, NULL);
    assert_int_equal(uv_loop_close(&server->loop), 0);
    snprintf(path, sizeof path, "%s/" CONTROL_SOCKET, server->home);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(rmdir(server->home), 0);
    server->home[strlen("/tmp/igum-control-XXXXXX")] = '\0';
    (void)rmdir(server->home);
}

static void requests_are_answered_at_once_and_later(void **state)
{
    struct server server = {.published = 0};
    struct buffer json = BUFFER(1000);
    char *bundle = calloc(1, LIMIT_BUNDLE);
    char reason[CONTROL_REASON];
    enum err outcome;

    (void)state;
    start(&server, "");
    assert_true(control_running(server.home));
    assert_int_equal(control_status(server.home, &json), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&json), bytes_text("{\"pid\":1}")));
    assert_int_equal(control_publish(server.home, bytes_of(bundle, LIMIT_BUNDLE), &outcome, reason), ERR_OK);
    assert_int_equal(outcome, ERR_GAP);
    assert_string_equal(reason, "the log has moved on");
    assert_int_equal(server.published, LIMIT_BUNDLE);
    assert_int_equal(control_request(server.home, (enum control_type)99, bytes_of(NULL, 0), &outcome, reason), ERR_OK);
    assert_int_equal(outcome, ERR_FORMAT);
    finish(&server);
    assert_false(control_running(server.home));
    buffer_free(&json);
    free(bundle);
}

static void socket_is_for_the_owner_alone(void **state)
{
    struct server server = {.published = 0};
    struct stat status;
    char path[512];

    (void)state;
    start(&server, "");
    snprintf(path, sizeof path, "%s/" CONTROL_SOCKET, server.home);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    finish(&server);
}

static void home_with_a_long_path_works_like_any_other(void **state)
{
    struct server server = {.published = 0};

    (void)state;
    start(&server,
          "/a-directory-whose-name-alone-is-longer-than-what-the-address-of-a-local-socket-can-hold-on-this-system"
          "-or-any-other");
    assert_true(control_running(server.home));
    finish(&server);
}

static void stale_socket_is_replaced(void **state)
{
    struct server server = {.published = 0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char directory[] = "/tmp/igum-control-XXXXXX", reason[CONTROL_REASON];

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(server.home, sizeof server.home, "%s", directory);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/" CONTROL_SOCKET, directory);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    assert_false(control_running(server.home));
    uv_loop_init(&server.loop);
    assert_int_equal(control_open(&server.control, &server.loop, server.home, answer, &server, reason), ERR_OK);
    assert_true(control_running(server.home));
    control_close(server.control);
    uv_run(&server.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&server.loop), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void where_no_node_runs_nothing_is_found(void **state)
{
    struct buffer json = BUFFER(10);

    (void)state;
    assert_false(control_running("/nonexistent/home"));
    assert_int_equal(control_status("/nonexistent/home", &json), ERR_MISSING);
    buffer_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_is_read_when_it_is_whole),
        cmocka_unit_test(frame_beyond_the_limit_is_refused_by_its_length_alone),
        cmocka_unit_test(requests_are_answered_at_once_and_later),
        cmocka_unit_test(socket_is_for_the_owner_alone),
        cmocka_unit_test(home_with_a_long_path_works_like_any_other),
        cmocka_unit_test(stale_socket_is_replaced),
        cmocka_unit_test(where_no_node_runs_nothing_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
