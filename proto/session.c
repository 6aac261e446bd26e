/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/session_private.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "proto/mutant.h"

_Static_assert(SESSION_SOFTWARE_MAX == HELLO_SOFTWARE_MAX && SESSION_SEED_LEN == NOISE_KEY_LEN, "one size each");
_Static_assert(SESSION_SUITE == HANDSHAKE_SUITE, "one suite");
_Static_assert(HELLO_LEN_MAX <= LIMIT_HELLO, "a HELLO fits the last handshake message");

/* ---- begin and end ---- */

struct session_versions session_versions(void)
{
    return (struct session_versions){.min = SESSION_VERSION_MIN, .max = SESSION_VERSION_MAX};
}

static struct handshake_versions own_versions(const struct session_options *options)
{
    if (options->version_max > 0)
        return (struct handshake_versions){.min = options->version_min, .max = options->version_max};
    return (struct handshake_versions){.min = SESSION_VERSION_MIN, .max = SESSION_VERSION_MAX};
}

static struct hello own_hello(const struct session_options *options)
{
    struct handshake_versions own = own_versions(options);

    return (struct hello){.version_min = own.min,
                          .version_max = own.max,
                          .clock_min = (uint32_t)(options->clock_ms / HELLO_CLOCK_MS),
                          .software = bytes_text(options->software)};
}

struct session *session_new(const struct session_options *options, uint64_t now)
{
    struct session *s = calloc(1, sizeof *s);
    struct hello hello = own_hello(options);

    assert(options->initiator == (options->expect != NULL));
    if (!s)
        return NULL;
    s->initiator = options->initiator;
    s->now = s->begun = s->heard = now;
    s->in.limit = HANDSHAKE_LEN_MAX;
    s->out.limit = SESSION_OUT_MAX;
    s->credit = CREDIT;
    s->reason = "open";
    handshake_begin(&s->handshake, &options->network, options->channel, options->expect, options->seed,
                    own_versions(options), options->version > 0 ? options->version : own_versions(options).max);

    struct buffer out = {.at = s->hello, .size = sizeof s->hello, .limit = sizeof s->hello};
    hello_encode(&out, &hello);
    s->hello_len = out.len;
    return s;
}

static void wipe_keys(struct session *s)
{
    noise_wipe(&s->handshake.noise);
    sodium_memzero(&s->send, sizeof s->send);
    sodium_memzero(&s->receive, sizeof s->receive);
}

void session_finish(struct session *s, enum err cause, const char *reason)
{
    if (s->state == CLOSED)
        return;
    s->state = CLOSED;
    s->closed_waits = true;
    s->cause = cause;
    s->reason = reason;
    wipe_keys(s);
    buffer_free(&s->in);
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        outbox_free(&s->outbox[i]);
        if (&s->inbox[i] != s->waiting && &s->inbox[i] != s->lent)
            inbox_free(&s->inbox[i]);
    }
}

void session_free(struct session *s)
{
    if (!s)
        return;
    session_finish(s, ERR_OK, "freed");
    buffer_free(&s->out);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        inbox_free(&s->inbox[i]);
    sodium_memzero(s, sizeof *s);
    free(s);
}

void session_cut(struct session *s)
{
    switch (s->state) {
    case AWAIT_HANDSHAKE:
        session_finish(s, ERR_IO,
                       s->initiator ? "no answer to the handshake: another key or network, or no igum node"
                                    : "the caller left during the handshake");
        break;
    case AWAIT_HELLO:
    case OPEN: session_finish(s, ERR_IO, "cut without a goodbye"); break;
    case CLOSING: session_finish(s, ERR_OK, "closed by this side"); break;
    case CLOSED: break;
    }
}

void session_close(struct session *s, uint8_t code)
{
    switch (s->state) {
    case AWAIT_HANDSHAKE: session_finish(s, ERR_OK, "closed by this side"); break;
    case AWAIT_HELLO:
    case OPEN:
        s->state = CLOSING;
        s->closing = s->now;
        s->close_due = true;
        s->close_code = code;
        outbox_free(&s->outbox[SESSION_BULK]);
        outbox_free(&s->outbox[SESSION_FILES]);
        break;
    case CLOSING:
    case CLOSED: break;
    }
}

/* ---- keys ---- */

void session_begin_records(struct session *s)
{
    memcpy(s->peer.channel.at, s->handshake.noise.remote_fixed, ID_LEN);
    noise_split(&s->handshake.noise, &s->send, &s->receive);
    s->in.limit = SESSION_LENGTH_LEN + SESSION_SEALED_MAX;
    s->heard = s->now;
    s->state = AWAIT_HELLO;
}

void session_step_key(struct noise_cipher *cipher)
{
    if (cipher->nonce % LIMIT_REKEY == 0)
        noise_rekey(cipher);
}

/* ---- time ---- */

uint64_t session_deadline(const struct session *s)
{
    bool first = s->state == AWAIT_HANDSHAKE && !s->initiator && s->handshake.noise.message == 0;

    switch (s->state) {
    case AWAIT_HANDSHAKE:
    case AWAIT_HELLO: return s->begun + (first ? LIMIT_FIRST_MS : LIMIT_HANDSHAKE_MS);
    case OPEN: return s->heard + (s->pinged ? LIMIT_SILENCE_MS : LIMIT_PING_MS);
    case CLOSING: return s->closing + LIMIT_STALL_MS;
    case CLOSED: break;
    }
    return UINT64_MAX;
}

void session_expire(struct session *s, uint64_t now)
{
    s->now = now;
    if (now < session_deadline(s))
        return;
    if (s->state == OPEN && (now < s->heard + LIMIT_SILENCE_MS || MUTANT(MUTANT_NEVER_SILENT))) {
        s->pinged = true;
        s->ping_due = true;
    } else {
        session_finish(s, ERR_TIMEOUT,
                       s->state == AWAIT_HANDSHAKE || s->state == AWAIT_HELLO ? "the handshake took too long"
                       : s->state == CLOSING                                  ? "the goodbye could not be written"
                                                                              : "the peer fell silent");
    }
}

size_t session_memory(const struct session *s)
{
    size_t total = sizeof *s + s->in.size + s->out.size;

    for (size_t i = 0; i < SESSION_STREAMS; i++)
        total += s->inbox[i].body.size + s->outbox[i].memory;
    return total;
}

struct session_peer session_peer_of(const struct session *s)
{
    return s->peer;
}

const char *session_reason(const struct session *s)
{
    return s->reason;
}
