/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * Appends entries to an archive and says so, one line for each append that is durable: what is killed and cut off in
 * the crash tests.
 *
 *   appender create HOME              makes an archive
 *   appender append HOME COUNT BATCH  appends COUNT times (0: for ever) BATCH entries: "ack LOG SEQ"; settles, and compresses, each second time
 *   appender step HOME COUNT BATCH    the same, but waits for a byte on stdin before each; on a full disk says "full" and
 *                                     tries the same again with the next byte
 *   appender check HOME               opens for writing, verifies, prints "head LOG SEQ" for each log; exits 1 on damage
 *   appender bench HOME COUNT SIZE    appends COUNT entries of SIZE bytes at once and says how long that took
 *
 * With APPENDER_UNSYNCED=PART in the environment nothing is synced whose path has PART in it, and no whole file system:
 * what a crash test must find.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store/archive.h"
#include "store/files.h"
#include "tests/support/scribe.h"

#define LOGS 3
#define BATCH_MAX 20000
#define SETTLE_EACH 2

static bool is_unsynced(int descriptor)
{
    const char *part = getenv("APPENDER_UNSYNCED");
    char link[64], path[FILES_PATH_SIZE];

    if (!part)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    return strstr(path, part) != NULL;
}

/* In the place of the system's, for the libraries too. */
int fsync(int descriptor)
{
    return is_unsynced(descriptor) ? 0 : (int)syscall(SYS_fsync, descriptor);
}

int fdatasync(int descriptor)
{
    return is_unsynced(descriptor) ? 0 : (int)syscall(SYS_fdatasync, descriptor);
}

int syncfs(int descriptor)
{
    return getenv("APPENDER_UNSYNCED") ? 0 : (int)syscall(SYS_syncfs, descriptor);
}

static struct id network_of_tests(void)
{
    return id_hash(ID_NETWORK, bytes_text("appender"));
}

static int complain(const char *what, enum err err, const char *reason)
{
    fprintf(stderr, "%s: %s (%s)\n", what, err_text(err), reason);
    return err == ERR_FULL ? 3 : err == ERR_IO ? 4 : err == ERR_BUSY ? 5 : 2;
}

/* A kill in the middle of a line must not look like another number. */
static void say(const char *what, const struct head *head)
{
    char line[160], text[ID_TEXT_LEN + 1];

    id_to_text(&head->log, text);
    int len = snprintf(line, sizeof line, "%s %s %llu\n", what, text, (unsigned long long)head->seq);
    if (write(STDOUT_FILENO, line, (size_t)len) != len)
        exit(6);
}

static enum err resume(struct archive *a, struct scribe scribes[LOGS])
{
    struct frontier *heads = frontier_new();
    struct id network = network_of_tests();
    enum err err = heads ? archive_load_frontier(a, heads) : ERR_MEMORY;

    for (uint64_t i = 0; !err && i < LOGS; i++) {
        scribe_begin(&scribes[i], &network, i + 1, ROLE_COORDINATOR);
        const struct head *head = frontier_find(heads, &scribes[i].key.public);
        if (head)
            scribe_resume(&scribes[i], head);
    }
    frontier_free(heads);
    return err;
}

static void fill_text(char *text, size_t size, uint64_t seed)
{
    static const char *const words[] = {"האסיפה ", "החליטה ", "לאשר ",     "את ",   "התקציב ",
                                        "של ",     "המטבח ",  "protocol ", "2026 ", "\n"};
    size_t len = 0;

    while (len + 24 < size)
        len += (size_t)snprintf(text + len, size - len, "%s%llx ", words[scribe_random(&seed) % 10],
                                (unsigned long long)(scribe_random(&seed) & 0xfff));
    text[len] = '\0';
}

static void make(struct scribe *s, size_t text_size, struct scribe_item *made)
{
    char *text = malloc(text_size);

    if (!text)
        abort();
    fill_text(text, text_size, s->seed * 77 + s->head.seq);
    if (s->head.seq % 5 == 4 && text_size < 1000)
        scribe_approve(s, made);
    else
        scribe_publish(s, bytes_text(text), made);
    free(text);
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static enum err append_in_steps(struct archive *a, const struct item items[], size_t count)
{
    static const char full[] = "full\n";
    char go;

    for (;;) {
        if (read(STDIN_FILENO, &go, 1) != 1)
            exit(0);
        enum err err = archive_append(a, items, count);
        if (err != ERR_FULL)
            return err;
        fprintf(stderr, "%s\n", archive_reason(a));
        if (write(STDOUT_FILENO, full, sizeof full - 1) < 0)
            exit(6);
    }
}

/* As a node does a moment after it stored something. */
static enum err settle(struct archive *a)
{
    struct archive_settling *settling = archive_settling_begin(a);

    return settling ? archive_settling_end(a, settling, archive_settling_run(settling)) : ERR_OK;
}

static int append_batches(struct archive *a, unsigned long count, size_t batch, size_t text_size, bool timed,
                          bool steps)
{
    static struct scribe_item made[BATCH_MAX];
    static struct item items[BATCH_MAX];
    struct scribe scribes[LOGS];
    enum err err = resume(a, scribes);

    for (unsigned long n = 0; !err && (count == 0 || n < count); n++) {
        double start = seconds();
        for (size_t i = 0; i < batch; i++) {
            make(&scribes[(n + i) % LOGS], text_size, &made[i]);
            items[i] = made[i].item;
        }
        double signed_at = seconds();
        err = steps ? append_in_steps(a, items, batch) : archive_append(a, items, batch);
        if (timed)
            printf("signing %.3f s, appending %.3f s\n", signed_at - start, seconds() - signed_at);
        for (size_t i = 0; i < batch; i++) {
            if (!err && !timed)
                say("ack", &items[i].head);
            scribe_item_free(&made[i]);
        }
        if (!err && n % SETTLE_EACH == SETTLE_EACH - 1) {
            err = settle(a);
            while (!err && archive_shrink(a))
                ;
        }
    }
    return err ? complain("append", err, archive_reason(a)) : 0;
}

static void print_damage(void *context, const struct archive_damage *damage)
{
    char text[ID_TEXT_LEN + 1];

    (void)context;
    id_to_text(&damage->log, text);
    printf("damage %.16s %llu %s: %s\n", text, (unsigned long long)damage->seq, damage->what, damage->detail);
}

static int check(struct archive *a)
{
    struct frontier *heads = frontier_new();
    struct archive_report report;
    enum err err = heads ? archive_load_frontier(a, heads) : ERR_MEMORY;

    for (size_t i = 0; !err && i < frontier_count(heads); i++)
        say("head", frontier_at(heads, i));
    if (!err)
        err = archive_verify(a, print_damage, NULL, &report);
    frontier_free(heads);
    if (err)
        return complain("verify", err, archive_reason(a));
    printf("entries %llu contents %llu missing %llu bad %llu\n", (unsigned long long)report.entries,
           (unsigned long long)report.contents, (unsigned long long)report.contents_missing,
           (unsigned long long)report.bad);
    return report.bad > 0 || report.contents_missing > 0;
}

static int with_archive(int count, char **arguments)
{
    struct archive *a;
    int code = 2;
    enum err err = archive_open(arguments[2], ARCHIVE_WRITE, &a);

    if (err)
        return complain("open", err, archive_open_reason());
    bool steps = strcmp(arguments[1], "step") == 0;
    if ((steps || strcmp(arguments[1], "append") == 0) && count == 5) {
        unsigned long batch = strtoul(arguments[4], NULL, 10);
        if (batch > 0 && batch <= BATCH_MAX)
            code = append_batches(a, strtoul(arguments[3], NULL, 10), batch, 600, false, steps);
    } else if (strcmp(arguments[1], "bench") == 0 && count == 5) {
        code = append_batches(a, 1, strtoul(arguments[3], NULL, 10), strtoul(arguments[4], NULL, 10), true, false);
    } else if (strcmp(arguments[1], "check") == 0)
        code = check(a);
    archive_close(a);
    return code;
}

int main(int count, char **arguments)
{
    struct files_lock lock = {.descriptor = -1};
    struct id network = network_of_tests();
    int code;

    if (count < 3) {
        fprintf(stderr, "usage: appender create|append|step|check|bench HOME [COUNT BATCH]\n");
        return 64;
    }
    if (strcmp(arguments[1], "create") == 0) {
        enum err err = archive_create(arguments[2], &network);
        return err && err != ERR_EXISTS ? complain("create", err, archive_open_reason()) : 0;
    }
    enum err err = files_lock(arguments[2], &lock, NULL);
    if (err)
        return complain("lock", err, "");
    code = with_archive(count, arguments);
    files_unlock(&lock);
    return code;
}
