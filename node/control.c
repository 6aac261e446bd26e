/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/control.h"

#include "node/host.h"
#include "proto/wire.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

struct client {
    struct client *next;
    struct control *control;
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_write_t write;
    struct buffer in;
    struct buffer out;
    uint64_t tag; /* Of the answer it waits for; 0: none. */
    unsigned handles;
    bool closing;
};

struct control {
    uv_pipe_t listener;
    char *home;
    control_answer_fn *answer;
    void *context;
    struct client *clients;
    size_t client_count;
    uint64_t last_tag;
    bool closed; /* The listener's handle is. */
};

enum err control_read(struct bytes in, size_t limit, uint8_t *type, struct bytes *body)
{
    struct wire_reader reader = wire_reader(in);
    size_t len;

    if (in.len < 4)
        return ERR_GAP;
    len = wire_u32(&reader);
    if (len == 0)
        return ERR_FORMAT;
    if (len > limit)
        return ERR_LIMIT;
    if (in.len - 4 < len)
        return ERR_GAP;
    *type = in.at[4];
    *body = bytes_of(in.at + 5, len - 1);
    return ERR_OK;
}

/*
 * The socket's address.  Where the home's path is too long for one, it goes by the directory's descriptor, which then
 * must stay open until bind() or connect() is done.
 */
static enum err address_of(const char *home, struct sockaddr_un *address, int *directory)
{
    int len;

    *directory = open(home, O_DIRECTORY | O_PATH | O_CLOEXEC);
    if (*directory < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_MISSING : ERR_IO;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    len = snprintf(address->sun_path, sizeof address->sun_path, "%s/" CONTROL_SOCKET, home);
    if (len < 0 || (size_t)len >= sizeof address->sun_path)
        snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/" CONTROL_SOCKET, *directory);
    return ERR_OK;
}

enum err control_read_chunk(struct bytes body, struct file_chunk *chunk)
{
    struct wire_reader r = wire_reader(body);

    *chunk = (struct file_chunk){.settle = false};
    wire_copy(&r, chunk->digest.at, ID_LEN);
    chunk->size = wire_u64(&r);
    chunk->index = wire_u16(&r);
    chunk->list = wire_read(&r, (size_t)wire_u16(&r) * ID_LEN);
    chunk->bytes = r.rest;
    if (r.err)
        return ERR_FORMAT;
    return file_list_is(&chunk->digest, chunk->size, chunk->list) &&
                   file_chunk_is(&chunk->digest, chunk->size, chunk->list, chunk->index, chunk->bytes)
               ? ERR_OK
               : ERR_AUTH;
}

/* ---- server side ---- */

static void handle_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;

    if (--client->handles > 0)
        return;
    buffer_free(&client->in);
    buffer_free(&client->out);
    free(client);
}

static void free_control(struct control *control)
{
    if (!control->closed || control->client_count > 0)
        return;
    free(control->home);
    free(control);
}

static void close_client(struct client *client)
{
    struct control *control = client->control;

    if (client->closing)
        return;
    client->closing = true;
    for (struct client **at = &control->clients; *at != NULL; at = &(*at)->next) {
        if (*at == client) {
            *at = client->next;
            break;
        }
    }
    control->client_count--;
    uv_close((uv_handle_t *)&client->pipe, handle_closed);
    uv_close((uv_handle_t *)&client->timer, handle_closed);
    free_control(control);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    close_client(write->data);
}

static void on_timer(uv_timer_t *timer)
{
    close_client(timer->data);
}

static void reply(struct client *client, uint8_t type, enum err outcome, struct bytes text)
{
    uv_buf_t run;

    buffer_u32(&client->out, (uint32_t)(2 + text.len));
    buffer_u8(&client->out, type);
    buffer_u8(&client->out, (uint8_t)outcome);
    buffer_add(&client->out, text);
    client->tag = 0;
    if (buffer_error(&client->out) != ERR_OK) {
        close_client(client);
        return;
    }
    run = uv_buf_init((char *)client->out.at, (unsigned)client->out.len);
    client->write.data = client;
    uv_timer_start(&client->timer, on_timer, CONTROL_IDLE_MS, 0);
    if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &run, 1, on_written) != 0)
        close_client(client);
}

static void act(struct client *client, uint8_t type, struct bytes body)
{
    struct buffer text = BUFFER(CONTROL_REPLY - 2);
    bool later = false;
    enum err outcome;

    client->tag = ++client->control->last_tag;
    uv_timer_stop(&client->timer);
    outcome =
        client->control->answer(client->control->context, (enum control_type)type, body, client->tag, &text, &later);
    /* The answer may have come already, from within the call. */
    if (!later && client->tag != 0)
        reply(client, type, outcome, buffer_bytes(&text));
    buffer_free(&text);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *run)
{
    static char room[65536]; /* Read into and copied at once: one loop, one reader. */

    (void)handle;
    (void)suggested;
    *run = uv_buf_init(room, sizeof room);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *run)
{
    struct client *client = stream->data;
    uint8_t type;
    struct bytes body;
    enum err err;

    if (count < 0) {
        close_client(client);
        return;
    }
    if (client->tag != 0 || client->out.len > 0) /* One request a connection: the rest is noise. */
        return;
    buffer_add(&client->in, bytes_of(run->base, (size_t)count));
    if ((err = buffer_error(&client->in)) == ERR_OK)
        err = control_read(buffer_bytes(&client->in), CONTROL_REQUEST, &type, &body);
    if (err == ERR_OK)
        act(client, type, body);
    else if (err != ERR_GAP)
        close_client(client);
    else
        uv_timer_start(&client->timer, on_timer, CONTROL_IDLE_MS, 0);
}

static bool is_permitted(uv_pipe_t *pipe)
{
    struct ucred who;
    socklen_t len = sizeof who;
    uv_os_fd_t fd;

    if (uv_fileno((uv_handle_t *)pipe, &fd) != 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
        return false;
    return who.uid == geteuid() || who.uid == 0;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct control *control = listener->data;
    struct client *client;

    if (status != 0 || (client = calloc(1, sizeof *client)) == NULL)
        return;
    client->control = control;
    client->handles = 2;
    client->in = BUFFER(CONTROL_REQUEST + 4);
    client->out = BUFFER(CONTROL_REPLY + 4);
    uv_pipe_init(listener->loop, &client->pipe, 0);
    uv_timer_init(listener->loop, &client->timer);
    client->pipe.data = client;
    client->timer.data = client;
    client->next = control->clients;
    control->clients = client;
    control->client_count++;
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 || control->client_count > CONTROL_CLIENTS ||
        !is_permitted(&client->pipe) || uv_read_start((uv_stream_t *)&client->pipe, on_allocate, on_read) != 0)
        close_client(client);
    else
        uv_timer_start(&client->timer, on_timer, CONTROL_IDLE_MS, 0);
}

/* A bound socket that only its owner can reach from the first moment: the mode of the socket becomes that of the file. */
static int bind_socket(const char *home)
{
    struct sockaddr_un address;
    int directory = -1, fd = -1;

    if (address_of(home, &address, &directory) != ERR_OK)
        goto fail;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || fchmod(fd, 0600) != 0)
        goto fail;
    if (unlinkat(directory, CONTROL_SOCKET, 0) != 0 && errno != ENOENT)
        goto fail;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
        goto fail;
    close(directory);
    return fd;
fail:
    if (directory >= 0)
        close(directory);
    if (fd >= 0)
        close(fd);
    return -1;
}

static void listener_closed(uv_handle_t *handle)
{
    struct control *control = handle->data;

    control->closed = true;
    free_control(control);
}

enum err control_open(struct control **control, struct uv_loop_s *loop, const char *home, control_answer_fn *answer,
                      void *context, char reason[CONTROL_REASON])
{
    struct control *c = calloc(1, sizeof *c);
    int fd = -1;

    reason[0] = '\0';
    if (c == NULL || (c->home = strdup(home)) == NULL) {
        free(c);
        return ERR_MEMORY;
    }
    c->answer = answer;
    c->context = context;
    fd = bind_socket(home);
    if (fd < 0) {
        snprintf(reason, CONTROL_REASON, "cannot make '%.150s/" CONTROL_SOCKET "': %s", home, strerror(errno));
        free(c->home);
        free(c);
        return ERR_IO;
    }
    uv_pipe_init(loop, &c->listener, 0);
    c->listener.data = c;
    if (uv_pipe_open(&c->listener, fd) != 0 ||
        uv_listen((uv_stream_t *)&c->listener, CONTROL_CLIENTS, on_connection) != 0) {
        snprintf(reason, CONTROL_REASON, "cannot listen at '%.150s/" CONTROL_SOCKET "'", home);
        control_close(c);
        return ERR_IO;
    }
    *control = c;
    return ERR_OK;
}

void control_close(struct control *control)
{
    struct sockaddr_un address;
    int directory;

    if (control == NULL)
        return;
    if (address_of(control->home, &address, &directory) == ERR_OK) {
        (void)unlinkat(directory, CONTROL_SOCKET, 0);
        close(directory);
    }
    uv_close((uv_handle_t *)&control->listener, listener_closed);
    for (struct client *client = control->clients, *next; client != NULL; client = next) {
        next = client->next;
        if (client->out.len == 0) /* Whoever is being answered may read to the end; the timer bounds it. */
            close_client(client);
    }
}

void control_answer(struct control *control, uint64_t tag, enum err outcome, const char *reason)
{
    for (struct client *client = control->clients; client != NULL; client = client->next) {
        if (client->tag == tag) {
            reply(client, client->in.at[4], outcome, bytes_text(reason));
            return;
        }
    }
}

/* ---- client side ---- */

static int connect_socket(const char *home, enum err *err)
{
    struct sockaddr_un address;
    int directory = -1, fd = -1;

    if ((*err = address_of(home, &address, &directory)) != ERR_OK)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        *err = fd >= 0 && (errno == ENOENT || errno == ECONNREFUSED) ? ERR_MISSING : ERR_IO;
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    close(directory);
    return fd;
}

static enum err wait_for(int fd, short what, uint64_t deadline)
{
    struct pollfd one = {.fd = fd, .events = what};
    uint64_t now = host_monotonic_ms();
    int count;

    if (now >= deadline)
        return ERR_TIMEOUT;
    count = poll(&one, 1, (int)(deadline - now));
    if (count < 0)
        return errno == EINTR ? ERR_OK : ERR_IO;
    return count == 0 ? ERR_TIMEOUT : ERR_OK;
}

static enum err send_all(int fd, struct bytes run, uint64_t deadline)
{
    enum err err;

    while (run.len > 0) {
        ssize_t count = send(fd, run.at, run.len, MSG_NOSIGNAL);

        if (count >= 0)
            run = bytes_from(run, (size_t)count);
        else if (errno != EAGAIN && errno != EINTR)
            return ERR_IO;
        else if ((err = wait_for(fd, POLLOUT, deadline)))
            return err;
    }
    return ERR_OK;
}

static enum err receive_frame(int fd, struct buffer *in, uint8_t *type, struct bytes *body, uint64_t deadline)
{
    uint8_t room[16384];
    enum err err;

    while ((err = control_read(buffer_bytes(in), CONTROL_REPLY, type, body)) == ERR_GAP) {
        ssize_t count = recv(fd, room, sizeof room, 0);

        if (count == 0)
            return ERR_IO;
        if (count > 0)
            buffer_add(in, bytes_of(room, (size_t)count));
        else if (errno != EAGAIN && errno != EINTR)
            return ERR_IO;
        else if ((err = wait_for(fd, POLLIN, deadline)))
            return err;
        if ((err = buffer_error(in)))
            return err;
    }
    return err;
}

/* One request and its reply; the text after the outcome is appended to `text`. */
static enum err ask(const char *home, enum control_type type, struct bytes body, enum err *outcome, struct buffer *text)
{
    struct buffer out = BUFFER(CONTROL_REQUEST + 4);
    struct buffer in = BUFFER(CONTROL_REPLY + 4);
    uint64_t deadline = host_monotonic_ms() + CONTROL_TIMEOUT_MS;
    uint8_t replied;
    struct bytes answer;
    enum err err = ERR_OK;
    int fd = connect_socket(home, &err);

    if (fd < 0)
        return err;
    buffer_u32(&out, (uint32_t)(1 + body.len));
    buffer_u8(&out, (uint8_t)type);
    buffer_add(&out, body);
    if ((err = buffer_error(&out)) || (err = send_all(fd, buffer_bytes(&out), deadline)) ||
        (err = receive_frame(fd, &in, &replied, &answer, deadline)))
        goto out;
    if (replied != type || answer.len == 0 || answer.at[0] > ERR_TIMEOUT) {
        err = ERR_FORMAT;
        goto out;
    }
    *outcome = (enum err)answer.at[0];
    buffer_add(text, bytes_from(answer, 1));
    err = buffer_error(text);
out:
    close(fd);
    buffer_free(&out);
    buffer_free(&in);
    return err;
}

bool control_running(const char *home)
{
    enum err err;
    int fd = connect_socket(home, &err);

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

enum err control_request(const char *home, enum control_type type, struct bytes body, enum err *outcome,
                         char reason[CONTROL_REASON])
{
    struct buffer text = BUFFER(CONTROL_REPLY);
    enum err err = ask(home, type, body, outcome, &text);

    reason[0] = '\0';
    if (err == ERR_OK && text.len > 0)
        snprintf(reason, CONTROL_REASON, "%.*s", (int)(text.len < CONTROL_REASON ? text.len : CONTROL_REASON - 1),
                 (const char *)text.at);
    buffer_free(&text);
    return err;
}

enum err control_publish(const char *home, struct bytes bundle, enum err *outcome, char reason[CONTROL_REASON])
{
    return control_request(home, CONTROL_PUBLISH, bundle, outcome, reason);
}

enum err control_chunk(const char *home, const struct file_chunk *chunk, enum err *outcome, char reason[CONTROL_REASON])
{
    struct buffer body = BUFFER(CONTROL_REQUEST);

    buffer_add(&body, id_bytes(&chunk->digest));
    buffer_u64(&body, chunk->size);
    buffer_u16(&body, (uint16_t)chunk->index);
    buffer_u16(&body, (uint16_t)(chunk->list.len / ID_LEN));
    buffer_add(&body, chunk->list);
    buffer_add(&body, chunk->bytes);
    enum err err = buffer_error(&body);
    if (err == ERR_OK)
        err = control_request(home, CONTROL_CHUNK, buffer_bytes(&body), outcome, reason);
    buffer_free(&body);
    return err;
}

enum err control_import(const char *home, struct bytes bundle, enum err *outcome, char reason[CONTROL_REASON])
{
    return control_request(home, CONTROL_IMPORT, bundle, outcome, reason);
}

enum err control_status(const char *home, struct buffer *json)
{
    enum err outcome = ERR_OK;
    enum err err = ask(home, CONTROL_STATUS, bytes_of(NULL, 0), &outcome, json);

    return err != ERR_OK ? err : outcome;
}
