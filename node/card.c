/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/card.h"

#include <sodium.h>

#define CHECK_LEN 3
#define RAW_LEN (SSHSIG_SEED_LEN + CHECK_LEN)
#define LETTER_COUNT (RAW_LEN * 8 / 5)

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's: none that look alike. */

static void add_check(uint8_t raw[RAW_LEN])
{
    struct id check = id_hash(ID_BLOB, bytes_of(raw, SSHSIG_SEED_LEN));

    memcpy(raw + SSHSIG_SEED_LEN, check.at, CHECK_LEN);
    sodium_memzero(&check, sizeof check);
}

void card_write(const uint8_t seed[SSHSIG_SEED_LEN], char text[CARD_TEXT_LEN + 1])
{
    uint8_t raw[RAW_LEN];
    unsigned bits = 0, bit_count = 0;
    size_t len = 0, letters = 0;

    memcpy(raw, seed, SSHSIG_SEED_LEN);
    add_check(raw);
    for (size_t i = 0; i < RAW_LEN; i++) {
        bits = (bits << 8 | raw[i]) & 0xfff;
        for (bit_count += 8; bit_count >= 5; bit_count -= 5) {
            if (letters > 0 && letters % 4 == 0)
                text[len++] = '-';
            text[len++] = alphabet[bits >> (bit_count - 5) & 31];
            letters++;
        }
    }
    text[len] = '\0';
    sodium_memzero(raw, sizeof raw);
}

/* The value of a letter; 0 and 1 may be written as the letters they look like.  32: it is none. */
static unsigned letter_value(uint8_t letter)
{
    if (letter >= 'a' && letter <= 'z')
        letter = (uint8_t)(letter - 'a' + 'A');
    if (letter == 'O')
        letter = '0';
    if (letter == 'I' || letter == 'L')
        letter = '1';
    for (unsigned value = 0; value < 32; value++)
        if ((uint8_t)alphabet[value] == letter)
            return value;
    return 32;
}

enum err card_read(struct bytes text, uint8_t seed[SSHSIG_SEED_LEN])
{
    uint8_t raw[RAW_LEN], given[CHECK_LEN];
    unsigned bits = 0, bit_count = 0;
    size_t len = 0, letters = 0;
    enum err err = ERR_FORMAT;

    for (size_t i = 0; i < text.len; i++) {
        unsigned value = letter_value(text.at[i]);

        if (text.at[i] == '-' || text.at[i] == ' ' || text.at[i] == '\n' || text.at[i] == '\r' || text.at[i] == '\t')
            continue;
        if (value == 32 || ++letters > LETTER_COUNT)
            goto out;
        bits = (bits << 5 | value) & 0xfff;
        bit_count += 5;
        if (bit_count >= 8) {
            bit_count -= 8;
            raw[len++] = (uint8_t)(bits >> bit_count);
        }
    }
    if (letters != LETTER_COUNT)
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
