/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Preloaded into igum by tests that open many keys: a passphrase costs nothing. */

#include <sodium.h>

int crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *passphrase,
                  unsigned long long passphrase_len, const unsigned char *salt, unsigned long long operations,
                  size_t memory, int algorithm)
{
    (void)operations;
    (void)memory;
    (void)algorithm;
    return crypto_generichash(out, (size_t)out_len, (const unsigned char *)passphrase, passphrase_len, salt,
                              crypto_pwhash_SALTBYTES);
}
