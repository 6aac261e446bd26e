/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/card.h"

#include <sodium.h>

#define CHECK_LEN 2
#define RAW_LEN (SSHSIG_SEED_LEN + CHECK_LEN)

/* A word is consonant, vowel, consonant, vowel, consonant: 4 + 2 + 4 + 2 + 4 bits. */
static const char consonants[] = "bdfghjklmnprstvz";
static const char vowels[] = "aiou";

_Static_assert(RAW_LEN == CARD_WORDS * 2, "two bytes a word");

static void add_check(uint8_t raw[RAW_LEN])
{
    struct id check = id_hash(ID_BLOB, bytes_of(raw, SSHSIG_SEED_LEN));

    memcpy(raw + SSHSIG_SEED_LEN, check.at, CHECK_LEN);
    sodium_memzero(&check, sizeof check);
}

void card_write(const uint8_t seed[SSHSIG_SEED_LEN], char text[CARD_TEXT_LEN + 1])
{
    uint8_t raw[RAW_LEN];

    memcpy(raw, seed, SSHSIG_SEED_LEN);
    add_check(raw);
    for (size_t i = 0; i < CARD_WORDS; i++) {
        unsigned bits = (unsigned)raw[2 * i] << 8 | raw[2 * i + 1];

        *text++ = consonants[bits >> 12];
        *text++ = vowels[bits >> 10 & 3];
        *text++ = consonants[bits >> 6 & 15];
        *text++ = vowels[bits >> 4 & 3];
        *text++ = consonants[bits & 15];
        *text++ = i + 1 < CARD_WORDS ? ' ' : '\0';
    }
    sodium_memzero(raw, sizeof raw);
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Takes the next run of letters off `text`; empty: there is none. */
static struct bytes take_word(struct bytes *text)
{
    struct bytes word;
    size_t len = 0;

    while (text->len > 0 && !is_letter(text->at[0]))
        *text = bytes_of(text->at + 1, text->len - 1);
    while (len < text->len && is_letter(text->at[len]))
        len++;
    word = bytes_of(text->at, len);
    *text = bytes_of(text->at + len, text->len - len);
    return word;
}

/* Puts the two bytes that a word stands for into `raw`; false: it is no word of a card. */
static bool read_word(struct bytes word, uint8_t raw[2])
{
    static const unsigned widths[CARD_WORD_LEN] = {4, 2, 4, 2, 4};
    unsigned bits = 0;

    if (word.len != CARD_WORD_LEN)
        return false;
    for (size_t i = 0; i < CARD_WORD_LEN; i++) {
        const char *letters = widths[i] == 4 ? consonants : vowels;
        const char *found = strchr(letters, word.at[i] | 0x20);

        if (found == NULL)
            return false;
        bits = bits << widths[i] | (unsigned)(found - letters);
    }
    raw[0] = (uint8_t)(bits >> 8);
    raw[1] = (uint8_t)bits;
    return true;
}

static void note_fault(struct card_fault *fault, struct bytes word)
{
    size_t len = word.len < sizeof fault->word - 1 ? word.len : sizeof fault->word - 1;

    fault->at = fault->words;
    memcpy(fault->word, word.at, len);
    fault->word[len] = '\0';
}

enum err card_read(struct bytes text, uint8_t seed[SSHSIG_SEED_LEN], struct card_fault *fault)
{
    uint8_t raw[RAW_LEN], given[CHECK_LEN], none[2];
    struct bytes word;
    enum err err = ERR_OK;

    *fault = (struct card_fault){0};
    while ((word = take_word(&text)).len > 0) {
        fault->words++;
        if (!read_word(word, fault->words <= CARD_WORDS ? raw + 2 * (fault->words - 1) : none) && fault->at == 0)
            note_fault(fault, word);
    }
    if (fault->at != 0)
        err = ERR_FORMAT;
    else if (fault->words != CARD_WORDS)
        err = ERR_LIMIT;
    if (err)
        goto out;
    memcpy(given, raw + SSHSIG_SEED_LEN, CHECK_LEN);
    add_check(raw);
    err = memcmp(given, raw + SSHSIG_SEED_LEN, CHECK_LEN) == 0 ? ERR_OK : ERR_AUTH;
    if (!err)
        memcpy(seed, raw, SSHSIG_SEED_LEN);
out:
    sodium_memzero(raw, sizeof raw);
    return err;
}

struct id card_id(const uint8_t seed[SSHSIG_SEED_LEN])
{
    struct signing_key key;
    struct id id;

    sshsig_key_from_seed(&key, seed);
    id = id_hash(ID_CARD, id_bytes(&key.public));
    sshsig_wipe(&key);
    return id;
}
