/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/card_input.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "node/command.h"
#include "node/output.h"
#include "node/i18n.h"

/* On a terminal people are done when the words are, whatever the lines; else at the end of the file. */
static bool is_whole(struct bytes text)
{
    uint8_t seed[SSHSIG_SEED_LEN];
    struct card_fault fault;

    (void)card_read(text, seed, &fault);
    sodium_memzero(seed, sizeof seed);
    return fault.words >= CARD_WORDS ||
           (text.len > 1 && text.at[text.len - 1] == '\n' && text.at[text.len - 2] == '\n');
}

static ssize_t read_all(int file, char text[CARD_INPUT_MAX])
{
    bool is_typed = isatty(file) == 1;
    size_t len = 0;
    ssize_t got = 1;

    while (got > 0 && len < CARD_INPUT_MAX && !(is_typed && is_whole(bytes_of(text, len)))) {
        got = read(file, text + len, CARD_INPUT_MAX - len);
        if (got > 0)
            len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    return got < 0 ? -1 : (ssize_t)len;
}

static int refuse(enum err err, const struct card_fault *fault)
{
    if (err == ERR_FORMAT) {
        output_error(_("word %zu of the card, '%s', is none that a card has"), fault->at, fault->word);
        output_hint(
            _("each has five letters, three of bdfghjklmnprstvz and between them two of aiou: look at it again"));
    } else if (err == ERR_LIMIT) {
        output_error(_("a recovery card has %d words, and these are %zu"), CARD_WORDS, fault->words);
        output_hint(_("give all of them, in the order of the card; lines and spaces do not matter"));
    } else {
        output_error(_("each word could be right, but together they are no recovery card"));
        output_hint(_("one or more were read wrongly, or stand in another order: compare each with the card"));
    }
    return COMMAND_FAILED;
}

int card_input(const char *path, uint8_t seed[SSHSIG_SEED_LEN])
{
    bool is_file = path != NULL && strcmp(path, "-") != 0;
    int file = is_file ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    char text[CARD_INPUT_MAX];
    struct card_fault fault;
    ssize_t len;
    enum err err;

    if (file >= 0 && !is_file && isatty(file) == 1)
        output_note(_("Type the %d words of the recovery card:"), CARD_WORDS);
    len = file >= 0 ? read_all(file, text) : -1;
    if (is_file && file >= 0)
        (void)close(file);
    if (len < 0) {
        output_error(_("the recovery card cannot be read: %s"), strerror(errno));
        output_hint(_("--card FILE names a file with its words; without it they are typed in"));
        return COMMAND_FAILED;
    }
    err = card_read(bytes_of(text, (size_t)len), seed, &fault);
    sodium_memzero(text, sizeof text);
    return err ? refuse(err, &fault) : COMMAND_OK;
}
