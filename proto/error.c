/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/error.h"

const char *err_text(enum err err)
{
    switch (err) {
    case ERR_OK: return "no error";
    case ERR_MEMORY: return "out of memory";
    case ERR_IO: return "input or output failed";
    case ERR_FULL: return "the disk is full or read-only";
    case ERR_FORMAT: return "malformed bytes";
    case ERR_AUTH: return "authentication failed";
    case ERR_LIMIT: return "a limit would be passed";
    case ERR_VERSION: return "unknown version";
    case ERR_NETWORK: return "another network";
    case ERR_STRANGER: return "a key that nothing grants";
    case ERR_GAP: return "an earlier entry is missing";
    case ERR_FORK: return "another entry stands in its place";
    case ERR_MISSING: return "not found";
    case ERR_EXISTS: return "already there";
    case ERR_BUSY: return "locked by another process";
    case ERR_TIMEOUT: return "timed out";
    }
    return "unknown error";
}
