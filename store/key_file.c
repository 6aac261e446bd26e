/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/key_file.h"

#include "proto/text.h"
#include "proto/wire.h"
#include "store/files.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NODE_MAGIC "IGUMNODE"
#define PERSON_MAGIC "IGUMKEY\n"
#define MAGIC_LEN 8
#define VERSION 1
#define CHECK_LEN 8
#define SALT_LEN crypto_pwhash_SALTBYTES
#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEALED_LEN (SSHSIG_SEED_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define SEALING_KEY_LEN crypto_aead_xchacha20poly1305_ietf_KEYBYTES

#define NODE_LEN (MAGIC_LEN + 1 + SSHSIG_SEED_LEN + NOISE_KEY_LEN + CHECK_LEN)
#define PERSON_HEADER_LEN (MAGIC_LEN + 1 + 1 + ID_LEN + 4 + 4 + SALT_LEN) /* What the tag covers beside the seed. */
#define PERSON_LEN (PERSON_HEADER_LEN + NONCE_LEN + SEALED_LEN)
#define FILE_LEN_MAX 256

#define OPERATIONS_MIN 1
#define OPERATIONS_MAX 10
#define MEMORY_KIB_MIN 8192    /* Less is no obstacle to guessing. */
#define MEMORY_KIB_MAX 1048576 /* More could take an office machine down. */
#define KEYS_MAX 1024          /* Of one directory. */

_Static_assert(SALT_LEN + NONCE_LEN == KEY_FILE_RANDOM_LEN, "salt and nonce");
_Static_assert(SEALED_LEN == 48 && PERSON_LEN == 138 && NODE_LEN == 81, "docs/FORMAT.md, 7");
_Static_assert(PERSON_LEN <= FILE_LEN_MAX, "a key file fits");

__attribute__((format(printf, 3, 4))) static enum err say(struct key_file_reason *reason, enum err err,
                                                          const char *format, ...)
{
    va_list values;

    va_start(values, format);
    (void)vsnprintf(reason->text, sizeof reason->text, format, values);
    va_end(values);
    return err;
}

void key_file_name(enum role role, const struct id *key, char name[KEY_FILE_NAME_SIZE])
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(key, text);
    (void)snprintf(name, KEY_FILE_NAME_SIZE, "%s-%.16s.%s", role_name(role), text, role == ROLE_NODE ? "node" : "key");
}

/* ---- bytes ---- */

static void node_check(struct bytes checked, uint8_t check[CHECK_LEN])
{
    struct id hash = id_hash(ID_BLOB, checked);

    memcpy(check, hash.at, CHECK_LEN);
}

struct person_file { /* Views into the file. */
    enum role role;
    struct id key;
    struct key_file_cost cost;
    struct bytes header, salt, nonce, sealed;
};

static enum err decode_node(struct bytes file, struct bytes *seed, struct bytes *channel,
                            struct key_file_reason *reason)
{
    struct wire_reader reader = wire_reader(file);
    uint8_t check[CHECK_LEN];

    (void)wire_read(&reader, MAGIC_LEN);
    uint8_t version = wire_u8(&reader);
    if (!reader.err && version != VERSION)
        return say(reason, ERR_VERSION, "the node's key file is of a version that this Igum does not know");
    *seed = wire_read(&reader, SSHSIG_SEED_LEN);
    *channel = wire_read(&reader, NOISE_KEY_LEN);
    struct bytes found = wire_read(&reader, CHECK_LEN);
    if (wire_finish(&reader))
        return say(reason, ERR_FORMAT, "the node's key file is damaged: it has the wrong length");
    node_check(bytes_of(file.at, NODE_LEN - CHECK_LEN), check);
    if (!bytes_equal(found, bytes_of(check, CHECK_LEN)))
        return say(reason, ERR_FORMAT, "the node's key file is damaged: its check does not match");
    return ERR_OK;
}

static enum err decode_person(struct bytes file, struct person_file *person, struct key_file_reason *reason)
{
    struct wire_reader reader = wire_reader(file);

    (void)wire_read(&reader, MAGIC_LEN);
    uint8_t version = wire_u8(&reader);
    if (!reader.err && version != VERSION)
        return say(reason, ERR_VERSION, "the key file is of a version that this Igum does not know");
    uint8_t kind = wire_u8(&reader);
    wire_copy(&reader, person->key.at, ID_LEN);
    person->cost.operations = wire_u32(&reader);
    person->cost.memory_kib = wire_u32(&reader);
    person->salt = wire_read(&reader, SALT_LEN);
    person->nonce = wire_read(&reader, NONCE_LEN);
    person->sealed = wire_read(&reader, SEALED_LEN);
    if (wire_finish(&reader))
        return say(reason, ERR_FORMAT, "the key file is damaged: it has the wrong length");
    if ((kind != ROLE_STEWARD && kind != ROLE_COORDINATOR) || !id_is_signing_key(&person->key))
        return say(reason, ERR_FORMAT, "the key file is damaged: it names no key of a person");
    if (person->cost.operations < OPERATIONS_MIN || person->cost.operations > OPERATIONS_MAX ||
        person->cost.memory_kib < MEMORY_KIB_MIN || person->cost.memory_kib > MEMORY_KIB_MAX)
        return say(reason, ERR_LIMIT, "the key file asks for %u passes over %u KiB: it is damaged or not ours",
                   person->cost.operations, person->cost.memory_kib);
    person->role = (enum role)kind;
    person->header = bytes_of(file.at, PERSON_HEADER_LEN);
    return ERR_OK;
}

enum err key_file_decode(struct bytes file, enum role *role, struct id *key, struct key_file_reason *reason)
{
    struct bytes rest = file, seed, channel;
    struct person_file person;
    struct signing_key signing;
    enum err err;

    if (text_take_prefix(&rest, NODE_MAGIC)) {
        if ((err = decode_node(file, &seed, &channel, reason)))
            return err;
        sshsig_key_from_seed(&signing, seed.at);
        *role = ROLE_NODE;
        *key = signing.public;
        sshsig_wipe(&signing);
        return ERR_OK;
    }
    if (!text_take_prefix(&rest, PERSON_MAGIC))
        return say(reason, ERR_FORMAT, "this is no key file");
    if ((err = decode_person(file, &person, reason)))
        return err;
    *role = person.role;
    *key = person.key;
    return ERR_OK;
}

/* ---- sealing ---- */

static enum err sealing_key(uint8_t key[SEALING_KEY_LEN], struct bytes passphrase, struct key_file_cost cost,
                            struct bytes salt, struct key_file_reason *reason)
{
    if (crypto_pwhash(key, SEALING_KEY_LEN, (const char *)passphrase.at, passphrase.len, salt.at, cost.operations,
                      (size_t)cost.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return say(reason, ERR_MEMORY, "there is not enough memory for the passphrase: %u MiB are needed",
                   cost.memory_kib / 1024);
    return ERR_OK;
}

static enum err check_passphrase(struct bytes passphrase, struct key_file_reason *reason)
{
    if (passphrase.len == 0)
        return say(reason, ERR_LIMIT, "the passphrase is empty");
    if (passphrase.len > KEY_FILE_PASSPHRASE_MAX)
        return say(reason, ERR_LIMIT, "the passphrase is longer than %d bytes", KEY_FILE_PASSPHRASE_MAX);
    return ERR_OK;
}

static enum err seal(struct buffer *file, enum role role, const uint8_t seed[SSHSIG_SEED_LEN], const struct id *key,
                     struct bytes passphrase, struct key_file_cost cost, const uint8_t random[KEY_FILE_RANDOM_LEN],
                     struct key_file_reason *reason)
{
    uint8_t sealing[SEALING_KEY_LEN], sealed[SEALED_LEN];
    struct bytes salt = bytes_of(random, SALT_LEN), nonce = bytes_of(random + SALT_LEN, NONCE_LEN);
    enum err err;

    assert(cost.operations >= OPERATIONS_MIN && cost.operations <= OPERATIONS_MAX);
    assert(cost.memory_kib >= MEMORY_KIB_MIN && cost.memory_kib <= MEMORY_KIB_MAX);
    if ((err = check_passphrase(passphrase, reason)) || (err = sealing_key(sealing, passphrase, cost, salt, reason)))
        goto out;
    buffer_text(file, PERSON_MAGIC);
    buffer_u8(file, VERSION);
    buffer_u8(file, (uint8_t)role);
    buffer_add(file, id_bytes(key));
    buffer_u32(file, cost.operations);
    buffer_u32(file, cost.memory_kib);
    buffer_add(file, salt);
    if ((err = buffer_error(file)))
        goto out;
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, seed, SSHSIG_SEED_LEN, file->at, file->len, NULL,
                                                     nonce.at, sealing);
    buffer_add(file, nonce);
    buffer_add(file, bytes_of(sealed, SEALED_LEN));
    err = buffer_error(file);
out:
    sodium_memzero(sealing, sizeof sealing);
    return err;
}

static enum err unseal(const struct person_file *file, struct bytes passphrase, struct key_file_person *person,
                       struct key_file_reason *reason)
{
    uint8_t sealing[SEALING_KEY_LEN], seed[SSHSIG_SEED_LEN];
    enum err err;

    if (passphrase.len == 0 || passphrase.len > KEY_FILE_PASSPHRASE_MAX)
        return say(reason, ERR_AUTH, "the passphrase is wrong");
    if ((err = sealing_key(sealing, passphrase, file->cost, file->salt, reason)))
        goto out;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(seed, NULL, NULL, file->sealed.at, file->sealed.len, file->header.at,
                                                   file->header.len, file->nonce.at, sealing) != 0) {
        err = say(reason, ERR_AUTH, "the passphrase is wrong");
        goto out;
    }
    sshsig_key_from_seed(&person->signing, seed);
    person->role = file->role;
    if (!id_equal(&person->signing.public, &file->key))
        err = say(reason, ERR_FORMAT, "the key file is damaged: it holds another key than it names");
out:
    sodium_memzero(sealing, sizeof sealing);
    sodium_memzero(seed, sizeof seed);
    return err;
}

/* ---- files ---- */

static void wipe(struct buffer *file)
{
    if (file->at)
        sodium_memzero(file->at, file->size);
    buffer_free(file);
}

static enum err read_file(const char *path, struct buffer *file, struct key_file_reason *reason)
{
    struct stat status;

    if (lstat(path, &status) != 0)
        return errno == ENOENT || errno == ENOTDIR ? say(reason, ERR_MISSING, "there is no key file '%s'", path)
                                                   : say(reason, ERR_IO, "the key file '%s' cannot be looked at", path);
    if (!S_ISREG(status.st_mode))
        return say(reason, ERR_FORMAT, "'%s' is no file", path);
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return say(reason, ERR_IO, "others may use the key file: take that away with chmod 600 '%s'", path);
    enum err err = files_read(path, FILE_LEN_MAX, file);
    if (err == ERR_LIMIT)
        return say(reason, ERR_FORMAT, "this is no key file");
    return err ? say(reason, err, "the key file '%s' cannot be read: %s", path, err_text(err)) : ERR_OK;
}

static enum err write_file(const char *path, const struct buffer *file, struct key_file_reason *reason)
{
    enum err err = files_replace(path, buffer_bytes(file), 0600);

    return err ? say(reason, err, "the key file '%s' cannot be written: %s", path, err_text(err)) : ERR_OK;
}

/* The path of a new file, in a directory that is there. */
static enum err new_path(char path[FILES_PATH_SIZE], const char *directory, enum role role, const struct id *key,
                         struct key_file_reason *reason)
{
    char name[KEY_FILE_NAME_SIZE];
    enum err err = files_make_directory(directory, 0700);

    key_file_name(role, key, name);
    if (err && err != ERR_EXISTS)
        return say(reason, err, "the directory '%s' cannot be made: %s", directory, err_text(err));
    if ((err = files_join(path, directory, name)))
        return say(reason, err, "the path of the directory '%s' is too long", directory);
    return files_exists(path) ? say(reason, ERR_EXISTS, "the key file '%s' is already there", path) : ERR_OK;
}

static enum err write_node(const char *path, const uint8_t seed[SSHSIG_SEED_LEN],
                           const uint8_t channel_secret[NOISE_KEY_LEN], struct key_file_reason *reason)
{
    struct buffer file = BUFFER(FILE_LEN_MAX);
    uint8_t check[CHECK_LEN];
    enum err err;

    buffer_text(&file, NODE_MAGIC);
    buffer_u8(&file, VERSION);
    buffer_add(&file, bytes_of(seed, SSHSIG_SEED_LEN));
    buffer_add(&file, bytes_of(channel_secret, NOISE_KEY_LEN));
    if (!(err = buffer_error(&file))) {
        node_check(buffer_bytes(&file), check);
        buffer_add(&file, bytes_of(check, CHECK_LEN));
    }
    if (!err && !(err = buffer_error(&file)))
        err = write_file(path, &file, reason);
    wipe(&file);
    return err;
}

enum err key_file_create_node(const char *directory, const uint8_t seed[SSHSIG_SEED_LEN],
                              const uint8_t channel_secret[NOISE_KEY_LEN], struct key_file_reason *reason)
{
    char path[FILES_PATH_SIZE];
    struct signing_key signing;
    enum err err;

    sshsig_key_from_seed(&signing, seed);
    if (!(err = new_path(path, directory, ROLE_NODE, &signing.public, reason)))
        err = write_node(path, seed, channel_secret, reason);
    sshsig_wipe(&signing);
    return err;
}

enum err key_file_create_person(const char *directory, enum role role, const uint8_t seed[SSHSIG_SEED_LEN],
                                struct bytes passphrase, struct key_file_cost cost,
                                const uint8_t random[KEY_FILE_RANDOM_LEN], struct key_file_reason *reason)
{
    struct buffer file = BUFFER(FILE_LEN_MAX);
    char path[FILES_PATH_SIZE];
    struct signing_key signing;
    enum err err;

    assert(role == ROLE_STEWARD || role == ROLE_COORDINATOR);
    sshsig_key_from_seed(&signing, seed);
    if (!(err = new_path(path, directory, role, &signing.public, reason)) &&
        !(err = seal(&file, role, seed, &signing.public, passphrase, cost, random, reason)))
        err = write_file(path, &file, reason);
    sshsig_wipe(&signing);
    wipe(&file);
    return err;
}

enum err key_file_open_node(const char *path, struct key_file_node **out, struct key_file_reason *reason)
{
    struct buffer file = BUFFER(FILE_LEN_MAX);
    struct bytes rest, seed, channel;
    struct key_file_node *node;
    enum err err;

    if ((err = read_file(path, &file, reason)))
        goto out;
    rest = buffer_bytes(&file);
    if (!text_take_prefix(&rest, NODE_MAGIC)) {
        err = say(reason, ERR_FORMAT, "this is no node's key file");
        goto out;
    }
    if ((err = decode_node(buffer_bytes(&file), &seed, &channel, reason)))
        goto out;
    node = sodium_init() < 0 ? NULL : sodium_malloc(sizeof *node);
    if (!node) {
        err = say(reason, ERR_MEMORY, "there is no guarded memory for the key");
        goto out;
    }
    sshsig_key_from_seed(&node->signing, seed.at);
    noise_key_pair_from_secret(&node->channel, channel.at);
    *out = node;
out:
    wipe(&file);
    return err;
}

enum err key_file_open_person(const char *path, struct bytes passphrase, struct key_file_person **out,
                              struct key_file_reason *reason)
{
    struct buffer file = BUFFER(FILE_LEN_MAX);
    struct person_file sealed;
    struct key_file_person *person = NULL;
    enum err err;

    if ((err = read_file(path, &file, reason)))
        goto out;
    struct bytes rest = buffer_bytes(&file);
    if (!text_take_prefix(&rest, PERSON_MAGIC)) {
        err = say(reason, ERR_FORMAT, "this is no person's key file");
        goto out;
    }
    if ((err = decode_person(buffer_bytes(&file), &sealed, reason)))
        goto out;
    person = sodium_init() < 0 ? NULL : sodium_malloc(sizeof *person);
    if (!person) {
        err = say(reason, ERR_MEMORY, "there is no guarded memory for the key");
        goto out;
    }
    if ((err = unseal(&sealed, passphrase, person, reason)))
        goto out;
    *out = person;
    person = NULL; /* taken */
out:
    key_file_close_person(person);
    wipe(&file);
    return err;
}

/* sodium_free() wipes. */
void key_file_close_node(struct key_file_node *node)
{
    sodium_free(node);
}

void key_file_close_person(struct key_file_person *person)
{
    sodium_free(person);
}

/* The name of what waits ends otherwise, so that no listing takes it for a key. */
static enum err next_path(char next[FILES_PATH_SIZE], const char *path, struct key_file_reason *reason)
{
    int len = snprintf(next, FILES_PATH_SIZE, "%s.next", path);

    return len > 0 && len < FILES_PATH_SIZE ? ERR_OK : say(reason, ERR_LIMIT, "the path '%s' is too long", path);
}

enum err key_file_stage_channel(const char *path, const uint8_t channel_secret[NOISE_KEY_LEN],
                                struct key_file_reason *reason)
{
    struct key_file_node *node = NULL;
    char next[FILES_PATH_SIZE];
    uint8_t seed[SSHSIG_SEED_LEN];
    enum err err;

    if ((err = next_path(next, path, reason)) || (err = key_file_open_node(path, &node, reason)))
        return err;
    (void)crypto_sign_ed25519_sk_to_seed(seed, node->signing.secret);
    err = write_node(next, seed, channel_secret, reason);
    sodium_memzero(seed, sizeof seed);
    key_file_close_node(node);
    return err;
}

enum err key_file_open_next(const char *path, struct key_file_node **node, struct key_file_reason *reason)
{
    char next[FILES_PATH_SIZE];
    enum err err = next_path(next, path, reason);

    return err ? err : key_file_open_node(next, node, reason);
}

enum err key_file_take_channel(const char *path, struct key_file_reason *reason)
{
    char next[FILES_PATH_SIZE];
    enum err err = next_path(next, path, reason);

    if (!err && (err = files_rename(next, path)))
        err = say(reason, err, "the key file '%s' cannot be replaced: %s", path, err_text(err));
    return err;
}

enum err key_file_change_passphrase(const char *path, struct bytes old, struct bytes passphrase,
                                    struct key_file_cost cost, const uint8_t random[KEY_FILE_RANDOM_LEN],
                                    struct key_file_reason *reason)
{
    struct buffer file = BUFFER(FILE_LEN_MAX);
    struct key_file_person *person = NULL;
    uint8_t seed[SSHSIG_SEED_LEN];
    enum err err;

    if ((err = key_file_open_person(path, old, &person, reason)))
        goto out;
    (void)crypto_sign_ed25519_sk_to_seed(seed, person->signing.secret);
    if (!(err = seal(&file, person->role, seed, &person->signing.public, passphrase, cost, random, reason)))
        err = write_file(path, &file, reason);
out:
    sodium_memzero(seed, sizeof seed);
    key_file_close_person(person);
    wipe(&file);
    return err;
}

/* ---- listing ---- */

struct names {
    char (*at)[KEY_FILE_NAME_SIZE * 4];
    size_t count;
};

static bool ends_in(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && memcmp(name + len - end_len, end, end_len) == 0;
}

static enum err collect(void *context, const char *name)
{
    struct names *names = context;

    if (!ends_in(name, ".node") && !ends_in(name, ".key"))
        return ERR_OK;
    if (strlen(name) >= sizeof names->at[0] || strncmp(name, FILES_TEMPORARY, strlen(FILES_TEMPORARY)) == 0)
        return ERR_OK;
    if (names->count == KEYS_MAX)
        return ERR_LIMIT;
    memcpy(names->at[names->count++], name, strlen(name) + 1);
    return ERR_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum err describe(const char *directory, const char *name, key_file_fn *each, void *context)
{
    struct key_file_info info = {.role = ROLE_NONE};
    struct buffer file = BUFFER(FILE_LEN_MAX);
    enum err err = files_join(info.path, directory, name);

    if (err)
        return err;
    if (!(info.err = read_file(info.path, &file, &info.reason)))
        info.err = key_file_decode(buffer_bytes(&file), &info.role, &info.key, &info.reason);
    wipe(&file);
    return each(context, &info);
}

enum err key_file_each(const char *directory, key_file_fn *each, void *context)
{
    struct names names = {.at = calloc(KEYS_MAX, sizeof names.at[0])};
    enum err err = names.at ? files_each(directory, collect, &names) : ERR_MEMORY;

    if (err == ERR_MISSING)
        err = ERR_OK;
    if (!err)
        qsort(names.at, names.count, sizeof names.at[0], compare_names);
    for (size_t i = 0; !err && i < names.count; i++)
        err = describe(directory, names.at[i], each, context);
    free(names.at);
    return err;
}
