/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/key_file.h"

#include "proto/text.h"
#include "store/files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NODE_LEN 81
#define PERSON_LEN 138

struct place {
    char root[64];
    char keys[96];
    struct key_file_reason reason;
};

static const uint8_t SEED[32] = {1, 2, 3};
static const uint8_t CHANNEL[32] = {4, 5, 6};
static const uint8_t RANDOM[KEY_FILE_RANDOM_LEN] = {7, 8, 9};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    assert_non_null(place);
    (void)snprintf(place->root, sizeof place->root, "/tmp/igum-keys-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    (void)snprintf(place->keys, sizeof place->keys, "%s/keys", place->root);
    *state = place;
    return 0;
}

static enum err remove_name(void *context, const char *name)
{
    char path[FILES_PATH_SIZE];

    assert_int_equal(files_join(path, context, name), ERR_OK);
    assert_int_equal(unlink(path), 0);
    return ERR_OK;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    if (files_exists(place->keys)) {
        assert_int_equal(files_each(place->keys, remove_name, place->keys), ERR_OK);
        assert_int_equal(rmdir(place->keys), 0);
    }
    assert_int_equal(rmdir(place->root), 0);
    free(place);
    return 0;
}

/* ---- making and reading ---- */

static struct id public_of(const uint8_t seed[32])
{
    struct signing_key key;

    sshsig_key_from_seed(&key, seed);
    return key.public;
}

static void path_of(const struct place *place, enum role role, char path[FILES_PATH_SIZE])
{
    struct id key = public_of(SEED);
    char name[KEY_FILE_NAME_SIZE];

    key_file_name(role, &key, name);
    assert_int_equal(files_join(path, place->keys, name), ERR_OK);
}

static void create_node(struct place *place, char path[FILES_PATH_SIZE])
{
    assert_int_equal(key_file_create_node(place->keys, SEED, CHANNEL, &place->reason), ERR_OK);
    path_of(place, ROLE_NODE, path);
}

static void create_person(struct place *place, char path[FILES_PATH_SIZE])
{
    assert_int_equal(key_file_create_person(place->keys, ROLE_COORDINATOR, SEED, bytes_text("סיסמה"), KEY_FILE_WEAKEST,
                                            RANDOM, &place->reason),
                     ERR_OK);
    path_of(place, ROLE_COORDINATOR, path);
}

static enum err open_person(struct place *place, const char *path, const char *passphrase)
{
    struct key_file_person *person = NULL;
    enum err err = key_file_open_person(path, bytes_text(passphrase), &person, &place->reason);

    assert_int_equal(person != NULL, err == ERR_OK);
    key_file_close_person(person);
    return err;
}

static enum err open_node(struct place *place, const char *path)
{
    struct key_file_node *node = NULL;
    enum err err = key_file_open_node(path, &node, &place->reason);

    assert_int_equal(node != NULL, err == ERR_OK);
    key_file_close_node(node);
    return err;
}

static size_t read_bytes(const char *path, uint8_t bytes[300])
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(file, bytes, 300);

    assert_true(len > 0);
    assert_int_equal(close(file), 0);
    return (size_t)len;
}

static void write_bytes(const char *path, const uint8_t *bytes, size_t len)
{
    int file = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(write(file, bytes, len), len);
    assert_int_equal(close(file), 0);
}

static void node_opens_with_the_keys_it_was_made_of(void **state)
{
    struct place *place = *state;
    struct key_file_node *node = NULL;
    struct noise_key_pair pair;
    struct id key = public_of(SEED);
    char path[FILES_PATH_SIZE];
    struct stat status;

    create_node(place, path);
    assert_int_equal(key_file_open_node(path, &node, &place->reason), ERR_OK);
    noise_key_pair_from_secret(&pair, CHANNEL);
    assert_true(id_equal(&node->signing.public, &key));
    assert_memory_equal(node->channel.secret, pair.secret, NOISE_KEY_LEN);
    assert_memory_equal(node->channel.public, pair.public, NOISE_KEY_LEN);
    key_file_close_node(node);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, NODE_LEN);
    assert_int_equal(stat(place->keys, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
}

static void node_file_has_the_documented_bytes(void **state)
{
    struct place *place = *state;
    uint8_t expected[NODE_LEN] = "IGUMNODE\x01", found[300];
    char path[FILES_PATH_SIZE];
    struct id check;

    create_node(place, path);
    memcpy(expected + 9, SEED, 32);
    memcpy(expected + 41, CHANNEL, 32);
    check = id_hash(ID_BLOB, bytes_of(expected, 73));
    memcpy(expected + 73, check.at, 8);
    assert_int_equal(read_bytes(path, found), NODE_LEN);
    assert_memory_equal(found, expected, NODE_LEN);
}

/* Written out against libsodium alone, so that the format has a second witness. */
static void person_file_has_the_documented_bytes(void **state)
{
    struct place *place = *state;
    uint8_t expected[PERSON_LEN] = "IGUMKEY\n\x01\x02", found[300], sealing[32];
    char path[FILES_PATH_SIZE];
    struct id key = public_of(SEED);
    static const uint8_t cost[] = {0, 0, 0, 1, 0, 0, 0x20, 0};

    create_person(place, path);
    memcpy(expected + 10, key.at, 32);
    memcpy(expected + 42, cost, 8);
    memcpy(expected + 50, RANDOM, 16);
    memcpy(expected + 66, RANDOM + 16, 24);
    assert_int_equal(
        crypto_pwhash(sealing, 32, "סיסמה", strlen("סיסמה"), RANDOM, 1, 8192 * 1024, crypto_pwhash_ALG_ARGON2ID13), 0);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(expected + 90, NULL, SEED, 32, expected, 66, NULL, RANDOM + 16,
                                                     sealing);
    assert_int_equal(read_bytes(path, found), PERSON_LEN);
    assert_memory_equal(found, expected, PERSON_LEN);
}

static void person_opens_with_the_right_passphrase_only(void **state)
{
    struct place *place = *state;
    struct key_file_person *person = NULL;
    struct id key = public_of(SEED);
    char path[FILES_PATH_SIZE], endless[KEY_FILE_PASSPHRASE_MAX + 2];

    create_person(place, path);
    assert_int_equal(key_file_open_person(path, bytes_text("סיסמה"), &person, &place->reason), ERR_OK);
    assert_true(id_equal(&person->signing.public, &key));
    assert_int_equal(person->role, ROLE_COORDINATOR);
    key_file_close_person(person);
    assert_int_equal(open_person(place, path, "סיסמ"), ERR_AUTH);
    assert_string_equal(place->reason.text, "the passphrase is wrong");
    assert_int_equal(open_person(place, path, "סיסמה "), ERR_AUTH);
    assert_int_equal(open_person(place, path, ""), ERR_AUTH);
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_int_equal(open_person(place, path, endless), ERR_AUTH);
}

static void passphrase_is_from_one_byte_to_the_limit(void **state)
{
    struct place *place = *state;
    uint8_t passphrase[KEY_FILE_PASSPHRASE_MAX + 1];

    memset(passphrase, 'x', sizeof passphrase);
    for (size_t len = 0; len <= sizeof passphrase; len += len == 1 ? KEY_FILE_PASSPHRASE_MAX - 1 : 1) {
        uint8_t seed[32] = {(uint8_t)len, (uint8_t)(len >> 8), 99};
        enum err expected = len >= 1 && len <= KEY_FILE_PASSPHRASE_MAX ? ERR_OK : ERR_LIMIT;

        assert_int_equal(key_file_create_person(place->keys, ROLE_STEWARD, seed, bytes_of(passphrase, len),
                                                KEY_FILE_WEAKEST, RANDOM, &place->reason),
                         expected);
    }
}

static void key_file_is_never_overwritten(void **state)
{
    struct place *place = *state;
    char path[FILES_PATH_SIZE];

    create_node(place, path);
    assert_int_equal(key_file_create_node(place->keys, SEED, SEED, &place->reason), ERR_EXISTS);
    assert_int_equal(open_node(place, path), ERR_OK);
}

static void each_kind_opens_as_itself_only(void **state)
{
    struct place *place = *state;
    char node[FILES_PATH_SIZE], person[FILES_PATH_SIZE];

    create_node(place, node);
    create_person(place, person);
    assert_int_equal(open_node(place, person), ERR_FORMAT);
    assert_int_equal(open_person(place, node, "x"), ERR_FORMAT);
    assert_int_equal(open_node(place, place->keys), ERR_FORMAT);
    person[strlen(person) - 1] = '\0';
    assert_int_equal(open_person(place, person, "x"), ERR_MISSING);
}

static void any_wrong_bit_of_a_node_file_is_found(void **state)
{
    struct place *place = *state;
    uint8_t bytes[300];
    char path[FILES_PATH_SIZE];

    create_node(place, path);
    size_t len = read_bytes(path, bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x10;
        write_bytes(path, bytes, len);
        assert_int_equal(open_node(place, path), i == 8 ? ERR_VERSION : ERR_FORMAT);
        bytes[i] ^= 0x10;
    }
    for (size_t cut = 1; cut < len; cut++) {
        write_bytes(path, bytes, cut);
        assert_int_equal(open_node(place, path), ERR_FORMAT);
    }
    write_bytes(path, bytes, len + 1);
    assert_int_equal(open_node(place, path), ERR_FORMAT);
    write_bytes(path, bytes, len);
    assert_int_equal(open_node(place, path), ERR_OK);
}

/* Of the key, the salt, the nonce and the sealed seed a few bytes each: every one costs a run of Argon2id. */
static void wrong_bit_of_a_person_file_is_found(void **state)
{
    struct place *place = *state;
    uint8_t bytes[300];
    char path[FILES_PATH_SIZE];
    static const struct {
        size_t at;
        enum err err;
    } wrong[] = {{0, ERR_FORMAT}, {7, ERR_FORMAT}, {8, ERR_VERSION}, {9, ERR_FORMAT}, {45, ERR_LIMIT}, {42, ERR_LIMIT},
                 {46, ERR_LIMIT}, {49, ERR_AUTH},  {50, ERR_AUTH},   {65, ERR_AUTH},  {66, ERR_AUTH},  {89, ERR_AUTH},
                 {90, ERR_AUTH},  {121, ERR_AUTH}, {122, ERR_AUTH},  {137, ERR_AUTH}};

    create_person(place, path);
    size_t len = read_bytes(path, bytes);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bytes[wrong[i].at] ^= 0x10;
        write_bytes(path, bytes, len);
        assert_int_equal(open_person(place, path, "סיסמה"), wrong[i].err);
        bytes[wrong[i].at] ^= 0x10;
    }
    for (size_t cut = 1; cut < len; cut++) {
        write_bytes(path, bytes, cut);
        assert_int_equal(open_person(place, path, "סיסמה"), ERR_FORMAT);
    }
    write_bytes(path, bytes, len + 1);
    assert_int_equal(open_person(place, path, "סיסמה"), ERR_FORMAT);
    bytes[9] = ROLE_STEWARD; /* A coordinator's key is no steward's. */
    write_bytes(path, bytes, len);
    assert_int_equal(open_person(place, path, "סיסמה"), ERR_AUTH);
}

/* What is under the bound would cost a run; what is over it must cost nothing, so decoding alone tells. */
static void cost_is_bounded_before_memory_is_taken(void **state)
{
    struct place *place = *state;
    static const struct {
        uint32_t operations, memory_kib;
        enum err err;
    } costs[] = {
        {1, 8192, ERR_OK},    {10, 1048576, ERR_OK},   {0, 8192, ERR_LIMIT},          {11, 8192, ERR_LIMIT},
        {1, 8191, ERR_LIMIT}, {1, 1048577, ERR_LIMIT}, {UINT32_MAX, 8192, ERR_LIMIT}, {1, UINT32_MAX, ERR_LIMIT}};
    uint8_t bytes[300];
    char path[FILES_PATH_SIZE];
    enum role role;
    struct id key;

    create_person(place, path);
    size_t len = read_bytes(path, bytes);
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        struct buffer cost = BUFFER(8);

        buffer_u32(&cost, costs[i].operations);
        buffer_u32(&cost, costs[i].memory_kib);
        memcpy(bytes + 42, cost.at, 8);
        buffer_free(&cost);
        assert_int_equal(key_file_decode(bytes_of(bytes, len), &role, &key, &place->reason), costs[i].err);
    }
}

static void file_that_others_may_use_is_refused(void **state)
{
    struct place *place = *state;
    static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601};
    char node[FILES_PATH_SIZE], person[FILES_PATH_SIZE];

    create_node(place, node);
    create_person(place, person);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(node, modes[i]), 0);
        assert_int_equal(open_node(place, node), ERR_IO);
        assert_non_null(strstr(place->reason.text, "chmod 600"));
        assert_int_equal(chmod(person, modes[i]), 0);
        assert_int_equal(open_person(place, person, "סיסמה"), ERR_IO);
    }
    assert_int_equal(chmod(node, 0400), 0);
    assert_int_equal(open_node(place, node), ERR_OK);
}

static void changed_passphrase_replaces_the_old_one(void **state)
{
    struct place *place = *state;
    static const uint8_t other[KEY_FILE_RANDOM_LEN] = {1};
    char path[FILES_PATH_SIZE];

    create_person(place, path);
    assert_int_equal(
        key_file_change_passphrase(path, bytes_text("no"), bytes_text("new"), KEY_FILE_WEAKEST, other, &place->reason),
        ERR_AUTH);
    assert_int_equal(
        key_file_change_passphrase(path, bytes_text("סיסמה"), bytes_text(""), KEY_FILE_WEAKEST, other, &place->reason),
        ERR_LIMIT);
    assert_int_equal(open_person(place, path, "סיסמה"), ERR_OK);
    assert_int_equal(key_file_change_passphrase(path, bytes_text("סיסמה"), bytes_text("new"), KEY_FILE_WEAKEST, other,
                                                &place->reason),
                     ERR_OK);
    assert_int_equal(open_person(place, path, "סיסמה"), ERR_AUTH);
    assert_int_equal(open_person(place, path, "new"), ERR_OK);
}

/* ---- listing ---- */

struct seen {
    char text[200];
};

static enum err see(void *context, const struct key_file_info *info)
{
    struct seen *seen = context;
    struct id key = public_of(SEED);
    size_t len = strlen(seen->text);

    if (!info->err)
        assert_true(id_equal(&info->key, &key));
    (void)snprintf(seen->text + len, sizeof seen->text - len, "%s:%d ", role_name(info->role), info->err);
    return ERR_OK;
}

static void channel_key_changes_in_two_steps(void **state)
{
    static const uint8_t other[32] = {7, 7, 7};
    struct place *place = *state;
    struct key_file_node *node = NULL, *next = NULL;
    char path[FILES_PATH_SIZE];
    struct id channel;

    create_node(place, path);
    assert_int_equal(key_file_open_next(path, &next, &place->reason), ERR_MISSING);
    assert_int_equal(key_file_take_channel(path, &place->reason), ERR_MISSING);
    assert_int_equal(key_file_stage_channel(path, other, &place->reason), ERR_OK);
    assert_int_equal(key_file_open_next(path, &next, &place->reason), ERR_OK);
    memcpy(channel.at, next->channel.public, ID_LEN);
    key_file_close_node(next);

    assert_int_equal(key_file_open_node(path, &node, &place->reason), ERR_OK);
    assert_memory_equal(node->channel.secret, CHANNEL, sizeof CHANNEL); /* Nothing has changed yet. */
    key_file_close_node(node);

    assert_int_equal(key_file_stage_channel(path, other, &place->reason), ERR_OK); /* Cut off, and done again. */
    assert_int_equal(key_file_take_channel(path, &place->reason), ERR_OK);
    assert_int_equal(key_file_open_node(path, &node, &place->reason), ERR_OK);
    assert_memory_equal(node->channel.public, channel.at, ID_LEN);
    assert_memory_equal(node->signing.public.at, public_of(SEED).at, ID_LEN);
    key_file_close_node(node);
    assert_int_equal(key_file_open_next(path, &next, &place->reason), ERR_MISSING);
}

static void list_names_the_keys_of_a_directory_also_damaged_ones(void **state)
{
    struct place *place = *state;
    struct seen none = {{0}}, seen = {{0}};
    char path[FILES_PATH_SIZE], expected[64];

    assert_int_equal(key_file_each(place->keys, see, &none), ERR_OK);
    assert_string_equal(none.text, "");
    create_node(place, path);
    create_person(place, path);
    assert_int_equal(files_join(path, place->keys, "aaa.key"), ERR_OK);
    write_bytes(path, (const uint8_t *)"x", 1);
    assert_int_equal(files_join(path, place->keys, "notes.txt"), ERR_OK);
    write_bytes(path, (const uint8_t *)"x", 1);
    assert_int_equal(key_file_each(place->keys, see, &seen), ERR_OK);
    (void)snprintf(expected, sizeof expected, "%s:%d coordinator:0 node:0 ", role_name(ROLE_NONE), ERR_FORMAT);
    assert_string_equal(seen.text, expected);
}

static void name_of_a_file_is_plain_and_short(void **state)
{
    struct id key = {{0xab, 0xcd}};
    char name[KEY_FILE_NAME_SIZE];

    (void)state;
    key_file_name(ROLE_STEWARD, &key, name);
    assert_string_equal(name, "steward-abcd000000000000.key");
    key_file_name(ROLE_NODE, &key, name);
    assert_string_equal(name, "node-abcd000000000000.node");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(node_opens_with_the_keys_it_was_made_of),  TEST(node_file_has_the_documented_bytes),
        TEST(person_file_has_the_documented_bytes),     TEST(person_opens_with_the_right_passphrase_only),
        TEST(passphrase_is_from_one_byte_to_the_limit), TEST(key_file_is_never_overwritten),
        TEST(each_kind_opens_as_itself_only),           TEST(any_wrong_bit_of_a_node_file_is_found),
        TEST(wrong_bit_of_a_person_file_is_found),      TEST(cost_is_bounded_before_memory_is_taken),
        TEST(file_that_others_may_use_is_refused),      TEST(changed_passphrase_replaces_the_old_one),
        TEST(channel_key_changes_in_two_steps),         TEST(list_names_the_keys_of_a_directory_also_damaged_ones),
        TEST(name_of_a_file_is_plain_and_short),
    };

    return cmocka_run_group_tests_name("key_file", tests, NULL, NULL);
}
