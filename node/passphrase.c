/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "node/command.h"
#include "node/output.h"
#include "node/i18n.h"

void passphrase_wipe(struct passphrase *passphrase)
{
    sodium_memzero(passphrase, sizeof *passphrase);
}

enum err passphrase_from_text(struct bytes text, struct passphrase *passphrase)
{
    size_t len = 0;

    while (len < text.len && text.at[len] != '\n' && text.at[len] != '\0')
        len++;
    if (len > 0 && text.at[len - 1] == '\r')
        len--;
    if (len == 0)
        return ERR_MISSING;
    if (len > PASSPHRASE_MAX)
        return ERR_LIMIT;
    memcpy(passphrase->text, text.at, len);
    passphrase->text[len] = '\0';
    passphrase->len = len;
    return ERR_OK;
}

/* Reads what fits, and one byte more to see that it did; without stdio, whose buffer would keep the secret. */
static enum err read_all(int from, struct passphrase *passphrase)
{
    char text[PASSPHRASE_MAX + 3];
    size_t len = 0;
    ssize_t got = 0;
    enum err err = ERR_IO;

    while (len < sizeof text) {
        got = read(from, text + len, sizeof text - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    if (got >= 0)
        err = passphrase_from_text(bytes_of(text, len), passphrase);
    sodium_memzero(text, sizeof text);
    return err;
}

static enum err explain(enum err err, const char *source)
{
    if (err == ERR_MISSING)
        output_error(_("%s gives an empty passphrase"), source);
    else if (err == ERR_LIMIT)
        output_error(_("%s gives a passphrase of more than %d bytes"), source, PASSPHRASE_MAX);
    else if (err)
        output_error(_("%s cannot be read: %s"), source, strerror(errno));
    if (err)
        output_hint(_("the first line of the file, of what the command prints, or of what is typed is the passphrase"));
    return err ? ERR_MISSING : ERR_OK;
}

static enum err from_file(const char *variable, const char *path, struct passphrase *passphrase)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    enum err err;

    if (file < 0) {
        output_error(_("the passphrase file '%s' cannot be read: %s"), path, strerror(errno));
        output_hint(_("%s names it; unset it to be asked"), variable);
        return ERR_MISSING;
    }
    if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        output_note(_("note: other users of this machine may read '%s'; 'chmod 600' keeps it to you"), path);
    err = explain(read_all(file, passphrase), variable);
    (void)close(file);
    return err;
}

static enum err from_command(const char *variable, const char *command, struct passphrase *passphrase)
{
    FILE *pipe = popen(command, "re");
    enum err err;

    if (pipe == NULL)
        return explain(ERR_IO, variable);
    err = read_all(fileno(pipe), passphrase);
    if (pclose(pipe) != 0) {
        passphrase_wipe(passphrase);
        output_error(_("the command in %s failed"), variable);
        output_hint(_("%s names it; unset it to be asked"), variable);
        return ERR_MISSING;
    }
    return explain(err, variable);
}

/* What the signal handler needs to give the terminal back. */
static int terminal = -1;
static struct termios terminal_before;

static void end_line(void)
{
    if (write(terminal, "\n", 1) < 0)
        return; /* A terminal that is gone needs no new line. */
}

static void give_back(int number)
{
    (void)tcsetattr(terminal, TCSAFLUSH, &terminal_before);
    end_line();
    _exit(number == SIGINT ? COMMAND_INTERRUPTED : 128 + number);
}

/* Asks once, without echo. */
static enum err ask(const char *prompt, const char *what, struct passphrase *passphrase)
{
    struct sigaction handler = {.sa_handler = give_back}, before_int, before_term;
    struct termios silent = terminal_before;
    char text[PASSPHRASE_MAX + 2];
    ssize_t len;
    enum err err;

    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ICANON | ISIG;
    (void)sigaction(SIGINT, &handler, &before_int);
    (void)sigaction(SIGTERM, &handler, &before_term);
    (void)dprintf(terminal, "%s %s: ", prompt, what);
    (void)tcsetattr(terminal, TCSAFLUSH, &silent);
    len = read(terminal, text, sizeof text);
    (void)tcsetattr(terminal, TCSAFLUSH, &terminal_before);
    end_line();
    (void)sigaction(SIGINT, &before_int, NULL);
    (void)sigaction(SIGTERM, &before_term, NULL);
    err = len < 0 ? ERR_IO : passphrase_from_text(bytes_of(text, (size_t)len), passphrase);
    sodium_memzero(text, sizeof text);
    return err;
}

static enum err ask_for_new(const char *what, struct passphrase *passphrase)
{
    struct passphrase again = {0};
    enum err err;

    for (int tries = 0; tries < 3; tries++) {
        if ((err = ask(_("New passphrase for"), what, passphrase)) ||
            (err = ask(_("Once more, passphrase for"), what, &again))) {
            (void)explain(err, _("the terminal"));
            break;
        }
        if (bytes_equal(passphrase_bytes(passphrase), passphrase_bytes(&again))) {
            passphrase_wipe(&again);
            return ERR_OK;
        }
        output_error(_("the two were not the same"));
    }
    passphrase_wipe(&again);
    passphrase_wipe(passphrase);
    return ERR_MISSING;
}

static enum err from_terminal(const char *what, bool is_new, struct passphrase *passphrase)
{
    enum err err;

    terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0 || tcgetattr(terminal, &terminal_before) != 0) {
        if (terminal >= 0)
            (void)close(terminal);
        terminal = -1;
        output_error(_("a passphrase is needed for %s, and there is no terminal to ask on"), what);
        output_hint(
            _("let IGUM_PASSPHRASE_FILE name a file that only you can read, or IGUM_PASSPHRASE_COMMAND a command"));
        return ERR_MISSING;
    }
    err =
        is_new ? ask_for_new(what, passphrase) : explain(ask(_("Passphrase for"), what, passphrase), _("the terminal"));
    (void)close(terminal);
    terminal = -1;
    return err;
}

static enum err get(const char *file, const char *command, const char *what, bool is_new, struct passphrase *passphrase)
{
    const char *path = getenv(file);
    const char *line = getenv(command);

    *passphrase = (struct passphrase){0};
    if (path != NULL && path[0] != '\0')
        return from_file(file, path, passphrase);
    if (line != NULL && line[0] != '\0')
        return from_command(command, line, passphrase);
    return from_terminal(what, is_new, passphrase);
}

enum err passphrase_get(const char *what, bool is_new, struct passphrase *passphrase)
{
    return get("IGUM_PASSPHRASE_FILE", "IGUM_PASSPHRASE_COMMAND", what, is_new, passphrase);
}

enum err passphrase_get_new(struct passphrase *passphrase)
{
    return get("IGUM_NEW_PASSPHRASE_FILE", "IGUM_NEW_PASSPHRASE_COMMAND", _("the key"), true, passphrase);
}
